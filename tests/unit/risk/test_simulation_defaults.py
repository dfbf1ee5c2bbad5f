"""Default drivers: from the score and the tables, complete for any joint pilot, marked by basis."""

from __future__ import annotations

import copy
import math
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk.pricing import LognormalSeverity, price_quote, scenario_a_product, scenario_a_request
from risk.scoring.score import score_projects
from risk.sharing import Engine, joint_pilot, settle
from risk.sharing.templates.scenario_a import parameters as scenario_a_parameters
from risk.sharing.templates.scenario_a import scenario_a_terms
from risk.simulation import SimulationError, default_drivers, simulate
from risk.simulation.run import prepare
from risk.simulation.sampling import draw_sample
from risk.simulation.scenario_a import scenario_a_drivers
from risk.simulation.timeline import build_events, scenario_log

ROW = {"trl_start": 6, "trl_target": 7, "mrl_start": 5, "planned_months": 20}


@pytest.fixture(scope="module")
def score():
    return score_projects([ROW])[0]


def test_all_milestones_together_miss_with_the_probability_of_the_score(score):
    parameters = default_drivers(scenario_a_terms(), score)["parameters"]
    chances = [float(parameters[f"pass:{name}"]["value"]) for name in ("M0", "M1", "M2", "M3")]
    assert chances[0] == 1.0
    assert math.prod(chances) == pytest.approx(1 - score["probability"], abs=3e-6)
    low = math.prod(float(parameters[f"pass:M{n}"]["low"]) for n in range(4))
    assert low == pytest.approx(1 - score["interval_80"][1], abs=3e-6)


def test_drivers_of_single_objects_carry_the_words_of_the_terms_not_ids(score):
    for document in (default_drivers(scenario_a_terms(), score), scenario_a_drivers()):
        drivers = document["parameters"]
        assert "50%负荷连续运行72小时" in drivers["pass:M1"]["text_zh"]
        assert "yield of at least 82% over 168 hours" in drivers["pass:M3"]["text_en"]
        assert drivers["claim:costs-and-wages"]["text_en"].endswith("liquidation costs and wages")
        assert drivers["flag:early-stage"]["text_zh"].endswith("项目属于早期投资")
        for name, driver in drivers.items():
            if name.startswith(("claim:", "flag:")):
                assert name.partition(":")[2] not in driver["text_zh"] + driver["text_en"]


def test_score_in_its_prior_state_is_a_judgement_and_computed_tables_are_sourced(score):
    parameters = default_drivers(scenario_a_terms(), score)["parameters"]
    assert parameters["pass:M3"]["basis"] == "judgement"
    assert score["model_version"] in parameters["pass:M3"]["source"]
    assert parameters["cost_growth"]["basis"] == "sourced"
    assert "Major Projects" in parameters["cost_growth"]["source"]
    assert parameters["exit_value"]["basis"] == "judgement"
    supported = default_drivers(scenario_a_terms(), {**score, "state": "supported"})["parameters"]
    assert supported["pass:M3"]["basis"] == "sourced"


def test_calendar_follows_the_drawdowns_the_rate_step_and_what_the_team_planned(score):
    days = {row["id"]: row["on"] for row in default_drivers(scenario_a_terms(), score)["milestones"]}
    assert days == {"M0": "2027-01-15", "M1": "2027-06-21", "M2": "2027-12-21", "M3": "2028-09-20"}
    planned = {"M3": date(2028, 9, 30), "M0": "2027-01-10"}
    document = default_drivers(scenario_a_terms(), score, milestone_dates=planned, as_of="2026-12-20")
    assert document["start"] == "2027-01-10"
    assert document["as_of"] == "2026-12-20"
    assert document["milestones"][-1] == {"id": "M3", "on": "2028-09-30"}


def test_trigger_map_of_the_bound_policy_replaces_the_judgements(score):
    quote = price_quote(scenario_a_request(), scenario_a_product())
    document = default_drivers(scenario_a_terms(), score, trigger_factors=quote["trigger"]["factors"])
    cause = document["parameters"]["insured_cause"]
    assert (cause["value"], cause["low"], cause["high"]) == ("0.5", "0.5", "0.5")
    assert cause["source"] == "invented for the worked example"


def test_layer_of_the_policy_sets_the_accepted_spend(score):
    spend = default_drivers(scenario_a_terms(), score)["parameters"]["accepted_spend"]
    assert spend["value_minor"] == 813_000_000


