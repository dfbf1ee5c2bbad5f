"""A report as data: the JSON that is frozen, sent and hashed, and the rows of its spreadsheets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from marketplace.linkage.definitions import BASES, NAMES, PARTS, RATIOS, READINGS, SYMBOLS, definition_model
from marketplace.linkage.report import Line, Report, Table
from marketplace.linkage.rules import split_position
from marketplace.money import Money

SCHEMA = "pilotage-linkage-report-1"
RATIO_DECIMALS = Decimal("0.000001")
STATUS_BY_BASE = {"committed": "computed", "paid": "confirmed", "claimed": "claimed"}
FIGURE_HEADER = (
    "figure", "name_zh", "name_en", "reading", "base", "status", "value", "unit", "numerator_minor",
    "denominator_minor", "period", "cut_off", "fund", "definitions",
)  # fmt: skip
LINE_HEADER = (
    "round", "round_title", "project", "closed_on", "investor", "investor_name", "kind", "instruments", "lead",
    "link_cause", "link_evidence", "capital_class", "public_share", "committed", "paid_confirmed", "paid_claimed",
    "currency", "reconciliation", "source_of_claim", "commitments", "payments", "ledger_entries", "filings",
    *(f"{symbol}_{reading}_{base}" for reading in READINGS for base in ("committed", "paid") for symbol in "GOVB"),
)  # fmt: skip


def ratio_text(value: Fraction | None) -> str | None:
    """A ratio as a decimal string with six places, or None."""
    if value is None:
        return None
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{exact.quantize(RATIO_DECIMALS, ROUND_HALF_EVEN):f}"


def report_document(report: Report) -> dict[str, Any]:
    """The whole report: figures, lines, exceptions, definitions."""
    return {
        "schema": SCHEMA,
        "fund": {
            "id": report.fund.public_id, "name_zh": report.fund.name_zh, "name_en": report.fund.name_en,
            "credit_code": report.fund.credit_code,
        },
        "period": {
            "name": report.period.name, "first": report.period.first.isoformat(),
            "last": report.period.last.isoformat(), "by": "closing_date",
        },
        "cut_off": report.cut_off.isoformat(),
        "currency": report.currency,
        "tables": [_table(report.table(reading, base)) for reading in READINGS for base in BASES],
        "paid_in_rate": ratio_text(report.paid_in_rate),
        "lines": [_line(report, line) for line in report.lines],
        "covers": [
            {"policy": cover.policy, "sum_insured_minor": cover.sum_insured_minor, "confirmed": cover.confirmed}
            for cover in report.covers
        ],
        "contingent": [
            {"kind": item.kind, "source": item.source, "amount_minor": item.amount_minor, "confirmed": item.confirmed}
            for item in report.contingents
        ],
        "costs": [{"project": project, "budget_minor": amount} for project, amount in report.costs],
        "exceptions": [
            {
                "code": problem.code, "round": problem.round_id, "investor": problem.investor,
                "amount_minor": problem.amount_minor, "details": problem.details,
            }
            for problem in report.problems
        ],
        "definitions": definition_model(),
    }  # fmt: skip


def _table(table: Table) -> dict[str, Any]:
    return {
        "reading": table.reading,
        "base": table.base,
        "status": STATUS_BY_BASE[table.base],
        "amounts_minor": {symbol: table.sums.get(symbol) for symbol in (*SYMBOLS, *PARTS)},
        "ratios": {
            name: {"value": ratio_text(table.ratio(name)), "numerator_minor": up, "denominator_minor": down}
            for name, (up, down) in table.ratios.items()
        },
        "attribution": {"attributed_minor": table.attributed_minor, "unattributed_minor": table.unattributed_minor},
    }


def _line(report: Report, line: Line) -> dict[str, Any]:
    position = line.position
    return {
        "round": position.round_id,
        "round_title": {"zh": line.round_.title_zh, "en": line.round_.title_en},
        "project": line.round_.project.public_id,
        "closed_at": line.round_.closed_at.isoformat() if line.round_.closed_at else None,
        "investor": position.investor,
        "investor_name": {"zh": line.organisation.name_zh, "en": line.organisation.name_en},
        "kind": position.kind,
        "link_cause": position.link_cause,
        "link_evidence": position.link_evidence,
        "capital_class": position.capital_class,
        "public_share": ratio_text(Fraction(position.public_bps, 10_000)),
        "amounts_minor": dict(position.amounts),
        "reconciliation": {"status": line.reconciled.status, "source": line.reconciled.source},
        "commitments": [item.public_id for item in line.commitments],
        "payments": [
            {"payment": row.payment, "bank_line": row.bank_line, "entry": row.entry, "agreement": row.agreement,
             "amount_minor": row.amount_minor, "paid_on": row.paid_on.isoformat()}
            for row in line.drawdowns
        ],
        "filings": [claim.public_id for claim in line.reconciled.claims],
        "parts_minor": {
            reading: {
                base: split_position(position, fund=report.fund.public_id, reading=reading, base=base)
                for base in BASES
            }
            for reading in READINGS
        },
    }  # fmt: skip


def canonical_text(document: dict[str, Any]) -> str:
    """Sorted keys, no blanks: the same report is the same bytes."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def hash_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_figures(document: dict[str, Any]) -> str:
    """The hash of everything but the day: equal when nothing has changed since."""
    return hash_text(canonical_text({name: value for name, value in document.items() if name != "cut_off"}))


