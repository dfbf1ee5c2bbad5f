"""A fund in the simulator: calls on their days, proceeds spread over yearly distributions, a liquidation at the end."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from risk.sharing.model import Model
from risk.simulation.calendar import years_later
from risk.simulation.describe import make_driver, name_drivers
from risk.simulation.drivers import Drivers
from risk.simulation.errors import SimulationError
from risk.simulation.sampling import Booleans, Integers, Sample

Event = dict[str, Any]
LIFE_YEARS = 8
# (central, low, high) as tenths of all commitments.
_PROCEEDS_TENTHS = (16, 8, 25)
_CLAIMS_PERMILLE = (5, 0, 20)


def is_fund(model: Model) -> bool:
    """Tell whether the terms are those of a fund: the party that calls the money is a partnership, not a pilot.

    Raises
    ------
    SimulationError
        ``terms_not_simulable`` where a fund's calls wait for milestones: nothing says how likely those are.
    """
    fund = model.parties[model.project].kind == "fund"
    if fund and (model.milestones or model.loans or not model.tranches):
        raise SimulationError(
            "A fund is simulated with dated calls, without milestones and without loans.",
            code="terms_not_simulable",
            field="milestones",
        )
    return fund


def fund_drivers(model: Model) -> list[str]:
    """Return the names of the drivers without which a fund cannot be simulated."""
    names = ["fund_proceeds", "fund_years"]
    names += [f"flag:{flag}" for flag in model.flags]
    return names + [f"claim:{claim.id}" for claim in model.claims.values() if claim.amount_minor is None]


def default_fund_drivers(model: Model, *, today: date) -> dict[str, Any]:
    """Return the drivers document of a fund before anybody has edited it: judgements, and marked so.

    Parameters
    ----------
    model : Model
        The compiled terms of a fund.
    today : datetime.date
        Day of the assumptions.

    Returns
    -------
    dict
        As :func:`risk.simulation.default_drivers`; a fund has no project score and no milestones.
    """
    first = min(tranche.on for tranche in model.tranches.values())
    last = max(tranche.on for tranche in model.tranches.values())
    total = sum(item.commitment_minor for item in model.instruments.values())
    value, low, high = (total * tenths // 10 for tenths in _PROCEEDS_TENTHS)
    drivers = {
        "fund_proceeds": make_driver("fund_proceeds", "amount", value, low, high, as_of=today, sigma="0.5"),
        "fund_years": make_driver("fund_years", "years", "4", "3", "6", as_of=today, sigma="0.25"),
        "correlation": make_driver("correlation", "correlation", "0.2", "0", "0.4", as_of=today),
    }
    for name in fund_drivers(model):
        if name.startswith("flag:"):
            drivers[name] = make_driver(name, "probability", "0.5", "0.2", "0.8", as_of=today)
        elif name.startswith("claim:"):
            amounts = [total * part // 1000 for part in _CLAIMS_PERMILLE]
            drivers[name] = make_driver(name, "amount", *amounts, as_of=today, sigma="0.4")
    return {
        "schema": 1,
        "as_of": today.isoformat(),
        "start": first.isoformat(),
        "end": max(years_later(first, LIFE_YEARS), years_later(last, 1)).isoformat(),
        "milestones": [],
        "parameters": name_drivers(drivers, model),
    }


def build_fund_events(model: Model, drivers: Drivers, sample: Sample) -> list[Event]:
    """Return the events of a fund in order of date, with arrays of shape (n,) where scenarios differ.

    All that the fund realises is handed on in equal yearly parts from the first anniversary of the first call after
    the drawn number of years; the last part, with what the equal parts leave, is the liquidation at the end.
    """
    body: Event
    rows: list[tuple[date, Event]] = [(drivers.start, _event("activate", drivers.start, "activate", {}))]
    for tranche in model.tranches.values():
        on = max(tranche.on, drivers.start)
        rows.append((on, _event(f"call-{tranche.id}", on, "drawdown_call", {"tranche": tranche.id})))
        for name, amount in tranche.amounts.items():
            if amount:
                body = {"tranche": tranche.id, "instrument": name}
                rows.append((on, _event(f"paid-{tranche.id}-{name}", on, "drawdown_paid", body)))
    days = _distribution_days(drivers)
    offsets = np.array([(day - drivers.start).days for day in days])
    first = np.minimum(np.searchsorted(offsets, sample.fund_years * 365), len(days) - 1)
    proceeds = sample.amounts["fund_proceeds"]
    part: Integers = proceeds // (len(days) - first)
    for place, day in enumerate(days[:-1]):
        body = {"kind": "partnership_distribution", "proceeds_minor": part, "flags": dict(sample.flags)}
        occurs: Booleans = first <= place
        rows.append((day, {**_event("distribution", day, "exit", body), "occurs": occurs}))
    claims = {
        claim.id: sample.amounts[f"claim:{claim.id}"] for claim in model.claims.values() if claim.amount_minor is None
    }
    rest = proceeds - part * (len(days) - 1 - first)
    body = {"kind": "liquidation", "proceeds_minor": rest, "claims": claims, "flags": dict(sample.flags)}
    rows.append((days[-1], _event("liquidation", days[-1], "exit", body)))
    return [event for _, event in sorted(rows, key=lambda row: row[0])]


def fund_endings(model: Model, sample: Sample) -> dict[str, Booleans]:
    """Return where the proceeds do not cover the capital called."""
    total = sum(item.commitment_minor for item in model.instruments.values())
    return {"proceeds_below_capital": sample.amounts["fund_proceeds"] < total}


def _distribution_days(drivers: Drivers) -> list[date]:
    count = (drivers.end - drivers.start).days // 365
    days = [years_later(drivers.start, year) for year in range(1, count + 1)]
    return [*(day for day in days if day < drivers.end), drivers.end]


def _event(step: str, on: date, kind: str, body: Event) -> Event:
    return {"id": f"{step}-{on.isoformat()}", "kind": kind, "effective_on": on.isoformat(), "body": body}
