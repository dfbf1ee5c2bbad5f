"""``python -m risk score``: projects in, failure probabilities with their reasons out."""

from __future__ import annotations

import argparse
from typing import Any

from risk.errors import RiskError
from risk.tables import load_document

NAME = "score"
SUMMARY = "Rows of projects (CSV or JSON) to failure probability, interval, drivers, reference class and staircase."
ACCEPTS_CSV = True

_JSON_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "choice": "string"}


def _property(row: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": [_JSON_TYPES[row["type"]], "null"],
        "description": f"{row['name_en']} ({row['name_zh']}); unit: {row['unit']}; known at the decision",
    }
    if "minimum" in row:
        schema.update(minimum=row["minimum"], maximum=row["maximum"])
    if "choices" in row:
        schema["enum"] = [*row["choices"], None]
    return schema


INPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Projects to score",
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "id": {"type": ["string", "integer", "null"], "description": "handed back with the score"},
            **{row["key"]: _property(row) for row in load_document("features")["feature"]},
        },
    },
}

_PROBABILITY = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_PAIR = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_TEXT = {"type": ["string", "null"]}

OUTPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Scores, one per project and in the same order",
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["probability", "interval_80", "interval_95", "state", "definition", "model_version"],
        "properties": {
            "id": {"type": ["string", "integer", "null"], "description": "as given"},
            "probability": {
                **_PROBABILITY,
                "description": "probability of failure by the definition, 6 decimals",
            },
            "interval_80": {**_PAIR, "description": "80 % interval of the probability"},
            "interval_95": {**_PAIR, "description": "95 % interval of the probability"},
            "band": {
                "enum": ["low", "moderate", "elevated", "high", "very_high", None],
                "description": "the probability in words: a technical maturation risk, not a credit rating",
            },
            "band_zh": {**_TEXT, "description": "its Chinese name"},
            "band_en": {**_TEXT, "description": "its English name"},
            "grade": {"enum": ["A", "B", "C", "D", "E", None], "description": "only from state supported on"},
            "state": {
                "enum": ["not_enough_data", "prior_only", "supported", "validated"],
                "description": "how far own outcomes stand behind the score",
            },
            "reason": {**_TEXT, "description": "why there is no score"},
            "reference_class": {
                "type": "object",
                "description": "the group of outcomes, or the judgement, with its n, rate, source and status",
            },
            "reference_project": {"type": "object", "description": "the inputs that drivers are measured from"},
            "own_outcomes": {"type": "integer", "minimum": 0, "description": "outcomes of the platform behind it"},
            "definition": {"type": "string", "description": "definition of failure"},
            "horizon_months": {"type": ["number", "null"], "description": "planned duration or the definition's own"},
            "staircase": {
                "type": "array",
                "description": "probability of failing at each level and months; composes to the probability",
                "items": {
                    "type": "object",
                    "required": ["from_level", "to_level", "probability", "low", "high", "months_50"],
                },
            },
            "slip": {
                "type": "object",
                "description": "probability of any slip; its 50/80/95 % quantiles as shares of the plan and in months",
            },
            "cost_growth": {
                "type": "object",
                "description": "probability of growth over 5 % in a year and its 50/80/95 % quantiles as shares",
            },
            "loss_given_failure": {
                "type": "object",
                "description": "share of the planned level gain lost on a miss (technical, not money)",
                "required": ["mean", "low", "high", "status", "source"],
            },
            "drivers": {
                "type": "array",
                "description": "log-odds of each known input against the reference project",
                "items": {"type": "object", "required": ["feature", "value", "reference", "log_odds"]},
            },
            "lower_most": {
                "type": "array",
                "description": "single changes that would lower the probability most",
                "items": {"type": "object", "required": ["feature", "from", "to", "probability_after"]},
            },
            "unknown": {
                "type": "array",
                "description": "inputs not known: they widen the interval",
                "items": {"type": "string"},
            },
            "model_version": {"type": "string", "description": "state and digest of the model"},
            "coefficients_digest": {"type": "string", "description": "SHA-256 of the coefficient vector"},
            "table_version": {"type": "string", "description": "version of the evidence tables"},
            "features": {"type": "object", "description": "snapshot of the checked inputs"},
            "features_digest": {"type": "string", "description": "SHA-256 of the snapshot"},
        },
    },
}

EXAMPLE: list[dict[str, Any]] = [
    {
        "id": "flow-chemistry-pilot",
        "trl_start": 6,
        "trl_target": 7,
        "mrl_start": 5,
        "planned_months": 24,
        "evidence_cover": 0.8,
        "scale_up_factor": 40,
        "new_process_steps": 2,
        "unproven_equipment_share": 0.3,
        "solids_handling": False,
        "recycle_streams": 1,
        "lead_organisation_size": "small",
    },
    {"id": "little-known", "trl_start": 5, "trl_target": 7},
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the sub-command."""
    parser.add_argument("--definition", default="target_level_not_reached", help="definition of failure")
    parser.add_argument("--model", metavar="FILE", help="a stored score model instead of the evidence tables")
    parser.add_argument("--digest", metavar="SHA256", help="the SHA-256 of that file")


def run(arguments: argparse.Namespace, payload: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the score of each row."""
    if not any("trl_start" in row for row in payload) or not any("trl_target" in row for row in payload):
        missing = next(name for name in ("trl_start", "trl_target") if not any(name in row for row in payload))
        raise RiskError(f"The column {missing} is missing.", code="missing_column", field=missing)
    if (arguments.model is None) != (arguments.digest is None):
        raise RiskError("--model and --digest are given together.", code="invalid_arguments", field="digest")
    from risk.scoring.model_files import load_model
    from risk.scoring.score import score_projects

    model = None if arguments.model is None else load_model(arguments.model, digest=arguments.digest)
    return score_projects(payload, model=model, definition=arguments.definition)
