"""Disputes, freezes and breaches: what each stops, what goes on, who is named, how it is lifted and undone."""

from __future__ import annotations

from typing import Any

import pytest

from risk.sharing import Engine, EventError
from risk.sharing.events.lifecycle import open_matters
from risk.sharing.state import State
from risk.sharing.templates.scenario_a import scenario_a, scenario_a_terms

Json = dict[str, Any]
ENGINE = Engine(scenario_a_terms())


def event(name: str, kind: str, on: str, **body: Any) -> Json:
    return {"id": name, "kind": kind, "effective_on": on, "body": body}


def before(kind: str) -> tuple[State, Json]:
    """Return the state before the first event of a kind in the success of scenario A, and that event."""
    state = ENGINE.open()
    for item in scenario_a("success")["events"]:
        if item["kind"] == kind:
            return state, item
        state = ENGINE.apply(state, item).state
    raise LookupError(kind)


def raised(state: State, matter: str, day: str) -> State:
    body = {
        "dispute": {"about": state.log[-1]["id"], "reason": "the report is wrong"},
        "freeze": {"reason": "court order"},
        "default": {"party": "project", "breach": "report", "cure_by": "2035-01-01", "reason": "no report"},
    }[matter]
    return ENGINE.apply(state, event(f"stop-{matter}", matter, day, **body)).state


@pytest.mark.parametrize(
    ("matter", "kind", "code"),
    [
        ("freeze", "drawdown_call", "agreement_frozen"),
        ("freeze", "distribution", "agreement_frozen"),
        ("freeze", "exit", "agreement_frozen"),
        ("dispute", "distribution", "dispute_open"),
        ("dispute", "exit", "dispute_open"),
        ("default", "drawdown_call", "in_default"),
    ],
)
def test_what_is_stopped_goes_on_once_it_is_lifted(matter: str, kind: str, code: str) -> None:
    state, stopped = before(kind)
    held = raised(state, matter, stopped["effective_on"])
    kept = held.to_json()
    with pytest.raises(EventError) as refused:
        ENGINE.apply(held, stopped)
    assert (refused.value.code, refused.value.details["open"]) == (code, [f"stop-{matter}"])
    assert held.to_json() == kept
    lifted = "cure" if matter == "default" else "release"
    free = ENGINE.apply(held, event("lift", lifted, stopped["effective_on"], lifts=f"stop-{matter}", reason="agreed"))
    assert free.postings == []
    after = ENGINE.apply(free.state, stopped)
    plain = ENGINE.apply(state, stopped)
    assert (after.postings, after.balances) == (plain.postings, plain.balances)


@pytest.mark.parametrize(
    ("matter", "kind"),
    [("freeze", "milestone"), ("freeze", "drawdown_paid"), ("dispute", "drawdown_call"), ("default", "distribution")],
)
def test_facts_and_what_the_matter_does_not_concern_go_on(matter: str, kind: str) -> None:
    state, fact = before(kind)
    assert (
        ENGINE.apply(raised(state, matter, fact["effective_on"]), fact).postings == ENGINE.apply(state, fact).postings
    )


def test_the_default_of_a_funder_does_not_stop_the_calls_on_the_others() -> None:
    state, call = before("drawdown_call")
    body = {"party": "angel", "breach": "drawdown", "cure_by": "2035-01-01", "reason": "not paid"}
    held = ENGINE.apply(state, event("breach", "default", call["effective_on"], **body)).state
    assert ENGINE.apply(held, call).postings
    assert open_matters(held.results, "default") == ["breach"]
    assert open_matters(held.results, "freeze") == []


@pytest.mark.parametrize(
    ("matter", "again", "code"),
    [
        ("freeze", event("x", "freeze", "2030-01-01", reason="once more"), "already_frozen"),
        ("dispute", event("x", "dispute", "2030-01-01", about="LAST", reason="once more"), "already_disputed"),
        ("freeze", event("x", "dispute", "2030-01-01", about="nothing", reason="what"), "unknown_event"),
        ("freeze", event("x", "cure", "2030-01-01", lifts="stop-freeze", reason="what"), "nothing_to_lift"),
        ("dispute", event("x", "release", "2030-01-01", lifts="nothing", reason="what"), "nothing_to_lift"),
        ("default", event("x", "default", "2030-01-01", party="project", breach="report", cure_by="2031-01-01",
                          reason="again"), "already_in_default"),
        ("freeze", event("x", "default", "2030-01-01", party="angel", breach="report", cure_by="2029-01-01",
                         reason="late"), "cure_before_default"),
        ("freeze", event("x", "default", "2030-01-01", party="nobody", breach="report", cure_by="2031-01-01",
                         reason="who"), "unknown_party"),
        ("dispute", event("x", "freeze", "2030-01-01", reason=" "), "bad_text"),
        ("dispute", event("x", "freeze", "2030-01-01"), "missing_key"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(matter: str, again: Json, code: str) -> None:
    state, item = before("drawdown_call")
    held = raised(state, matter, item["effective_on"])
    if again["body"].get("about") == "LAST":
        again = {**again, "body": {**again["body"], "about": held.log[-2]["id"]}}
    with pytest.raises(EventError) as refused:
        ENGINE.apply(held, again)
    assert refused.value.code == code


def test_a_freeze_is_undone_by_a_reversal_and_survives_storing() -> None:
    state, item = before("distribution")
    day = item["effective_on"]
    held = ENGINE.load(raised(state, "freeze", day).to_json())
    assert open_matters(held.results, "freeze") == ["stop-freeze"]
    back = ENGINE.apply(held, event("undo", "reversal", day, target="stop-freeze")).state
    assert back.core()["results"] == state.core()["results"]
    ENGINE.apply(back, item)


def test_matters_cannot_be_simulated() -> None:
    events = [event("a", "activate", "2027-01-01"), event("f", "freeze", "2027-01-02", reason="why")]
    with pytest.raises(EventError) as refused:
        ENGINE.run_paths(events, scenarios=2)
    assert refused.value.code == "no_array_form"
