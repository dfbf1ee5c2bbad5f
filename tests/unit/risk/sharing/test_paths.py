"""The array path: scenarios go their own ways, and bad arrays are refused before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from risk.sharing import AmountError, Engine, EventError, settle
from risk.sharing.templates.scenario_a import ENDINGS, scenario_a, scenario_a_terms

Json = dict[str, Any]


def all_endings(scenarios: int) -> tuple[list[Json], np.ndarray]:
    """Return one list of events in which scenario i goes the way of ending i modulo 3."""
    which = np.arange(scenarios) % len(ENDINGS)
    logs = [scenario_a(ending)["events"] for ending in ENDINGS]
    common = next(place for place, rows in enumerate(zip(*logs, strict=False)) if any(row != rows[0] for row in rows))
    rest = []
    for way, log in enumerate(logs):
        for place, event in enumerate(log[common:]):
            if event["kind"] != "close":
                row = {**event, "id": f"{way}-{event['id']}", "occurs": which == way}
                rest.append((event["effective_on"], way, place, row))
    return logs[0][:common] + [row for *_, row in sorted(rest, key=lambda item: item[:3])], which


def test_the_three_endings_in_one_run_equal_their_settlements() -> None:
    events, which = all_endings(7)
    paths = Engine(scenario_a_terms()).run_paths(events, 7, keep_balances=["principal:loan"])
    for scenario, way in enumerate(which):
        settled = settle(scenario_a(ENDINGS[way]))
        for party in paths.parties:
            assert int(paths.flows[party][:, scenario].sum()) == settled["parties"][party]["net_minor"]
        assert paths.balances["capital:angel"][scenario] == settled["parties"]["angel"]["capital_not_returned_minor"]
    assert paths.values_after["principal:loan"].shape == (len(events), 7)
    assert paths.values_after["principal:loan"].max() == 500_000_000
    assert paths.flows["angel"].dtype == np.int64


def test_a_milestone_array_opens_the_drawdown_only_where_it_passed() -> None:
    engine = Engine(scenario_a_terms())
    passed = np.array([True, False])
    events = [
        {"id": "1", "kind": "activate", "effective_on": "2027-01-10", "body": {}},
        {"id": "2", "kind": "milestone", "effective_on": "2027-01-14", "body": {"milestone": "M0", "passed": passed}},
        {"id": "3", "kind": "drawdown_call", "effective_on": "2027-01-15", "body": {"tranche": "T1"}},
    ]
    with pytest.raises(EventError) as refusal:
        engine.run_paths(events, 2)
    assert refusal.value.code == "condition_precedent_open"
    events[2]["occurs"] = passed
    paid = {"tranche": "T1", "instrument": "angel-equity"}
    events.append({"id": "4", "kind": "drawdown_paid", "effective_on": "2027-01-15", "body": paid, "occurs": passed})
    paths = engine.run_paths(events, 2)
    assert paths.flows["angel"][3].tolist() == [-80_000_000, 0]


@pytest.mark.parametrize(("amounts", "code"), [
    (np.array([1, -1]), "amount_out_of_range"), (np.array([1, 9 * 10**15 + 1]), "amount_out_of_range"),
    (np.array([1.0, 2.0]), "bad_array"), (np.array([1, 2, 3]), "bad_array"), (-1, "negative_amount"),
])  # fmt: skip
def test_bad_amounts_are_refused(amounts: Any, code: str) -> None:
    events = [
        {"id": "1", "kind": "activate", "effective_on": "2027-01-10", "body": {}},
        {"id": "2", "kind": "distribution", "effective_on": "2027-01-14",
         "body": {"source": "project", "amount_minor": amounts}},
    ]  # fmt: skip
    with pytest.raises((EventError, AmountError)) as refusal:
        Engine(scenario_a_terms()).run_paths(events, 2)
    assert refusal.value.code == code


@pytest.mark.parametrize(("events", "scenarios", "code"), [
    ([], 0, "bad_scenarios"), ([], 10**9, "bad_scenarios"),
    ([{"id": "1", "kind": "reversal", "effective_on": "2027-01-01", "body": {"target": "x"}}], 1, "no_array_form"),
    ([{"id": "1", "kind": "activate", "effective_on": "2027-01-01", "body": {}, "occurs": np.array([True])}], 1,
     "bad_array"),
    ([{"id": "1", "kind": "activate", "effective_on": "2027-01-01"}] * 2, 1, "id_twice"),
])  # fmt: skip
def test_bad_runs_are_refused(events: list[Json], scenarios: int, code: str) -> None:
    with pytest.raises(EventError) as refusal:
        Engine(scenario_a_terms()).run_paths(events, scenarios)
    assert refusal.value.code == code


def test_an_unknown_balance_to_keep_is_refused() -> None:
    with pytest.raises(EventError) as refusal:
        Engine(scenario_a_terms()).run_paths([], 1, keep_balances=["luck"])
    assert refusal.value.code == "unknown_balance"
