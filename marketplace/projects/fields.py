"""Fields of what a person types about a project; every refusal is one fixed sentence that can be translated."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import marshmallow as ma

from marketplace.schemas import WholeNumber

_EARLIEST, _LATEST = date(1990, 1, 1), date(2100, 12, 31)


def clean_text(value: str) -> str | None:
    """The text without outer white space; None when it holds characters that cannot be stored or shown."""
    for character in value:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in "\n\r\t"):
            return None
    return value.replace("\r\n", "\n").strip()


class PlainText(ma.fields.String):
    """Text of a person: stored as typed, without control characters, never longer than `maximum`."""

    default_error_messages = {
        "control": "This text holds characters that cannot be stored.",
        "long": "This text is too long.",
        "empty": "This cannot be empty.",
    }

    def __init__(self, maximum: int, *, filled: bool = False, **options: Any) -> None:
        self.maximum, self.filled = maximum, filled
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = clean_text(super()._deserialize(value, attr, data, **kwargs))
        if text is None:
            raise self.make_error("control")
        if len(text) > self.maximum:
            raise self.make_error("long")
        if self.filled and not text:
            raise self.make_error("empty")
        return text


class DecimalText(ma.fields.String):
    """A plain decimal figure kept as text, within bounds."""

    default_error_messages = {"figure": "Enter a plain figure within the range that the hint gives."}

    def __init__(self, *, minimum: str, maximum: str, places: int = 6, **options: Any) -> None:
        self.minimum, self.maximum, self.places = Decimal(minimum), Decimal(maximum), places
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        whole, _, part = text.partition(".")
        plain = whole.isascii() and whole.isdigit() and (not part or (part.isascii() and part.isdigit()))
        if not plain or text.endswith(".") or len(whole) > 15 or len(part) > self.places:
            raise self.make_error("figure")
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise self.make_error("figure") from error
        if not self.minimum <= number <= self.maximum:
            raise self.make_error("figure")
        return text


class BoundedNumber(WholeNumber):
    """A whole number within bounds."""

    default_error_messages = {"bounds": "Enter a whole number within the range that the hint gives."}

    def __init__(self, minimum: int, maximum: int, **options: Any) -> None:
        self.minimum, self.maximum = minimum, maximum
        super().__init__(**options)

    def _validated(self, value: Any) -> int:
        number = super()._validated(value)
        if not self.minimum <= number <= self.maximum:
            raise self.make_error("bounds")
        return number


class Day(ma.fields.Date):
    """A calendar day that a project can have, as YYYY-MM-DD."""

    default_error_messages = {"century": "Enter a date between 1990 and 2100."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if isinstance(value, date):
            value = value.isoformat()
        # Only the long form: strptime and fromisoformat accept more than people should have to guess.
        if not isinstance(value, str) or len(value) != 10 or not value.isascii():
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        day: date = super()._deserialize(value, attr, data, **kwargs)
        if not _EARLIEST <= day <= _LATEST:
            raise self.make_error("century")
        return day


class TrueFalse(ma.fields.Boolean):
    """A JSON boolean; the words yes and 1 are not."""

    def _validated(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return self._validated(value)


class Word(ma.fields.String):
    """One word of a closed list."""

    default_error_messages = {"choice": "Choose one of the options."}

    def __init__(self, words: tuple[str, ...], **options: Any) -> None:
        self.words = words
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        word = super()._deserialize(value, attr, data, **kwargs)
        if word not in self.words:
            raise self.make_error("choice")
        return word
