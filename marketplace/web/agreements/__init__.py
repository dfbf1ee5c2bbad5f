"""Pages of agreements: drafting, simulation, signing, events, statements, verification."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("agreements", __name__)

from marketplace.web.agreements import (  # noqa: E402  # the views attach themselves to the blueprint above
    drafting,
    events,
    pages,
    signing,
    simulations,
    statements,
)

__all__ = ["blueprint", "drafting", "events", "pages", "signing", "simulations", "statements"]
