"""Rate limits by address, in front of the doors that are worth guessing at; the account's own pause is in the database.

The address is the peer's own (`X-Forwarded-For` is not read), so a header cannot buy a fresh allowance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from marketplace.accounts.access import find_actor

if TYPE_CHECKING:
    from marketplace.app import Marketplace

API_LIMIT = "600 per minute"
PAGE_LIMITS = {
    "security.login": "30 per minute; 200 per hour",
    "security.second_factor": "30 per minute; 200 per hour",
    "security.verify": "30 per minute; 200 per hour",
    "security.register": "10 per minute; 60 per hour",
    "security.confirm_registration": "30 per minute",
    "security.forgot_password": "10 per minute; 60 per hour",
    "security.reset_password": "30 per minute",
    "security.accept_invitation": "30 per minute",
    "accounts.invite_member": "20 per minute; 200 per hour",
}


def register(app: Marketplace) -> None:
    """Limits on the API as a whole; the pages' own are set by `limit_pages` when all routes are known."""
    limiter = Limiter(
        _who,
        app=app,
        storage_uri=app.settings.rate_limit_storage,
        enabled=app.settings.rate_limits_enabled,
        headers_enabled=True,
        application_limits=[API_LIMIT],
        application_limits_exempt_when=lambda: not request.path.startswith("/api/v1/"),
        strategy="moving-window",
    )
    app.extensions["pilotage_limiter"] = limiter


def limit_pages(app: Flask) -> None:
    """Put the limits on the writing methods of the named pages."""
    limiter: Limiter = app.extensions["pilotage_limiter"]
    for endpoint, rule in PAGE_LIMITS.items():
        if endpoint in app.view_functions:
            limited: Any = limiter.limit(rule, methods=["POST"], key_func=get_remote_address)
            app.view_functions[endpoint] = limited(app.view_functions[endpoint])


def _who() -> str:
    """A signed-in caller is counted by user, anybody else by address."""
    actor = find_actor()
    return actor.user_public_id if actor is not None else get_remote_address()
