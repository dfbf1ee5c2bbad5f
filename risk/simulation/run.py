"""The run: chunks of scenarios through the sharing engine over int64 arrays, and their measures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from risk.sharing import Engine
from risk.sharing.model import Model
from risk.simulation.course import Course
from risk.simulation.describe import ASSUMPTIONS, FUND_ASSUMPTIONS, GRANT_ASSUMPTIONS, SHARED_ASSUMPTIONS
from risk.simulation.draws import CHUNK, check_seed, chunk_sizes
from risk.simulation.drivers import Drivers, list_drivers, read_drivers, variant
from risk.simulation.errors import SimulationError
from risk.simulation.fund import fund_endings, is_fund
from risk.simulation.measures import RETURN_SAMPLE, WHOLE, Outcomes, measure_party
from risk.simulation.sampling import Sample, draw_sample
from risk.simulation.statistics import probability_estimate
from risk.simulation.timeline import build_events, check_milestones, required_drivers, scenario_log

MEMORY_LIMIT = 3 * 2**29
"""Bytes that the totals of a run may take: 1.5 GiB."""
RANGE_SCENARIOS = 2_000
_BYTES_PER_PARTY_AND_SCENARIO = 4 * 8 + 3 * 8
_CHUNK_BYTES = 200 * 2**20
# An auditor certifies and is paid nothing under the terms.
_OUTSIDE = ("project", "fund", "creditors", "auditor")


def simulate(
    terms: Mapping[str, Any],
    drivers: Mapping[str, Any],
    *,
    scenarios: int = 10_000,
    seed: int = 1,
    driver_range: bool = True,
) -> dict[str, Any]:
    """Simulate an agreement for every party by the interpreter that will settle it.

    Parameters
    ----------
    terms : dict
        A terms document.
    drivers : dict
        A drivers document (:func:`risk.simulation.default_drivers`).
    scenarios : int
        Number of scenarios, at least 2.
    seed : int
        Seed of the draws, from 0 below 2**64; the same seed gives the same bytes.
    driver_range : bool
        Whether to rerun the first 2,000 scenarios with every driver at the bad and the good end of its range.

    Returns
    -------
    dict
        ``parties`` (by id: kind, name, :func:`risk.simulation.measures.measure_party`, ``driver_range``),
        ``whole``, ``payouts`` (expected payments of pool, insurer and guarantor), ``endings`` (how
        scenarios end, each share with its standard error), ``drivers`` (the rows of assumptions), and
        ``scenarios``, ``seed``, ``terms_hash``,         ``drivers_hash``, ``versions`` and ``assumptions``
        (what the model takes for granted, in both languages). Amounts are integers in minor units.
        Sampling error stands beside each number; what the drivers' ranges do stands apart under
        ``driver_range``.

    Raises
    ------
    SimulationError
        Bad drivers, ``no_scenarios``, ``too_many_scenarios``, ``bad_seed``, ``terms_not_simulable``:
        before any draw.
    TermsError
        Where the terms are not valid.
    AmountError
        Where an amount leaves the bound of 9e15 in some scenario; it names party and step.
    """
    engine = Engine(dict(terms))
    checked = prepare(engine, drivers)
    check_size(engine, scenarios)
    check_seed(seed)
    outcomes = run_scenarios(engine, checked, scenarios=scenarios, seed=seed)
    parties = {name: _party_result(engine, outcomes, name) for name in outcomes.parties}
    if driver_range:
        for name, rows in _driver_ranges(engine, checked, outcomes, scenarios, seed).items():
            parties[name]["driver_range"] = rows
    return {
        "scenarios": scenarios,
        "seed": seed,
        "currency": engine.model.currency,
        "terms_hash": engine.terms_hash,
        "drivers_hash": drivers_hash(drivers),
        "versions": {"numpy": np.__version__},
        "period": {"start": str(checked.start), "end": str(checked.end)},
        "endings": _endings(outcomes),
        "parties": parties,
        "whole": measure_party(outcomes, WHOLE),
        "payouts": _payouts(parties),
        "drivers": list_drivers(drivers),
        "assumptions": [dict(row) for row in _assumptions(engine.model)],
    }


def replay_scenario(
    terms: Mapping[str, Any], drivers: Mapping[str, Any], *, seed: int, scenario: int
) -> dict[str, Any]:
    """One scenario of a run, alone, as a document that settles to the same minor unit.

    Parameters
    ----------
    terms, drivers : dict
        As in :func:`simulate`.
    seed : int
        Seed of the run.
    scenario : int
        Number of the scenario, from 0.

    Returns
    -------
    dict
        ``terms`` and ``events`` for :func:`risk.sharing.settle`.

    Raises
    ------
    SimulationError
        As in :func:`simulate`, and ``no_scenarios`` where the number is negative or no whole number.
    """
    engine = Engine(dict(terms))
    checked = prepare(engine, drivers)
    check_seed(seed)
    if isinstance(scenario, bool) or not isinstance(scenario, int) or scenario < 0:
        raise SimulationError(
            "The number of the scenario must be a whole number from 0.", code="no_scenarios", field="scenario"
        )
    chunk, place = divmod(scenario, CHUNK)
    sample = draw_sample(checked, seed=seed, chunk=chunk, size=place + 1)
    return {"terms": dict(terms), "events": scenario_log(build_events(engine.model, checked, sample), place)}


def prepare(engine: Engine, drivers: Mapping[str, Any]) -> Drivers:
    """Return the drivers checked against the terms; raises :class:`SimulationError` before any draw."""
    checked = read_drivers(drivers, required=required_drivers(engine.model), fund=is_fund(engine.model))
    check_milestones(engine.model, checked)
    return checked


def check_size(engine: Engine, scenarios: object, *, runs: int = 1) -> None:
    """Raise ``no_scenarios`` or ``too_many_scenarios`` where runs of this size cannot be held in memory."""
    if isinstance(scenarios, bool) or not isinstance(scenarios, int) or scenarios < 2:
        raise SimulationError(
            "The number of scenarios must be a whole number of at least 2.",
            code="no_scenarios",
            field="scenarios",
        )
    each = runs * (len(engine.model.parties) + 1) * _BYTES_PER_PARTY_AND_SCENARIO
    needed = scenarios * each + _CHUNK_BYTES
    if needed > MEMORY_LIMIT:
        most = (MEMORY_LIMIT - _CHUNK_BYTES) // each
        raise SimulationError(
            f"{scenarios} scenarios need more memory than allowed; at most {most} fit with these parties.",
            code="too_many_scenarios",
            field="scenarios",
            details={"most": most, "bytes_needed": needed, "bytes_allowed": MEMORY_LIMIT},
        )


def run_scenarios(
    engine: Engine, drivers: Drivers, *, scenarios: int, seed: int, return_sample: int = RETURN_SAMPLE
) -> Outcomes:
    """Run every chunk and return the totals per scenario and party, project and creditors left out."""
    model = engine.model
    names = [party.id for party in model.parties.values() if party.kind not in _OUTSIDE]
    outcomes = Outcomes(names, scenarios, return_sample=return_sample)
    for chunk, first, size in chunk_sizes(scenarios):
        sample = draw_sample(drivers, seed=seed, chunk=chunk, size=size)
        paths = engine.run_paths(build_events(model, drivers, sample), scenarios=size)
        outcomes.add(first, paths.dates, paths.flows)
        outcomes.add_events(first, _events_of(model, drivers, sample))
    return outcomes


def _assumptions(model: Model) -> tuple[dict[str, str], ...]:
    if is_fund(model):
        return FUND_ASSUMPTIONS
    more = GRANT_ASSUMPTIONS if model.grants else ()
    if any(limit.shared is not None for limit in model.limits.values()):
        more += SHARED_ASSUMPTIONS
    return (*ASSUMPTIONS[:-1], *more, ASSUMPTIONS[-1])


def _events_of(model: Model, drivers: Drivers, sample: Sample) -> dict[str, Any]:
    if is_fund(model):
        return fund_endings(model, sample)
    course = Course(drivers, sample)
    failures = {f"missed:{failure.id}": failure.occurs for failure in course.failures() if failure.technical}
    missed = ~course.success
    return {
        "sold": course.sold,
        "commercial_failure": course.success & sample.commercial_failure,
        "target_missed": missed,
        "insured_event": missed & sample.covered,
        "missed_and_not_insured": missed & ~sample.covered,
        **failures,
    }


def _endings(outcomes: Outcomes) -> dict[str, dict[str, float]]:
    return {
        name: {
            key: round(number, 6)
            for key, number in probability_estimate(int(happens.sum()), outcomes.scenarios).items()
        }
        for name, happens in outcomes.events.items()
    }


def _party_result(engine: Engine, outcomes: Outcomes, name: str) -> dict[str, Any]:
    party = engine.model.parties[name]
    invests = any(instrument.party == name for instrument in engine.model.instruments.values())
    return {"kind": party.kind, "name": dict(party.name), **measure_party(outcomes, name, invests=invests)}


def _payouts(parties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    payers = ("pool", "insurer", "guarantor")
    return {name: row["expected_paid"] for name, row in parties.items() if row["kind"] in payers}


def _driver_ranges(
    engine: Engine, drivers: Drivers, outcomes: Outcomes, scenarios: int, seed: int
) -> dict[str, dict[str, Any]]:
    count = min(RANGE_SCENARIOS, scenarios)
    ends = {
        name: run_scenarios(
            engine, variant(drivers, favourable=favourable), scenarios=count, seed=seed, return_sample=0
        )
        for name, favourable in (("unfavourable", False), ("favourable", True))
    }
    result: dict[str, dict[str, Any]] = {}
    for party in outcomes.parties:
        rows: dict[str, Any] = {"scenarios": count}
        for name, run in (
            ("unfavourable", ends["unfavourable"]),
            ("central", None),
            ("favourable", ends["favourable"]),
        ):
            profit = (run.totals if run else outcomes.totals)[party]["profit"][:count]
            rows[name] = {
                "expected_profit_minor": round(float(np.mean(profit))),
                "loss_probability": round(float(np.mean(profit < 0)), 6),
            }
        result[party] = rows
    return result


def drivers_hash(drivers: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a drivers document in canonical JSON."""
    text = json.dumps(drivers, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
