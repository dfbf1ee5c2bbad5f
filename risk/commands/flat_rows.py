"""A quick yes for long lists of flat rows; whatever it does not know is left to the JSON Schema library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_ROW_KEYWORDS = {"type", "minItems", "items", "title", "description", "$schema"}
_ITEM_KEYWORDS = {"type", "properties", "additionalProperties", "minProperties"}
_CELL_KEYWORDS = {"type", "minimum", "maximum", "enum", "description"}
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
}


def are_flat_rows_valid(payload: Any, schema: dict[str, Any]) -> bool:
    """Tell whether the payload surely satisfies a schema of flat rows; False means "not known", never "invalid"."""
    items = schema.get("items")
    if set(schema) - _ROW_KEYWORDS or schema.get("type") != "array" or not isinstance(items, dict):
        return False
    if set(items) - _ITEM_KEYWORDS or items.get("type") != "object" or not isinstance(payload, list):
        return False
    if len(payload) < schema.get("minItems", 0):
        return False
    known = {name: _cell_check(cell) for name, cell in items.get("properties", {}).items()}
    rest = items.get("additionalProperties", True)
    other = _cell_check(rest) if isinstance(rest, dict) else None
    if None in known.values() or (isinstance(rest, dict) and other is None):
        return False
    allow_other = rest is True
    fewest = items.get("minProperties", 0)
    for row in payload:
        if not isinstance(row, dict) or len(row) < fewest:
            return False
        for name, value in row.items():
            check = known.get(name, other)
            if check is None:
                if not allow_other:
                    return False
            elif not check(value):
                return False
    return True


def _cell_check(schema: dict[str, Any]) -> Callable[[Any], bool] | None:
    if set(schema) - _CELL_KEYWORDS or "type" not in schema:
        return None
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if any(name not in _CHECKS for name in types):
        return None
    checks = [_CHECKS[name] for name in types]
    low, high, allowed = schema.get("minimum"), schema.get("maximum"), schema.get("enum")

    def check(value: Any) -> bool:
        if not any(fits(value) for fits in checks):
            return False
        if allowed is not None and value not in allowed:
            return False
        if value is None or isinstance(value, (str, bool)):
            return True
        return (low is None or value >= low) and (high is None or value <= high)

    return check
