"""Pages of agreements: drafting, simulation, signing, events, statements, verification."""

from __future__ import annotations

import importlib

from flask import Blueprint

blueprint = Blueprint("agreements", __name__)

# The views attach themselves to the blueprint above when they are imported.
for _name in (
    *("pages", "drafting", "from_template", "simulations", "signing", "events", "statements", "chain_steps"),
    "conditions",
):
    importlib.import_module(f"{__name__}.{_name}")
