"""Whatever stands in a document, the answer is a result or a named refusal, never a crash."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import RiskError
from risk.sharing import Engine, EventError, TermsError, fund_first, settle, validate_terms
from risk.sharing.templates.scenario_a import scenario_a, scenario_a_terms
from tests.worked_examples import fund_first_story as story

GRANT = {"terms": fund_first(story.parameters()), "events": story.story_converted()}
AUDITED = {**GRANT, "events": story.story_ineligible()}
TERMS = [scenario_a_terms(), GRANT["terms"]]
DOCUMENTS = [scenario_a("hard_failure"), GRANT, AUDITED]
JUNK: list[Any] = [
    None, True, -1, 0, 1.5, float("nan"), 10**30, -(10**6000), "", " ", "x", "angel", "1e5", "0.1", "２", "\ud800",
    "a" * 5000,
    [], {}, [[]], [None], {"to": {}}, {"": ""}, {"amount_minor": 1}, {"bal": "capital:angel"}, {"share": {"legs": []}},
]  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a document."""
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found.append((value, key))
        found += places(item)
    return found


def spoil(document: Any, draw: random.Random) -> None:
    """Replace, remove or add something at a random place."""
    container, key = draw.choice(places(document))
    deed = draw.choice(["replace", "replace", "remove", "add"])
    if deed == "replace":
        container[key] = copy.deepcopy(draw.choice(JUNK))
    elif deed == "remove":
        del container[key]
    elif isinstance(container, dict):
        container[draw.choice(["x", "to", "id", "\u00e9"])] = copy.deepcopy(draw.choice(JUNK))
    else:
        container.insert(0, copy.deepcopy(draw.choice(JUNK)))


def refusal_of(function: Callable[[Any], Any], argument: Any) -> RiskError | None:
    """Return the refusal, or None where the function answers; anything else is a crash and fails the test."""
    try:
        function(argument)
    except RiskError as refusal:
        return refusal
    return None


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**9), times=st.integers(1, 3))
def test_spoiled_terms_are_accepted_or_refused_by_name(seed: int, times: int) -> None:
    draw, terms = random.Random(seed), copy.deepcopy(TERMS[seed % len(TERMS)])
    for _ in range(times):
        spoil(terms, draw)
    refusal = refusal_of(validate_terms, terms)
    if refusal is not None:
        assert isinstance(refusal, TermsError)
        assert refusal.code
        assert refusal.field
        assert refusal.message.endswith(".")


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_spoiled_events_are_applied_or_refused_by_name(seed: int) -> None:
    draw, document = random.Random(seed), copy.deepcopy(DOCUMENTS[seed % len(DOCUMENTS)])
    spoil(document["events"], draw)
    refusal = refusal_of(settle, document)
    if refusal is not None:
        assert refusal.code
        assert refusal.message.endswith(".")
    else:
        assert settle(document)["trial_balance_minor"] == 0


def test_an_event_nested_without_end_is_refused() -> None:
    body: dict[str, Any] = {}
    for _ in range(100_000):
        body = {"x": body}
    engine = Engine(TERMS[0])
    with pytest.raises(EventError) as refusal:
        engine.apply(engine.open(), {"id": "1", "kind": "activate", "effective_on": "2027-01-01", "body": body})
    assert refusal.value.code == "too_deep"
