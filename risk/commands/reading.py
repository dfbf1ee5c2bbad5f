"""Reading of the input of a sub-command: JSON or CSV from a file or standard input, checked against the schema."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import sys
from pathlib import Path
from typing import Any

from risk.commands.flat_rows import are_flat_rows_valid
from risk.errors import InvalidParameterError, RiskError

MAX_BYTES = 256 * 1024 * 1024
_TRUE = {"true", "1", "yes", "是"}
_FALSE = {"false", "0", "no", "否"}
_NOT_FINITE = {"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
_CODES = {
    "additionalProperties": "unknown_column",
    "unevaluatedProperties": "unknown_column",
    "required": "missing_column",
    "type": "wrong_type",
    "enum": "value_not_allowed",
    "const": "value_not_allowed",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
    "exclusiveMinimum": "out_of_range",
    "exclusiveMaximum": "out_of_range",
    "minItems": "empty_input",
}


class InputError(RiskError):
    """The input cannot be read: no file, no text, no JSON, no CSV, or not of the schema."""

    code = "invalid_input"


def read_payload(name: str, schema: dict[str, Any], *, accepts_csv: bool) -> Any:
    """Return the parsed and checked input of a sub-command.

    Parameters
    ----------
    name : str
        A file (``.json``, ``.csv``, either with ``.gz``) or ``-`` for standard input, where JSON is told from CSV by
        its first character.
    schema : dict
        JSON Schema the input has to satisfy.
    accepts_csv : bool
        Whether CSV is allowed.

    Raises
    ------
    InputError
        With a stable code and, where it is known, the path in `field`.
    """
    text = _decode(_read_bytes(name))
    if not text.strip():
        raise InputError("The input is empty.", code="empty_input", field="input")
    if _looks_like_csv(name, text):
        if not accepts_csv:
            raise InputError("This sub-command reads JSON, not CSV.", code="csv_not_accepted", field="input")
        payload: Any = parse_csv(text, schema)
    else:
        payload = parse_json(text)
    check_schema(payload, schema)
    return payload


def parse_json(text: str) -> Any:
    """Return parsed JSON; NaN, infinities, repeated keys and numbers out of range are refused."""
    try:
        return json.loads(
            text, object_pairs_hook=_unique_pairs, parse_constant=_refuse_constant, parse_float=_finite_float
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"The input is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            code="invalid_json",
            field="input",
            details={"line": error.lineno, "column": error.colno},
        ) from error
    except RecursionError as error:
        raise InputError("The JSON is nested too deeply.", code="invalid_json", field="input") from error
    except RiskError:
        raise
    except ValueError as error:  # an integer of more than 4,300 digits
        raise InputError("The JSON holds a number that is too long.", code="invalid_json", field="input") from error


def parse_csv(text: str, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a CSV text, cells converted by the types of the schema; an empty cell is an absent key."""
    properties = schema.get("items", {}).get("properties", {})
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[dict[str, Any]] = []
    header: list[str] = []
    try:
        header = [name.strip() for name in next(reader)]
        _check_header(header)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"Line {reader.line_num} has {len(cells)} cells, the header has {len(header)}.",
                    code="ragged_row",
                    field=f"rows[{len(rows)}]",
                )
            rows.append({name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()})
    except csv.Error as error:
        raise InputError(f"The CSV is damaged: {error}.", code="invalid_csv", field="input") from error
    if not rows:
        raise InputError("The CSV has a header and no rows.", code="empty_input", field="input")
    for name in header:
        types = _types_of_column(name, rows, properties)
        for index, row in enumerate(rows):
            if name in row:
                row[name] = _convert(row[name], types, f"rows[{index}].{name}")
    return rows


def check_schema(payload: Any, schema: dict[str, Any]) -> None:
    """Raise :class:`InputError` for the first place, in document order, where the payload breaks the schema."""
    if are_flat_rows_valid(payload, schema):
        return
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(payload), key=lambda error: [str(part).zfill(9) for part in error.path])
    if not errors:
        return
    error = errors[0]
    keyword = str(error.validator)
    raise InputError(
        _sentence(error),
        code=_CODES.get(keyword, "invalid_input"),
        field=_field(error),
        details={"rule": keyword, "allowed": _allowed(error)},
    )


