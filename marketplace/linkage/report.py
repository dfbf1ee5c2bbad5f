"""A linkage report, computed from rounds, confirmed payments, the ledger and signed terms; nothing is typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.funding.models import Commitment, Round
from marketplace.linkage import queries
from marketplace.linkage.contingent import pool_room, premium_subsidy
from marketplace.linkage.definitions import BASES, CAPITAL_CLASSES, READINGS
from marketplace.linkage.periods import Period
from marketplace.linkage.queries import Contingent, Cover, Drawdown
from marketplace.linkage.reconciliation import CONFIRMING, Claim, Receipt, Reconciled, reconcile
from marketplace.linkage.rules import (
    Position,
    Sums,
    attribute_rounds,
    compute_ratios,
    ratio_of,
    split_position,
    sum_positions,
)

CURRENCY = "CNY"


@dataclass(frozen=True)
class Line:
    """One investor in one round: what it committed and paid, with the rows that say so."""

    position: Position
    round_: Round
    organisation: Organisation
    commitments: tuple[Commitment, ...]
    drawdowns: tuple[Drawdown, ...]
    reconciled: Reconciled


@dataclass(frozen=True)
class Problem:
    """Something that does not reconcile: listed, never hidden."""

    code: str
    round_id: str
    investor: str
    amount_minor: int = 0
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Every figure of one reading and one base."""

    reading: str
    base: str
    sums: Sums
    attributed_minor: int
    unattributed_minor: int
    ratios: dict[str, tuple[int, int]]

    def ratio(self, name: str) -> Fraction | None:
        return ratio_of(*self.ratios[name])


@dataclass(frozen=True)
class Report:
    """A computed report of one fund and one period, up to a day."""

    fund: Organisation
    period: Period
    cut_off: date
    currency: str
    lines: tuple[Line, ...]
    covers: tuple[Cover, ...]
    contingents: tuple[Contingent, ...]
    costs: tuple[tuple[str, int], ...]
    tables: dict[tuple[str, str], Table]
    problems: tuple[Problem, ...]

    def table(self, reading: str, base: str) -> Table:
        return self.tables[reading, base]

    @property
    def paid_in_rate(self) -> Fraction | None:
        """Paid of committed, of the fund's own money."""
        paid, committed = (self.table("nominal", base).sums.G for base in ("paid", "committed"))
        return ratio_of(paid, committed)

    def lines_of(self, symbol: str, reading: str, base: str) -> list[tuple[Line, int]]:
        """The lines behind a figure, each with its part."""
        found = []
        for line in self.lines:
            parts = split_position(line.position, fund=self.fund.public_id, reading=reading, base=base)
            if parts.get(symbol):
                found.append((line, parts[symbol]))
        return found


def compute_report(
    session: orm.Session,
    *,
    fund: Organisation,
    period: Period,
    today: date,
    until: date | None = None,
    currency: str = CURRENCY,
) -> Report:
    """Compute the report of a fund from the rows of the market as they are today, or with payments up to a day."""
    closed = queries.list_rounds_of_fund(session, fund_id=fund.id, period=period)
    rounds = [round_ for round_ in closed if round_.currency == currency]
    # A round in another currency is never converted in silence: it is listed and left out.
    problems = [
        Problem("other_currency", round_.public_id, "", round_.committed_minor, {"currency": round_.currency})
        for round_ in closed
        if round_.currency != currency
    ]
    round_ids = [round_.id for round_ in rounds]
    lines, found = _lines(session, rounds=rounds, round_ids=round_ids, until=until)
    project_ids = sorted({round_.project_id for round_ in rounds})
    covers, contingents, foreign = _contingents(
        session, round_ids=round_ids, project_ids=project_ids, currency=currency
    )
    problems += foreign
    costs = {round_.project.public_id: round_.project.total_budget_minor for round_ in rounds}
    tables = {
        (reading, base): _table(lines, covers, contingents, costs, fund=fund.public_id, reading=reading, base=base)
        for reading in READINGS
        for base in BASES
    }
    # A bank line of the demonstration may carry a later day than the clock: it is counted, and the cut-off says so.
    cut_off = until or max([today, *(row.paid_on for line in lines for row in line.drawdowns)])
    return Report(
        fund=fund, period=period, cut_off=cut_off, currency=currency, lines=tuple(lines), covers=tuple(covers),
        contingents=tuple(contingents), costs=tuple(sorted(costs.items())), tables=tables,
        problems=(*problems, *found),
    )  # fmt: skip


