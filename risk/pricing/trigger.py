"""From the score to the insured event: the trigger map, each factor with its basis.

``p = P(target not reached by the deadline) × P(the cause is an insured one) × P(the determination agrees)``.
The score's failure is not the insured event; the map between them is most of the price, so it is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import NormalDist
from typing import Any

from risk.pricing.errors import InsuranceError
from risk.pricing.numbers import (
    decimal_text,
    months_between,
    read_date,
    read_decimal,
    read_list,
    read_mapping,
    read_real,
)

BASES = ("sourced", "judgement")
FACTOR_KEYS = ("value", "basis", "source", "text_zh", "text_en")
_SIX_PLACES = Decimal("0.000001")
_Z95 = NormalDist().inv_cdf(0.95)


def compute_trigger(
    target_missed: Mapping[str, Any],
    insured_cause: Mapping[str, Any],
    determination_agrees: Mapping[str, Any],
) -> dict[str, Any]:
    """Multiply the three factors of the trigger map exactly.

    Parameters
    ----------
    target_missed, insured_cause, determination_agrees : dict
        ``value`` (decimal text from 0 to 1), ``basis`` (``sourced`` or ``judgement``), ``source`` (text,
        demanded of a sourced factor), optional ``text_zh`` and ``text_en``. The second is given that the
        target is missed, the third given an insured cause.

    Returns
    -------
    dict
        ``probability`` (decimal text), ``factors`` (three rows in order) and ``basis_risk`` with the
        probabilities that the target is missed and no cover pays, split by reason.

    Raises
    ------
    InsuranceError
        Where a value is outside 0 to 1, or a sourced factor has no source.
    """
    named = (
        ("target_missed", target_missed),
        ("insured_cause", insured_cause),
        ("determination_agrees", determination_agrees),
    )
    rows = [_read_factor(name, factor) for name, factor in named]
    missed, cause, agrees = (Decimal(row["value"]) for row in rows)
    probability = missed * cause * agrees
    return {
        "probability": decimal_text(probability),
        "factors": rows,
        "basis_risk": {
            "missed_not_insured_cause": decimal_text(missed * (1 - cause)),
            "insured_cause_not_determined": decimal_text(missed * cause * (1 - agrees)),
            "missed_and_not_paid": decimal_text(missed - probability),
        },
    }


def _read_factor(name: str, factor: Mapping[str, Any]) -> dict[str, Any]:
    field = f"trigger_map.{name}"
    mapping = read_mapping(factor, field, allowed=FACTOR_KEYS)
    basis = mapping.get("basis")
    if basis not in BASES:
        raise InsuranceError(f"{field}.basis must be sourced or judgement.", field=f"{field}.basis")
    source = mapping.get("source")
    if basis == "sourced" and not source:
        raise InsuranceError(f"{field} is marked sourced but names no source.", field=f"{field}.source")
    row = {
        "name": name,
        "value": decimal_text(read_decimal(mapping.get("value"), f"{field}.value")),
        "basis": basis,
        "source": source,
    }
    for key in ("text_zh", "text_en"):
        if mapping.get(key):
            row[key] = mapping[key]
    return row


def target_missed_from_score(score: Mapping[str, Any], *, start: date, deadline: date) -> dict[str, Any]:
    """Probability that the target level is not reached by the policy's deadline, from the score's staircase.

    Parameters
    ----------
    score : dict
        ``probability``, ``staircase`` (rows with ``probability`` and, where known, ``months_50`` and
        ``months_95`` of the step), ``horizon_months``, ``state``, ``model_version`` and optionally
        ``valid_until``.
    start, deadline : date
        First day of the work insured and last day on which the target counts as reached.

    Returns
    -------
    dict
        A factor for :func:`compute_trigger` (``value`` with six decimals). It is marked ``sourced`` only
        where the score's state is ``supported`` or ``validated``; a score that rests on its prior is a
        judgement.

    Raises
    ------
    InsuranceError
        ``trigger_not_given`` where the score has no probability, ``invalid_insurance_input`` where its
        staircase contradicts it or the deadline is not after the start.

    Notes
    -----
    With ``q`` the score's probability over its horizon H and F the law of the months needed, log-normal by
    the step quantiles and summed by matching two moments (Fenton and Wilkinson), a deadline t < H gives
    ``1 − (1 − q) min_j F_j(t) / F_j(H)``, the minimum over the chains that end at the target: an added
    lower step can then never lower the result. Time beyond the horizon earns no credit, because the score
    says nothing of it.
    """
    probability = _read_probability(score)
    if deadline <= start:
        raise InsuranceError("The deadline must be after the start of the cover.", field="period.deadline")
    ratio, reason = _time_ratio(score, months_between(start, deadline))
    missed = 1.0 - (1.0 - probability) * ratio
    value = Decimal(missed).quantize(_SIX_PLACES, rounding=ROUND_HALF_EVEN)
    state = score.get("state", "prior_only")
    return {
        "value": decimal_text(value),
        "basis": "sourced" if state in ("supported", "validated") else "judgement",
        "source": f"score {score.get('model_version', '')} ({state}); {reason}",
    }


def _read_probability(score: Mapping[str, Any]) -> float:
    value = score.get("probability")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InsuranceError(
            "The score gives no probability, so there is nothing to price from.",
            code="trigger_not_given",
            field="score.probability",
        )
    steps = [
        read_real(row.get("probability"), f"{field}.probability", low=0, high=1) for field, row in _staircase(score)
    ]
    if steps and abs((1 - math.prod(1 - step for step in steps)) - value) > 5e-6 * (len(steps) + 1):
        raise InsuranceError("The staircase of the score does not compose to its probability.", field="score.staircase")
    return float(value)


def _staircase(score: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    rows = read_list(score.get("staircase") or [], "score.staircase")
    fields = [f"score.staircase[{position}]" for position in range(len(rows))]
    return [(field, read_mapping(row, field)) for field, row in zip(fields, rows, strict=True)]


def _time_ratio(score: Mapping[str, Any], months: float) -> tuple[float, str]:
    if score.get("horizon_months") is None:
        return 1.0, "the score states no horizon, taken at the deadline"
    horizon = read_real(score["horizon_months"], "score.horizon_months", low=0.1, high=1_200)
    if months >= horizon:
        return 1.0, "deadline not before the score's horizon, no credit for later time"
    timing = [_step_moments(field, row) for field, row in _staircase(score)]
    known = [moments for moments in timing if moments is not None]
    if not known or len(known) < len(timing):
        # Without step times the deadline counts in proportion: the shorter time can only raise the probability.
        return max(months / horizon, 0.0), "deadline before the horizon, chance of success in proportion"
    chains = [known[position:] for position in range(len(known))]
    ratios = [_reached_by(chain, months) / max(_reached_by(chain, horizon), 1e-300) for chain in chains]
    return min(1.0, *ratios), "deadline before the horizon, by the step times of the staircase"


def _step_moments(field: str, row: Mapping[str, Any]) -> tuple[float, float] | None:
    if row.get("months_50") is None or row.get("months_95") is None:
        return None
    median, late = (read_real(row[key], f"{field}.{key}", low=1e-3, high=1e5) for key in ("months_50", "months_95"))
    if late < median:
        raise InsuranceError("The 95 % quantile of the months is below the median.", field=f"{field}.months_95")
    sigma = math.log(late / median) / _Z95
    mean = median * math.exp(sigma**2 / 2)
    return mean, mean**2 * math.expm1(sigma**2)


def _reached_by(chain: Sequence[tuple[float, float]], months: float) -> float:
    mean = sum(step[0] for step in chain)
    variance = sum(step[1] for step in chain)
    if months <= 0:
        return 0.0
    log_variance = math.log1p(variance / mean**2)
    if log_variance == 0:
        return 1.0 if months >= mean else 0.0
    location = math.log(mean) - log_variance / 2
    return NormalDist(location, math.sqrt(log_variance)).cdf(math.log(months))


def read_target_missed(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first factor: stated in the request (``target_missed``) or taken from its ``score``.

    Raises :class:`InsuranceError` ``score_expired`` where the score is older than its validity (the quote
    is then referred to an underwriter) and ``trigger_not_given`` where the request has neither.
    """
    score = request.get("score")
    if request.get("target_missed") is not None:
        return dict(read_mapping(request["target_missed"], "target_missed", allowed=FACTOR_KEYS))
    if not isinstance(score, Mapping):
        raise InsuranceError(
            "A quote needs a score or a stated probability of missing the target.",
            code="trigger_not_given",
            field="score",
        )
    as_of = read_date(request.get("as_of"), "as_of")
    if score.get("valid_until") is not None and read_date(score["valid_until"], "score.valid_until") < as_of:
        raise InsuranceError(
            "The risk score has expired; renew the assessment or refer the quote to an underwriter.",
            code="score_expired",
            field="score.valid_until",
            details={"decision": "refer", "valid_until": str(score["valid_until"])},
        )
    period = read_mapping(request.get("period"), "period")
    start = read_date(period.get("start"), "period.start")
    deadline = read_date(period.get("deadline") or period.get("end"), "period.deadline")
    return target_missed_from_score(score, start=start, deadline=deadline)
