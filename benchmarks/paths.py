"""Simulating scenario A for every party, beside the bare random numbers that it needs at the least."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import Figure, compare
from risk.sharing.templates.scenario_a import scenario_a_terms
from risk.simulation.run import simulate
from risk.simulation.scenario_a import scenario_a_drivers

SCENARIOS = 2_000
DRAWS = 32


def run() -> list[Figure]:
    terms, drivers = scenario_a_terms(), scenario_a_drivers()

    def ours() -> None:
        simulate(terms, drivers, scenarios=SCENARIOS, seed=1, driver_range=False)

    def bare() -> None:
        np.random.default_rng(1).normal(size=(SCENARIOS, DRAWS)).sum()

    return [compare("simulation.run", ours, bare, bound=1000, repeats=5)]
