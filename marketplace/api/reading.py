"""Strict reading of JSON, after sign-in and before any view: one meaning or a refusal.

Python's parser takes the last of two equal keys, NaN, numbers beyond every float and half a surrogate pair; no other
program reads these in the same way, so they are refused here.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from marketplace.accounts.signin.characters import UNREADABLE, is_storable
from marketplace.errors import InvalidInputError

if TYPE_CHECKING:
    from flask import Flask

WRITING_METHODS = ("POST", "PUT", "PATCH", "DELETE")
MOST_VALUES = 50_000


def register(app: Flask) -> None:
    app.before_request(_check)


def _check() -> None:
    if request.method not in WRITING_METHODS or not request.path.startswith("/api/") or request.endpoint is None:
        return
    if request.is_json:
        content = request.get_data()
        if content:
            _check_values(_parse(content))
    elif request.content_length or (request.mimetype and request.content_length is None):
        raise UnsupportedMediaType()


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content.decode(), object_pairs_hook=_object, parse_constant=_refuse_number)
    except RecursionError as error:
        raise InvalidInputError("The JSON is nested too deeply.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadRequest() from error
    except ValueError as error:  # an integer of thousands of digits
        raise _number_refused() from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in made if names.count(name) > 1)
        raise InvalidInputError("The JSON names this key twice.", field=twice if is_storable(twice) else None)
    return made


def _refuse_number(word: str) -> Any:
    raise _number_refused()


def _number_refused() -> InvalidInputError:
    return InvalidInputError("The JSON holds a number that cannot be used.")


def _check_values(document: Any) -> None:
    """Walk the parsed body without recursion."""
    waiting, seen = [("", document)], 0
    while waiting:
        name, value = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise InvalidInputError("The JSON holds too many values.")
        if isinstance(value, str) and not is_storable(value):
            raise InvalidInputError(UNREADABLE, field=name or None)
        if isinstance(value, float) and not math.isfinite(value):
            raise _number_refused()
        if isinstance(value, dict):
            if not all(map(is_storable, value)):
                raise InvalidInputError(UNREADABLE, field=name or None)
            waiting += [(f"{name}.{key}" if name else key, item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{name}.{place}" if name else str(place), item) for place, item in enumerate(value)]
