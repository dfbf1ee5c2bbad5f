"""What happens in each scenario of a chunk: milestones, failures, values and times, drawn from drivers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from risk.simulation.draws import ChunkDraws
from risk.simulation.drivers import Drivers, is_adverse
from risk.simulation.parameters import LARGEST_MULTIPLE, Parameter, logit

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


GRANT_SHARES = ("largest_holder", "unspent_share", "ineligible_share")
GRANT_YEARS = ("round_years",)


@dataclass(frozen=True)
class Sample:
    """Outcomes of one chunk of n scenarios.

    Attributes
    ----------
    passed : dict of str to ndarray of bool, shape (n,)
        Whether a milestone is passed; never after a missed one.
    hard : ndarray of bool, shape (n,)
        Where a missed milestone has an insured (technical) cause.
    covered : ndarray of bool, shape (n,)
        Where, beyond that, the determination finds the insured event.
    commercial_failure : ndarray of bool, shape (n,)
        Where the company fails after its last milestone.
    delay_years, cost_growth, exit_years, revenue_due_share, fund_years : ndarray of float, shape (n,)
        Years of delay, growth of cost as a share of the budget, years to exit, share of revenue due, years until a
        fund first distributes; zero where the driver is not given.
    grant_shares, grant_years : dict of str to ndarray of float, shape (n,)
        Shares and years that a conditional grant needs, by driver; empty where the terms hold none.
    flags : dict of str to ndarray of bool, shape (n,)
        Conditions of the terms that are met, by id.
    amounts : dict of str to ndarray of int64, shape (n,)
        Every driver that is an amount, in minor units.
    """

    passed: dict[str, Booleans]
    hard: Booleans
    covered: Booleans
    commercial_failure: Booleans
    delay_years: Floats
    cost_growth: Floats
    exit_years: Floats
    revenue_due_share: Floats
    fund_years: Floats
    grant_shares: dict[str, Floats]
    grant_years: dict[str, Floats]
    flags: dict[str, Booleans]
    amounts: dict[str, Integers]


def draw_sample(drivers: Drivers, *, seed: int, chunk: int, size: int) -> Sample:
    """Draw one chunk of scenarios.

    Parameters
    ----------
    drivers : Drivers
        The checked drivers.
    seed, chunk, size : int
        Seed of the run, number of the chunk and scenarios in it; the result depends on nothing else.

    Returns
    -------
    Sample
        Arrays of shape (size,).
    """
    correlation = drivers.parameters["correlation"].value if drivers.has("correlation") else 0.0
    draws = ChunkDraws(seed, chunk, size, correlation=correlation)
    hard = _apart(drivers, draws, "insured_cause")
    return Sample(
        passed=_milestones(drivers, draws),
        hard=hard,
        covered=hard & _apart(drivers, draws, "determination_agrees"),
        commercial_failure=_occurs(drivers, _good(draws, "commercial_failure"), "commercial_failure"),
        delay_years=_two_part(drivers, draws, "delay") * drivers.plan_years,
        cost_growth=_two_part(drivers, draws, "cost_growth"),
        exit_years=_positive(drivers, draws, "exit_years"),
        revenue_due_share=_share(drivers, draws, "revenue_due_share"),
        fund_years=_positive(drivers, draws, "fund_years"),
        grant_shares={name: _share(drivers, draws, name) for name in GRANT_SHARES if drivers.has(name)},
        grant_years={name: _positive(drivers, draws, name) for name in GRANT_YEARS if drivers.has(name)},
        flags={
            name.partition(":")[2]: _apart(drivers, draws, name)
            for name in drivers.parameters
            if name.startswith("flag:")
        },
        amounts={
            name: _amount(parameter, _good(draws, name))
            for name, parameter in drivers.parameters.items()
            if parameter.kind == "amount"
        },
    )


def _good(draws: ChunkDraws, name: str) -> Floats:
    # The common factor is good when high, so an adverse driver follows its mirror image.
    normal = draws.normal(name)
    return -normal if is_adverse(name) else normal


def _milestones(drivers: Drivers, draws: ChunkDraws) -> dict[str, Booleans]:
    # One latent for the whole chain: the probability of passing them all is then exactly the product of
    # the drivers, which a factor common to separate draws would raise above what the score says.
    latent = draws.normal("technical")
    passed: dict[str, Booleans] = {}
    chance = 1.0
    for item in drivers.milestones:
        chance *= drivers.parameters[f"pass:{item.id}"].value
        passed[item.id] = latent > -_normal_quantile(chance)
    return passed


def _apart(drivers: Drivers, draws: ChunkDraws, name: str) -> Booleans:
    # Stated given what happened before, so the factor that made it happen must not count twice.
    return _occurs(drivers, draws.independent(name), name)


def _occurs(drivers: Drivers, normal: Floats, name: str) -> Booleans:
    if not drivers.has(name):
        return np.zeros(len(normal), dtype=np.bool_)
    happens: Booleans = normal > -_normal_quantile(drivers.parameters[name].value)
    return happens


def _two_part(drivers: Drivers, draws: ChunkDraws, name: str) -> Floats:
    if not drivers.has(name):
        return np.zeros(draws.size)
    parameter = drivers.parameters[name]
    any_at_all = _occurs(drivers, _good(draws, name), name)
    normal = draws.independent(name, step=1)
    if parameter.kind == "delay":
        amount = parameter.scale * np.exp(parameter.sigma * normal)
    else:
        amount = np.maximum(np.expm1(parameter.scale + parameter.sigma * normal), 0.0)
    return np.where(any_at_all, np.minimum(amount, LARGEST_MULTIPLE), 0.0)


def _share(drivers: Drivers, draws: ChunkDraws, name: str) -> Floats:
    if not drivers.has(name):
        return np.zeros(draws.size)
    parameter = drivers.parameters[name]
    if parameter.sigma == 0:
        return np.full(draws.size, parameter.value)
    shares: Floats = 1.0 / (1.0 + np.exp(-(logit(parameter.value) + parameter.sigma * _good(draws, name))))
    return shares


def _positive(drivers: Drivers, draws: ChunkDraws, name: str) -> Floats:
    if not drivers.has(name):
        return np.zeros(draws.size)
    parameter = drivers.parameters[name]
    years: Floats = parameter.value * np.exp(parameter.sigma * _good(draws, name))
    return years


def _amount(parameter: Parameter, normal: Floats) -> Integers:
    if parameter.sigma == 0:
        return np.full(len(normal), round(parameter.value), dtype=np.int64)
    multiple = np.minimum(np.exp(parameter.sigma * normal), LARGEST_MULTIPLE)
    amounts: Integers = np.minimum(np.rint(parameter.value * multiple), parameter.maximum).astype(np.int64)
    return amounts


@lru_cache(maxsize=256)
def _normal_quantile(probability: float) -> float:
    from statistics import NormalDist

    if probability <= 0.0:
        return float("-inf")
    if probability >= 1.0:
        return float("inf")
    return NormalDist().inv_cdf(probability)
