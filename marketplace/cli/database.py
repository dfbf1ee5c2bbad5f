"""`flask db …` by Flask-Migrate; one migration history for both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from flask_migrate import Migrate

from marketplace.config import PROJECT_ROOT

if TYPE_CHECKING:
    from marketplace.app import Marketplace


def register(app: Marketplace | Flask) -> None:
    Migrate(app, app.database, directory=str(PROJECT_ROOT / "migrations"))  # type: ignore[union-attr]  # Marketplace