def test_score_without_a_probability_gives_no_drivers(score):
    with pytest.raises(SimulationError) as caught:
        default_drivers(scenario_a_terms(), {**score, "probability": None})
    assert caught.value.code == "missing_driver"


def test_drivers_made_by_default_run_as_they_are(score):
    result = simulate(scenario_a_terms(), default_drivers(scenario_a_terms(), score), scenarios=400)
    missed = result["endings"]["target_missed"]
    assert abs(missed["value"] - score["probability"]) < 4 * missed["standard_error"]


@st.composite
def deals(draw):
    """Scenario A's deal with its figures redrawn and some of its parties left out."""
    deal = copy.deepcopy(scenario_a_parameters())
    for investor in deal["investors"]:
        investor["amounts_minor"] = {call: draw(st.integers(1, 10**9)) for call in ("T1", "T2", "T3")}
    deal["investors_share"] = draw(st.sampled_from(["0.2", "0.44", "0.999"]))
    first, second = draw(st.integers(1, 10**9)), draw(st.integers(1, 10**9))
    deal["bank"]["amounts_minor"] = {"T2": first, "T3": second}
    deal["bank"]["repayments"] = [
        {"on": "2029-06-20", "amount_minor": first},
        {"on": "2030-03-31", "amount_minor": second},
    ]
    deal["insurer"]["deductible_minor"] = draw(st.integers(0, 10**8))
    deal["insurer"]["limit_minor"] = draw(st.integers(10**8, 10**10))
    for name in draw(st.sampled_from([(), ("pool",), ("insurer",), ("centre",), ("pool", "bank"), ("guidance",)])):
        del deal[name]
        if name == "guidance":
            deal["investors"] = deal["investors"][:2]
    return deal


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deals(), st.integers(0, 2**63))
def test_any_joint_pilot_runs_in_arrays_as_it_settles_to_the_fen(deal, seed):
    terms = joint_pilot(deal)
    engine = Engine(terms)
    score = {"probability": 0.6, "interval_80": [0.3, 0.8], "horizon_months": 20, "state": "prior_only"}
    drivers = prepare(engine, default_drivers(terms, score))
    sample = draw_sample(drivers, seed=seed, chunk=0, size=40)
    events = build_events(engine.model, drivers, sample)
    paths = engine.run_paths(events, scenarios=40)
    last = sample.passed["M3"]
    chosen = {int(np.flatnonzero(mask)[0]) for mask in (last, ~last, sample.covered & ~last) if mask.any()}
    for place in chosen:
        totals = dict.fromkeys(paths.parties, 0)
        for event in settle({"terms": terms, "events": scenario_log(events, place)})["events"]:
            for party, amount in event["flows"].items():
                totals[party] += amount
        assert {party: int(paths.flows[party][:, place].sum()) for party in paths.parties} == totals


def test_two_party_split_of_a_log_normal_sale_meets_its_closed_form():
    deal = copy.deepcopy(scenario_a_parameters())
    for name in ("bank", "insurer", "pool", "centre", "guidance"):
        del deal[name]
    deal["investors"] = deal["investors"][:2]
    deal["preference_rate"] = "0"
    terms = joint_pilot(deal)
    score = {"probability": 0.0, "interval_80": [0.0, 0.1], "horizon_months": 20, "state": "prior_only"}
    document = default_drivers(terms, score)
    for name in ("commercial_failure", "cost_growth"):
        document["parameters"][name].update(value="0", low="0", high="1")
    document["parameters"]["exit_value"].update(value_minor=10**9, low_minor=10**9, high_minor=10**9, sigma="0.9")
    run = simulate(terms, document, scenarios=40_000, seed=4, driver_range=False)
    capital = 700_000_000
    law = LognormalSeverity(math.log(10**9), 0.9)
    first = law.limited_mean(capital)
    expected = {
        "investors": first + 0.44 * (law.limited_mean(math.inf) - first),
        "founders": 0.56 * (law.limited_mean(math.inf) - first),
    }
    parties = run["parties"]
    found = parties["angel"]["expected_received"], parties["industrial"]["expected_received"]
    total = sum(row["value_minor"] for row in found)
    error = sum(row["standard_error_minor"] for row in found)
    assert abs(total - expected["investors"]) < 4 * error
    founders = parties["founders"]["expected_received"]
    assert abs(founders["value_minor"] - expected["founders"]) < 4 * founders["standard_error_minor"]
    chance = parties["angel"]["loss_probability"]
    assert abs(chance["value"] - (1 - law.exceedance(capital))) < 4 * chance["standard_error"]
