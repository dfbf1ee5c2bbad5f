"""Sign-in: server-side sessions, who acts, Flask-Security, forged requests, rate limits, API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.accounts.signin import (
    actor,
    characters,
    entrance,
    forgery,
    gate,
    joining,
    limits,
    pages,
    recovery,
    repeats,
    security,
    sessions,
)

if TYPE_CHECKING:
    from marketplace.app import Marketplace

# The modules whose views hang on the blueprint `security`.
VIEWS = (entrance, joining, recovery)


def register(app: Marketplace) -> None:
    """Attach, in the order of a request: characters, session, who acts, limits, gate, forgery, repeats."""
    characters.register(app)
    sessions.register(app)
    security.register(app)
    actor.register(app)
    limits.register(app)
    gate.register(app)
    forgery.register(app)
    repeats.register(app)
    app.register_blueprint(pages.blueprint)


def finish(app: Marketplace) -> None:
    """What needs all routes to be known."""
    limits.limit_pages(app)
