"""Slip, cost growth and loss given failure from own outcomes: whether, then how much; the tables where they are few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from risk.errors import InvalidParameterError
from risk.scoring.outlook import COST_LIMIT
from risk.scoring.own_outcomes import OwnOutcome
from risk.tables import get_default


def fit_outlook(outcomes: Sequence[OwnOutcome]) -> dict[str, dict[str, Any]]:
    """Return the fitted parts of the outlook by name: ``slip``, ``cost_growth`` and ``loss_given_failure``.

    Parameters
    ----------
    outcomes : sequence of OwnOutcome
        Slip and cost growth look at completed pilots with a plan, severity at failed ones with cost and loss.

    Returns
    -------
    dict
        For each part a JSON-ready dict with ``state`` (``supported`` where own outcomes suffice, else ``prior_only``)
        and ``own_n``; a supported part has the parameters that :mod:`risk.scoring.outlook` reads.
    """
    completed = [outcome for outcome in outcomes if outcome.completed]
    slips = [
        outcome.months / outcome.inputs["planned_months"] - 1.0
        for outcome in completed
        if outcome.inputs["planned_months"] is not None
    ]
    growths = [
        outcome.cost_minor / outcome.planned_cost_minor - 1.0
        for outcome in completed
        if outcome.cost_minor is not None and outcome.planned_cost_minor
    ]
    losses = [
        outcome.loss_minor / outcome.cost_minor
        for outcome in outcomes
        if outcome.failed and outcome.loss_minor is not None and outcome.cost_minor
    ]
    return {
        "slip": fit_slip(slips),
        "cost_growth": fit_cost_growth(growths),
        "loss_given_failure": fit_loss(losses),
    }


def fit_slip(shares: Sequence[float]) -> dict[str, Any]:
    """Return probability of any slip and the log-normal of its size, from slips as shares of the plan (0 for none).

    Notes
    -----
    Maximum likelihood of both parts: the share of slips above 0, and mean and standard deviation of their logarithm.
    """
    values = _finite(shares, "shares", -1.0)
    late = values[values > 0.0]
    return _fitted(values.size, late.size, np.log(late), "log_median")


def fit_cost_growth(shares: Sequence[float]) -> dict[str, Any]:
    """Return probability of growth over 5 % and the normal of ``ln(1 + growth)`` then, from growths as shares."""
    values = _finite(shares, "shares", -1.0)
    grown = values[values > COST_LIMIT]
    return _fitted(values.size, grown.size, np.log1p(grown), "log_mean")


def fit_loss(shares: Sequence[float]) -> dict[str, Any]:
    """Return mean, spread and 10 / 90 % quantiles of the share of the cost lost on a failure, from 0 to 1."""
    values = _finite(shares, "shares", 0.0)
    if values.size < _rule("severity_minimum_failures"):
        return {"state": "prior_only", "own_n": int(values.size)}
    low, high = np.quantile(values, [0.1, 0.9])
    return {
        "state": "supported",
        "own_n": int(values.size),
        "measure": "share_of_cost_lost",
        "probability_any": round(float((values > 0.0).mean()), 6),
        "mean": round(float(values.mean()), 4),
        "standard_deviation": round(float(values.std(ddof=1)), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def _fitted(n: int, events: int, logarithms: np.ndarray, name: str) -> dict[str, Any]:
    counts = {"own_n": int(n), "own_events": int(events)}
    if n < _rule("schedule_minimum_outcomes") or events < _rule("schedule_minimum_events"):
        return {"state": "prior_only", **counts}
    sigma = float(logarithms.std(ddof=1))
    return {
        "state": "supported",
        **counts,
        "probability": round(events / n, 6),
        name: round(float(logarithms.mean()), 6),
        "sigma": round(max(sigma, 1e-6), 6),
    }


def _finite(shares: Sequence[float], name: str, lowest: float) -> np.ndarray:
    values = np.asarray(list(shares), dtype=np.float64)
    for index, value in enumerate(values):
        if not math.isfinite(value) or value < lowest:
            raise InvalidParameterError(f"{name}[{index}]", float(value), f"a number from {lowest:g}")
    return values


def _rule(key: str) -> int:
    return int(get_default("training_rules", key).value or 0)
