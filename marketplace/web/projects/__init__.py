"""Pages of pilot projects."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("projects", __name__)

# The views attach themselves to the blueprint when they are imported.
from marketplace.web.projects import access, editing, moves, pages  # noqa: E402  # after the blueprint exists

__all__ = ["access", "blueprint", "editing", "moves", "pages"]
