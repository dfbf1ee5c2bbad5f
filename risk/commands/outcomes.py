"""Schema parts that ``train`` and ``evaluate`` share."""

from __future__ import annotations

from typing import Any

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
