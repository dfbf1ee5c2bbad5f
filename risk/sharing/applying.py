"""What settlement and simulation share: the opening state, reading an event, starting to apply it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from risk.errors import RiskError
from risk.sharing import reading
from risk.sharing.canonical import normalise
from risk.sharing.compiling.programs import COMPENSATIONS
from risk.sharing.errors import EventError
from risk.sharing.events.funding import FAILED, failed_milestone
from risk.sharing.events.lifecycle import refuse_stopped
from risk.sharing.handlers import KINDS
from risk.sharing.model import Model
from risk.sharing.run import Run
from risk.sharing.state import State


def opening_state(model: Model, version_hash: str, zero: Any = 0) -> State:
    """Return the state before any event, every counter at zero."""
    flags = {f"milestone:{name}": False for name in model.milestones}
    flags |= {f"flag:{name}": False for name in model.flags}
    flags |= {f"called:{name}": False for name in model.tranches}
    flags |= {f"premium:{name}": False for name in model.policies}
    flags |= dict.fromkeys(
        ("default", "compensated", *(f"compensated:{name}" for name in COMPENSATIONS), "exited", "sold", "written_off"),
        False,
    )
    if model.grants:
        flags |= {FAILED: False, **{failed_milestone(name): False for name in model.milestones}}
        flags |= {f"converted:{grant.id}": False for grant in model.grants}
    return State(version_hash, values=dict.fromkeys(model.value_names, zero), flags=flags)


def read_event(event: Any, *, arrays: bool = False) -> tuple[dict[str, Any], datetime.date]:
    """Return the event in canonical form and its date.

    Raises
    ------
    EventError
        ``missing_key``, ``unknown_key``, ``unknown_kind``, ``bad_date``, ``float_in_amount`` and the like.
    """
    optional = ("body", "occurs") if arrays else ("body",)
    event = dict(reading.mapping(event, "event", ("id", "kind", "effective_on"), optional, EventError))
    if not arrays:
        try:
            event = normalise(event)
        except RiskError as error:
            code = "float_in_amount" if error.code == "float_in_document" else error.code
            raise EventError(code, error.message, error.field) from error
        except RecursionError as error:
            raise EventError("too_deep", "The event is nested too deeply to read.", "body") from error
    event.setdefault("body", {})
    reading.identifier(event["id"], "id", EventError)
    if event["kind"] not in KINDS:
        raise EventError("unknown_kind", f"There is no kind of event called {str(event['kind'])[:60]!r}.", "kind")
    if not isinstance(event["body"], dict):
        raise EventError("not_an_object", "body must be an object.", "body")
    return event, reading.date(event["effective_on"], "effective_on", EventError)


def start_run(
    model: Model, arithmetic: Any, state: State, event: dict[str, Any], on: datetime.date, occurs: Any = True
) -> Run:
    """Return the working context of an event, after the checks that hold for every kind."""
    if state.status == "closed":
        raise EventError("agreement_closed", "The agreement is closed.", "kind")
    if state.status == "open" and event["kind"] != "activate":
        raise EventError("not_active", "The agreement has not been activated.", "kind")
    if state.last_date is not None and on < state.last_date:
        raise EventError(
            "date_before_last_event",
            f"The event is dated {on}, before the last one of {state.last_date}; reverse later events first.",
            "effective_on",
        )
    run = Run(model, arithmetic, state, on, occurs)
    run.event_id = event["id"]
    refuse_stopped(run, event["kind"])
    return run


def standing_events(log: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events that were neither reversed nor are reversals, in order."""
    reversed_ids = {event["body"]["target"] for event in log if event["kind"] == "reversal"}
    return [event for event in log if event["kind"] != "reversal" and event["id"] not in reversed_ids]


def balance_names(model: Model) -> list[str]:
    """Return the names of the live balances of these terms."""
    names = ["estate"]
    for kind in ("capital", "contributed", "received", "gain", "conceded"):
        names += [f"{kind}:{party}" for party in model.parties]
    for loan in model.loans:
        names += [f"{kind}:{loan.id}" for kind in ("principal", "principal_due", "interest_due", "net_principal_loss")]
        names += [f"loss_borne:{loan.id}:{party}" for party in model.parties]
    for grant in model.grants:
        names += [f"{kind}:{grant.id}" for kind in ("grant", "grant_due", "grant_lost")]
    names += [f"shares:{party}" for party in model.shareholders]
    names += [f"preference:{name}" for name in model.accruals]
    names += [f"hurdle:{name}" for name in model.hurdles]
    names += [f"claim:{name}" for name in model.claims]
    names += [f"limit_left:{name}" for name in model.limits]
    return names
