"""Reading files of projects: JSON as the API takes it, CSV one project a line, and NASA TechPort rows."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace.errors import InvalidInputError
from marketplace.money import EXPONENTS, parse_amount
from marketplace.projects.errors import ImportRefusedError
from marketplace.projects.words import BUDGET_KINDS, INSTRUMENTS

ROW_LIMIT = 5000
_WHOLE = (
    "trl_claimed", "mrl_claimed", "target_trl", "target_mrl", "new_process_steps", "recycle_streams",
)  # fmt: skip
_TECHPORT_COLUMNS = {"project_id", "title", "trl_begin", "trl_target", "start_date", "end_date"}


def read_rows(content: bytes, *, name: str) -> list[dict[str, Any]]:
    """The rows of a file as values for `import_projects`; raises ImportRefusedError naming row and column."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportRefusedError("The file is not UTF-8 text.") from error
    rows = _read_json(text) if name.lower().endswith(".json") else _read_csv(text)
    if not rows:
        raise ImportRefusedError("The file has no rows.")
    if len(rows) > ROW_LIMIT:
        raise ImportRefusedError("The file has too many rows; split it.", limit=ROW_LIMIT)
    return rows


def _read_json(text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise ImportRefusedError("The file is not valid JSON.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ImportRefusedError("The file must hold a list of projects.")
    return rows


def _read_csv(text: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    columns = reader.fieldnames or []
    if len(set(columns)) != len(columns):
        raise ImportRefusedError("Two columns have the same name.")
    convert = _convert_techport if set(columns) >= _TECHPORT_COLUMNS else _convert_row
    rows, errors = [], {}
    try:
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                errors[f"row {number}"] = "The line has not as many cells as the header."
                continue
            converted, wrong = convert(row)
            rows.append(converted)
            errors |= {f"row {number}, {column}": message for column, message in wrong.items()}
    except csv.Error as error:
        raise ImportRefusedError("The file is not valid CSV.") from error
    if errors:
        raise ImportRefusedError(errors=errors)
    return rows


def _convert_row(row: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Cells to values: empty cells are left out, `budget_…` and `need_…` columns become rows."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    currency = (row.get("currency") or "CNY").strip()
    for column, raw in row.items():
        cell = raw.strip()
        if not cell or column.startswith(("budget_", "need_")):
            continue
        if column in _WHOLE:
            values[column] = int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 6 else cell
        elif column == "solids_handling":
            values[column] = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(
                cell.lower(), cell
            )
        else:
            values[column] = cell
    values["budget_lines"] = [
        {"kind": kind, "amount_minor": amount}
        for kind in BUDGET_KINDS
        if (amount := _amount(row, f"budget_{kind}", currency, errors)) is not None
    ]
    values["funding_needs"] = [
        need for instrument in INSTRUMENTS if (need := _need(row, instrument, currency, errors)) is not None
    ]
    known = {f"budget_{kind}" for kind in BUDGET_KINDS} | {
        f"need_{instrument}{part}" for instrument in INSTRUMENTS for part in ("", "_ticket", "_deadline")
    }
    for column in row:
        if column.startswith(("budget_", "need_")) and column not in known:
            errors[column] = "Unknown field."
    return values, errors


def _need(row: dict[str, str], instrument: str, currency: str, errors: dict[str, str]) -> dict[str, Any] | None:
    amount = _amount(row, f"need_{instrument}", currency, errors)
    if amount is None:
        return None
    ticket = _amount(row, f"need_{instrument}_ticket", currency, errors)
    return {
        "instrument": instrument,
        "amount_minor": amount,
        "smallest_ticket_minor": amount if ticket is None else ticket,
        "deadline": (row.get(f"need_{instrument}_deadline") or "").strip(),
    }


def _amount(row: dict[str, str], column: str, currency: str, errors: dict[str, str]) -> int | None:
    cell = (row.get(column) or "").strip()
    if not cell:
        return None
    try:
        return parse_amount(cell, currency if currency in EXPONENTS else "CNY").amount_minor
    except InvalidInputError as error:
        errors[column] = error.message
        return None


def _convert_techport(row: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """A NASA TechPort project: title, dates, start and target level; everything else is not known."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {
        "code": f"techport-{row['project_id'].strip()}",
        "title_en": row["title"].strip()[:200],
        "summary_en": (row.get("tx_title") or "").strip(),
        "sector": "civil_space",
    }
    for column, name in (("start_date", "planned_start"), ("end_date", "planned_end")):
        if row[column].strip():
            values[name] = row[column].strip()
    for column, name in (("trl_begin", "trl_claimed"), ("trl_target", "target_trl")):
        cell = row[column].strip()
        if not cell:
            continue
        try:
            level = Decimal(cell)
            values[name] = int(level) if level == int(level) else cell
        except (InvalidOperation, ValueError, OverflowError):
            errors[column] = "Not a valid integer."
    return values, errors