def figure_rows(report: Report) -> Iterator[tuple[Any, ...]]:
    """Every figure as one row: amounts in major units, ratios as decimals."""
    last = (report.period.name, report.cut_off.isoformat(), report.fund.public_id, definition_model()["version"])
    for reading in READINGS:
        for base in BASES:
            table, status = report.table(reading, base), STATUS_BY_BASE[base]
            amounts = {symbol: table.sums.get(symbol) for symbol in (*SYMBOLS, *PARTS)}
            amounts |= {"A": table.attributed_minor, "A.rest": table.unattributed_minor}
            for symbol, amount in amounts.items():
                value = Money(amount, report.currency).decimal()
                yield (symbol, *NAMES[symbol], reading, base, status, value, report.currency, "", "", *last)
            for name in RATIOS:
                text = ratio_text(table.ratio(name))
                figure = Decimal(text) if text is not None else None
                yield (name, *NAMES[name], reading, base, status, figure, "ratio", *table.ratios[name], *last)


def line_rows(report: Report, *, symbol: str = "", reading: str = "", base: str = "") -> Iterator[tuple[Any, ...]]:
    """The commitments behind the figures, or behind one figure."""
    kept = [line for line, _part in report.lines_of(symbol, reading, base)] if symbol else report.lines
    for line in kept:
        position = line.position
        money = {name: Money(amount, report.currency).decimal() for name, amount in position.amounts.items()}
        parts = []
        for each_reading in READINGS:
            for each_base in ("committed", "paid"):
                split = split_position(position, fund=report.fund.public_id, reading=each_reading, base=each_base)
                parts += [Money(split.get(name, 0), report.currency).decimal() for name in "GOVB"]
        yield (
            position.round_id, line.round_.title_zh, line.round_.project.public_id,
            line.round_.closed_at.date().isoformat() if line.round_.closed_at else "", position.investor,
            line.organisation.name_zh, position.kind, " ".join(item.instrument for item in line.commitments),
            any(item.lead for item in line.commitments), position.link_cause, position.link_evidence,
            position.capital_class, ratio_text(Fraction(position.public_bps, 10_000)), money["committed"],
            money["paid"], money["claimed"], report.currency, line.reconciled.status, line.reconciled.source,
            " ".join(item.public_id for item in line.commitments), " ".join(row.payment for row in line.drawdowns),
            " ".join(row.entry or "" for row in line.drawdowns).strip(),
            " ".join(claim.public_id for claim in line.reconciled.claims), *parts,
        )  # fmt: skip
