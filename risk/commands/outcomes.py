"""Schema parts of outcomes: cells of any columns, the rows of own pilots, a measure."""

from __future__ import annotations

from typing import Any

from risk.tables import load_document

_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "choice": "string"}

CELLS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": ["number", "string", "boolean", "null"]},
    },
}
"""Rows of any columns whose cells are numbers, texts, truth values or nothing."""

MEASURE: dict[str, Any] = {
    "type": "object",
    "required": ["value", "low", "high"],
    "properties": {name: {"type": "number"} for name in ("value", "low", "high", "standard_error")},
}
"""A measure with the ends of its 95 % bootstrap interval and its standard error."""

OWN_ROWS: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Outcomes of the market's own pilots (--own)",
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": ["string", "integer"]},
            **{row["key"]: {"type": [_TYPES[row["type"]], "null"]} for row in load_document("features")["feature"]},
            "started_on": {"type": "string"},
            "ended_on": {"type": "string"},
            "completed": {"type": "boolean"},
            "target_reached": {"type": "boolean"},
            "trl_reached": {"type": ["integer", "null"]},
            "planned_cost_minor": {"type": ["integer", "null"]},
            "cost_minor": {"type": ["integer", "null"]},
            "loss_minor": {"type": ["integer", "null"]},
        },
    },
}
"""Types of the columns, by which cells of CSV are read; ranges and sense are checked by the reader of own outcomes."""
