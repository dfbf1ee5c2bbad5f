"""Sign-in: server-side sessions, who acts, Flask-Security, API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.accounts.signin import actor, repeats, sessions

if TYPE_CHECKING:
    from marketplace.app import Marketplace


def register(app: Marketplace) -> None:
    """Attach sessions first, then who acts, then the answers kept for repeated acts."""
    sessions.register(app)
    actor.register(app)
    repeats.register(app)
