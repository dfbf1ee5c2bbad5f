"""Simulation of an agreement before it is signed: drivers, draws, the engine over arrays, measures.

``simulate(terms, drivers, *, scenarios=10000, seed=1) -> dict`` runs the settlement interpreter over
Philox draws; ``default_drivers(terms, score) -> dict`` gives the assumptions a page starts from, each with
range, basis, source and day; ``scenario_a_drivers()`` those of the worked example;
``difference(terms_a, terms_b, drivers) -> dict`` compares two versions on common random numbers;
``sensitivities(terms, drivers)`` moves one driver at a time;
``replay_scenario(terms, drivers, *, seed, scenario) -> dict`` gives one scenario alone as a document that
settles to the same fen; ``list_drivers(drivers)`` gives the rows of the page of assumptions.
"""

from __future__ import annotations

import importlib
from typing import Any

_EXPORTS = {
    "SimulationError": "risk.simulation.errors",
    "default_drivers": "risk.simulation.defaults",
    "difference": "risk.simulation.difference",
    "list_drivers": "risk.simulation.drivers",
    "read_drivers": "risk.simulation.drivers",
    "scenario_a_drivers": "risk.simulation.scenario_a",
    "replay_scenario": "risk.simulation.run",
    "sensitivities": "risk.simulation.sensitivity",
    "simulate": "risk.simulation.run",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562), so that reading drivers needs no numpy."""
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value