def _sentence(error: Any) -> str:
    where = _path(error) or "The input"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        return f"{where} has unknown columns: {', '.join(unknown)}."
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{where} lacks {', '.join(missing)}."
    shown = json.dumps(error.instance, ensure_ascii=False, default=str)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    rules = {
        "type": f"must be of type {_allowed(error)}",
        "enum": f"must be one of {_allowed(error)}",
        "minimum": f"must be at least {error.validator_value}",
        "maximum": f"must be at most {error.validator_value}",
        "exclusiveMinimum": f"must be above {error.validator_value}",
        "exclusiveMaximum": f"must be below {error.validator_value}",
        "minItems": f"must have at least {error.validator_value} entry",
    }
    rule = rules.get(str(error.validator), f"breaks the rule {error.validator}: {_allowed(error)}")
    return f"{where} {rule}; got {shown}."


def _field(error: Any) -> str:
    where = _path(error)
    unknown: list[str] = []
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
    if unknown:
        return f"{where}.{unknown[0]}" if where else unknown[0]
    return where or "input"


def _allowed(error: Any) -> str:
    value = error.validator_value
    if error.validator == "additionalProperties":
        return ", ".join(error.schema.get("properties", {}))
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else str(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _path(error: Any) -> str | None:
    text = ""
    for part in error.absolute_path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    if text.startswith("["):
        text = "rows" + text
    return text or None


def _read_bytes(name: str) -> bytes:
    try:
        if name == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        elif name.endswith(".gz"):
            with gzip.open(name) as stream:
                content = stream.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{name} cannot be read: {reason}.", code="input_not_readable", field="input") from error
    if len(content) > MAX_BYTES:
        raise InputError("The input is larger than 256 MB.", code="input_too_large", field="input")
    return content


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("The input is not UTF-8 text.", code="not_utf8", field="input") from error
    if "\x00" in text:
        raise InputError("The input holds NUL characters and is no text.", code="not_text", field="input")
    return text


def _looks_like_csv(name: str, text: str) -> bool:
    plain = name[:-3] if name.endswith(".gz") else name
    if plain.lower().endswith(".csv"):
        return True
    if plain.lower().endswith(".json"):
        return False
    start = text.lstrip()[:1]
    return not (start in '[{"-' or start.isdigit() or text.strip() in ("null", "true", "false", "NaN"))


def _check_header(header: list[str]) -> None:
    if any(not name for name in header):
        raise InputError("A column of the CSV has no name.", code="invalid_csv", field="input")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"The CSV names a column twice: {', '.join(repeated)}.", code="duplicate_key", field=repeated[0]
        )


def _types_of_column(name: str, rows: list[dict[str, Any]], properties: dict[str, Any]) -> list[str]:
    """Return the types of a column: those of the schema, else numbers if every cell is one, else text."""
    types = properties.get(name, {}).get("type")
    if types is not None:
        return [types] if isinstance(types, str) else list(types)
    cells = [row[name] for row in rows if name in row]
    return ["number"] if all(cell.lower() in _NOT_FINITE or _is_number(cell) for cell in cells) else ["string"]


def _convert(cell: str, types: list[str], where: str) -> Any:
    lowered = cell.lower()
    if "boolean" in types and lowered in _TRUE | _FALSE:
        return lowered in _TRUE
    if "integer" in types or "number" in types:
        if lowered in _NOT_FINITE:
            raise InputError(f"{where} is not a finite number: {cell}.", code="not_a_number", field=where)
        if _is_number(cell):
            value = float(cell)
            return int(value) if value.is_integer() and abs(value) <= 2**53 else value
    if "string" in types:
        return cell
    raise InputError(f"{where} must be of type {', '.join(types)}; got {cell!r}.", code="wrong_type", field=where)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise InputError(f"The JSON gives the key {key!r} twice.", code="duplicate_key", field=key)
        result[key] = value
    return result


def _refuse_constant(text: str) -> Any:
    raise InputError(f"The JSON holds {text}, which is not a number.", code="not_a_number", field="input")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InvalidParameterError("input", text, "a number within the range of a double", code="not_a_number")
    return value
