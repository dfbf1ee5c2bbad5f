"""Internal rate of return of many paths at once, with those where it does not exist or is not unique."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOWEST_RATE = -0.99
HIGHEST_RATE = 50.0
_GRID_POINTS = 161
_STEPS = 60


def rates_of_return(
    flows: NDArray[Any], dates: Sequence[date]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.bool_]]]:
    """Annual rate at which the value of each path is zero, act/365 from the first date.

    Parameters
    ----------
    flows : ndarray, shape (events, n)
        Signed amounts, one row per date.
    dates : sequence of date, length events
        Ascending dates of the rows.

    Returns
    -------
    rates : ndarray of float, shape (n,)
        The rate where it exists and is unique, NaN elsewhere.
    reasons : dict of ndarray of bool, shape (n,)
        ``total_loss`` (money paid and nothing received), ``no_investment`` (nothing paid), ``none`` (no rate
        between −99 % and 5,000 %) and ``not_unique`` (more than one).

    Notes
    -----
    Roots are bracketed on a grid in log(1 + rate) and refined by bisection; several sign changes on the
    grid make a path "not unique". Paths whose flows change sign once have at most one root (Descartes);
    for others two roots between neighbouring points of the grid (2.5 % apart in 1 + rate) would be missed.
    """
    amounts = np.asarray(flows, dtype=np.float64)
    years = np.array([(day - dates[0]).days / 365.0 for day in dates])
    kept = np.any(amounts != 0, axis=1)
    amounts, years = amounts[kept], years[kept]
    paid: NDArray[np.bool_] = np.any(amounts < 0, axis=0)
    received: NDArray[np.bool_] = np.any(amounts > 0, axis=0)
    reasons: dict[str, NDArray[np.bool_]] = {"total_loss": paid & ~received, "no_investment": ~paid}
    log_rates = np.linspace(np.log1p(LOWEST_RATE), np.log1p(HIGHEST_RATE), _GRID_POINTS)
    values = np.exp(-np.outer(log_rates, years)) @ amounts
    positive = values > 0
    changes = positive[1:] != positive[:-1]
    count = changes.sum(axis=0)
    usable = paid & received
    reasons["none"] = usable & (count == 0)
    reasons["not_unique"] = usable & (count > 1)
    solved = usable & (count == 1)
    rates = np.full(amounts.shape[1], np.nan)
    if solved.any():
        position = changes[:, solved].argmax(axis=0)
        rates[solved] = _refine(amounts[:, solved], years, log_rates[position], log_rates[position + 1])
    return rates, reasons


def _refine(
    amounts: NDArray[np.float64],
    years: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.float64]:
    # Secant steps inside a shrinking bracket (Illinois), all paths together; 1e-10 in log(1 + rate).
    low, high = low.copy(), high.copy()
    value_low, value_high = _value(amounts, years, low), _value(amounts, years, high)
    middle = (low + high) / 2
    side = np.zeros(len(low))
    for _ in range(_STEPS):
        gap = value_high - value_low
        middle = np.where(gap == 0, (low + high) / 2, high - value_high * (high - low) / np.where(gap == 0, 1, gap))
        value = _value(amounts, years, middle)
        same_high = np.sign(value) == np.sign(value_high)
        moved = np.where(same_high, high - middle, middle - low)
        value_low = np.where(same_high & (side == 1), value_low / 2, value_low)
        value_high = np.where(~same_high & (side == -1), value_high / 2, value_high)
        high, value_high = np.where(same_high, middle, high), np.where(same_high, value, value_high)
        low, value_low = np.where(same_high, low, middle), np.where(same_high, value_low, value)
        side = np.where(same_high, 1.0, -1.0)
        if np.all((np.abs(moved) < 1e-10) | (value == 0)):
            break
    return np.expm1(middle)


def _value(
    amounts: NDArray[np.float64], years: NDArray[np.float64], log_rates: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.einsum("en,en->n", amounts, np.exp(-np.outer(years, log_rates)))
