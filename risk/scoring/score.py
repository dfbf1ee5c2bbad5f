"""Scores of pilot projects: probability of failure with intervals, reference class, staircase and reasons."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from risk.errors import InvalidParameterError, RiskError
from risk.scoring.explanation import list_drivers, list_improvements
from risk.scoring.features import (
    COLUMNS,
    INPUT_OF_COLUMN,
    check_rows,
    column_spread,
    encode_row,
    list_unknown,
    reference_row,
)
from risk.scoring.outlook import (
    cost_growth_outlook,
    loss_given_failure,
    months_for_level,
    slip_outlook,
    split_over_steps,
)
from risk.scoring.prior_model import DEFAULT_DEFINITION, RiskModel, fit_prior_model
from risk.scoring.reference_classes import find_reference_class
from risk.tables import list_defaults

DECIMALS = 6
"""Digits of a stored probability."""


def score_projects(
    rows: Sequence[Mapping[str, Any]], *, model: RiskModel | None = None, definition: str = DEFAULT_DEFINITION
) -> list[dict[str, Any]]:
    """Return the score of each project as a JSON-ready dict.

    Parameters
    ----------
    rows : sequence of mapping
        One mapping per project with the inputs of :func:`risk.scoring.features.list_features`; every input may be
        absent or None; an optional ``id`` is handed back. Unknown inputs widen the interval and are never a signal.
    model : RiskModel, optional
        The model fitted from the evidence tables where absent.
    definition : str, optional
        Definition of failure, one of :data:`risk.scoring.prior_model.DEFINITIONS`.

    Returns
    -------
    list of dict
        One per row, in order. ``probability`` has 6 decimals and is None in state ``not_enough_data`` (start or target
        level missing, or nothing to gain); ``reason`` then says why.

    Raises
    ------
    RiskError
        Empty input, unknown columns, target below start, values out of range; `field` names row and column.
    """
    model = model or fit_prior_model()
    model.check_definition(definition)
    checked = check_rows(rows)
    known = [index for index, row in enumerate(checked) if _reason_not_scored(row) is None]
    bounds = _intervals([checked[index] for index in known], model, definition)
    vector = {name: float.fromhex(value) for name, value in model.coefficients_hex().items()}
    common = {
        "own_outcomes": model.own_outcomes,
        "definition": definition,
        "model_version": model.version,
        "coefficients_digest": model.digest,
        "table_version": model.table_version,
    }
    outlook = model.metadata.get("outlook", {})
    scores = [
        {**_frame(row, definition, outlook), **common, "id": rows[index].get("id")} for index, row in enumerate(checked)
    ]
    for position, index in enumerate(known):
        limits = {level: (float(low[position]), float(high[position])) for level, (low, high) in bounds.items()}
        scores[index].update(_known_part(checked[index], model, vector, definition, limits))
    return scores


def compute_probability(row: Mapping[str, Any], coefficients: Mapping[str, float], definition: str) -> float:
    """Return the probability of a checked row in plain ``math``.

    Parameters
    ----------
    row : mapping
        A checked row.
    coefficients : mapping of str to float
        ``intercept:<definition>`` and one entry per column.
    definition : str
        Definition of failure.
    """
    columns = encode_row(row)
    terms = [
        coefficients[f"intercept:{definition}"],
        *(coefficients[name] * columns[name] for name in COLUMNS),
    ]
    log_odds = math.fsum(terms)
    if log_odds >= 0.0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    return math.exp(log_odds) / (1.0 + math.exp(log_odds))


def recompute(score: Mapping[str, Any], coefficients_hex: Mapping[str, str]) -> float | None:
    """Return the 6-decimal probability of a stored score from its feature snapshot and the model's vector.

    Parameters
    ----------
    score : mapping
        A dict of :func:`score_projects`.
    coefficients_hex : mapping of str to str
        :meth:`risk.scoring.prior_model.RiskModel.coefficients_hex` of the model the score names.

    Raises
    ------
    RiskError
        ``coefficients_mismatch`` where the vector is not that of the score's model, ``features_mismatch`` where the
        snapshot was altered.
    """
    text = json.dumps(dict(coefficients_hex), sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(text.encode()).hexdigest() != score["coefficients_digest"]:
        raise RiskError(
            "The coefficients are not those of the model that made the score.", code="coefficients_mismatch"
        )
    if features_digest(score["features"]) != score["features_digest"]:
        raise RiskError("The feature snapshot of the score was altered.", code="features_mismatch")
    if _reason_not_scored(score["features"]) is not None:
        return None
    coefficients = {name: float.fromhex(value) for name, value in coefficients_hex.items()}
    return round(compute_probability(score["features"], coefficients, score["definition"]), DECIMALS)


def features_digest(features: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a feature snapshot in canonical JSON."""
    text = json.dumps(dict(features), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def find_band(probability: float) -> dict[str, str]:
    """Return grade, band and the band's names for a probability, by the published cut points."""
    if not 0.0 <= probability <= 1.0:
        raise InvalidParameterError("probability", probability, "from 0 to 1")
    for figure in list_defaults("grades"):
        if figure.value is not None and probability < figure.value:
            return {
                "grade": figure.key,
                "band": figure["band"],
                "band_zh": figure["band_zh"],
                "band_en": figure["band_en"],
            }
    raise RiskError("The grade table does not reach 1.", code="invalid_table", field="grades")


def _known_part(
    row: dict[str, Any],
    model: RiskModel,
    coefficients: Mapping[str, float],
    definition: str,
    limits: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    exact = compute_probability(row, coefficients, definition)
    probability = round(exact, DECIMALS)
    band = find_band(probability)
    intervals = {
        level: [round(min(low, exact), DECIMALS), round(max(high, exact), DECIMALS)]
        for level, (low, high) in limits.items()
    }
    return {
        "probability": probability,
        "interval_80": intervals["interval_80"],
        "interval_95": intervals["interval_95"],
        "band": band["band"],
        "band_zh": band["band_zh"],
        "band_en": band["band_en"],
        "grade": band["grade"] if model.state in ("supported", "validated") else None,
        "state": model.state,
        "staircase": _staircase(
            row, coefficients, definition, [exact, *intervals["interval_80"]], model.metadata.get("outlook", {})
        ),
        "drivers": list_drivers(row, coefficients),
        "lower_most": list_improvements(
            row, exact, lambda changed: compute_probability(changed, coefficients, definition)
        ),
    }


def _frame(row: dict[str, Any], definition: str, outlook: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "probability": None,
        "interval_80": None,
        "interval_95": None,
        "band": None,
        "band_zh": None,
        "band_en": None,
        "grade": None,
        "state": "not_enough_data",
        "reason": _reason_not_scored(row),
        "reference_class": find_reference_class(definition, row["trl_start"]),
        "reference_project": reference_row(),
        "horizon_months": 12.0 if definition == "stopped_within_a_year" else row["planned_months"],
        "staircase": [],
        "slip": slip_outlook(row["planned_months"], outlook.get("slip")),
        "cost_growth": cost_growth_outlook(outlook.get("cost_growth")),
        "loss_given_failure": loss_given_failure(outlook.get("loss_given_failure")),
        "drivers": [],
        "lower_most": [],
        "unknown": list_unknown(row),
        "features": row,
        "features_digest": features_digest(row),
    }


def _reason_not_scored(row: Mapping[str, Any]) -> str | None:
    if row.get("trl_start") is None:
        return "trl_start_missing"
    if row.get("trl_target") is None:
        return "trl_target_missing"
    return "nothing_to_gain" if row["trl_target"] == row["trl_start"] else None


def _intervals(
    rows: list[dict[str, Any]], model: RiskModel, definition: str
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    if not rows:
        return {"interval_80": (np.empty(0), np.empty(0)), "interval_95": (np.empty(0), np.empty(0))}
    design = np.array([list(encode_row(row).values()) for row in rows])
    spread = np.array([column_spread(name) for name in COLUMNS])
    unknown = np.array([[row[INPUT_OF_COLUMN.get(name, name)] is None for name in COLUMNS] for row in rows])
    return {
        f"interval_{level}": model.predict_interval(design, unknown * spread, level / 100.0, definition)
        for level in (80, 95)
    }


def _staircase(
    row: Mapping[str, Any],
    coefficients: Mapping[str, float],
    definition: str,
    values: Sequence[float],
    outlook: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Divide probability, low and high over the levels in proportion to the model's risk of each single step."""
    if definition != DEFAULT_DEFINITION:
        return []
    levels = range(row["trl_start"], row["trl_target"])
    single = [
        -math.log1p(
            -compute_probability({**row, "trl_start": level, "trl_target": level + 1}, coefficients, definition)
        )
        for level in levels
    ]
    steps = [split_over_steps(value, single) for value in values]
    return [
        {
            "from_level": level,
            "to_level": level + 1,
            "probability": round(steps[0][position], DECIMALS),
            "low": round(steps[1][position], DECIMALS),
            "high": round(steps[2][position], DECIMALS),
            **months_for_level(level, outlook.get("months")),
        }
        for position, level in enumerate(levels)
    ]
