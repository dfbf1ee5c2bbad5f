"""Estimates over simulated outcomes, each with its Monte Carlo standard error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILE_LEVELS: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)
TAIL_LEVELS: tuple[float, ...] = (0.95, 0.99)


def mean_estimate(values: NDArray[Any]) -> tuple[float, float]:
    """Mean and its standard error.

    Parameters
    ----------
    values : ndarray, shape (n,)
        One outcome per scenario.

    Returns
    -------
    tuple of float
        The mean and ``s / sqrt(n)``; the error is NaN for a single scenario.
    """
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, math.nan
    return mean, float(np.std(values, ddof=1)) / math.sqrt(len(values))


def probability_estimate(hits: int, total: int) -> dict[str, float]:
    """Share of scenarios with its standard error and 95 % interval.

    Parameters
    ----------
    hits, total : int
        Scenarios in which the event occurs, and all scenarios.

    Returns
    -------
    dict
        ``value``, ``standard_error`` and the Wilson interval ``low``, ``high``, which stays honest at 0
        and 1.
    """
    share = hits / total
    z_squared = 1.959963984540054**2
    centre = (share + z_squared / (2 * total)) / (1 + z_squared / total)
    inside = share * (1 - share) / total + z_squared / (4 * total**2)
    half = math.sqrt(z_squared * inside) / (1 + z_squared / total)
    return {
        "value": share,
        "standard_error": math.sqrt(share * (1 - share) / total),
        "low": 0.0 if hits == 0 else max(centre - half, 0.0),
        "high": 1.0 if hits == total else min(centre + half, 1.0),
    }


def quantile_estimate(ordered: NDArray[Any], level: float) -> tuple[float, float]:
    """Quantile by the inverse of the empirical distribution, with its standard error.

    Parameters
    ----------
    ordered : ndarray, shape (n,)
        Outcomes in ascending order.
    level : float
        Level p inside 0 and 1.

    Returns
    -------
    tuple of float
        The order statistic ``ceil(n p)`` and half the distance between the order statistics one binomial
        standard deviation to either side (Woodruff 1952).
    """
    count = len(ordered)
    value = float(ordered[_rank(count, level) - 1])
    spread = math.sqrt(level * (1 - level) / count)
    upper = float(ordered[_rank(count, min(level + spread, 1.0)) - 1])
    lower = float(ordered[_rank(count, max(level - spread, 0.0)) - 1])
    return value, (upper - lower) / 2


def tail_estimate(ordered_losses: NDArray[Any], level: float) -> dict[str, float]:
    """Value at risk and expected shortfall of a loss, with standard errors.

    Parameters
    ----------
    ordered_losses : ndarray, shape (n,)
        Losses (positive is bad) in ascending order.
    level : float
        Confidence level, such as 0.95.

    Returns
    -------
    dict
        ``var``, ``var_error``, ``es``, ``es_error``.

    Notes
    -----
    ``ES = [sum_{i>k} L_(i) / n + (k/n − level) L_(k)] / (1 − level)`` with ``k = ceil(n level)``: the
    scenario at the boundary enters with the fraction of its weight that lies in the tail (Acerbi and
    Tasche 2002, definition 2.6). The error of ES is that of ``VaR + (L − VaR)+ / (1 − level)`` (Trindade
    and others 2007).
    """
    count = len(ordered_losses)
    rank = _rank(count, level)
    boundary = float(ordered_losses[rank - 1])
    beyond = float(np.sum(ordered_losses[rank:], dtype=np.float64)) / count
    shortfall = (beyond + (rank / count - level) * boundary) / (1 - level)
    excess = np.maximum(ordered_losses[rank:] - boundary, 0).astype(np.float64)
    mean_excess = float(np.sum(excess)) / count
    variance = max(float(np.sum(excess**2)) / count - mean_excess**2, 0.0)
    return {
        "var": boundary,
        "var_error": quantile_estimate(ordered_losses, level)[1],
        "es": shortfall,
        "es_error": math.sqrt(variance / count) / (1 - level),
    }


def histogram(values: NDArray[Any], *, bins: int = 30, cut: float = 0.99) -> dict[str, Any]:
    """Counts over equal bins for a chart.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Outcomes in minor units.
    bins : int
        Most bins; one where every outcome is the same.
    cut : float
        Level of the quantile up to which the bins reach, so that a few very large outcomes do not press all others
        into the first bins.

    Returns
    -------
    dict
        ``edges_minor`` (bins + 1 integers, ascending), ``counts``, which sum to n, ``open_above`` (True where the last
        bin also counts outcomes beyond its upper edge) and ``largest_minor``.
    """
    low, largest = int(np.min(values)), int(np.max(values))
    rank = _rank(len(values), cut) - 1
    high = int(np.partition(values, rank)[rank])
    width = max(-(-(high - low) // bins), 1)
    used = max(-(-(high - low) // width), 1)
    positions = np.minimum((values - low) // width, used - 1)
    counts = np.bincount(positions.astype(np.int64), minlength=used)
    edges = [low + width * step for step in range(used + 1)]
    return {
        "edges_minor": edges,
        "counts": [int(count) for count in counts],
        "open_above": largest > edges[-1],
        "largest_minor": largest,
    }


def _rank(count: int, level: float) -> int:
    # 1-based rank of the inverse distribution; the slack keeps 0.95 × 100 at 95 despite binary fractions.
    return min(max(math.ceil(count * level - 1e-9), 1), count)
