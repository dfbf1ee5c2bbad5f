"""Security headers, the CSP nonce and the request id."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from flask import Response, current_app, g, request

if TYPE_CHECKING:
    from flask import Flask

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


def register(app: Flask) -> None:
    # Before everything else: a request that is refused at sign-in has its number too.
    app.before_request_funcs.setdefault(None, []).insert(0, start_request)
    app.after_request(_add_headers)


def start_request() -> None:
    """Number the request; also called where a request fails before it begins."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.csp_nonce = secrets.token_urlsafe(16)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-ID"] = g.get("request_id", "")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "geolocation=(), microphone=(), camera=(self)"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
            "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; "
            "manifest-src 'self'"
        )
    if current_app.config["PREFERRED_URL_SCHEME"] == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint != "static" and "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    return response
