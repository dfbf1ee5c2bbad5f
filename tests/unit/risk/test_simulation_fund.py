"""A fund is simulated before signing: its scenarios settle to the unit, its drivers are judgements and marked so."""

from __future__ import annotations

import pytest

from risk.sharing import settle, sub_fund
from risk.simulation import SimulationError, default_drivers, replay_scenario, simulate
from tests.factories.sub_funds import parameters
from tests.reference.sharing import Reference

TERMS = sub_fund(parameters(second=1_000_000))
DRIVERS = default_drivers(TERMS, {})


def test_the_drivers_are_judgements_in_the_words_of_the_terms() -> None:
    rows = DRIVERS["parameters"]
    assert set(rows) == {"fund_proceeds", "fund_years", "correlation", "flag:raised", "claim:costs-and-wages"}
    assert {row["basis"] for row in rows.values()} == {"judgement"}
    assert rows["flag:raised"]["text_zh"].endswith("两个项目升级")
    assert (DRIVERS["start"], DRIVERS["end"]) == ("2027-01-01", "2035-01-01")


@pytest.mark.parametrize("scenario", range(12))
def test_a_scenario_replayed_alone_settles_and_the_reference_agrees(scenario: int) -> None:
    document = replay_scenario(TERMS, DRIVERS, seed=7, scenario=scenario)
    result, reference = settle(document), Reference(TERMS)
    net = dict.fromkeys(result["parties"], 0)
    for event in document["events"]:
        for party, amount in reference.apply(event).items():
            net[party] += amount
    assert net == {party: row["net_minor"] for party, row in result["parties"].items()}
    kinds = [event["body"].get("kind") for event in document["events"] if event["kind"] == "exit"]
    assert kinds == ["partnership_distribution"] * (len(kinds) - 1) + ["liquidation"]


def test_the_parties_are_the_partners_and_the_carry_and_the_whole_is_what_they_get() -> None:
    result = simulate(TERMS, DRIVERS, scenarios=2_000, seed=3)
    assert list(result["parties"]) == ["public", "private", "manager", "team"]
    assert result["parties"]["team"]["loss_probability"]["value"] == 0
    assert 0 < result["endings"]["proceeds_below_capital"]["value"] < 1
    better = result["parties"]["private"]["driver_range"]
    assert better["unfavourable"]["expected_profit_minor"] < better["favourable"]["expected_profit_minor"]
    assert "合伙人" in result["assumptions"][0]["text_zh"]
    assert simulate(TERMS, DRIVERS, scenarios=2_000, seed=3) == result


def test_what_cannot_be_simulated_is_said_before_any_draw() -> None:
    with pytest.raises(SimulationError) as refusal:
        simulate(TERMS, {**DRIVERS, "milestones": [{"id": "M1", "on": "2028-01-01"}]})
    assert refusal.value.code == "unknown_driver"
    without = {key: row for key, row in DRIVERS["parameters"].items() if key != "fund_years"}
    with pytest.raises(SimulationError) as refusal:
        simulate(TERMS, {**DRIVERS, "parameters": without})
    assert refusal.value.code == "missing_driver"
    waiting = {**TERMS, "milestones": [{"id": "M1", "name": {"zh": "一", "en": "one"}}]}
    with pytest.raises(SimulationError) as refusal:
        default_drivers(waiting, {})
    assert refusal.value.code == "terms_not_simulable"
