"""Characters that no database column takes (NUL, half a surrogate pair), in addresses and forms.

PostgreSQL refuses them with an error of the driver, SQLite keeps them; here both answer alike, before any view runs.
JSON is read by `marketplace/api/reading.py`, after sign-in.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, request

from marketplace.errors import InvalidInputError, NotFoundError

# Their pages read each field with `reading.FormReader`, which names the field itself and keeps what was typed.
READ_BY_FIELD = ("security", "accounts")
UNREADABLE = "This holds characters that cannot be used."


def is_storable(text: str) -> bool:
    """Whether the text can be written as UTF-8 without NUL."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _check() -> None:
    if not is_storable(request.path):
        raise NotFoundError()
    _check_pairs(request.args.items(multi=True))
    if request.blueprint not in READ_BY_FIELD:
        _check_pairs(request.form.items(multi=True))


def _check_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    for name, value in pairs:
        if not (is_storable(name) and is_storable(value)):
            raise InvalidInputError(UNREADABLE, field=name if is_storable(name) else None)


def register(app: Flask) -> None:
    app.before_request(_check)
