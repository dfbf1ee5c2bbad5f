"""What each driver does alone: every party's expected profit at the ends of one range at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from risk.sharing import Engine
from risk.simulation.draws import check_seed
from risk.simulation.drivers import variant
from risk.simulation.run import check_size, prepare, run_scenarios


def sensitivities(
    terms: Mapping[str, Any], drivers: Mapping[str, Any], *, scenarios: int = 2_000, seed: int = 1
) -> dict[str, Any]:
    """Move one driver at a time to both ends of its range, on common random numbers.

    Parameters
    ----------
    terms, drivers : dict
        As in :func:`risk.simulation.simulate`.
    scenarios, seed : int
        Size and seed of every run.

    Returns
    -------
    dict
        ``parties``: for each party a list of rows, the widest first, with ``driver``, ``basis``,
        ``unfavourable_minor`` and ``favourable_minor`` (change of expected profit against the central run) and
        ``width_minor``; ``scenarios`` and ``seed``. Drivers without a range are left out.

    Raises
    ------
    SimulationError
        As in :func:`risk.simulation.simulate`.
    """
    engine = Engine(dict(terms))
    central = prepare(engine, drivers)
    check_size(engine, scenarios)
    check_seed(seed)

    def expected(moved: Any) -> dict[str, float]:
        run = run_scenarios(engine, moved, scenarios=scenarios, seed=seed, return_sample=0)
        return {party: float(np.mean(run.totals[party]["profit"])) for party in run.parties}

    base = expected(central)
    rows: dict[str, list[dict[str, Any]]] = {party: [] for party in base}
    for name, parameter in central.parameters.items():
        if parameter.low == parameter.high:
            continue
        bad, good = (expected(variant(central, favourable=end, only=name)) for end in (False, True))
        for party in base:
            low, high = round(bad[party] - base[party]), round(good[party] - base[party])
            row = {"driver": name, "basis": parameter.basis, "unfavourable_minor": low, "favourable_minor": high}
            rows[party].append({**row, "width_minor": max(low, high, 0) - min(low, high, 0)})
    for party in rows:
        rows[party].sort(key=lambda row: (-row["width_minor"], row["driver"]))
    return {"scenarios": scenarios, "seed": seed, "parties": rows}
