"""The door for the operator's shell: `flask <group> <command>`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

# One module of commands for each group; every one has `register(app)`.
COMMAND_MODULES = (
    "database", "worker", "ledger", "audit", "assets", "doctor", "demo", "tour", "projects", "risk", "agreements",
    "reports", "translations", "migrations", "accounts",
)  # fmt: skip


def register(app: Flask) -> None:
    for name in COMMAND_MODULES:
        importlib.import_module(f"marketplace.cli.{name}").register(app)
