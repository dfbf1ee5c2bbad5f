"""The difference between two versions of terms, or two sets of drivers, on common random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.sharing import Engine
from risk.simulation.draws import check_seed
from risk.simulation.errors import SimulationError
from risk.simulation.measures import Outcomes
from risk.simulation.run import check_size, prepare, run_scenarios
from risk.simulation.statistics import mean_estimate, tail_estimate

TAIL_LEVEL = 0.95


def difference(
    terms_a: Mapping[str, Any],
    terms_b: Mapping[str, Any],
    drivers: Mapping[str, Any],
    *,
    drivers_b: Mapping[str, Any] | None = None,
    scenarios: int = 10_000,
    seed: int = 1,
) -> dict[str, Any]:
    """What changes for each party from version A to version B, scenario by scenario.

    Parameters
    ----------
    terms_a, terms_b : dict
        The two terms documents, of one currency.
    drivers : dict
        Drivers of version A, and of B unless `drivers_b` is given.
    drivers_b : dict, optional
        Drivers of version B.
    scenarios, seed : int
        As in :func:`risk.simulation.simulate`; both versions see the same draws.

    Returns
    -------
    dict
        ``parties``: for each party of both versions ``expected_profit``, ``loss_probability`` and
        ``expected_shortfall`` at 95 %, each with its value in A and in B, the ``change`` (B less A) and
        the standard error of the change, which common draws make far smaller than that of either value;
        ``only_in_a`` and ``only_in_b``; ``scenarios``, ``seed``, ``terms_hash_a``, ``terms_hash_b``.

    Raises
    ------
    SimulationError
        As in :func:`risk.simulation.simulate`, and ``terms_not_simulable`` where the currencies differ.
    """
    engines = Engine(dict(terms_a)), Engine(dict(terms_b))
    if engines[0].model.currency != engines[1].model.currency:
        raise SimulationError(
            "The two versions are in different currencies.", code="terms_not_simulable", field="currency"
        )
    check_seed(seed)
    checked = [
        prepare(engine, document)
        for engine, document in zip(engines, (drivers, drivers if drivers_b is None else drivers_b), strict=True)
    ]
    for engine in engines:
        check_size(engine, scenarios, runs=2)
    first, second = (
        run_scenarios(engine, own, scenarios=scenarios, seed=seed, return_sample=0)
        for engine, own in zip(engines, checked, strict=True)
    )
    return {
        "scenarios": scenarios,
        "seed": seed,
        "currency": engines[0].model.currency,
        "terms_hash_a": engines[0].terms_hash,
        "terms_hash_b": engines[1].terms_hash,
        "parties": {name: compare_party(first, second, name) for name in first.parties if name in second.parties},
        "only_in_a": [name for name in first.parties if name not in second.parties],
        "only_in_b": [name for name in second.parties if name not in first.parties],
    }


def compare_party(first: Outcomes, second: Outcomes, name: str) -> dict[str, Any]:
    """Return the paired changes of one party's measures."""
    before, after = (run.totals[name]["profit"] for run in (first, second))
    change, error = mean_estimate(after - before)
    shift = (after < 0).astype(np.int64) - (before < 0).astype(np.int64)
    loss_change, loss_error = mean_estimate(shift)
    tail_before, tail_after = (tail_estimate(np.sort(-profit), TAIL_LEVEL) for profit in (before, after))
    influence = _tail_influence(-after, tail_after["var"]) - _tail_influence(-before, tail_before["var"])
    return {
        "expected_profit": {
            "a_minor": round(float(before.mean())),
            "b_minor": round(float(after.mean())),
            "change_minor": round(change),
            "standard_error_minor": round(error),
        },
        "loss_probability": {
            "a": round(float((before < 0).mean()), 6),
            "b": round(float((after < 0).mean()), 6),
            "change": round(loss_change, 6),
            "standard_error": round(loss_error, 6),
        },
        "expected_shortfall": {
            "level": TAIL_LEVEL,
            "a_minor": round(tail_before["es"]),
            "b_minor": round(tail_after["es"]),
            "change_minor": round(tail_after["es"] - tail_before["es"]),
            "standard_error_minor": round(mean_estimate(influence)[1]),
        },
    }


def _tail_influence(losses: NDArray[np.int64], boundary: float) -> NDArray[np.float64]:
    influence: NDArray[np.float64] = boundary + np.maximum(losses - boundary, 0.0) / (1 - TAIL_LEVEL)
    return influence
