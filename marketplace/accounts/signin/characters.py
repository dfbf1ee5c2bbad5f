"""Characters that no database column takes (NUL, half a surrogate pair) and JSON that no parser survives.

PostgreSQL refuses them with an error of the driver, SQLite keeps them; here both answer alike, before any view runs.
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
    if request.is_json:
        _check_json()
    elif request.blueprint not in READ_BY_FIELD:
        _check_pairs(request.form.items(multi=True))


def _check_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    for name, value in pairs:
        if not (is_storable(name) and is_storable(value)):
            raise InvalidInputError(UNREADABLE, field=name if is_storable(name) else None)


def _check_json() -> None:
    """Walk the parsed body without recursion; what is no JSON at all is refused by the view's own reader."""
    try:
        waiting = [("", request.get_json(silent=True))]
    except RecursionError as error:
        raise InvalidInputError("The JSON is nested too deeply.") from error
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str) and not is_storable(value):
            raise InvalidInputError(UNREADABLE, field=name or None)
        if isinstance(value, dict):
            if not all(map(is_storable, value)):
                raise InvalidInputError(UNREADABLE, field=name or None)
            waiting += [(f"{name}.{key}" if name else key, item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{name}.{place}" if name else str(place), item) for place, item in enumerate(value)]


def register(app: Flask) -> None:
    app.before_request(_check)
