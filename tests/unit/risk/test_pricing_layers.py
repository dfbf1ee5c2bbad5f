"""Severity laws and layers: limited expected values, additivity, deductible and share."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from risk.pricing import (
    InsuranceError,
    Layer,
    LognormalSeverity,
    TableSeverity,
    expected_per_loss,
    expected_per_payment,
    second_moment_per_loss,
)

AMOUNT = st.floats(min_value=1e3, max_value=1e10)
LOGNORMAL = st.builds(
    LognormalSeverity,
    mu=st.floats(min_value=5, max_value=23),
    sigma=st.floats(min_value=0.05, max_value=2.5),
)


@st.composite
def tables(draw):
    losses = draw(st.lists(AMOUNT, min_size=1, max_size=6))
    weights = draw(st.lists(st.integers(1, 100), min_size=len(losses), max_size=len(losses)))
    return TableSeverity(losses, [weight / sum(weights) for weight in weights])


SEVERITY = st.one_of(LOGNORMAL, tables())


def test_lognormal_limited_mean_agrees_with_numerical_integration():
    from scipy.integrate import quad
    from scipy.stats import lognorm

    law = LognormalSeverity(mu=10.0, sigma=0.8)
    density = lognorm(s=0.8, scale=math.exp(10.0))
    for limit in (5_000.0, 22_026.0, 90_000.0):
        inside = quad(lambda x: x * density.pdf(x), 0, limit)[0] + limit * density.sf(limit)
        square = quad(lambda x: x * x * density.pdf(x), 0, limit)[0] + limit**2 * density.sf(limit)
        assert law.limited_mean(limit) == pytest.approx(inside, rel=1e-9)
        assert law.limited_second_moment(limit) == pytest.approx(square, rel=1e-9)


def test_limited_mean_at_infinity_is_the_mean():
    law = LognormalSeverity(mu=3.0, sigma=0.5)
    assert law.limited_mean(math.inf) == pytest.approx(math.exp(3.0 + 0.125))


def test_lognormal_from_mean_has_that_mean_and_spread():
    law = LognormalSeverity.from_mean(1e6, 0.4)
    mean, square = law.limited_mean(math.inf), law.limited_second_moment(math.inf)
    assert mean == pytest.approx(1e6)
    assert math.sqrt(square - mean**2) / mean == pytest.approx(0.4)


def test_loss_is_cut_off_at_the_largest_possible_loss():
    law = LognormalSeverity.from_mean(1e6, 1.0, maximum=8e5)
    assert law.limited_mean(math.inf) == law.limited_mean(8e5) < 8e5
    assert law.exceedance(8e5) == 0


@settings(max_examples=100, deadline=None)
@given(SEVERITY, AMOUNT, AMOUNT, AMOUNT)
def test_stacked_layers_add_up_to_the_whole(law, first, second, third):
    whole = expected_per_loss(law, Layer(first, second + third))
    parts = expected_per_loss(law, Layer(first, second)) + expected_per_loss(law, Layer(first + second, third))
    scale = max(law.limited_mean(first + second + third), 1.0)
    assert abs(whole - parts) <= 1e-9 * scale


@settings(max_examples=100, deadline=None)
@given(SEVERITY, AMOUNT, AMOUNT)
def test_limited_mean_is_concave_and_rises(law, first, second):
    low, high = sorted((first, second))
    middle = (low + high) / 2
    slack = 1e-9 * (high + 1)
    assert law.limited_mean(low) <= law.limited_mean(high) + slack
    assert 2 * law.limited_mean(middle) >= law.limited_mean(low) + law.limited_mean(high) - slack


@settings(max_examples=100, deadline=None)
@given(SEVERITY, AMOUNT, AMOUNT, st.floats(0, 1))
def test_second_moment_is_never_below_the_square_of_the_mean(law, deductible, limit, share):
    layer = Layer(deductible, limit, share)
    mean, second = expected_per_loss(law, layer), second_moment_per_loss(law, layer)
    scale = law.limited_second_moment(deductible + limit) + 1
    assert second >= mean**2 - 1e-9 * scale


@settings(max_examples=50, deadline=None)
@given(tables(), AMOUNT, AMOUNT, st.floats(0, 1), st.booleans(), st.floats(-0.5, 1.0))
def test_table_moments_equal_direct_enumeration(law, deductible, limit, share, franchise, trend):
    layer = Layer(deductible, limit, share, franchise)
    paid = [(w, layer.payment(x * (1 + trend))) for x, w in zip(law.losses, law.probabilities, strict=True)]
    top = (deductible + limit) ** 2 + 1
    # On the very edge of the franchise the trended and the detrended comparison may round apart.
    assume(all(abs(x * (1 + trend) - deductible) >= 1e-6 * deductible for x in law.losses))
    direct, square = (math.fsum(w * y**power for w, y in paid) for power in (1, 2))
    assert expected_per_loss(law, layer, trend=trend) == pytest.approx(direct, rel=1e-9, abs=1e-9 * top**0.5)
    assert second_moment_per_loss(law, layer, trend=trend) == pytest.approx(square, rel=1e-9, abs=1e-9 * top)


def test_share_of_zero_expects_nothing():
    assert expected_per_loss(LognormalSeverity(10, 1), Layer(100.0, 1e6, 0.0)) == 0


def test_franchise_pays_the_deductible_back_once_exceeded():
    law = TableSeverity([50.0, 200.0], [0.5, 0.5])
    assert expected_per_loss(law, Layer(100.0, 500.0)) == 50.0
    assert expected_per_loss(law, Layer(100.0, 500.0, franchise=True)) == 100.0


def test_mean_per_payment_divides_by_the_chance_of_a_payment():
    law = TableSeverity([50.0, 200.0], [0.75, 0.25])
    assert expected_per_payment(law, Layer(100.0)) == pytest.approx(100.0)
    with pytest.raises(InsuranceError, match="never exceeded"):
        expected_per_payment(law, Layer(200.0))


@pytest.mark.parametrize(
    "build",
    [
        lambda: LognormalSeverity(1.0, 0.0),
        lambda: LognormalSeverity(math.nan, 1.0),
        lambda: TableSeverity([], []),
        lambda: TableSeverity([1.0], [0.5]),
        lambda: TableSeverity([-1.0], [1.0]),
        lambda: Layer(-1.0),
        lambda: Layer(0.0, 1.0, 1.2),
        lambda: expected_per_loss(LognormalSeverity(1, 1), Layer(0.0), trend=-1.0),
    ],
)
def test_impossible_parameters_are_refused(build):
    with pytest.raises(InsuranceError):
        build()
