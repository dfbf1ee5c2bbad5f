"""The sections of the project form: what a person typed becomes the values of the service, and back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace.errors import InvalidInputError
from marketplace.money import EXPONENTS, Money, parse_amount
from marketplace.projects.words import BUDGET_KINDS
from marketplace.web.figures import read_whole

# Field: how its text is read. Rows are lists of such fields.
SECTIONS: dict[str, dict[str, str]] = {
    "basics": {
        "title_zh": "text", "title_en": "text", "summary_zh": "text", "summary_en": "text", "sector": "word",
        "industry_code": "text", "region_code": "text", "visibility": "word",
    },
    "process": {
        "scale_up_step_zh": "text", "scale_up_step_en": "text", "scale_up_factor": "figure",
        "new_process_steps": "whole", "unproven_equipment_share": "percent", "solids_handling": "yes_no",
        "recycle_streams": "whole", "lead_organisation_size": "text",
    },
    "levels": {
        "trl_claimed": "whole", "mrl_claimed": "whole", "target_trl": "whole", "target_mrl": "whole",
        "planned_start": "day", "planned_end": "day", "pilot_centre": "word",
    },
    "budget": {},
    "needs": {},
    "milestones": {},
    "rights": {},
    "room": {"confidential_zh": "text", "confidential_en": "text"},
}  # fmt: skip
ROWS: dict[str, dict[str, dict[str, str]]] = {
    "levels": {"elements": {"name_zh": "text", "name_en": "text", "trl_claimed": "whole", "mrl_claimed": "whole"}},
    "budget": {"budget_lines": {"kind": "kind", "amount": "money", "note_zh": "text", "note_en": "text"}},
    "needs": {
        "funding_needs": {
            "instrument": "word", "amount": "money", "smallest_ticket": "money", "use_zh": "text", "use_en": "text",
            "deadline": "day",
        },
    },
    "milestones": {
        "milestones": {
            "code": "word", "name_zh": "text", "name_en": "text", "metric_zh": "text", "metric_en": "text",
            "planned_on": "day", "budget_share": "percent", "target_trl": "whole",
        },
    },
    "rights": {
        "ip": {"owner": "text", "kind": "kind", "text_zh": "text", "text_en": "text"},
        "approvals": {
            "kind": "kind", "body": "text", "number": "text", "valid_from": "day", "valid_to": "day",
            "conditions": "text",
        },
    },
}  # fmt: skip
MENU_FIELDS = {"first": "word", "then": "word", "cost_cap": "money", "window_days": "whole"}
_BLANK_ROWS = 2


class FormReader:
    """Reads one section; collects what cannot be read and remembers which form row became which value row."""

    def __init__(self, form: Mapping[str, str], currency: str) -> None:
        self.form, self.currency = form, currency
        self.errors: dict[str, str] = {}
        self.row_numbers: dict[str, list[int]] = {}

    def read(self, name: str, kind: str) -> Any:
        """One value: None for an empty figure, the raw text where it is no figure (the schema then says so)."""
        raw = self.form.get(name, "")
        text = raw.strip()
        if kind in ("text", "word", "kind"):
            return text if kind != "text" else raw
        if not text:
            return None
        if kind == "whole":
            return read_whole(text)
        if kind == "yes_no":
            return {"yes": True, "no": False}.get(text, text)
        if kind == "percent":
            return _share(text)
        if kind == "money":
            try:
                return parse_amount(text, self.currency, allow_zero=name.endswith("cost_cap")).amount_minor
            except InvalidInputError as error:
                self.errors[name] = error.message
                return None
        return text

    def rows(self, name: str, fields: dict[str, str]) -> list[dict[str, Any]]:
        """The rows that hold anything; kinds alone do not make a row."""
        rows: list[dict[str, Any]] = []
        numbers: list[int] = []
        for number in range(row_count(self.form, name)):
            prefix = f"{name}-{number}-"
            typed = {
                field for field, kind in fields.items() if kind != "kind" and self.form.get(prefix + field, "").strip()
            }
            if not typed or (name == "budget_lines" and "amount" not in typed):
                continue
            row = {}
            for field, kind in fields.items():
                value = self.read(prefix + field, kind)
                if _kept(field, kind, value):
                    row[_stored(field, kind)] = value
            if public_id := self.form.get(prefix + "id", "").strip():
                row["id"] = public_id
            rows.append(row)
            numbers.append(number)
        self.row_numbers[name] = numbers
        return rows


def _kept(field: str, kind: str, value: Any) -> bool:
    """What was emptied empties the row that stays; what a row cannot do without is missed by the schema."""
    return kind in ("text", "whole") or field == "valid_to" or value not in (None, "")


def _stored(field: str, kind: str) -> str:
    return f"{field}_minor" if kind == "money" else field


def _share(text: str) -> str:
    try:
        share = Decimal(text) / 100
    except InvalidOperation:
        return text
    return f"{share:f}" if share.is_finite() and text.replace(".", "", 1).isdigit() and text.isascii() else text


def row_count(form: Mapping[str, str], name: str) -> int:
    """How many rows of a list a form holds."""
    parts = (key.removeprefix(f"{name}-").split("-")[0] for key in form if key.startswith(f"{name}-"))
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 4]
    return max(numbers, default=-1) + 1


def read_section(section: str, form: Mapping[str, str], currency: str) -> tuple[dict[str, Any], FormReader]:
    """The values of one section."""
    reader = FormReader(form, currency)
    values: dict[str, Any] = {name: reader.read(name, kind) for name, kind in SECTIONS[section].items()}
    for name, fields in ROWS.get(section, {}).items():
        values[name] = reader.rows(name, fields)
    if section == "rights" and any(form.get(f"failure_menu-{name}", "").strip() for name in MENU_FIELDS):
        menu = {_stored(name, kind): reader.read(f"failure_menu-{name}", kind) for name, kind in MENU_FIELDS.items()}
        values["failure_menu"] = {name: value for name, value in menu.items() if value is not None and value != ""}
    return values, reader


def field_errors(errors: Mapping[str, str], reader: FormReader) -> dict[str, str]:
    """Errors by the names that the form uses: `budget_lines.0.amount_minor` is `budget_lines-2-amount`."""
    found = dict(reader.errors)
    for path, message in errors.items():
        parts = path.split(".")
        name = parts[0]
        if len(parts) > 1 and name in reader.row_numbers and parts[1].isdigit():
            numbers = reader.row_numbers[name]
            index = int(parts[1])
            parts[1] = str(numbers[index]) if index < len(numbers) else parts[1]
        found.setdefault("-".join(parts).removesuffix("_minor"), message)
    return found


def show_section(section: str, project: Any) -> dict[str, str]:
    """The texts of a section as the form shows what is stored."""
    shown = {name: _show(getattr(project, name, None), kind) for name, kind in SECTIONS[section].items()}
    if section == "levels":
        shown["pilot_centre"] = project.pilot_centre.public_id if project.pilot_centre else ""
    for name, fields in ROWS.get(section, {}).items():
        rows = _budget_rows(project) if name == "budget_lines" else list(getattr(project, name))
        for number, row in enumerate(rows):
            shown |= _show_row(f"{name}-{number}-", row, fields, project.currency)
        for number in range(len(rows), len(rows) + (0 if name == "budget_lines" else _BLANK_ROWS)):
            shown |= {f"{name}-{number}-{field}": "" for field in fields}
    if section == "rights":
        shown |= _show_row("failure_menu-", project.failure_menu or {}, MENU_FIELDS, project.currency)
    return shown


def _budget_rows(project: Any) -> list[Any]:
    held = {row.kind: row for row in project.budget_lines}
    return [held.get(kind, {"kind": kind}) for kind in BUDGET_KINDS]


def _show_row(prefix: str, row: Any, fields: dict[str, str], currency: str) -> dict[str, str]:
    get = row.get if isinstance(row, Mapping) else lambda name: getattr(row, name, None)
    shown = {prefix + field: _show(get(_stored(field, kind)), kind, currency) for field, kind in fields.items()}
    if public_id := get("public_id"):
        shown[f"{prefix}id"] = public_id
    return shown


def _show(value: Any, kind: str, currency: str = "CNY") -> str:
    if value is None:
        return ""
    if kind == "yes_no":
        return "yes" if value else "no"
    if kind == "percent":
        text = f"{Decimal(value) * 100:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if kind == "money":
        return f"{Money(value, currency).decimal():.{EXPONENTS[currency]}f}"
    return str(value)
