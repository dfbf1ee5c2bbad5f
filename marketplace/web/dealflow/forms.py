"""The form of a mandate: what was typed into values of the service, and a mandate into what is typed."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace.dealflow.models import Mandate
from marketplace.dealflow.schemas import EXCLUSION_LIMIT
from marketplace.dealflow.words import PARTS
from marketplace.errors import InvalidInputError
from marketplace.money import EXPONENTS, Money, parse_amount

AMOUNTS = ("ticket_min", "ticket_max", "round_size_max", "budget")
MAY_BE_EMPTY = ("round_size_max",)
WHOLE_NUMBERS = ("trl_from", "trl_to", "mrl_from", "mrl_to")
TEXTS = ("name_zh", "name_en", "target_zh", "target_en", "role", "visibility")
DAYS = ("budget_from", "budget_to", "valid_from", "valid_to")
LISTS = ("instruments", "sectors", "stages", "must_have")
SHARES = ("ownership_min", "ownership_max")
EXCLUSION_ROWS = 3
EXCLUSION_PARTS = ("field", "operator", "value", "reason_zh", "reason_en")


def read_form(form: Any, currency: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Values for the service, and what could not be read, by the field of the form."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {name: form.get(name, "") for name in TEXTS}
    values |= {name: form.getlist(name) for name in LISTS}
    values["needs_co_investor"] = bool(form.get("needs_co_investor"))
    values["max_band"] = form.get("max_band") or None
    values["region_prefixes"] = [code for code in re.split(r"[\s,，、]+", form.get("region_prefixes", "")) if code]
    for name in AMOUNTS:
        values[f"{name}_minor"] = _read(errors, name, lambda name=name: _amount(form, name, currency))
    for name in WHOLE_NUMBERS:
        values[name] = _read(errors, name, lambda name=name: _number(form.get(name, "")))
    for name in SHARES:
        values[f"{name}_fraction"] = _read(errors, name, lambda name=name: _share(form.get(name, "")))
    values |= {name: form[name] for name in DAYS if form.get(name)}
    for name in DAYS:
        if not form.get(name):
            errors[name] = "This cannot be empty."
    values["weights"] = {
        part: form[f"weight_{part}"].strip() for part in PARTS if form.get(f"weight_{part}", "").strip()
    }
    values["exclusions"] = _exclusions(form)
    return {name: value for name, value in values.items() if field_of(name) not in errors}, errors


def _read(errors: dict[str, str], name: str, read: Any) -> Any:
    try:
        return read()
    except InvalidInputError as error:
        errors[name] = error.message
        return None


def _amount(form: Any, name: str, currency: str) -> int | None:
    text = form.get(name, "").strip()
    if not text and name in MAY_BE_EMPTY:
        return None
    return parse_amount(text, currency, field=name).amount_minor


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise InvalidInputError("Enter a whole number within the range that the hint gives.")
    return int(text)


def _share(text: str) -> str | None:
    """`15` is typed for 15 per cent and kept as `0.15`."""
    text = text.strip().removesuffix("%").strip()
    if not text:
        return None
    try:
        value = Decimal(text) / 100
    except InvalidOperation:
        value = Decimal(-1)
    if not (value.is_finite() and 0 <= value <= 1 and len(text) <= 8):
        raise InvalidInputError("Enter a percentage between 0 and 100.")
    return f"{value:f}"


def _exclusions(form: Any) -> list[dict[str, str]]:
    """Rows without a field are empty rows of the form."""
    return [
        {part: form.get(f"exclusion_{row}_{part}", "").strip() for part in EXCLUSION_PARTS}
        for row in range(EXCLUSION_LIMIT)
        if form.get(f"exclusion_{row}_field")
    ]


def field_of(path: str) -> str:
    """The field of the form for a path of the service's errors."""
    head, *rest = path.split(".")
    if head == "weights":
        return f"weight_{rest[0]}" if rest else f"weight_{PARTS[0]}"
    if head == "exclusions" and len(rest) == 2:
        return f"exclusion_{rest[0]}_{rest[1]}"
    return head.removesuffix("_minor").removesuffix("_fraction")


def show_mandate(mandate: Mandate) -> dict[str, Any]:
    """A mandate as the form holds it."""
    shown: dict[str, Any] = {name: getattr(mandate, name) for name in (*TEXTS, *WHOLE_NUMBERS, *LISTS)}
    shown |= {name: getattr(mandate, name).isoformat() for name in DAYS}
    for name in AMOUNTS:
        amount = getattr(mandate, f"{name}_minor")
        shown[name] = "" if amount is None else _plain(amount, mandate.currency)
    for name in SHARES:
        fraction = getattr(mandate, f"{name}_fraction")
        shown[name] = "" if fraction is None else f"{(Decimal(fraction) * 100).normalize():f}"
    shown["needs_co_investor"] = mandate.needs_co_investor
    shown["max_band"] = mandate.max_band or ""
    shown["region_prefixes"] = ", ".join(mandate.region_prefixes)
    shown |= {f"weight_{part}": mandate.weights.get(part, "") for part in PARTS}
    for row, limit in enumerate(mandate.exclusions):
        shown |= {f"exclusion_{row}_{part}": limit.get(part, "") for part in EXCLUSION_PARTS}
    return shown


def _plain(amount_minor: int, currency: str) -> str:
    text = f"{Money(amount_minor, currency).decimal():.{EXPONENTS[currency]}f}"
    return text.removesuffix(".00")


def count_exclusion_rows(values: Any) -> int:
    """Every row that is filled and one more, three at least."""
    filled = [row for row in range(EXCLUSION_LIMIT) if values.get(f"exclusion_{row}_field")]
    return min(EXCLUSION_LIMIT, max(EXCLUSION_ROWS, max(filled, default=-1) + 2))


def typed(form: Any) -> dict[str, Any]:
    """What came with a refused form, to be shown again."""
    return {**form.to_dict(), **{name: form.getlist(name) for name in LISTS}}
