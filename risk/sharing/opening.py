"""An agreement that lived elsewhere before: its past is run through its terms, and no money of it moves here.

Balances are not typed in. The parties name what happened, dated, and the balances that they agree stand; the past is
applied by the handlers that settle the present, so that accruals, hurdles and limits stand where they would stand had
the agreement been here from its first day. Where the two differ nothing is written.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from typing import Any

from risk.errors import RiskError
from risk.sharing import reading
from risk.sharing.amounts import balance_named
from risk.sharing.applying import balance_names, opening_state, standing_events, start_run
from risk.sharing.arithmetic import IntegerArithmetic
from risk.sharing.errors import EventError
from risk.sharing.handlers import HANDLERS
from risk.sharing.journal import Posting
from risk.sharing.model import Model
from risk.sharing.run import Run
from risk.sharing.state import State

KIND = "opening_balances"
# What a past may hold. A loss, an indemnity or a compensation uses limits that others keep registers of, and decisions
# of a certifier are given here; an agreement that has them in its past cannot be brought in.
PAST = {
    "drawdown_call": {"zh": "缴款通知", "en": "Capital call"},
    "drawdown_paid": {"zh": "实缴到账", "en": "Drawdown paid"},
    "premium_paid": {"zh": "保费支付", "en": "Premium paid"},
    "milestone": {"zh": "里程碑认定", "en": "Milestone decision"},
    "revenue_report": {"zh": "收入报告", "en": "Revenue report"},
    "interest_due": {"zh": "利息到期", "en": "Interest due"},
    "distribution": {"zh": "分配", "en": "Distribution"},
}
MOST_PAST_EVENTS = 2000
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_STEP = dict[str, Any]


@dataclass
class Past:
    """What running the past through the terms gave.

    Attributes
    ----------
    state : State
        The state on the day of the opening, without head and log of the event.
    postings : list of (code, party or None, amount_minor)
        One line an account, debit positive; sums to zero.
    flows : list of (datetime.date, dict of str to int)
        Cash by party on the day on which it moved elsewhere, minor units, positive where the party received.
    explanation : list of dict
        A line for the opening and one for each past event.
    """

    state: State
    postings: list[Posting] = field(default_factory=list)
    flows: list[tuple[datetime.date, dict[str, int]]] = field(default_factory=list)
    explanation: list[dict[str, Any]] = field(default_factory=list)


def bring_in(model: Model, state: State, event: dict[str, Any], on: datetime.date) -> Past:
    """Run the past of an agreement through its terms and hold it against the balances that the parties state.

    Parameters
    ----------
    model : Model
        The compiled terms in force.
    state : State
        The state after the activation and nothing else.
    event : dict
        The event ``opening_balances`` in canonical form; ``body`` has ``history``, ``balances`` and ``evidence``.
    on : datetime.date
        Its effective date.

    Raises
    ------
    EventError
        ``opening_not_first``, ``history_kind``, ``history_order``, ``history_after_activation``, ``too_much_history``,
        ``bad_digest``, ``unknown_balance``, ``balance_differs``, ``balance_not_stated``, ``call_left_open``, or
        whatever code a past event is refused with, its place in `field`.
    """
    body = reading.mapping(event["body"], "body", ("history", "balances", "evidence"), (), EventError)
    standing = [earlier["kind"] for earlier in standing_events(state.log)]
    now = start_run(model, IntegerArithmetic(), state, event, on)
    if standing != ["activate"]:
        raise EventError("opening_not_first", "Opening balances come straight after the activation.", "kind")
    if not isinstance(body["evidence"], str) or not _DIGEST.match(body["evidence"]):
        raise EventError(
            "bad_digest", "body.evidence must be the SHA-256 of the evidence, 64 hexadecimal digits.", "body.evidence"
        )
    assert state.last_date is not None, "an active agreement has a date"
    steps = _read_history(body["history"], state.last_date)
    past = _run_past(model, state.terms_hash, event["id"], steps)
    _refuse_open_calls(past.state)
    end = Run(model, now.arithmetic, past.state, on)
    _compare(model, end, body["balances"])
    past.state = State(
        state.terms_hash, past.state.status, on, end.values, past.state.accounts, end.flags, past.state.results,
        past.state.reports,
    )  # fmt: skip
    past.explanation.insert(0, _line(
        {"zh": "期初余额", "en": "Opening balances"},
        {
            "zh": f"由{len(steps)}项既往事项按条款重新计算，与列明的余额一致；"
            "资金此前已在平台外收付，此处不产生应付款项",
            "en": f"computed under the terms from {len(steps)} past events and equal to the balances stated; the money "
            "moved elsewhere before, so nothing becomes payable here",
        },
    ))  # fmt: skip
    return past


def _read_history(data: Any, activated: datetime.date) -> list[tuple[_STEP, datetime.date]]:
    rows = reading.sequence(data, "body.history", EventError, at_least=1)
    if len(rows) > MOST_PAST_EVENTS:
        raise EventError("too_much_history", f"At most {MOST_PAST_EVENTS} past events are taken.", "body.history")
    steps: list[tuple[_STEP, datetime.date]] = []
    for place, row in enumerate(rows):
        path = f"body.history[{place}]"
        row = reading.mapping(row, path, ("kind", "effective_on", "body"), (), EventError)
        if row["kind"] not in PAST:
            raise EventError(
                "history_kind",
                f"{path} is of a kind that cannot be brought in; it may be {', '.join(PAST)}.",
                f"{path}.kind",
            )
        if not isinstance(row["body"], dict):
            raise EventError("not_an_object", f"{path}.body must be an object.", f"{path}.body")
        day = reading.date(row["effective_on"], f"{path}.effective_on", EventError)
        if steps and day < steps[-1][1]:
            raise EventError("history_order", f"{path} is dated before the one above it.", f"{path}.effective_on")
        if day > activated:
            raise EventError(
                "history_after_activation",
                f"{path} is dated after the activation of {activated}; record it as an event of its own.",
                f"{path}.effective_on",
            )
        steps.append((row, day))
    return steps


def _run_past(model: Model, terms_hash: str, name: str, steps: list[tuple[_STEP, datetime.date]]) -> Past:
    """Activate on the first day of the past and apply its events one by one."""
    blank, first = opening_state(model, terms_hash), steps[0][1]
    activation = {"id": name, "kind": "activate", "body": {}}
    state = _after(blank, _apply(model, blank, activation, first), first)
    past, totals = Past(state), dict[tuple[str, str | None], int]()
    for place, (row, day) in enumerate(steps):
        try:
            run = _apply(model, past.state, {"id": name, **row}, day)
        except RiskError as error:
            at = (error.field or "").removeprefix(".")
            error.field = f"body.history[{place}]" + (f".{at}" if at else "")
            error.details = {**error.details, "history": place}
            raise
        assert run.journal is not None
        for code, party, amount in run.journal.postings:
            totals[code, party] = totals.get((code, party), 0) + amount
        flows = {party: amount for party, amount in run.flows.items() if amount}
        past.flows += [(day, flows)] if flows else []
        words, moved = PAST[row["kind"]], sum(amount for amount in flows.values() if amount > 0)
        why = {"zh": f"{day.isoformat()}，平台外发生", "en": f"{day.isoformat()}, before the agreement came here"}
        past.explanation.append(_line(words, why, moved))
        past.state = _after(past.state, run, day)
    past.postings = [(code, party, amount) for (code, party), amount in totals.items() if amount]
    return past


def _apply(model: Model, state: State, event: dict[str, Any], day: datetime.date) -> Run:
    run = start_run(model, IntegerArithmetic(), state, event, day)
    HANDLERS[event["kind"]](run, event["body"])
    return run


def _after(state: State, run: Run, day: datetime.date) -> State:
    assert run.journal is not None
    accounts = {key: amount for key, amount in run.journal.accounts.items() if amount}
    return State(state.terms_hash, run.status, day, run.values, accounts, run.flags, run.results, run.reports)


def _refuse_open_calls(state: State) -> None:
    """Refuse a past that ends with money called and unpaid: nobody here would ask for it."""
    for name, amount in state.values.items():
        if name.startswith("called:") and amount:
            raise EventError(
                "call_left_open",
                f"{amount} of {name.removeprefix('called:')} is called and unpaid; call it here after the opening.",
                "body.history",
                unpaid_minor=int(amount),
            )


def _compare(model: Model, run: Run, stated: Any) -> None:
    """Refuse stated balances that are not exactly the live balances which the past gives."""
    if not isinstance(stated, dict):
        raise EventError("not_an_object", "body.balances must be an object.", "body.balances")
    computed = {name: int(balance_named(name).value(run)) for name in balance_names(model)}
    for name, data in stated.items():
        path = f"body.balances.{str(name)[:80]}"
        if name not in computed:
            raise EventError("unknown_balance", f"{path} is no balance of these terms.", path)
        # A hurdle that carries an excess stands below zero.
        below = isinstance(data, int) and data < 0
        amount = -reading.minor(-data, path, EventError) if below else reading.minor(data, path, EventError)
        if amount != computed[name]:
            raise EventError(
                "balance_differs",
                f"{path} is stated as {amount}; the past gives {computed[name]} under the terms.",
                path,
                computed_minor=computed[name],
            )
    for name, value in computed.items():
        if value and name not in stated:
            raise EventError(
                "balance_not_stated",
                f"The past leaves {value} on {name}, which body.balances does not state.",
                "body.balances",
                balance=name,
                computed_minor=value,
            )


def _line(name: dict[str, str], why: dict[str, str], amount: int = 0) -> dict[str, Any]:
    return {
        "clause": "events", "name": dict(name), "why": why, "depth": 0, "capacity_minor": None, "amount_minor": amount,
        "to": [], "rounding": [],
    }  # fmt: skip
