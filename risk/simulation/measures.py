"""Measures of every party over simulated cash flows, gathered chunk by chunk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.simulation.returns import rates_of_return
from risk.simulation.statistics import (
    QUANTILE_LEVELS,
    TAIL_LEVELS,
    histogram,
    mean_estimate,
    probability_estimate,
    quantile_estimate,
    tail_estimate,
)

RETURN_SAMPLE = 20_000
"""Scenarios used for rates of return unless told otherwise; the first ones, so that a rerun uses the same."""
WHOLE = "whole"
"""Name of the sum over all parties in the results."""


class Outcomes:
    """Totals per scenario of each party, filled chunk by chunk.

    Parameters
    ----------
    parties : sequence of str
        Ids of the parties, in the order of the results.
    scenarios : int
        Number of scenarios in all.
    return_sample : int
        Number of first scenarios whose paths are kept for rates of return and yearly quantiles.
    """

    def __init__(self, parties: Sequence[str], scenarios: int, *, return_sample: int = RETURN_SAMPLE) -> None:
        self.parties = list(parties)
        self.scenarios = scenarios
        self.sample = min(return_sample, scenarios)
        names = ("profit", "paid", "received", "drawdown")
        self.totals = {
            party: {name: np.zeros(scenarios, dtype=np.int64) for name in names} for party in [*self.parties, WHOLE]
        }
        self.paths: dict[str, list[NDArray[np.int64]]] = {party: [] for party in self.parties}
        self.dates: list[date] = []
        self.events: dict[str, NDArray[np.bool_]] = {}

    def add(self, first: int, dates: Sequence[date], flows: Mapping[str, NDArray[np.int64]]) -> None:
        """Add the flows of one chunk, one array of shape (events, chunk) per party, from scenario `first` on.

        Raises
        ------
        ValueError
            Where the dates differ from those of an earlier chunk (our own mistake, never the caller's).
        """
        days, merged = merge_by_date(dates, {party: flows[party] for party in self.parties})
        if self.dates and days != self.dates:
            raise ValueError("chunks of one run must share their dates")
        self.dates = days
        for party, amounts in merged.items():
            self._add_party(party, first, amounts)
            wanted = self.sample - first
            if wanted > 0:
                self.paths[party].append(amounts[:, :wanted])
        self._add_party(WHOLE, first, np.sum(list(merged.values()), axis=0))

    def add_events(self, first: int, events: Mapping[str, NDArray[np.bool_]]) -> None:
        """Record in which scenarios of a chunk each named event happens."""
        for name, happens in events.items():
            whole = self.events.setdefault(name, np.zeros(self.scenarios, dtype=np.bool_))
            whole[first : first + len(happens)] = happens

    def path_of(self, party: str) -> NDArray[np.int64]:
        """Return the kept paths of a party, shape (dates, sample)."""
        return np.concatenate(self.paths[party], axis=1)

    def _add_party(self, party: str, first: int, amounts: NDArray[np.int64]) -> None:
        place = slice(first, first + amounts.shape[1])
        totals = self.totals[party]
        totals["profit"][place] = amounts.sum(axis=0)
        totals["received"][place] = np.maximum(amounts, 0).sum(axis=0)
        totals["paid"][place] = totals["received"][place] - totals["profit"][place]
        totals["drawdown"][place] = worst_drawdown(amounts)


def merge_by_date(
    dates: Sequence[date], flows: Mapping[str, NDArray[np.int64]]
) -> tuple[list[date], dict[str, NDArray[np.int64]]]:
    """Sum the rows of equal dates (events of one day are one payment), in order of date."""
    days = sorted(set(dates))
    if len(days) == len(dates):
        return list(dates), dict(flows)
    starts = [dates.index(day) for day in days]
    return days, {party: np.add.reduceat(amounts, starts, axis=0) for party, amounts in flows.items()}


def worst_drawdown(amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Largest fall of the cumulative cash from its highest point so far, starting at zero.

    Parameters
    ----------
    amounts : ndarray of int64, shape (dates, n)
        Signed flows in order of date.

    Returns
    -------
    ndarray of int64, shape (n,)
        Not negative, minor units.
    """
    cash = np.zeros(amounts.shape[1], dtype=np.int64)
    peak, worst = cash.copy(), cash.copy()
    for row in amounts:
        if row.any():
            cash = cash + row
            np.maximum(peak, cash, out=peak)
            np.maximum(worst, peak - cash, out=worst)
    return worst


def measure_party(outcomes: Outcomes, party: str, *, invests: bool = True) -> dict[str, Any]:
    """Every measure of one party, each with its Monte Carlo standard error.

    Parameters
    ----------
    outcomes : Outcomes
        Filled by :meth:`Outcomes.add`.
    party : str
        A party id, or :data:`WHOLE`.
    invests : bool
        False for a party that puts up no capital and no loan (an insurer, a pool, the founders): a multiple or a rate
        of return of its payments would mean nothing and is None.

    Returns
    -------
    dict
        ``expected_profit``, ``expected_paid``, ``expected_received``, ``quantiles``, ``loss_probability``,
        ``value_at_risk``, ``expected_shortfall``, ``moic``, ``worst_drawdown``, ``histogram``; for a party
        also ``rate_of_return`` and ``by_year``. Amounts are whole minor units with ``standard_error_minor``.
    """
    totals = outcomes.totals[party]
    profit = totals["profit"]
    ordered = np.sort(profit)
    result: dict[str, Any] = {
        "expected_profit": _money_mean(profit),
        "expected_paid": _money_mean(totals["paid"]),
        "expected_received": _money_mean(totals["received"]),
        "quantiles": _quantiles(ordered),
        "loss_probability": _rounded(probability_estimate(int((profit < 0).sum()), len(profit))),
        **_tails(-ordered[::-1]),
        "moic": _multiple(totals["received"], totals["paid"]) if invests else None,
        "worst_drawdown": _drawdown(totals["drawdown"]),
        "histogram": histogram(profit),
    }
    if party != WHOLE:
        result["rate_of_return"] = _returns(outcomes.path_of(party), outcomes.dates) if invests else None
        result["by_year"] = _by_year(outcomes.path_of(party), outcomes.dates)
    return result


def _money_mean(values: NDArray[np.int64]) -> dict[str, int | None]:
    mean, error = mean_estimate(values)
    return _money(mean, error)


def _money(value: float, error: float) -> dict[str, int | None]:
    return {
        "value_minor": round(value),
        "standard_error_minor": None if math.isnan(error) else math.ceil(error),
    }


def _quantiles(ordered: NDArray[np.int64]) -> dict[str, dict[str, int | None]]:
    return {f"{level:g}": _money(*quantile_estimate(ordered, level)) for level in QUANTILE_LEVELS}


def _tails(ordered_losses: NDArray[np.int64]) -> dict[str, Any]:
    tails = {f"{level:g}": tail_estimate(ordered_losses, level) for level in TAIL_LEVELS}
    return {
        "value_at_risk": {key: _money(tail["var"], tail["var_error"]) for key, tail in tails.items()},
        "expected_shortfall": {key: _money(tail["es"], tail["es_error"]) for key, tail in tails.items()},
    }


def _multiple(received: NDArray[np.int64], paid: NDArray[np.int64]) -> dict[str, Any] | None:
    invested = paid > 0
    if not invested.any():
        return None
    multiples = received[invested] / paid[invested]
    mean, error = mean_estimate(multiples)
    ordered = np.sort(multiples)
    return {
        "mean": round(mean, 6),
        "standard_error": None if math.isnan(error) else round(error, 6),
        "quantiles": {f"{level:g}": round(quantile_estimate(ordered, level)[0], 6) for level in QUANTILE_LEVELS},
        "share_invested": round(float(invested.mean()), 6),
    }


def _drawdown(values: NDArray[np.int64]) -> dict[str, Any]:
    ordered = np.sort(values)
    return {
        "expected": _money_mean(values),
        "quantile_95": _money(*quantile_estimate(ordered, 0.95)),
        "largest_minor": int(ordered[-1]),
    }


def _returns(paths: NDArray[np.int64], dates: Sequence[date]) -> dict[str, Any]:
    rates, reasons = rates_of_return(paths, dates)
    solved = np.sort(rates[~np.isnan(rates)])
    result: dict[str, Any] = {
        "sample": int(paths.shape[1]),
        "share_unique": round(len(solved) / paths.shape[1], 6),
        **{f"share_{name}": round(float(mask.mean()), 6) for name, mask in reasons.items()},
        "quantiles": None,
    }
    if len(solved):
        result["quantiles"] = {
            f"{level:g}": dict(
                zip(
                    ("value", "standard_error"),
                    (round(x, 6) for x in quantile_estimate(solved, level)),
                    strict=True,
                )
            )
            for level in QUANTILE_LEVELS
        }
    return result


def _by_year(paths: NDArray[np.int64], dates: Sequence[date]) -> list[dict[str, Any]]:
    cash = paths.cumsum(axis=0)
    rows = []
    for year in range(dates[0].year, dates[-1].year + 1):
        last = max((index for index, day in enumerate(dates) if day.year <= year), default=None)
        if last is not None:
            ordered = np.sort(cash[last])
            rows.append(
                {
                    "year": year,
                    "cumulative_cash_minor": {
                        f"{level:g}": round(quantile_estimate(ordered, level)[0]) for level in QUANTILE_LEVELS
                    },
                }
            )
    return rows


def _rounded(estimate: Mapping[str, float]) -> dict[str, float]:
    return {key: round(value, 6) for key, value in estimate.items()}
