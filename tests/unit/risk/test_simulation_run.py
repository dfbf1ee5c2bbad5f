"""Runs: array path equal to settlement to the fen, reproducible, refused before any draw when wrong."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from risk.sharing import AmountError, Engine, settle
from risk.sharing.templates.scenario_a import scenario_a_terms
from risk.simulation import SimulationError, difference, replay_scenario, scenario_a_drivers, simulate
from risk.simulation import run as run_module
from risk.simulation.drivers import variant
from risk.simulation.run import prepare, run_scenarios
from risk.simulation.sampling import draw_sample
from risk.simulation.timeline import build_events, scenario_log


@pytest.fixture(scope="module")
def terms():
    return scenario_a_terms()


@pytest.fixture(scope="module")
def result(terms):
    return simulate(terms, scenario_a_drivers(), scenarios=10_000, seed=1)


@pytest.fixture(scope="module")
def chunk(terms):
    engine = Engine(terms)
    drivers = prepare(engine, scenario_a_drivers())
    sample = draw_sample(drivers, seed=11, chunk=0, size=400)
    events = build_events(engine.model, drivers, sample)
    return sample, events, engine.run_paths(events, scenarios=400)


def places_of_every_ending(sample):
    last = sample.passed["M3"]
    kinds = {
        "missed M1": ~sample.passed["M1"],
        "missed M2": sample.passed["M1"] & ~sample.passed["M2"],
        "insured": sample.passed["M2"] & ~last & sample.covered,
        "hard without cover": sample.passed["M2"] & ~last & sample.hard & ~sample.covered,
        "soft": sample.passed["M2"] & ~last & ~sample.hard,
        "commercial failure": last & sample.commercial_failure,
        "sold": last & ~sample.commercial_failure,
    }
    return {name: np.flatnonzero(mask)[:4] for name, mask in kinds.items()}


def test_every_kind_of_scenario_equals_its_integer_settlement_to_the_fen(terms, chunk):
    sample, events, paths = chunk
    for name, places in places_of_every_ending(sample).items():
        assert len(places) >= 2, f"the draws must contain {name}"
        for place in places:
            settled = settle({"terms": terms, "events": scenario_log(events, int(place))})
            totals = dict.fromkeys(paths.parties, 0)
            for event in settled["events"]:
                for party, amount in event["flows"].items():
                    totals[party] += amount
            simulated = {party: int(paths.flows[party][:, place].sum()) for party in paths.parties}
            assert simulated == totals, name


def test_flows_of_each_event_equal_those_of_settlement(terms, chunk):
    sample, events, paths = chunk
    place = int(places_of_every_ending(sample)["insured"][0])
    rows = {name: row for row, name in enumerate(paths.event_ids)}
    settled = settle({"terms": terms, "events": scenario_log(events, place)})
    for event in settled["events"]:
        simulated = {party: int(paths.flows[party][rows[event["id"]], place]) for party in paths.parties}
        assert {p: x for p, x in simulated.items() if x} == {p: x for p, x in event["flows"].items() if x}


def test_same_seed_gives_the_same_bytes_and_another_seed_other_ones(terms):
    def text(seed):
        run = simulate(terms, scenario_a_drivers(), scenarios=300, seed=seed)
        return json.dumps(run, sort_keys=True, allow_nan=False)

    assert text(5) == text(5)
    assert text(5) != text(6)


def test_first_scenarios_of_a_longer_run_are_those_of_a_shorter_one(terms):
    engine = Engine(terms)
    drivers = prepare(engine, scenario_a_drivers())
    short = run_scenarios(engine, drivers, scenarios=500, seed=3, return_sample=0)
    long = run_scenarios(engine, drivers, scenarios=12_000, seed=3, return_sample=0)
    for party in short.parties:
        assert np.array_equal(short.totals[party]["profit"], long.totals[party]["profit"][:500])


def test_scenario_can_be_replayed_alone_and_settles_to_the_amounts_of_the_run(terms):
    engine = Engine(terms)
    run = run_scenarios(engine, prepare(engine, scenario_a_drivers()), scenarios=10_050, seed=9, return_sample=0)
    for scenario in (0, 77, 10_049):
        document = replay_scenario(terms, scenario_a_drivers(), seed=9, scenario=scenario)
        totals = dict.fromkeys(run.parties, 0)
        for event in settle(document)["events"]:
            for party, amount in event["flows"].items():
                if party in totals:
                    totals[party] += amount
        assert totals == {party: int(run.totals[party]["profit"][scenario]) for party in run.parties}
    with pytest.raises(SimulationError):
        replay_scenario(terms, scenario_a_drivers(), seed=9, scenario=-1)


def test_assumptions_of_the_model_are_said_in_both_languages(result):
    assert len(result["assumptions"]) >= 5
    assert all(row["text_zh"] and row["text_en"] for row in result["assumptions"])


def test_endings_have_the_probabilities_of_the_drivers(result):
    endings = result["endings"]
    expected = {
        "target_missed": 1 - 0.95 * 0.92 * 0.801,
        "insured_event": (1 - 0.95 * 0.92 * 0.801) * 0.4,
        "missed:M1": 0.05,
        "missed:M2": 0.95 * 0.08,
    }
    for name, value in expected.items():
        assert abs(endings[name]["value"] - value) < 4 * endings[name]["standard_error"]
    shares = endings["sold"]["value"] + endings["commercial_failure"]["value"] + endings["target_missed"]["value"]
    assert shares == pytest.approx(1, abs=3e-6)


def test_insurer_pays_on_average_the_trigger_times_the_loss_given_it(terms):
    # With a fixed accepted spend the indemnity is a Bernoulli layer: 12 % of (8.13 m − 0.93 m) × 50 %.
    document = scenario_a_drivers()
    document["parameters"]["pass:M1"].update(value="1", low="1", high="1")
    document["parameters"]["pass:M2"].update(value="1", low="1", high="1")
    document["parameters"]["pass:M3"].update(value="0.7", low="0.7", high="0.7")
    document["parameters"]["accepted_spend"]["sigma"] = "0"
    run = simulate(terms, document, scenarios=20_000, seed=8, driver_range=False)
    paid = run["payouts"]["insurer"]
    assert abs(paid["value_minor"] - 0.12 * 360_000_000) < 4 * paid["standard_error_minor"]
    error = 360_000_000 * (0.12 * 0.88 / 20_000) ** 0.5
    assert paid["standard_error_minor"] == pytest.approx(error, rel=0.05)
    profit = run["parties"]["insurer"]["expected_profit"]
    assert abs(profit["value_minor"] - (68_065_700 - 43_200_000)) < 4 * profit["standard_error_minor"]


def test_certain_success_pays_each_party_what_settlement_pays(terms):
    document = scenario_a_drivers()
    fixed = {"exit_value", *[name for name in document["parameters"] if name.startswith("claim:")]}
    for name, driver in document["parameters"].items():
        if name.startswith("pass:"):
            driver.update(value="1", low="1", high="1")
        if name in ("commercial_failure", "delay", "cost_growth"):
            driver.update(value="0", low="0", high="1")
        if name in fixed or name == "exit_years":
            driver["sigma"] = "0"
    run = simulate(terms, document, scenarios=50, driver_range=False)
    received = {name: row["expected_received"]["value_minor"] for name, row in run["parties"].items()}
    # Sold on the fourth exit day, 728 days after M3, for 33 m: capital, 6 % preference and 44 % of the rest.
    assert run["parties"]["bank"]["expected_profit"]["value_minor"] == 39_547_221
    assert received["centre"] == 60_000_000
    total = sum(received[name] for name in ("angel", "industrial", "guidance", "founders"))
    assert total == 3_300_000_000
    assert received["industrial"] * 2 == pytest.approx(received["angel"] * 5, abs=5)
    assert run["parties"]["angel"]["loss_probability"]["value"] == 0


def test_whole_adds_up_the_parties(result):
    total = sum(row["expected_profit"]["value_minor"] for row in result["parties"].values())
    assert abs(result["whole"]["expected_profit"]["value_minor"] - total) <= len(result["parties"])


def test_driver_range_stands_apart_from_sampling_error_and_holds_the_central_value(result):
    rows = result["parties"]["industrial"]["driver_range"]
    low, middle, high = (rows[key]["expected_profit_minor"] for key in ("unfavourable", "central", "favourable"))
    assert low < middle < high
    assert rows["unfavourable"]["loss_probability"] > rows["favourable"]["loss_probability"]
    error = result["parties"]["industrial"]["expected_profit"]["standard_error_minor"]
    assert high - low > 10 * error


def test_each_party_has_every_measure_with_its_standard_error(result):
    for row in result["parties"].values():
        for key in ("expected_profit", "expected_paid", "expected_received"):
            assert row[key]["standard_error_minor"] is not None
        for level in ("0.95", "0.99"):
            tail, shortfall = row["value_at_risk"][level], row["expected_shortfall"][level]
            assert shortfall["value_minor"] >= tail["value_minor"]
        assert sum(row["histogram"]["counts"]) == 10_000
    assert "project" not in result["parties"]
    assert "creditors" not in result["parties"]
    assert set(result["payouts"]) == {"insurer", "pool"}


def test_only_those_who_put_up_money_have_a_multiple_and_a_rate_of_return(result):
    holders = {name for name, row in result["parties"].items() if row["moic"] is not None}
    assert holders == {"angel", "industrial", "guidance", "bank"}
    assert holders == {name for name, row in result["parties"].items() if row["rate_of_return"] is not None}
    returns = result["parties"]["angel"]["rate_of_return"]
    assert returns["share_total_loss"] > 0.2
    assert returns["quantiles"]["0.5"]["standard_error"] > 0


def test_every_assumption_is_listed_with_range_basis_source_and_day(result):
    names = {row["name"] for row in result["drivers"]}
    assert names == set(scenario_a_drivers()["parameters"])
    for row in result["drivers"]:
        assert row["basis"] in ("sourced", "team", "judgement")
        assert row["source"]
        assert row["as_of"]
        assert row["text_zh"] != row["text_en"]


def test_one_moved_driver_changes_only_what_depends_on_it(terms):
    engine = Engine(terms)
    drivers = prepare(engine, scenario_a_drivers())
    base = run_scenarios(engine, drivers, scenarios=400, seed=2, return_sample=0)
    moved = run_scenarios(
        engine, variant(drivers, favourable=True, only="exit_value"), scenarios=400, seed=2, return_sample=0
    )
    assert np.array_equal(base.totals["insurer"]["profit"], moved.totals["insurer"]["profit"])
    assert (moved.totals["founders"]["profit"] >= base.totals["founders"]["profit"]).all()


def test_difference_of_a_version_with_itself_is_nothing_and_of_a_lower_fee_is_that_fee(terms):
    same = difference(terms, terms, scenario_a_drivers(), scenarios=400)
    for row in same["parties"].values():
        assert row["expected_profit"]["change_minor"] == row["expected_profit"]["standard_error_minor"] == 0
    cheaper = copy.deepcopy(terms)
    policy = cheaper["policies"][0]
    policy["premium_minor"] -= 1_000_000
    policy["paid_by"]["province"] -= 1_000_000
    changed = difference(terms, cheaper, scenario_a_drivers(), scenarios=400)["parties"]
    assert changed["insurer"]["expected_profit"]["change_minor"] == -1_000_000
    assert changed["insurer"]["expected_profit"]["standard_error_minor"] == 0
    assert changed["province"]["expected_profit"]["change_minor"] == 1_000_000
    assert changed["bank"]["expected_profit"]["change_minor"] == 0


@pytest.mark.parametrize(
    ("scenarios", "code"),
    [
        (1, "no_scenarios"),
        (0, "no_scenarios"),
        (2.5, "no_scenarios"),
        (True, "no_scenarios"),
        (10**8, "too_many_scenarios"),
    ],
)
def test_impossible_numbers_of_scenarios_are_refused_before_any_draw(terms, monkeypatch, scenarios, code):
    monkeypatch.setattr(run_module, "draw_sample", lambda *_, **__: pytest.fail("drawn before the check"))
    with pytest.raises(SimulationError) as caught:
        simulate(terms, scenario_a_drivers(), scenarios=scenarios)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("pass:M2", "missing_driver"),
        ("flag:early-stage", "missing_driver"),
        ("later_recovery", "missing_driver"),
        ("claim:centre-services", "missing_driver"),
        ("insured_cause", "missing_driver"),
    ],
)
def test_driver_that_the_terms_need_is_missed_by_name(terms, monkeypatch, name, code):
    monkeypatch.setattr(run_module, "draw_sample", lambda *_, **__: pytest.fail("drawn before the check"))
    document = scenario_a_drivers()
    del document["parameters"][name]
    with pytest.raises(SimulationError) as caught:
        simulate(terms, document, scenarios=100)
    assert caught.value.code == code
    assert name in caught.value.message


def test_two_milestones_decided_on_one_day_end_a_pilot_only_once(terms):
    document = scenario_a_drivers()
    document["milestones"][2]["on"] = document["milestones"][3]["on"]
    run = simulate(terms, document, scenarios=500, driver_range=False)
    endings = run["endings"]
    missed = sum(endings[f"missed:{name}"]["value"] for name in ("M0", "M1", "M2", "M3"))
    assert missed == pytest.approx(endings["target_missed"]["value"], abs=1e-6)


def test_milestone_without_a_day_and_one_that_the_terms_lack_are_refused(terms):
    document = scenario_a_drivers()
    document["milestones"] = document["milestones"][:-1]
    with pytest.raises(SimulationError, match="M3 of the terms has no day"):
        simulate(terms, document, scenarios=100)
    document = scenario_a_drivers()
    document["milestones"].append({"id": "M9", "on": "2028-10-01"})
    document["parameters"]["pass:M9"] = document["parameters"]["pass:M3"]
    with pytest.raises(SimulationError, match="no milestone M9"):
        simulate(terms, document, scenarios=100)


def test_spread_that_could_pass_the_bound_is_refused_before_any_draw(terms, monkeypatch):
    monkeypatch.setattr(run_module, "draw_sample", lambda *_, **__: pytest.fail("drawn before the check"))
    document = scenario_a_drivers()
    document["parameters"]["exit_value"]["high_minor"] = 9 * 10**15
    with pytest.raises(SimulationError) as caught:
        simulate(terms, document, scenarios=100)
    assert caught.value.code == "amount_too_large"


def test_sum_beyond_the_bound_names_its_step(terms):
    document = scenario_a_drivers()
    bound = 9 * 10**15
    document["parameters"]["hard_estate_value"].update(value_minor=bound, low_minor=bound, high_minor=bound, sigma="0")
    with pytest.raises(AmountError) as caught:
        simulate(terms, document, scenarios=500, driver_range=False)
    assert "exit proceeds" in caught.value.message
