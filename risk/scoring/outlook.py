"""What else a score says: steps and months by level, slip, cost growth and loss given failure, all from the tables."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

from risk.errors import InvalidParameterError
from risk.tables import Figure, get_default

QUANTILES: tuple[int, ...] = (50, 80, 95)
_NORMAL = NormalDist()


def split_over_steps(probability: float, weights: list[float]) -> list[float]:
    """Return the failure probability of each step so that the steps compose to `probability`.

    Parameters
    ----------
    probability : float
        Probability of failing anywhere on the way, from 0 to 1.
    weights : list of float
        Relative risk of each step, at least one above 0.

    Notes
    -----
    The log survival is divided in proportion to the weights: ``q_i = 1 - (1 - p)^(w_i / sum w)``, hence
    ``1 - prod(1 - q_i) = p`` exactly.

    Examples
    --------
    >>> [round(q, 4) for q in split_over_steps(0.36, [1.0, 1.0])]
    [0.2, 0.2]
    """
    if not 0.0 <= probability <= 1.0:
        raise InvalidParameterError("probability", probability, "from 0 to 1")
    total = math.fsum(weights)
    if probability == 1.0:
        return [1.0 if weight > 0.0 else 0.0 for weight in weights]
    survival = math.log1p(-probability)
    return [-math.expm1(survival * weight / total) for weight in weights]


def months_for_level(trl_start: int) -> dict[str, Any]:
    """Return the 50, 80 and 95 % quantiles of months to gain one level from `trl_start` (1 to 8), and the status."""
    figure = get_default("schedule", f"months_per_level_{trl_start}")
    sigma = _number(get_default("schedule", "months_per_level_sigma"))
    months = {
        f"months_{quantile}": round(_number(figure) * math.exp(sigma * _NORMAL.inv_cdf(quantile / 100.0)), 1)
        for quantile in QUANTILES
    }
    return {**months, "status": figure.status}


def slip_outlook(planned_months: float | None) -> dict[str, Any]:
    """Return the probability of any slip and its quantiles: shares of the plan and, where that is known, months."""
    probability = get_default("schedule", "slip_probability")
    median, sigma = get_default("schedule", "slip_median"), get_default("schedule", "slip_sigma")
    shares = {
        str(quantile): two_part_quantile(
            quantile / 100.0, _number(probability), math.log(_number(median)), _number(sigma)
        )
        for quantile in QUANTILES
    }
    return {
        "probability_any": _number(probability),
        "quantiles_share": {key: round(share, 4) for key, share in shares.items()},
        "quantiles_months": None
        if planned_months is None
        else {key: round(share * planned_months, 1) for key, share in shares.items()},
        "status": _weakest(probability, median, sigma),
        "source": median.source,
    }


def cost_growth_outlook() -> dict[str, Any]:
    """Return the probability of growth over 5 % and the quantiles of growth as a share of the cost."""
    probability = get_default("cost", "growth_probability")
    mean, sigma = get_default("cost", "growth_log_mean"), get_default("cost", "growth_log_sigma")
    shares = {}
    for quantile in QUANTILES:
        tail = quantile / 100.0 - (1.0 - _number(probability))
        if tail <= 0.0:
            shares[str(quantile)] = 0.0
            continue
        level = _number(mean) + _number(sigma) * _NORMAL.inv_cdf(tail / _number(probability))
        shares[str(quantile)] = round(max(math.expm1(level), 0.05), 4)
    return {
        "probability_over_5_percent": round(_number(probability), 6),
        "quantiles_share": shares,
        "status": _weakest(probability, mean, sigma),
        "source": probability.source,
    }


def loss_given_failure() -> dict[str, Any]:
    """Return the share of the planned TRL gain lost on a miss: mean, 10 % and 90 % quantile, status and source."""
    figure = get_default("severity", "gain_not_achieved")
    return {
        "measure": "share_of_planned_gain_not_achieved",
        "mean": round(_number(figure), 4),
        "low": figure["low"],
        "high": figure["high"],
        "n": figure["n"],
        "status": figure.status,
        "source": figure.source,
    }


def two_part_quantile(level: float, probability: float, log_median: float, sigma: float) -> float:
    """Return a quantile of a variable that is 0 with ``1 - probability`` and else log-normal.

    Examples
    --------
    >>> two_part_quantile(0.5, 0.45, 0.0, 1.0)
    0.0
    """
    tail = level - (1.0 - probability)
    if tail <= 0.0:
        return 0.0
    return math.exp(log_median + sigma * _NORMAL.inv_cdf(tail / probability))


def _number(figure: Figure) -> float:
    if figure.value is None:
        raise InvalidParameterError(f"{figure.table}.{figure.key}", None, "a figure with a value")
    return float(figure.value)


def _weakest(*figures: Figure) -> str:
    order = ("verified", "verified_secondary", "computed", "judgement")
    return max((figure.status for figure in figures), key=order.index)
