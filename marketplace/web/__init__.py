"""The door for people: pages, in Chinese and English."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from marketplace.web.errors import answer_error

if TYPE_CHECKING:
    from flask import Flask

# One module of views for each domain; every one has a `blueprint`.
VIEW_MODULES = (
    "home", "accounts", "projects", "assessments", "dealflow", "funding", "insurance", "pools", "portfolio",
    "agreements",
    "payments", "ledger", "linkage", "schemes", "files", "operator", "help", "health",
)  # fmt: skip


def register(app: Flask) -> None:
    """Attach the pages, their formatting, assets, headers and language."""
    from marketplace.web import assets, context, formatting, headers

    context.register(app)
    formatting.register(app)
    assets.register(app)
    headers.register(app)
    for name in VIEW_MODULES:
        module = importlib.import_module(f"marketplace.web.{name}")
        app.register_blueprint(module.blueprint)


__all__ = ["answer_error", "register"]
