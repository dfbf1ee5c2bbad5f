"""Events of servicing: reported revenue, interest due, distributions of the operating program."""

from __future__ import annotations

from typing import Any

from risk.sharing import accrual, reading
from risk.sharing.compiling.declarations import REVENUE_DUE
from risk.sharing.errors import EventError
from risk.sharing.events import bodies
from risk.sharing.run import Run
from risk.sharing.wording.document import object_name, share_of_report

COLLECTABLE = ("interest_due", "principal_due", "principal", "grant_due", "claim")


def revenue_report(run: Run, body: dict[str, Any]) -> None:
    """Record a period's reported base and what of it is due; a restatement replaces the period's earlier report."""
    body = bodies.read(body, ("period", "base_minor"), ("due_minor", "restates"))
    period = _period(run, body["period"])
    base = run.amount(body["base_minor"], "body.base_minor")
    restates = body.get("restates", False)
    if not isinstance(restates, bool):
        raise EventError("not_a_truth_value", "body.restates must be true or false.", "body.restates")
    earlier = 0
    if not run.arithmetic.is_array:
        earlier = _earlier(run, period, restates)
    elif restates:
        raise EventError("no_array_form", "A restatement cannot be simulated.", "body.restates")
    due = _due(run, body, base, run.values[REVENUE_DUE] - earlier)
    run.refuse(due > base, "due_above_base", "More is due than the base reported.", "body.due_minor")
    if not run.arithmetic.is_array:
        run.reports[period] = due
    change = _count(run, due - earlier)
    # May fall below zero: what was paid too much is kept back from what is distributed next, and nobody pays back.
    run.add("receivable", change)
    if restates and change < 0:
        run.post(("4010", None), ("1120", None), -change)
    else:
        run.post(("1120", None), ("4010", None), change)


def _period(run: Run, data: Any) -> str:
    period = reading.mapping(data, "body.period", ("from", "to"), (), EventError)
    start = reading.date(period["from"], "body.period.from", EventError)
    end = reading.date(period["to"], "body.period.to", EventError)
    run.refuse(
        start > end or end > run.on,
        "bad_period",
        "The period must be in order and not end after the report.",
        "body.period",
    )
    return f"{start.isoformat()}/{end.isoformat()}"


def _count(run: Run, change: Any) -> Any:
    """Count what a report has made due in all, and return by how much that changes what is to be paid."""
    terms, before = run.model.revenue_share, run.values[REVENUE_DUE]
    run.add(REVENUE_DUE, change)
    if terms is None:
        return change
    return terms.payable(run.arithmetic, run.values[REVENUE_DUE]) - terms.payable(run.arithmetic, before)


def _due(run: Run, body: dict[str, Any], base: Any, counted: Any) -> Any:
    terms = run.model.revenue_share
    if terms is None:
        bodies.read(body, ("period", "base_minor", "due_minor"), ("restates",))
        return run.amount(body["due_minor"], "body.due_minor")
    due = terms.due(run.arithmetic, base, run.model.rounding)
    bodies.stated(run, body, "due_minor", due, "revenue_share_differs", "amount due")
    if run.explanation is not None and (terms.cap_minor is not None or terms.advance is not None):
        before, after = (terms.within_cap(run.arithmetic, total) for total in (counted, counted + due))
        run.explanation.note(
            "revenue_share", *share_of_report(terms, before, after - before, run.model), after - before
        )
    return due


def _earlier(run: Run, period: str, restates: bool) -> int:
    run.refuse(
        restates and period not in run.reports,
        "period_not_reported",
        "This period was not reported yet, so there is nothing to restate.",
        "body.period",
    )
    run.refuse(
        not restates and period in run.reports,
        "period_already_reported",
        "This period was reported already; restate it to replace that report.",
        "body.period",
    )
    return run.reports.get(period, 0)


