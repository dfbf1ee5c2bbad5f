"""Rates of return over many paths: agreement with an independent solver, absence, non-uniqueness."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
import pyxirr

from risk.simulation.returns import rates_of_return

DAYS = [date(2027, 1, 15) + timedelta(days=91 * step) for step in range(16)]


def test_rates_agree_with_an_independent_solver_on_random_paths():
    generator = np.random.default_rng(3)
    flows = np.zeros((16, 400), dtype=np.int64)
    flows[:4] = -generator.integers(1, 10**9, (4, 400))
    flows[8:] = generator.integers(0, 10**9, (8, 400))
    rates, reasons = rates_of_return(flows, DAYS)
    assert not any(mask.any() for mask in reasons.values())
    expected = [pyxirr.xirr(DAYS, flows[:, n].astype(float)) for n in range(400)]
    assert np.allclose(rates, expected, rtol=0, atol=1e-7)


def test_industrial_fund_of_the_worked_example_earns_the_printed_rate():
    days = [date(2027, 1, 15), date(2027, 6, 21), date(2027, 12, 21), date(2030, 6, 30)]
    flows = np.array([[-200_000_000], [-150_000_000], [-150_000_000], [1_245_788_619]])
    rates, _ = rates_of_return(flows, days)
    assert round(float(rates[0]) * 100, 2) == 34.62


def test_total_loss_and_free_gain_have_no_rate_and_say_why():
    flows = np.array([[-10, 0, -10], [0, 5, 11]])
    rates, reasons = rates_of_return(flows, DAYS[:2])
    assert np.isnan(rates[:2]).all()
    assert not np.isnan(rates[2])
    assert reasons["total_loss"].tolist() == [True, False, False]
    assert reasons["no_investment"].tolist() == [False, True, False]


def test_two_sign_changes_with_two_rates_are_not_unique():
    days = [date(2027, 1, 1), date(2028, 1, 1), date(2028, 12, 31)]
    # Roots at 10 % and 100 %: (1 + r) = 1.1 and 2.
    rates, reasons = rates_of_return(np.array([[-1_000], [3_100], [-2_200]]), days)
    assert np.isnan(rates[0])
    assert reasons["not_unique"].tolist() == [True]


def test_two_sign_changes_without_a_rate_are_reported_as_none():
    days = [date(2027, 1, 1), date(2028, 1, 1), date(2028, 12, 31)]
    _, reasons = rates_of_return(np.array([[1_000], [-1_000], [1_000]]), days)
    assert reasons["none"].tolist() == [True]


def test_deep_loss_has_a_negative_rate():
    rates, _ = rates_of_return(np.array([[-1_000], [100]]), [date(2027, 1, 1), date(2028, 1, 1)])
    assert float(rates[0]) == pytest.approx(-0.9, abs=1e-8)
