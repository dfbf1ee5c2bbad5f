"""Draws: reproducible alone, independent of other drivers, with the stated dependence and probabilities."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.simulation.draws import ChunkDraws, check_seed, chunk_sizes
from risk.simulation.drivers import read_drivers
from risk.simulation.errors import SimulationError
from risk.simulation.sampling import draw_sample

MARKS = {"basis": "judgement", "source": "a test", "as_of": "2026-12-20"}


def probability(value, low="0", high="1"):
    return {"kind": "probability", "value": value, "low": low, "high": high, **MARKS}


def document(**parameters):
    base = {
        "pass:M1": probability("0.9"),
        "pass:M2": probability("0.8"),
        "insured_cause": probability("0.5"),
        "determination_agrees": probability("0.8"),
        "soft_sale_value": {
            "kind": "amount",
            "value_minor": 10**8,
            "low_minor": 0,
            "high_minor": 10**9,
            "sigma": "0.5",
            **MARKS,
        },
        "exit_value": {
            "kind": "amount",
            "value_minor": 10**9,
            "low_minor": 0,
            "high_minor": 10**10,
            "sigma": "0.8",
            **MARKS,
        },
        "exit_years": {"kind": "years", "value": "2", "low": "1", "high": "4", "sigma": "0.3", **MARKS},
        "delay": {
            "kind": "delay",
            "value": "0.45",
            "low": "0.4",
            "high": "0.5",
            "median": "0.28",
            "sigma": "1.44",
            **MARKS,
        },
        "cost_growth": {
            "kind": "growth",
            "value": "0.24",
            "low": "0.2",
            "high": "0.3",
            "log_mean": "0.385",
            "sigma": "0.376",
            **MARKS,
        },
        "revenue_due_share": {
            "kind": "share",
            "value": "0.9",
            "low": "0.8",
            "high": "1",
            "sigma": "0.5",
            **MARKS,
        },
        "commercial_failure": probability("0.2"),
        "correlation": {"kind": "correlation", "value": "0.3", "low": "0", "high": "0.5", **MARKS},
    }
    return {
        "schema": 1,
        "as_of": "2026-12-20",
        "start": "2027-01-10",
        "end": "2033-12-31",
        "milestones": [{"id": "M1", "on": "2027-06-15"}, {"id": "M2", "on": "2028-09-20"}],
        "parameters": {**base, **parameters},
    }


DOCUMENT = document()


def arrays_of(sample):
    return [
        *sample.passed.values(),
        sample.hard,
        sample.covered,
        sample.commercial_failure,
        sample.delay_years,
        sample.cost_growth,
        sample.revenue_due_share,
        sample.exit_years,
        *sample.amounts.values(),
    ]


def test_chunk_can_be_drawn_again_alone_and_a_short_one_begins_like_the_full_one():
    drivers = read_drivers(document())
    once = draw_sample(drivers, seed=7, chunk=3, size=1_000)
    again = draw_sample(drivers, seed=7, chunk=3, size=1_000)
    short = draw_sample(drivers, seed=7, chunk=3, size=100)
    other = draw_sample(drivers, seed=7, chunk=4, size=1_000)
    for first, second, part in zip(arrays_of(once), arrays_of(again), arrays_of(short), strict=True):
        assert np.array_equal(first, second)
        assert np.array_equal(first[:100], part)
    assert not np.array_equal(once.amounts["exit_value"], other.amounts["exit_value"])


def test_another_driver_moves_no_draw_of_the_others():
    with_more = draw_sample(read_drivers(document()), seed=1, chunk=0, size=500)
    fewer = document()
    del fewer["parameters"]["delay"], fewer["parameters"]["insured_cause"]
    without = draw_sample(read_drivers(fewer), seed=1, chunk=0, size=500)
    assert np.array_equal(with_more.amounts["exit_value"], without.amounts["exit_value"])
    assert np.array_equal(with_more.passed["M2"], without.passed["M2"])
    assert not without.delay_years.any()
    assert not without.hard.any()


@pytest.mark.parametrize("correlation", ["0", "0.5"])
def test_chain_of_milestones_passes_with_exactly_the_product_of_the_drivers(correlation):
    mark = {"kind": "correlation", "value": correlation, "low": "0", "high": "0.9", **MARKS}
    sample = draw_sample(read_drivers(document(correlation=mark)), seed=2, chunk=0, size=200_000)
    error = np.sqrt(0.72 * 0.28 / 200_000)
    assert abs(sample.passed["M2"].mean() - 0.72) < 4 * error
    assert not (sample.passed["M2"] & ~sample.passed["M1"]).any()
    missed = ~sample.passed["M2"]
    share = sample.covered[missed].mean()
    assert abs(share - 0.4) < 4 * np.sqrt(0.24 / missed.sum())


def test_common_factor_gives_the_stated_correlation_and_turns_adverse_drivers_round():
    drivers = read_drivers(document())
    sample = draw_sample(drivers, seed=3, chunk=0, size=200_000)
    value, years = np.log(sample.amounts["exit_value"]), np.log(sample.exit_years)
    assert np.corrcoef(value, years)[0, 1] == pytest.approx(-0.3, abs=0.01)
    sale = np.log(sample.amounts["soft_sale_value"])
    assert np.corrcoef(value, sale)[0, 1] == pytest.approx(0.3, abs=0.01)
    assert value[sample.passed["M2"]].mean() > value[~sample.passed["M2"]].mean()


def test_sampled_drivers_have_their_stated_centres():
    sample = draw_sample(read_drivers(document()), seed=4, chunk=0, size=200_000)
    assert np.median(sample.amounts["exit_value"]) == pytest.approx(1e9, rel=0.01)
    assert np.median(sample.exit_years) == pytest.approx(2, rel=0.01)
    assert np.median(sample.revenue_due_share) == pytest.approx(0.9, abs=0.002)
    delayed = sample.delay_years[sample.delay_years > 0]
    assert len(delayed) / 200_000 == pytest.approx(0.45, abs=0.005)
    assert np.median(delayed) == pytest.approx(0.28 * (619 / 365), rel=0.03)
    grown = sample.cost_growth[sample.cost_growth > 0]
    assert len(grown) / 200_000 == pytest.approx(0.24 * 0.847, abs=0.01)


def test_probabilities_of_zero_and_one_never_miss():
    never = read_drivers(document(**{"pass:M1": probability("1"), "pass:M2": probability("0")}))
    sample = draw_sample(never, seed=1, chunk=0, size=5_000)
    assert sample.passed["M1"].all()
    assert not sample.passed["M2"].any()


def test_chunks_tile_the_scenarios():
    assert chunk_sizes(25_000) == [(0, 0, 10_000), (1, 10_000, 10_000), (2, 20_000, 5_000)]
    assert chunk_sizes(1) == [(0, 0, 1)]


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", True, None])
def test_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(SimulationError) as caught:
        check_seed(seed)
    assert caught.value.code == "bad_seed"


def test_stream_depends_on_seed_chunk_and_name():
    values = {
        float(ChunkDraws(seed, chunk, 1).normal(name)[0]) for seed in (1, 2) for chunk in (0, 1) for name in ("a", "b")
    }
    assert len(values) == 8


def change(path, value):
    changed = copy.deepcopy(document())
    target = changed
    for key in path[:-1]:
        target = target[key]
    if value is None:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("parameters", "pass:M1", "value"), "1.2", "probability_out_of_range"),
        (("parameters", "pass:M1", "low"), "-0.1", "probability_out_of_range"),
        (("parameters", "delay", "value"), "1.5", "probability_out_of_range"),
        (("parameters", "pass:M1", "low"), "0.95", "range_reversed"),
        (("parameters", "exit_value", "high_minor"), 5, "range_reversed"),
        (("parameters", "exit_value", "value_minor"), 1.5, "invalid_driver"),
        (("parameters", "exit_value", "value_minor"), 10**16, "invalid_driver"),
        (("parameters", "exit_value", "sigma"), "9", "invalid_driver"),
        (("parameters", "exit_value", "sigma"), "nan", "invalid_driver"),
        (("parameters", "exit_value", "sigma"), None, "invalid_driver"),
        (("parameters", "correlation", "value"), "1", "correlation_out_of_range"),
        (("parameters", "pass:M1", "basis"), "guess", "bad_basis"),
        (("parameters", "pass:M1", "source"), " ", "bad_basis"),
        (("parameters", "pass:M1", "as_of"), "yesterday", "invalid_driver"),
        (("parameters", "pass:M1", "kind"), "share", "invalid_driver"),
        (("parameters", "pass:M2"), None, "missing_driver"),
        (("parameters", "exit_years"), None, "missing_driver"),
        (("parameters", "weather"), {}, "unknown_driver"),
        (("end",), "2027-01-10", "zero_horizon"),
        (("end",), "2026-01-10", "zero_horizon"),
        (("milestones",), [], "invalid_driver"),
        (("milestones",), [{"id": "M1", "on": "2026-01-01"}], "invalid_driver"),
        (("lags",), {"liquidation": 0}, "invalid_driver"),
        (("lags",), {"liquidation": 400}, "invalid_driver"),
        (("parameters", "exit_value", "maximum_minor"), 5, "range_reversed"),
        (("schema",), 2, "invalid_driver"),
        (("comment",), "x", "invalid_driver"),
    ],
)
def test_bad_drivers_are_refused_by_name_before_any_draw(path, value, code):
    with pytest.raises(SimulationError) as caught:
        read_drivers(change(path, value))
    assert caught.value.code == code
    assert caught.value.field


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_one_wrong_value_anywhere_is_read_or_refused_and_never_crashes(choice):
    picker = random.Random(choice)
    document = copy.deepcopy(DOCUMENT)
    name = picker.choice(list(document["parameters"]))
    places = [(document, key) for key in document] + [
        (document["parameters"][name], key) for key in document["parameters"][name]
    ]
    target, key = picker.choice([*places, (document["milestones"], 1), (document["milestones"][0], "on")])
    target[key] = picker.choice([None, True, -1, 10**16, 1.5, float("nan"), "", "x", "1", "-1", "NaN", [], {}, [None]])
    refusal = None
    try:
        read_drivers(document)
    except SimulationError as error:
        refusal = error
    assert refusal is None or all((refusal.code, refusal.message, refusal.field))
