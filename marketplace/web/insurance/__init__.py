"""Pages of insurance."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("insurance", __name__)

# The views attach themselves to the blueprint when they are imported.
from marketplace.web.insurance import claims, panels, policies, products, quotes, requests  # noqa: E402  # after the blueprint

__all__ = ["blueprint", "claims", "panels", "policies", "products", "quotes", "requests"]
