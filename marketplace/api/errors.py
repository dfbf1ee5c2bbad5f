"""The one JSON error shape of the API."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify
from werkzeug.exceptions import HTTPException

from marketplace.errors import (
    ConflictError,
    InvalidInputError,
    MarketplaceError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    ProviderError,
)

STATUS_BY_KIND: tuple[tuple[type[MarketplaceError], int], ...] = (
    (NotSignedInError, 401),
    (NotFoundError, 404),
    (NotAllowedError, 403),
    (ConflictError, 409),
    (InvalidInputError, 422),
    (ProviderError, 502),
)
SENTENCES = {
    400: "The request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "The request is too large.",
    415: "Send JSON with the content type application/json.",
    429: "Too many requests; try again later.",
    500: "Something went wrong on our side; nothing was written.",
}


def answer_error(error: Exception) -> Response:
    """`{error: {code, message, field, details, request_id}}` with the status of its kind."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error.response  # type: ignore[return-value]  # werkzeug's response is what Flask sends
    body: dict[str, Any]
    headers: list[tuple[str, str]] = []
    if isinstance(error, MarketplaceError):
        status = next(status for kind, status in STATUS_BY_KIND if isinstance(error, kind))
        body = error.as_dict()
    else:
        status = error.code or 500 if isinstance(error, HTTPException) else 500
        body = {"code": f"http_{status}", "message": SENTENCES.get(status, "The request was refused.")}
        body |= {"field": None, "details": {}}
        if isinstance(error, HTTPException):
            body |= _validation_details(error)
            headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    body["request_id"] = g.get("request_id", "")
    response = jsonify({"error": body})
    response.status_code = status
    for name, value in headers:
        response.headers[name] = value
    return response


def _validation_details(error: HTTPException) -> dict[str, Any]:
    """Where marshmallow refused the input: the first field and all messages."""
    messages = (getattr(error, "data", None) or {}).get("messages") or {}
    if not messages:
        return {}
    flat = dict(_flatten(messages))
    location, _, field = next(iter(flat), "").partition(".")
    return {
        "code": "invalid_input",
        "message": next(iter(flat.values()), "Please correct the fields that are named."),
        "field": field or location or None,
        "details": {"errors": {path.partition(".")[2] or path: text for path, text in flat.items()}},
    }


def _flatten(messages: Any, path: str = "") -> Any:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flatten(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, "; ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
