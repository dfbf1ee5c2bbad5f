"""Reports as pages: the list, a live report, the rows behind a figure, frozen reports."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import map_organisation_names
from marketplace.db import current_session
from marketplace.funding.queries import list_rounds_of_project
from marketplace.linkage import queries, services
from marketplace.linkage.definitions import BASE_TEXTS, BASES, NAMES, PARTS, RATIOS, READINGS, SYMBOLS, TEXTS, VERSION
from marketplace.linkage.errors import UnknownFigureError
from marketplace.linkage.periods import parse_period
from marketplace.linkage.report import Report, Table, compute_report
from marketplace.money import Money
from marketplace.web.chain import register_step
from marketplace.web.formatting import in_language
from marketplace.web.linkage import blueprint, words

# Symbols whose amount is the sum of what investors put in, so that commitments stand behind them.
OPENING = ("G", "O", "V", "B", *PARTS)


def load_report(fund_id: str, period: str) -> Report:
    """The live report, in the scope of the actor."""
    session = current_session()
    fund = queries.get_fund(session, actor=current_actor(), public_id=fund_id)
    return compute_report(session, fund=fund, period=parse_period(period), today=clock.day_in_zone(clock.now()))


def chosen(name: str, words_: tuple[str, ...]) -> str:
    """A word of a closed list from the address; the first one where none is given."""
    word = request.args.get(name) or words_[0]
    if word not in words_:
        raise UnknownFigureError(field=name)
    return word


@blueprint.get("/linkage")
@requires(Permission.LINKAGE_READ)
def list_reports() -> Any:
    """Funds with their periods, frozen reports, and one's own filings."""
    session, actor = current_session(), current_actor()
    years = queries.list_closing_years(session, actor=actor) or [clock.day_in_zone(clock.now()).year]
    return render_template(
        "linkage/list.html",
        funds=queries.list_funds(session, actor=actor),
        years=[str(year) for year in years],
        reports=queries.list_reports(session, actor=actor),
        filings=queries.list_round_reports(session, actor=actor),
        may_file=actor.can(Permission.COMMITMENT_MAKE),
        words=words,
    )


@blueprint.get("/linkage/funds")
@requires(Permission.LINKAGE_READ)
def choose_report() -> Any:
    """From the form of fund and period to the report's own address."""
    fund, period = request.args.get("fund", ""), request.args.get("period", "")
    if not fund:
        return redirect(url_for("linkage.list_reports"))
    found = queries.get_fund(current_session(), actor=current_actor(), public_id=fund)
    name = parse_period(period).name
    return redirect(url_for("linkage.show_live", fund_id=found.public_id, period=name))


@blueprint.get("/linkage/funds/<fund_id>/<period>")
@requires(Permission.LINKAGE_READ)
def show_live(fund_id: str, period: str) -> Any:
    """The report as the rows say today, in one reading and on one base; the others beside it."""
    return _show(load_report(fund_id, period), {})


def _show(report: Report, field_errors: dict[str, str]) -> str:
    session, actor = current_session(), current_actor()
    reading, base = chosen("reading", READINGS), chosen("base", BASES)
    table = report.table(reading, base)
    return render_template(
        "linkage/report.html",
        report=report,
        table=table,
        reading=reading,
        base=base,
        readings=READINGS,
        bases=BASES,
        symbols=(*SYMBOLS[:3], *PARTS, *SYMBOLS[3:]),
        ratios=RATIOS,
        names=NAMES,
        texts=TEXTS,
        base_texts=BASE_TEXTS,
        version=VERSION,
        opening=OPENING,
        words=words,
        chart=_chart(report),
        finding=_finding(table),
        frozen=queries.list_reports(session, actor=actor, fund_id=report.fund.id, period=report.period.name),
        organisation_names=map_organisation_names(session),
        may_freeze=actor.can(Permission.LINKAGE_SIGN) and actor.organisation_id == report.fund.id,
        field_errors=field_errors,
        errors=list(field_errors.items()),
    )


def _finding(table: Table) -> str:
    ratio = table.ratio("M2")
    if ratio is None:
        return _("No money of this fund in this period on this base")
    return _("One yuan of this fund stands beside %(ratio)s of non-fiscal capital", ratio=f"{float(ratio):.3f}")