def _table(
    lines: Sequence[Line],
    covers: Sequence[Cover],
    contingents: Sequence[Contingent],
    costs: dict[str, int],
    *,
    fund: str,
    reading: str,
    base: str,
) -> Table:
    positions = [line.position for line in lines]
    sums = sum_positions(positions, fund=fund, reading=reading, base=base)
    counted = base == "committed"
    sums.S = sum(cover.sum_insured_minor for cover in covers if counted or cover.confirmed)
    sums.K = sum(item.amount_minor for item in contingents if counted or item.confirmed)
    sums.C = sum(costs.values())
    shares = attribute_rounds(positions, reading=reading, base=base)
    attributed = sum(by_fund.get(fund, 0) for by_fund in shares.values())
    return Table(reading, base, sums, attributed, sums.V - attributed, compute_ratios(sums))


def _lines(
    session: orm.Session, *, rounds: Sequence[Round], round_ids: Sequence[int], until: date | None
) -> tuple[list[Line], list[Problem]]:
    drawdowns: dict[tuple[int, int], list[Drawdown]] = defaultdict(list)
    for drawdown in queries.list_drawdowns(session, round_ids=round_ids, until=until):
        drawdowns[drawdown.round_id, drawdown.payer_id].append(drawdown)
    claims: dict[int, list[Claim]] = defaultdict(list)
    for row in queries.list_claims_of_rounds(session, round_ids=round_ids, until=until):
        claims[row.round_id].append(
            Claim(
                reporter=row.reporter.public_id,
                investor=row.investor.public_id,
                amount_minor=row.amount_minor,
                currency=row.currency,
                paid_on=row.paid_on,
                filed_on=row.filed_on,
                evidence=row.evidence,
                public_id=row.public_id,
            )
        )
    lines: list[Line] = []
    problems: list[Problem] = []
    for round_ in rounds:
        mine = {payer: rows for (round_id, payer), rows in drawdowns.items() if round_id == round_.id}
        made, found = _lines_of_round(round_, mine, claims[round_.id])
        lines += made
        problems += found
    return lines, problems


def _lines_of_round(
    round_: Round, drawdowns: dict[int, list[Drawdown]], claims: list[Claim]
) -> tuple[list[Line], list[Problem]]:
    by_investor: dict[int, list[Commitment]] = defaultdict(list)
    for commitment in round_.commitments:
        if commitment.state not in ("released", "soft"):
            by_investor[commitment.organisation_id].append(commitment)
    problems = _strangers(round_, by_investor, drawdowns)
    receipts = []
    for investor_id, rows in drawdowns.items():
        sound = [row for row in rows if row.in_ledger and row.currency == round_.currency]
        problems += [
            Problem("not_in_ledger", round_.public_id, row.payer, row.amount_minor, {"payment": row.payment})
            for row in rows
            if row not in sound
        ]
        if sound and investor_id in by_investor:
            total = sum(row.amount_minor for row in sound)
            last = max(row.paid_on for row in sound)
            receipts.append(Receipt(sound[0].payer, total, round_.currency, last))
    investors = [rows[0].organisation.public_id for rows in by_investor.values()]
    leads = frozenset(item.organisation.public_id for item in round_.commitments if item.lead)
    results = reconcile(investors, claims, receipts, currency=round_.currency, leads=leads)
    reconciled = {item.investor: item for item in results}
    lines = []
    for investor_id, commitments in sorted(by_investor.items()):
        found = tuple(drawdowns.get(investor_id, ()))
        result = reconciled[commitments[0].organisation.public_id]
        lines.append(_line(round_, tuple(commitments), found, result))
        problems += _findings(round_, commitments, result, reported=bool(claims))
    return lines, problems


