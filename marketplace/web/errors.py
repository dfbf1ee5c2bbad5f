"""The five kinds of refusal as pages; nothing below the doors knows a status code."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from marketplace.accounts.errors import FreshSignInNeededError
from marketplace.accounts.signin.repeats import keep_no_answer
from marketplace.db import current_session
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


def _ask_for_fresh_sign_in(error: FreshSignInNeededError) -> Any:
    """To the page that asks for the password, and back to the page whose act it was; nothing of the act stays."""
    session = current_session()
    session.rollback()
    session.info.clear()  # a redirect would commit what the view recorded before it was refused
    keep_no_answer()
    source = urlsplit(request.referrer or "")
    own_page = source.netloc == request.host and request.method != "GET"
    back = f"{source.path}?{source.query}" if own_page else request.full_path if request.method == "GET" else "/"
    flash(_(error.message), "warning")
    return redirect(url_for("security.verify", next=back.rstrip("?")))


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
    if isinstance(error, FreshSignInNeededError):
        return _ask_for_fresh_sign_in(error)
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
