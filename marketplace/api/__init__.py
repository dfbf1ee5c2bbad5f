"""The door for programs: JSON under /api/v1 with its OpenAPI 3.1 document."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from marketplace.api.errors import answer_error

if TYPE_CHECKING:
    from flask import Flask

# One module of resources for each domain; every one has a `blueprint`.
RESOURCE_MODULES = (
    "me", "organisations", "projects", "maturity", "assessments", "scores", "score_access", "mandates", "quotes",
    "rounds", "portfolio", "agreements", "amendments", "pools", "payments", "linkage",
)  # fmt: skip


def register(app: Flask) -> None:
    """Attach the resources and their document."""
    from marketplace.api import docs, reading
    from marketplace.api.document import make_api

    reading.register(app)
    api = make_api(app)
    for name in RESOURCE_MODULES:
        module = importlib.import_module(f"marketplace.api.{name}")
        api.register_blueprint(module.blueprint, url_prefix="/api/v1" + (module.blueprint.url_prefix or ""))
    app.register_blueprint(docs.blueprint)


__all__ = ["answer_error", "register"]
