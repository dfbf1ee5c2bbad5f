"""Fund first, equity later before signing: scenarios convert, return or close; each settles to the unit."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from risk.sharing import fund_first, settle
from risk.simulation import SimulationError, default_drivers, replay_scenario, simulate
from risk.simulation.grants import NAMES
from tests.reference.sharing import Reference
from tests.worked_examples.fund_first_story import parameters

Json = dict[str, Any]
TERMS = fund_first(parameters())
SCORE = {"probability": 0.3, "interval_80": [0.2, 0.4], "state": "prior_only", "horizon_months": 22}
DRIVERS = default_drivers(TERMS, SCORE, as_of="2027-02-15", milestone_dates={"M1": "2027-10-01", "M2": "2028-06-30"})


def fixed(**values: Json) -> Json:
    """Return the drivers with some of them held at one value."""
    drivers = copy.deepcopy(DRIVERS)
    for name, value in values.items():
        drivers["parameters"][name.replace("__", ":")] |= value
    return drivers


def chance(value: str) -> Json:
    return {"value": value, "low": value, "high": value}


def amount(yuan: int) -> Json:
    return {"value_minor": yuan * 100, "low_minor": yuan * 100, "high_minor": yuan * 100, "sigma": "0"}


CERTAIN = {
    "pass__M1": chance("1"), "pass__M2": chance("1"), "commercial_failure": chance("0"), "delay": chance("0"),
    "cost_growth": chance("0"), "round_years": {**chance("1"), "sigma": "0"},
    "exit_years": {**chance("3"), "sigma": "0"}, "largest_holder": {**chance("0.5"), "sigma": "0"},
    "round_value": amount(70_000_000), "round_money": amount(20_000_000), "exit_value": amount(180_000_000),
}  # fmt: skip


def test_price_and_time_of_the_next_round_are_judgements_and_marked_so() -> None:
    rows = DRIVERS["parameters"]
    assert set(NAMES) < set(rows)
    assert {rows[name]["basis"] for name in NAMES} == {"judgement"}
    assert "下一轮融资" in rows["round_value"]["text_zh"]


@pytest.mark.parametrize("scenario", range(24))
def test_a_scenario_replayed_alone_settles_and_the_reference_agrees(scenario: int) -> None:
    document = replay_scenario(TERMS, DRIVERS, seed=11, scenario=scenario)
    result, reference = settle(document), Reference(TERMS)
    net = dict.fromkeys(result["parties"], 0)
    for event in document["events"]:
        for party, flow in reference.apply(event).items():
            net[party] += flow
    assert net == {party: row["net_minor"] for party, row in result["parties"].items()}
    assert reference.balance("grant:grant") == 0


def test_scenarios_convert_come_back_or_are_closed() -> None:
    seen: Counter[str] = Counter()
    for scenario in range(60):
        document = replay_scenario(TERMS, DRIVERS, seed=11, scenario=scenario)
        seen.update({event["kind"] for event in document["events"]})
    assert all(seen[kind] for kind in ("conversion", "grant_audit", "grant_close", "grant_return", "exit"))


def test_a_certain_round_and_sale_give_the_figures_of_the_worked_example() -> None:
    result = simulate(TERMS, fixed(**CERTAIN), scenarios=50, seed=1)
    # Ten million shares before the round: 10 / (0.9 x 70) and 20 / 70 of them are new; nobody claims before a sale.
    got, new = 10_000_000 * 10 * 10 // (9 * 70), 10_000_000 * 20 // 70
    expected = 180_000_000_00 * got / (10_000_000 + got + new)
    assert abs(result["parties"]["guidance"]["expected_received"]["value_minor"] - expected) <= 1
    assert set(result["parties"]) == {"guidance", "shareholders"}
    assert any("一千万股" in row["text_zh"] for row in result["assumptions"])


def test_a_certain_failure_costs_the_funder_what_was_spent() -> None:
    lost = {**CERTAIN, "pass__M2": chance("0"), "unspent_share": {**chance("0.1"), "sigma": "0"},
            "ineligible_share": {**chance("0"), "sigma": "0"}}  # fmt: skip
    guidance = simulate(TERMS, fixed(**lost), scenarios=50, seed=1)["parties"]["guidance"]
    assert guidance["expected_paid"]["value_minor"] == 10_000_000_00
    assert guidance["expected_received"]["value_minor"] == 1_000_000_00


def test_under_the_cap_a_part_converts_and_the_rest_comes_back() -> None:
    cheap = fixed(**{**CERTAIN, "round_value": amount(30_000_000), "round_money": amount(5_000_000)})
    document = replay_scenario(TERMS, cheap, seed=1, scenario=0)
    kinds = [event["kind"] for event in document["events"]]
    (conversion,) = [event["body"] for event in document["events"] if event["kind"] == "conversion"]
    assert 0 < conversion["amount_minor"] < 10_000_000_00
    assert kinds.index("grant_return") > kinds.index("conversion")
    settled = settle(document)
    shares = next(event["balances"] for event in settled["events"] if event["kind"] == "conversion")
    held, others = shares["shares:guidance"], shares["shares:shareholders"]
    assert held * 5 <= held + others < (held + 1) * 5 + 5


@pytest.mark.parametrize("day", ["2029-06-01", "2030-06-01"])
def test_what_is_drawn_after_a_round_or_never_after_a_sale_is_not_converted(day: str) -> None:
    late = {**parameters(), "convert_by": "2031-12-31"}
    late["calls"][1]["on"] = day
    terms = fund_first(late)
    days = {"M1": "2027-10-01", "M2": "2028-06-30"}
    drivers = default_drivers(terms, SCORE, as_of="2027-02-15", milestone_dates=days)
    paid: set[int] = set()
    for scenario in range(40):
        document = replay_scenario(terms, drivers, seed=5, scenario=scenario)
        result = settle(document)
        paid.add(result["parties"]["guidance"]["paid_minor"])
        ends = [place for place, event in enumerate(document["events"]) if event["kind"] == "exit"]
        calls = [place for place, event in enumerate(document["events"]) if event["kind"] == "drawdown_call"]
        assert not ends or max(calls) < ends[0]
        assert "grant:grant" not in result["events"][-1]["balances"]
    assert paid == {600_000_000, 1_000_000_000}


def test_two_grants_are_not_simulated() -> None:
    terms = copy.deepcopy(TERMS)
    second = {**terms["instruments"][0], "id": "second", "commitment_minor": 0}
    terms["instruments"].append(second)
    with pytest.raises(SimulationError) as refusal:
        default_drivers(terms, SCORE)
    assert refusal.value.code == "terms_not_simulable"
