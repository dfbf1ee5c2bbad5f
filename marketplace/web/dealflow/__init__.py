"""Pages of mandates and matches."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("dealflow", __name__)

# The views attach themselves to the blueprint when they are imported.
from marketplace.web.dealflow import editing, pages  # noqa: E402  # after the blueprint exists

__all__ = ["blueprint", "editing", "pages"]