def _line(
    round_: Round, commitments: tuple[Commitment, ...], drawdowns: tuple[Drawdown, ...], result: Reconciled
) -> Line:
    first = commitments[0]
    organisation = first.organisation
    capital = str((organisation.facts or {}).get("capital", "private"))
    cause = next((item for item in commitments if item.link_cause != "none"), first)
    position = Position(
        round_id=round_.public_id,
        investor=organisation.public_id,
        kind=first.organisation_kind,
        # A bank lends and a fund holds equity: one investor never does both in one round.
        is_loan=first.is_loan,
        public_bps=first.public_bps,
        amounts={
            "committed": sum(item.amount_minor for item in commitments if item.state != "defaulted"),
            "paid": result.confirmed_minor,
            "claimed": result.claimed_minor,
        },
        capital_class=capital if capital in CAPITAL_CLASSES else "private",
        link_cause=cause.link_cause,
        link_evidence=cause.link_evidence,
    )
    return Line(position, round_, organisation, commitments, drawdowns, result)


def _strangers(
    round_: Round, by_investor: dict[int, list[Commitment]], drawdowns: dict[int, list[Drawdown]]
) -> list[Problem]:
    """Money drawn from somebody who did not commit to the round."""
    return [
        Problem("paid_without_commitment", round_.public_id, row.payer, row.amount_minor, {"payment": row.payment})
        for investor_id, rows in drawdowns.items()
        if investor_id not in by_investor
        for row in rows
    ]


def _findings(round_: Round, commitments: Sequence[Commitment], result: Reconciled, *, reported: bool) -> list[Problem]:
    """What is said of one line: defaults, links without evidence, and reports that do not match."""
    found = []
    committed = sum(item.amount_minor for item in commitments)
    for item in commitments:
        if item.state == "defaulted":
            found.append(Problem("defaulted", round_.public_id, result.investor, item.amount_minor))
        if item.link_cause != "none" and not item.link_evidence.strip():
            found.append(Problem("link_without_evidence", round_.public_id, result.investor, item.amount_minor))
    if result.claimed_minor > committed:
        found.append(
            Problem("paid_above_commitment", round_.public_id, result.investor, result.claimed_minor - committed)
        )
    if result.status not in CONFIRMING and (reported or result.claimed_minor):
        found.append(
            Problem(result.status, round_.public_id, result.investor, result.difference_minor or result.claimed_minor)
        )
    return found


def _contingents(
    session: orm.Session, *, round_ids: Sequence[int], project_ids: Sequence[int], currency: str
) -> tuple[list[Cover], list[Contingent], list[Problem]]:
    """S and K: policies first; where a project has none here, the subsidy that its signed terms name."""
    covers, contingents = queries.list_covers(session, project_ids=project_ids)
    insured = {cover.project_id for cover in covers}
    for agreement, terms in queries.list_agreement_terms(session, round_ids=round_ids):
        project_id, name = agreement.project_id, agreement.public_id
        assert project_id is not None, "an agreement that comes from a round has that round's project"
        rooms = [(f"{name}/{pool}", room) for pool, room in sorted(pool_room(terms).items())]
        contingents += [
            Contingent("pool_room", project_id, source, room, agreement.currency, True) for source, room in rooms
        ]
        subsidy = premium_subsidy(terms)
        if subsidy and project_id not in insured:
            contingents.append(Contingent("subsidy", project_id, name, subsidy, agreement.currency, True))
    problems = [
        Problem("other_currency", "", item.source, item.amount_minor, {"currency": item.currency})
        for item in contingents
        if item.currency != currency
    ]
    return (
        [cover for cover in covers if cover.currency == currency],
        [item for item in contingents if item.currency == currency],
        problems,
    )
