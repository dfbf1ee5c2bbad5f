"""The number of failures among independent projects."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.assessments.counts import count_distribution, count_interval
from marketplace.assessments.monitoring import check_calibration, judge_model
from marketplace.assessments.services.contests import add_weekdays

PROBABILITIES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8)


@settings(max_examples=100)
@given(PROBABILITIES)
def test_distribution_is_that_of_every_way_to_fail(probabilities: list[float]) -> None:
    expected = [0.0] * (len(probabilities) + 1)
    for outcome in product((0, 1), repeat=len(probabilities)):
        chance = math.prod(p if flag else 1 - p for p, flag in zip(probabilities, outcome, strict=True))
        expected[sum(outcome)] += chance
    assert count_distribution(probabilities) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=100)
@given(PROBABILITIES, st.sampled_from([0.8, 0.95]))
def test_range_leaves_no_more_than_its_tails_outside(probabilities: list[float], level: float) -> None:
    masses = count_distribution(probabilities)
    low, high = count_interval(masses, level)
    tail = (1 - level) / 2 + 1e-9
    assert 0 <= low <= high <= len(probabilities)
    assert sum(masses[:low]) <= tail
    assert sum(masses[high + 1 :]) <= tail
    assert sum(masses[: low + 1]) > tail - 2e-9
    assert sum(masses[high:]) > tail - 2e-9


def test_binomial_range_of_the_books() -> None:
    """n = 20, p = 0.3: P(X <= 1) = 0.0076, P(X <= 2) = 0.0355, P(X >= 11) = 0.0171, P(X >= 10) = 0.048."""
    assert count_interval(count_distribution([0.3] * 20), 0.95) == (2, 10)


def test_probabilities_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        count_distribution([0.2, 1.01])


def test_calibration_breaks_only_outside_of_its_range_and_from_twenty_outcomes_on() -> None:
    held = check_calibration([(0.3, int(index < 6)) for index in range(20)])
    assert (held["low"], held["events"], held["high"], held["breaks"]) == (2, 6, 10, False)
    assert held["brier"] == pytest.approx(0.21)
    broken = check_calibration([(0.3, int(index < 12)) for index in range(20)])
    assert broken["breaks"]
    assert sum(row["n"] for row in broken["reliability"]) == 20
    few = check_calibration([(0.3, 1)] * 19)
    assert (few["breaks"], judge_model(few, {"breaks": False})) == (False, ("not_enough_data", []))
    assert judge_model(broken, {"breaks": True}) == ("breaks", ["calibration", "drift"])
    assert check_calibration([])["n"] == 0


def test_an_answer_is_due_after_ten_weekdays() -> None:
    from datetime import date

    assert add_weekdays(date(2026, 11, 23), 10) == date(2026, 12, 7)
    assert add_weekdays(date(2026, 11, 28), 1) == date(2026, 11, 30)
