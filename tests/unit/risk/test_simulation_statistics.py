"""Estimates: definitions, fractional tail weight, standard errors, histogram."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.simulation.statistics import (
    histogram,
    mean_estimate,
    probability_estimate,
    quantile_estimate,
    tail_estimate,
)

OUTCOMES = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=200).map(
    lambda rows: np.array(rows, dtype=np.int64)
)


def test_expected_shortfall_counts_the_boundary_scenario_with_its_fraction():
    losses = np.arange(1, 11)
    tail = tail_estimate(losses, 0.95)
    # 5 % of ten scenarios is half a scenario: the worst one alone, whatever its rounding.
    assert tail["var"] == 10
    assert tail["es"] == pytest.approx(10)
    tail = tail_estimate(losses, 0.75)
    assert tail["var"] == 8
    assert tail["es"] == pytest.approx((10 + 9 + 0.5 * 8) / 2.5)


@settings(max_examples=100, deadline=None)
@given(OUTCOMES, st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99]))
def test_expected_shortfall_is_the_mean_of_the_quantiles_above_the_level(losses, level):
    ordered = np.sort(losses)
    count = len(ordered)
    weights = np.clip(np.arange(1, count + 1) / count - level, 0, 1 / count)
    expected = float((weights * ordered).sum() / (1 - level))
    tail = tail_estimate(ordered, level)
    assert tail["es"] == pytest.approx(expected, rel=1e-9, abs=1e-3)
    assert tail["es"] >= tail["var"] - 1e-3


def test_errors_of_tail_measures_match_their_spread_over_repetitions():
    generator = np.random.default_rng(5)
    found = [tail_estimate(np.sort(generator.exponential(1.0, 4_000)), 0.95) for _ in range(300)]
    for key in ("var", "es"):
        spread = np.std([tail[key] for tail in found])
        stated = np.mean([tail[f"{key}_error"] for tail in found])
        assert stated == pytest.approx(spread, rel=0.2)
        exact = math.log(20) + (1 if key == "es" else 0)
        assert np.mean([tail[key] for tail in found]) == pytest.approx(exact, abs=0.02)


def test_quantile_is_the_order_statistic_and_not_one_further():
    ordered = np.arange(1, 101)
    assert quantile_estimate(ordered, 0.95)[0] == 95
    assert quantile_estimate(ordered, 0.05)[0] == 5
    assert quantile_estimate(np.array([7]), 0.5) == (7.0, 0.0)


def test_probability_interval_stays_honest_where_nothing_was_seen():
    none = probability_estimate(0, 1_000)
    assert none["value"] == 0
    assert none["low"] == 0
    assert 0.003 < none["high"] < 0.005
    every = probability_estimate(1_000, 1_000)
    assert every["high"] == 1
    assert every["low"] < 1


def test_mean_of_one_scenario_has_no_standard_error():
    assert math.isnan(mean_estimate(np.array([5]))[1])


@settings(max_examples=100, deadline=None)
@given(OUTCOMES, st.integers(1, 40))
def test_histogram_counts_every_scenario_once(values, bins):
    result = histogram(values, bins=bins)
    assert sum(result["counts"]) == len(values)
    edges = result["edges_minor"]
    assert edges[0] == values.min()
    assert result["open_above"] == (values.max() > edges[-1])
    assert len(edges) == len(result["counts"]) + 1 <= bins + 1
    assert all(low < high for low, high in pairwise(edges))
    inside = int((values < edges[1]).sum())
    assert len(edges) == 2 or result["counts"][0] == inside


def test_one_enormous_outcome_does_not_press_the_others_into_one_bin():
    values = np.append(np.arange(999), 10**15)
    result = histogram(values)
    assert result["open_above"]
    assert result["largest_minor"] == 10**15
    assert result["edges_minor"][-1] < 1_100
    assert max(result["counts"]) < 60
