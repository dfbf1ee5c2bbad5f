"""The map from the score to the insured event: basis of each factor, deadlines, basis risk."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.pricing import InsuranceError, compute_trigger, target_missed_from_score

START = date(2027, 1, 10)


def factor(value, basis="judgement", source="a reason"):
    return {"value": value, "basis": basis, "source": source}


def score_of(steps, *, horizon=20.0, state="prior_only"):
    probability = 1 - math.prod(1 - step["probability"] for step in steps)
    return {
        "probability": round(probability, 6),
        "staircase": steps,
        "horizon_months": horizon,
        "state": state,
        "model_version": "m1",
    }


def step(probability, median=8.0, late=20.0):
    return {"probability": round(probability, 6), "months_50": median, "months_95": late}


def test_factors_multiply_exactly_and_the_basis_risk_is_shown():
    trigger = compute_trigger(factor("0.3"), factor("0.5"), factor("0.8"))
    assert trigger["probability"] == "0.12"
    assert trigger["basis_risk"] == {
        "missed_not_insured_cause": "0.15",
        "insured_cause_not_determined": "0.03",
        "missed_and_not_paid": "0.18",
    }


@settings(max_examples=100)
@given(*[st.decimals(0, 1, places=4) for _ in range(3)])
def test_missed_target_is_either_paid_or_counted_as_basis_risk(missed, cause, agrees):
    trigger = compute_trigger(factor(str(missed)), factor(str(cause)), factor(str(agrees)))
    risk = {name: Decimal(value) for name, value in trigger["basis_risk"].items()}
    assert Decimal(trigger["probability"]) + risk["missed_and_not_paid"] == missed
    parts = risk["missed_not_insured_cause"] + risk["insured_cause_not_determined"]
    assert parts == risk["missed_and_not_paid"]


def test_sourced_factor_must_name_its_source():
    with pytest.raises(InsuranceError, match="names no source"):
        compute_trigger(factor("0.3", "sourced", None), factor("0.5"), factor("0.8"))


@pytest.mark.parametrize("bad", [factor("1.01"), factor("-0.1"), factor(0.3), factor("0.3", "guess"), {}])
def test_factor_outside_its_range_or_without_basis_is_refused(bad):
    with pytest.raises(InsuranceError) as caught:
        compute_trigger(factor("0.3"), bad, factor("0.8"))
    assert caught.value.field.startswith("trigger_map.insured_cause")


def test_deadline_at_the_horizon_gives_the_probability_of_the_score():
    score = score_of([step(0.1), step(0.2)])
    found = target_missed_from_score(score, start=START, deadline=START + timedelta(days=609))
    assert Decimal(found["value"]) == Decimal(str(score["probability"]))


def test_prior_only_score_is_a_judgement_and_a_supported_one_is_sourced():
    deadline = START + timedelta(days=700)
    for state, basis in (
        ("prior_only", "judgement"),
        ("not_enough_data", "judgement"),
        ("supported", "sourced"),
    ):
        score = score_of([step(0.3)], state=state)
        assert target_missed_from_score(score, start=START, deadline=deadline)["basis"] == basis


@settings(max_examples=100, deadline=None)
@given(st.floats(0.01, 0.9), st.integers(30, 900), st.integers(1, 400))
def test_more_time_never_raises_the_chance_of_missing(probability, days, extra):
    score = score_of([step(probability), step(probability / 2)])
    near = target_missed_from_score(score, start=START, deadline=START + timedelta(days=days))
    far = target_missed_from_score(score, start=START, deadline=START + timedelta(days=days + extra))
    assert Decimal(far["value"]) <= Decimal(near["value"])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 0.8), st.floats(1, 24), st.floats(1.01, 6)), min_size=1, max_size=4),
    st.integers(30, 900),
)
def test_starting_one_level_lower_never_lowers_the_chance_of_missing(rows, days):
    steps = [step(probability, median, median * late) for probability, median, late in rows]
    deadline = START + timedelta(days=days)
    lower = target_missed_from_score(score_of(steps), start=START, deadline=deadline)
    higher = target_missed_from_score(score_of(steps[1:] or [step(0.0, 1, 2)]), start=START, deadline=deadline)
    if len(steps) > 1:
        assert Decimal(lower["value"]) >= Decimal(higher["value"]) - Decimal("0.000002")


def test_early_deadline_without_step_times_is_charged_in_proportion():
    score = {"probability": 0.2, "staircase": [{"probability": 0.2}], "horizon_months": 24}
    half = START + timedelta(days=round(365.25))
    assert float(target_missed_from_score(score, start=START, deadline=half)["value"]) == pytest.approx(0.6, abs=1e-3)


def test_staircase_that_contradicts_the_probability_is_refused():
    score = score_of([step(0.1), step(0.2)]) | {"probability": 0.5}
    with pytest.raises(InsuranceError, match="does not compose"):
        target_missed_from_score(score, start=START, deadline=START + timedelta(days=600))


@pytest.mark.parametrize("probability", [None, "0.3", 1.2, True, float("nan")])
def test_score_without_a_probability_cannot_be_priced(probability):
    with pytest.raises(InsuranceError) as caught:
        target_missed_from_score({"probability": probability}, start=START, deadline=date(2028, 1, 1))
    assert caught.value.code == "trigger_not_given"


def test_deadline_before_the_start_is_refused():
    with pytest.raises(InsuranceError, match="after the start"):
        target_missed_from_score(score_of([step(0.2)]), start=START, deadline=START)
