"""The door for the operator's shell: `flask <group> <command>`."""

from __future__ import annotations

import importlib
import importlib.util
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
        if importlib.util.find_spec(f"marketplace.cli.{name}") is None:  # while the rooms are being built
            continue
        importlib.import_module(f"marketplace.cli.{name}").register(app)
