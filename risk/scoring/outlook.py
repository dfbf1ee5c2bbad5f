"""What else a score says: months by level, slip, cost growth and loss, from the tables or own outcomes where enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, TypeGuard

from risk.errors import InvalidParameterError
from risk.tables import Figure, get_default

QUANTILES: tuple[int, ...] = (50, 80, 95)
COST_LIMIT = 0.05
"""Growth of the cost that counts, as a share."""
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


def months_for_level(trl_start: int, fitted: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return the 50, 80 and 95 % quantiles of months to gain one level from `trl_start` (1 to 8), status and state.

    Parameters
    ----------
    trl_start : int
    fitted : mapping, optional
        Months by level of a hazard fitted on own outcomes too (:meth:`risk.scoring.hazard.HazardModel.describe`); a
        level that is not ``supported`` there keeps the table's months.
    """
    figure = get_default("schedule", f"months_per_level_{trl_start}")
    own = (fitted or {}).get(str(trl_start), {})
    if own.get("state") == "supported":
        months = {f"months_{quantile}": own[f"months_{quantile}"] for quantile in QUANTILES}
        return {**months, "status": "computed", "state": "supported", "own_n": own["n"]}
    sigma = _number(get_default("schedule", "months_per_level_sigma"))
    months = {
        f"months_{quantile}": round(_number(figure) * math.exp(sigma * _NORMAL.inv_cdf(quantile / 100.0)), 1)
        for quantile in QUANTILES
    }
    return {**months, "status": figure.status, "state": "prior_only", "own_n": own.get("n", 0)}


def slip_outlook(planned_months: float | None, fitted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the probability of any slip and its quantiles: shares of the plan and, where that is known, months.

    Parameters
    ----------
    planned_months : float or None
    fitted : mapping, optional
        What :func:`risk.scoring.two_part.fit_slip` returned; used where its state is ``supported``.
    """
    if _is_supported(fitted):
        probability, log_median, sigma = fitted["probability"], fitted["log_median"], fitted["sigma"]
        told = _own_facts(fitted)
    else:
        figures = [get_default("schedule", key) for key in ("slip_probability", "slip_median", "slip_sigma")]
        probability, median, sigma = (_number(figure) for figure in figures)
        log_median = math.log(median)
        told = _table_facts(fitted, _weakest(*figures), figures[1].source)
    shares = {
        str(quantile): two_part_quantile(quantile / 100.0, probability, log_median, sigma) for quantile in QUANTILES
    }
    return {
        "probability_any": probability,
        "quantiles_share": {key: round(share, 4) for key, share in shares.items()},
        "quantiles_months": None
        if planned_months is None
        else {key: round(share * planned_months, 1) for key, share in shares.items()},
        **told,
    }


def cost_growth_outlook(fitted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the probability of growth over 5 % and the quantiles of growth as a share of the cost.

    The table's figures are growth in a year (``period`` ``a_year``), own outcomes (`fitted`, from
    :func:`risk.scoring.two_part.fit_cost_growth`) growth over the whole pilot (``whole_pilot``).
    """
    if _is_supported(fitted):
        probability, mean, sigma = fitted["probability"], fitted["log_mean"], fitted["sigma"]
        told = {**_own_facts(fitted), "period": "whole_pilot"}
    else:
        figures = [get_default("cost", key) for key in ("growth_probability", "growth_log_mean", "growth_log_sigma")]
        probability, mean, sigma = (_number(figure) for figure in figures)
        told = {**_table_facts(fitted, _weakest(*figures), figures[0].source), "period": "a_year"}
    shares = {}
    for quantile in QUANTILES:
        tail = quantile / 100.0 - (1.0 - probability)
        if tail <= 0.0:
            shares[str(quantile)] = 0.0
            continue
        level = mean + sigma * _NORMAL.inv_cdf(tail / probability)
        shares[str(quantile)] = round(max(math.expm1(level), COST_LIMIT), 4)
    return {"probability_over_5_percent": round(probability, 6), "quantiles_share": shares, **told}


def loss_given_failure(fitted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what is lost on a miss: mean, 10 % and 90 % quantile, the measure, status and source.

    The table's measure is the share of the planned TRL gain (technical), that of own outcomes (`fitted`, from
    :func:`risk.scoring.two_part.fit_loss`) the share of the cost (money).
    """
    if _is_supported(fitted):
        names = ("measure", "mean", "low", "high", "standard_deviation", "probability_any")
        return {**{name: fitted[name] for name in names}, "n": fitted["own_n"], **_own_facts(fitted)}
    figure = get_default("severity", "gain_not_achieved")
    return {
        "measure": "share_of_planned_gain_not_achieved",
        "mean": round(_number(figure), 4),
        "low": figure["low"],
        "high": figure["high"],
        "n": figure["n"],
        **_table_facts(fitted, figure.status, figure.source),
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


def _is_supported(fitted: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    return fitted is not None and fitted["state"] == "supported"


def _own_facts(fitted: Mapping[str, Any]) -> dict[str, Any]:
    n = fitted["own_n"]
    return {
        "status": "computed",
        "source": f"computed from {n} own outcomes of this market",
        "state": "supported",
        "own_n": n,
    }


def _table_facts(fitted: Mapping[str, Any] | None, status: str, source: str) -> dict[str, Any]:
    return {
        "status": status,
        "source": source,
        "state": "prior_only",
        "own_n": 0 if fitted is None else fitted["own_n"],
    }
