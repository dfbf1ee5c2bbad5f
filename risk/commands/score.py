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
            "id": {"type": ["string", "integer", "null"]},
            "probability": {
                **_PROBABILITY,
                "description": "probability of failure by the definition, 6 decimals",
            },
            "interval_80": {**_PAIR, "description": "80 % interval of the probability"},
            "interval_95": {**_PAIR, "description": "95 % interval of the probability"},
            "band": {"enum": ["low", "moderate", "elevated", "high", "very_high", None]},
            "band_zh": _TEXT,
            "band_en": _TEXT,
            "grade": {"enum": ["A", "B", "C", "D", "E", None], "description": "only from state supported on"},
            "state": {"enum": ["not_enough_data", "prior_only", "supported", "validated"]},
            "reason": {**_TEXT, "description": "why there is no score"},
            "reference_class": {"type": "object"},
            "reference_project": {"type": "object"},
            "own_outcomes": {"type": "integer", "minimum": 0},
            "definition": {"type": "string"},
            "horizon_months": {"type": ["number", "null"]},
            "staircase": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["from_level", "to_level", "probability", "low", "high", "months_50"],
                },
            },
            "slip": {"type": "object"},
            "cost_growth": {"type": "object"},
            "loss_given_failure": {"type": "object", "required": ["mean", "low", "high", "status", "source"]},
            "drivers": {
                "type": "array",
                "items": {"type": "object", "required": ["feature", "value", "reference", "log_odds"]},
            },
            "lower_most": {
                "type": "array",
                "items": {"type": "object", "required": ["feature", "from", "to", "probability_after"]},
            },
            "unknown": {"type": "array", "items": {"type": "string"}},
            "model_version": {"type": "string"},
            "coefficients_digest": {"type": "string"},
            "table_version": {"type": "string"},
            "features": {"type": "object"},
            "features_digest": {"type": "string"},
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
