"""Forged requests: every writing request needs the session's token and comes from our own pages.

The token is in the form (`csrf_token`) or the header `X-CSRFToken`; on `/api` only the header counts. A bearer key is
no cookie and needs none. A view marked `csrf_exempt = True` proves its caller itself (a webhook by its signature).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from wtforms import ValidationError

if TYPE_CHECKING:
    from marketplace.app import Marketplace

TOKEN_HEADER = "X-CSRFToken"
READING_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


def register(app: Marketplace) -> None:
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    CSRFProtect(app)
    app.before_request(_check)


def _check() -> None:
    if request.method in READING_METHODS or g.get("signed_in_by_key", False):
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "csrf_exempt", False):
        return
    if not _from_own_origin():
        raise CSRFError("The request comes from another site.")
    on_api = request.path.startswith("/api/")
    token = request.headers.get(TOKEN_HEADER) or ("" if on_api else request.form.get("csrf_token", ""))
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise CSRFError(error.args[0]) from error


def _from_own_origin() -> bool:
    """Browsers name the origin of every POST; programs that name none are judged by the token alone."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    own = urlsplit(current_app.settings.base_url)  # type: ignore[attr-defined]  # Marketplace
    return origin in (f"{own.scheme}://{own.netloc}", request.host_url.rstrip("/"))
