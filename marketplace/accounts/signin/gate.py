"""Where the installation requires a second factor, a member without one sees nothing but its set-up."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, request, url_for
from flask import session as flask_session

from marketplace.accounts.access import find_actor
from marketplace.errors import NotAllowedError

OPEN_ENDPOINTS = ("accounts.set_up_second_factor", "security.logout", "security.verify", "static")


def _check() -> Any:
    if not flask_session.get("second_factor_missing") or find_actor() is None or request.endpoint in OPEN_ENDPOINTS:
        return None
    if request.path.startswith("/api/"):
        raise NotAllowedError("Set up your second factor first.")
    return redirect(url_for("accounts.set_up_second_factor"))


def register(app: Flask) -> None:
    app.before_request(_check)
