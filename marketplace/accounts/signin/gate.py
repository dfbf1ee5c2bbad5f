"""The gate in front of every view: its mark is checked before the request's body is read, forged or validated.

Where the installation requires a second factor, a member without one sees nothing but its set-up.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, redirect, request, url_for
from flask import session as flask_session

from marketplace.accounts.access import check_access, find_access, find_actor
from marketplace.errors import NotAllowedError

READING_METHODS = ("GET", "HEAD")
OPEN_ENDPOINTS = ("accounts.set_up_second_factor", "security.logout", "security.verify", "static")


def _check_mark() -> None:
    """An API program is told 401 or 403 before its body is looked at; the view's own guard stays behind this one."""
    view = current_app.view_functions.get(request.endpoint or "")
    access = find_access(view, request.method) if view is not None else None
    if access is not None and request.method != "OPTIONS":
        check_access(access, view=request.endpoint or "", writing=request.method not in READING_METHODS)


def _check_second_factor() -> Any:
    if not flask_session.get("second_factor_missing") or find_actor() is None or request.endpoint in OPEN_ENDPOINTS:
        return None
    if request.path.startswith("/api/"):
        raise NotAllowedError("Set up your second factor first.")
    return redirect(url_for("accounts.set_up_second_factor"))


def register(app: Flask) -> None:
    app.before_request(_check_mark)
    app.before_request(_check_second_factor)
