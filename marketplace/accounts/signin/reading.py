"""Reading a posted form: one value for each name, bounded, without control characters; all faults at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from flask import request

from marketplace.errors import InvalidInputError

MISSING = "Fill in this field."
TOO_LONG = "This is too long."
UNREADABLE = "This holds characters that cannot be used."
SENT_TWICE = "This field was sent twice."
NOT_OFFERED = "Choose one of the values offered."
BAD_ADDRESS = "Enter an e-mail address like name@example.com."


class FormReader:
    """Collects what was typed and what is wrong with it; `finish` raises once for all fields."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def raw(self, name: str) -> str:
        """Exactly what was typed: for passwords."""
        values = request.form.getlist(name)
        if len(values) > 1:
            self.errors.setdefault(name, SENT_TWICE)
        value = values[0] if values else ""
        if any(unicodedata.category(character) in ("Cs",) or character == "\0" for character in value):
            self.errors.setdefault(name, UNREADABLE)
        return value

    def secret(self, name: str) -> str:
        value = self.raw(name)
        if not value:
            self.errors.setdefault(name, MISSING)
        return value

    def text(self, name: str, *, limit: int, required: bool = True, lines: bool = False) -> str:
        """Text without surrounding space; control characters are refused, line ends only where they belong."""
        value = self.raw(name).strip()
        if required and not value:
            self.errors.setdefault(name, MISSING)
        if len(value) > limit:
            self.errors.setdefault(name, TOO_LONG)
        allowed = "\r\n\t" if lines else ""
        if any(unicodedata.category(character) == "Cc" and character not in allowed for character in value):
            self.errors.setdefault(name, UNREADABLE)
        return value.replace("\r\n", "\n")

    def choice(self, name: str, words: Sequence[str]) -> str:
        value = self.raw(name)
        if value not in words:
            self.errors.setdefault(name, NOT_OFFERED)
        return value

    def email(self, name: str = "email") -> str:
        """A well-formed address in lower case; whether it is reachable shows when the mail arrives."""
        value = self.text(name, limit=254)
        if not value or name in self.errors:
            return ""
        try:
            checked = validate_email(value, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            self.errors[name] = BAD_ADDRESS
            return ""
        return checked.normalized.lower()

    def finish(self) -> None:
        if self.errors:
            raise InvalidInputError(errors=self.errors)


def own_path(target: str | None) -> str:
    """A path of this site to go on to, or "/" for anything else: no host, no scheme, no trick with slashes."""
    if not target or not target.startswith("/") or target.startswith("//") or len(target) > 1000:
        return "/"
    if any(character == "\\" or not character.isprintable() or character.isspace() for character in target):
        return "/"
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or parts.path.lower().startswith(("/%2f", "/%5c", "/%09", "/%0")):
        return "/"
    return target
