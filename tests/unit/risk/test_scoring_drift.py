"""Drift: calibration in the large, calibration error, reliability, and population stability worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import RiskError
from risk.scoring.drift import (
    binomial_interval,
    check_calibration,
    check_stability,
    feature_stability,
    wilson_interval,
)
from risk.scoring.evaluation import expected_calibration_error
from risk.scoring.features import list_features, reference_row


def test_calibrated_probabilities_hold_and_shifted_ones_do_not():
    generator = np.random.default_rng(1)
    probabilities = generator.uniform(0.1, 0.6, 400)
    outcomes = (generator.random(400) < probabilities).astype(float)
    good, bad = check_calibration(outcomes, probabilities), check_calibration(outcomes, probabilities * 0.6)
    assert good.holds
    assert good.low <= good.events <= good.high
    assert good.expected == pytest.approx(probabilities.sum())
    assert not bad.holds
    assert bad.ece > good.ece_high
    for found in (good, bad):
        assert found.ece_low <= found.ece <= found.ece_high
        assert found.ece == pytest.approx(
            expected_calibration_error(outcomes, probabilities * (1 if found is good else 0.6)), abs=1e-6
        )
        assert sum(row.n for row in found.reliability) == 400
        assert sum(row.events for row in found.reliability) == found.events
        assert all(row.low <= row.observed <= row.high for row in found.reliability)


def test_the_binomial_interval_covers_as_it_says():
    generator = np.random.default_rng(8)
    rounds, held = 600, 0
    for _ in range(rounds):
        probabilities = generator.uniform(0.05, 0.7, 60)
        low, high = binomial_interval(probabilities)
        held += low <= (generator.random(60) < probabilities).sum() <= high
    # at least as often as promised: the interval is discrete and a little wide
    assert 0.945 <= held / rounds <= 1.0


def test_outcomes_of_one_kind_are_allowed_and_nothing_is_not():
    assert check_calibration([0.0] * 20, [0.3] * 20).holds is False
    assert check_calibration([0.0], [0.3]).holds is True
    for outcomes, probabilities, code in (
        ([], [], "no_outcomes"), ([2.0], [0.5], "invalid_parameter"), ([1.0], [1.5], "invalid_parameter"),
        ([1.0], [float("nan")], "invalid_parameter"), ([1.0, 0.0], [0.5], "invalid_parameter"),
    ):  # fmt: skip
        with pytest.raises(RiskError) as error:
            check_calibration(outcomes, probabilities)
        assert error.value.code == code


def test_stability_of_a_case_worked_by_hand():
    found = feature_stability("trl_start", [5] * 50 + [6] * 50, [5] * 20 + [6] * 80)
    assert found.index == pytest.approx(-0.3 * math.log(0.2 / 0.5) + 0.3 * math.log(0.8 / 0.5), abs=1e-6)
    assert found.state == "drifted"
    assert (found.classes, found.before, found.now) == (("5", "6"), (0.5, 0.5), (0.2, 0.8))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.none() | st.integers(1, 9), min_size=1, max_size=40),
    st.lists(st.none() | st.integers(1, 9), min_size=1, max_size=40),
)
def test_stability_is_never_negative_symmetric_and_nothing_for_the_same(before, now):
    there, back = feature_stability("trl_start", before, now), feature_stability("trl_start", now, before)
    assert there.index >= 0.0
    assert feature_stability("trl_start", before, before).index == 0.0
    assert there.index == pytest.approx(back.index, abs=1e-6)
    assert sum(there.before) == pytest.approx(1.0, abs=0.01)


def test_numbers_are_cut_at_quintiles_and_the_unknown_are_a_class():
    generator = np.random.default_rng(2)
    before = [float(value) for value in generator.uniform(6, 60, 500)]
    same = [float(value) for value in generator.uniform(6, 60, 500)]
    assert feature_stability("planned_months", before, same).state == "stable"
    later = feature_stability("planned_months", before, [value * 1.6 for value in same])
    assert later.state == "drifted"
    assert len(later.classes) == 5
    holes = feature_stability("planned_months", before, [None] * 200 + same[200:])
    assert holes.classes[-1] == "unknown"
    assert holes.state == "drifted"


def test_every_input_is_checked_worst_first():
    before = [{**reference_row(), "solids_handling": bool(index % 2)} for index in range(60)]
    now = [{**row, "lead_organisation_size": "large"} for row in before]
    found = check_stability(before, now)
    assert {item.feature for item in found} == set(list_features())
    assert found[0].feature == "lead_organisation_size"
    assert all(item.index == 0.0 for item in found[1:])
    with pytest.raises(RiskError) as error:
        check_stability(before, [])
    assert (error.value.code, error.value.field) == ("empty_input", "now")


def test_the_wilson_interval_of_a_published_case():
    # 6 of 15 (DOE/IG-0893), as in the table of base rates
    assert wilson_interval(6, 15) == pytest.approx((0.1982, 0.6425), abs=5e-5)
    with pytest.raises(RiskError):
        wilson_interval(3, 2)
