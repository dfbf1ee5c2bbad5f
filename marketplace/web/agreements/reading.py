"""Reading what was typed in the forms of agreements: one message a field, nothing lost of the input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from marketplace.errors import InvalidInputError, MarketplaceError
from marketplace.money import parse_amount
from marketplace.web.agreements.engine_words import refusal

MISSING = lazy_gettext("This field is needed.")
LARGEST_DOCUMENT = 400_000


class Reader:
    """Reads a form field by field and gathers what is wrong."""

    def __init__(self, form: Mapping[str, str], currency: str = "CNY") -> None:
        self.form = form
        self.currency = currency
        self.errors: dict[str, str] = {}

    def fail(self, name: str, message: object) -> None:
        self.errors.setdefault(name, str(message))

    def text(self, name: str, *, required: bool = True, longest: int = 200) -> str:
        words = self.form.get(name, "").strip()
        if required and not words:
            self.fail(name, MISSING)
        elif len(words) > longest:
            self.fail(name, _("Use at most %(count)s characters.", count=longest))
        return words

    def given(self, name: str) -> bool:
        return bool(self.form.get(name, "").strip())

    def money(self, name: str, *, required: bool = True, allow_zero: bool = False) -> int:
        """Minor units; zero where a field that may be empty is empty or wrong."""
        if not self.given(name):
            if required:
                self.fail(name, MISSING)
            return 0
        try:
            return parse_amount(self.form[name], self.currency, field=name, allow_zero=allow_zero).amount_minor
        except InvalidInputError as error:
            self.fail(name, _(error.message))
            return 0

    def percent(self, name: str, *, required: bool = True, top: int = 100) -> str:
        """A percentage as the decimal fraction that terms hold: "44" gives "0.44"."""
        words = self.form.get(name, "").strip().removesuffix("%").strip()
        if not words:
            if required:
                self.fail(name, MISSING)
            return "0"
        try:
            value = Decimal(words)
        except InvalidOperation:
            value = Decimal("NaN")
        if not words.isascii() or not value.is_finite() or not 0 <= value <= top or "e" in words.lower():
            self.fail(name, _("Enter a percentage from 0 to %(top)s.", top=top))
            return "0"
        fraction = (value / 100).normalize()
        if -int(fraction.as_tuple().exponent) > 12:
            self.fail(name, _("Use at most ten decimals."))
            return "0"
        return f"{fraction:f}"

    def day(self, name: str, *, required: bool = True) -> str:
        words = self.form.get(name, "").strip()
        if not words and not required:
            return ""
        try:
            return date.fromisoformat(words).isoformat()
        except ValueError:
            self.fail(name, _("Enter a day, for example 2027-01-15.") if words else MISSING)
            return "2000-01-01"

    def whole(self, name: str, *, default: int) -> int:
        words = self.form.get(name, "").strip() or str(default)
        if not (words.isascii() and words.isdigit() and len(words) <= 12):
            self.fail(name, _("Enter a whole number."))
            return default
        return int(words)

    def document(self, name: str) -> dict[str, Any]:
        """A JSON object; repeated keys and floats are refused, because terms are hashed."""
        words = self.form.get(name, "")
        if len(words) > LARGEST_DOCUMENT:
            self.fail(name, _("This document is too long."))
            return {}
        try:
            value = json.loads(words, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            self.fail(name, _("This is not valid JSON: %(reason)s", reason=str(error)))
            return {}
        if not isinstance(value, dict):
            self.fail(name, _("The document must be a JSON object."))
            return {}
        return value

    def refuse_wrong(self) -> None:
        if self.errors:
            raise InvalidInputError(errors=self.errors)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def field_errors(error: MarketplaceError, known: tuple[str, ...] = ()) -> dict[str, str]:
    """Messages by field; a clause of the terms is named in front of the engine's sentence."""
    errors = getattr(error, "errors", None) or {}
    clause = error.details.get("clause")
    rule = error.details.get("rule")
    shown = {name: _with_clause(clause, refusal(rule, text)) for name, text in errors.items()}
    if not shown:
        shown = {error.field or "form": _(error.message)}
    return {name if not known or name in known else known[0]: text for name, text in shown.items()}


def _with_clause(clause: str | None, sentence: str) -> str:
    return f"{clause}: {sentence}" if clause else sentence


def form_values() -> dict[str, str]:
    return request.form.to_dict()