def _chart(report: Report) -> dict[str, Any]:
    """Bars of the symbols in the nominal reading, committed beside paid; with the same numbers as rows."""
    symbols = ("G", "O", "V", "B", "K")
    series, rows = [], []
    for base in ("committed", "paid"):
        sums = report.table("nominal", base).sums
        values = [float(Money(sums.get(symbol), report.currency).decimal()) for symbol in symbols]
        series.append({"name": str(words.BASES[base]), "values": values})
    for symbol in symbols:
        amounts = [report.table("nominal", base).sums.get(symbol) for base in ("committed", "paid")]
        rows.append((f"{symbol} {in_language(*NAMES[symbol])}", *amounts))
    spec = {
        "kind": "bars", "categories": [in_language(*NAMES[symbol]) for symbol in symbols], "series": series,
        "stacked": False, "horizontal": False, "unit": "yuan", "format": "money",
    }  # fmt: skip
    return {"spec": spec, "rows": rows}


@blueprint.get("/linkage/funds/<fund_id>/<period>/rows")
@requires(Permission.LINKAGE_READ)
def show_rows(fund_id: str, period: str) -> Any:
    """The commitments, payments and ledger entries behind one figure."""
    symbol, reading = chosen("figure", ("G", *OPENING[1:], "S", "K", "C")), chosen("reading", READINGS)
    base = chosen("base", BASES)
    report = load_report(fund_id, period)
    return render_template(
        "linkage/rows.html",
        report=report,
        symbol=symbol,
        reading=reading,
        base=base,
        amount=report.table(reading, base).sums.get(symbol),
        rows=report.lines_of(symbol, reading, base),
        covers=[item for item in report.covers if symbol == "S" and (base == "committed" or item.confirmed)],
        contingents=[item for item in report.contingents if symbol == "K" and (base == "committed" or item.confirmed)],
        costs=report.costs if symbol == "C" else (),
        names=NAMES,
        texts=TEXTS,
        base_texts=BASE_TEXTS,
        words=words,
    )


@blueprint.post("/linkage/funds/<fund_id>/<period>/freeze")
@requires(Permission.LINKAGE_SIGN)
def freeze(fund_id: str, period: str) -> Any:
    """Freeze the report under the fund's signatory."""
    session, actor = current_session(), current_actor()
    fund = queries.get_fund(session, actor=actor, public_id=fund_id)
    if not request.form.get("confirmed"):
        shown = {"confirmed": _("Confirm that you have read the figures and what does not reconcile.")}
        return _show(load_report(fund_id, period), shown), 422
    wanted = parse_period(period)
    frozen = services.freeze_report(session, actor=actor, fund=fund, period=wanted, now=clock.now())
    flash(_("The report is frozen; earlier ones are kept."), "jade")
    return redirect(url_for("linkage.show_frozen", public_id=frozen.public_id))


@blueprint.get("/linkage/reports/<public_id>")
@requires(Permission.LINKAGE_READ)
def show_frozen(public_id: str) -> Any:
    """A frozen report: its figures as they were signed, with its hash."""
    session, actor = current_session(), current_actor()
    frozen = queries.get_report(session, actor=actor, public_id=public_id)
    newest = queries.find_last_report(session, fund_id=frozen.fund_organisation_id, period=frozen.period)
    return render_template(
        "linkage/frozen.html",
        frozen=frozen,
        content=json.loads(frozen.content),
        newest=newest,
        symbols=(*SYMBOLS[:3], *PARTS, *SYMBOLS[3:]),
        ratios=RATIOS,
        words=words,
    )


def _report_step(session: Any, project: Any, actor: Any) -> dict[str, Any] | None:
    """The last step of the main job: the report counts a round once it is closed."""
    if actor is None or not actor.can(Permission.LINKAGE_READ):
        return None
    rounds = list_rounds_of_project(session, actor=actor, project_id=project.id)
    closed = next((item for item in rounds if item.state == "closed"), None)
    if closed is None:
        return None
    return {"state": "done", "when": closed.closed_at, "url": url_for("linkage.list_reports")}


register_step("report", _report_step)
