"""The five kinds of refusal as pages; nothing below the doors knows a status code."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask_babel import gettext as _
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
    (NotFoundError, 404),
    (NotAllowedError, 403),
    (ConflictError, 409),
    (InvalidInputError, 422),
    (ProviderError, 502),
)


def status_of(error: Exception) -> int:
    """The HTTP status of an error."""
    for kind, status in STATUS_BY_KIND:
        if isinstance(error, kind):
            return status
    if isinstance(error, HTTPException):
        return error.code or 500
    return 500


def answer_error(error: Exception) -> Any:
    """An error page; somebody who is not signed in is sent to sign in and back."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error.response
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error
    if isinstance(error, NotSignedInError):
        if request.method == "GET":
            return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
        return render_template("errors/error.html", status=401, code=error.code, message=_(error.message)), 401
    status = status_of(error)
    if isinstance(error, MarketplaceError):
        code, message = error.code, _(error.message)
    else:
        code, message = f"http_{status}", None
    headers = dict(error.get_headers()) if isinstance(error, HTTPException) else {}
    headers.pop("Content-Type", None)
    page = render_template(
        "errors/error.html", status=status, code=code, message=message, request_id=g.get("request_id", "")
    )
    return page, status, headers