def interest_due(run: Run, body: dict[str, Any]) -> None:
    """Round the interest of a period once, on a settlement date of the loan or finally."""
    body = bodies.read(body, ("instrument",), ("final", "amount_minor"))
    loans = {loan.id: loan for loan in run.model.loans}
    loan = loans[bodies.known(body["instrument"], "body.instrument", loans, "loan")]
    final = body.get("final", False)
    if not isinstance(final, bool):
        raise EventError("not_a_truth_value", "body.final must be true or false.", "body.final")
    on_schedule = run.on.day == loan.settled_day and run.on.month in loan.settled_months
    run.refuse(
        not on_schedule and not final,
        "not_an_interest_date",
        f"Interest of {loan.id} is settled on day {loan.settled_day} of its months only.",
        "effective_on",
    )
    interest = accrual.take_interest(run, loan)
    bodies.stated(run, body, "amount_minor", interest, "interest_differs", "interest")
    run.post(("5030", None), ("2041", loan.party), interest)
    if run.explanation is not None:
        name = object_name("loan", loan.id, run.model)
        run.explanation.note(
            f"instruments.{loan.id}",
            {"zh": f"{name['zh']}：本期利息", "en": f"Interest of the period on {name['en']}"},
            {
                "zh": "按实际天数计息，本期单独舍入",
                "en": "actual days on the balance of each day, this period rounded once",
            },
            interest,
        )


def distribution(run: Run, body: dict[str, Any]) -> None:
    """Share out money of the operating program: revenue received, or what the project pays out of its own funds."""
    body = bodies.read(
        body,
        ("source",),
        ("program", "amount_minor", "collect", "metrics", "flags", "distributable_profit_minor"),
    )
    bodies.choice(body.get("program", "operating"), "body.program", ("operating",))
    source = bodies.choice(body["source"], "body.source", ("revenue", "project"))
    program = run.model.operating
    if program is None:
        raise EventError("program_missing", "These terms have no operating program.", "body.program")
    bodies.metrics(run, body)
    bodies.flags(run, body)
    amount = _amount(run, body)
    if source == "revenue":
        run.refuse(
            amount > run.values["receivable"],
            "more_than_reported",
            "More is distributed than was reported and is still receivable.",
            "body.amount_minor",
        )
        run.add("receivable", -amount)
        run.post(("1010", None), ("1120", None), amount)
    else:
        run.post(("1010", None), ("4010", None), amount)
    run.flow(run.model.project, -amount)
    run.into_program(program, amount, "4010")
    check_dividends(run, body)


def _amount(run: Run, body: dict[str, Any]) -> Any:
    if ("amount_minor" in body) == ("collect" in body):
        raise EventError("one_amount", "The body must have exactly one of amount_minor and collect.", "body")
    if "amount_minor" in body:
        return run.amount(body["amount_minor"], "body.amount_minor")
    names = reading.sequence(body["collect"], "body.collect", EventError, at_least=1)
    if len(set(map(str, names))) != len(names):
        raise EventError("balance_twice", "body.collect names a balance twice.", "body.collect")
    total = run.arithmetic.zero
    for name in names:
        total = run.arithmetic.check(total + collectable(run, name), "collect")
    return total


def collectable(run: Run, name: Any) -> Any:
    """Return a balance the project can be asked to pay, such as ``interest_due:loan``."""
    kind, _, which = name.partition(":") if isinstance(name, str) else ("", "", "")
    known: dict[str, Any] = {"claim": run.model.claims, "grant_due": {grant.id for grant in run.model.grants}}
    loans = {loan.id for loan in run.model.loans}
    if kind not in COLLECTABLE or which not in known.get(kind, loans):
        raise EventError(
            "unknown_balance",
            f"body.collect names {str(name)[:60]!r}, which cannot be collected.",
            "body.collect",
        )
    return run.balance(name)


def check_dividends(run: Run, body: dict[str, Any]) -> None:
    """Refuse dividends above the distributable profit of an audited statement."""
    profit = run.arithmetic.zero
    if "distributable_profit_minor" in body:
        profit = run.amount(body["distributable_profit_minor"], "body.distributable_profit_minor")
    run.refuse(
        run.dividends > profit,
        "dividend_above_distributable_profit",
        "Dividends exceed the distributable profit of the audited statement.",
        "body.distributable_profit_minor",
    )
