"""Drivers a deal starts from: the project score, the evidence tables, judgements marked as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from risk.sharing.blocks import Facility
from risk.sharing.model import Model
from risk.sharing.terms import compile_terms
from risk.simulation.describe import make_driver, name_drivers
from risk.simulation.errors import SimulationError
from risk.simulation.fund import default_fund_drivers, is_fund
from risk.simulation.grants import default_grant_drivers
from risk.simulation.parameters import read_day
from risk.simulation.timeline import required_drivers
from risk.tables import Figure, get_default

_YEARS_AFTER_LAST_MILESTONE = 5
# (share of all commitments: central, low, high; spread) of the money that comes back or is claimed after a
# failure.
_SHARES_OF_BUDGET = {
    "soft_sale_value": ("0.35", "0.15", "0.60", "0.6"),
    "hard_pledged_value": ("0.09", "0.03", "0.18", "0.5"),
    "hard_estate_value": ("0.01", "0", "0.05", "0.8"),
    "later_recovery": ("0.01", "0", "0.03", "0.8"),
}
_CLAIM_SHARE = ("0.02", "0.01", "0.05", "0.4")


def default_drivers(
    terms: Mapping[str, Any],
    score: Mapping[str, Any],
    *,
    as_of: date | str | None = None,
    milestone_dates: Mapping[str, date | str] | None = None,
    trigger_factors: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Drivers for an agreement before anybody has edited them.

    Parameters
    ----------
    terms : dict
        A terms document.
    score : dict
        The project's stored score: ``probability``, ``interval_80``, ``horizon_months``, ``state``,
        ``model_version``.
    as_of : date, optional
        Day of the assumptions; the first drawdown where absent.
    milestone_dates : dict of str to date, optional
        Planned day of each milestone; where absent it follows from the drawdowns that wait for it, from a
        rate step that names it, and for the last one from the score's horizon.
    trigger_factors : list of dict, optional
        ``factors`` of the bound policy's trigger map (:func:`risk.pricing.price_quote`); replaces the
        judgements on insured cause and determination.

    Returns
    -------
    dict
        A drivers document for :func:`risk.simulation.simulate`, each driver with range, basis, source and
        day.

    Raises
    ------
    SimulationError
        ``missing_driver`` where the score gives no probability; ``terms_not_simulable`` as in
        :func:`risk.simulation.timeline.required_drivers`.
    TermsError
        Where the terms are not valid.
    """
    model = compile_terms(dict(terms))
    drawn = [tranche.on for tranche in model.tranches.values()]
    today = read_day(as_of, "as_of") if as_of is not None or not drawn else min(drawn)
    if is_fund(model):
        return default_fund_drivers(model, today=today)
    _check_simulable(model)
    first = min(drawn, default=today)
    days = _milestone_days(model, score, first, milestone_dates or {})
    parameters = _default_parameters(model, score, days=days, first=first, today=today, trigger_factors=trigger_factors)
    return _document(model, parameters, days=days, first=first, today=today)


def _default_parameters(
    model: Model,
    score: Mapping[str, Any],
    *,
    days: Mapping[str, date],
    first: date,
    today: date,
    trigger_factors: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """One driver for every assumption that the terms call for, each from the score, the tables or a judgement."""
    budget = sum(item.commitment_minor for item in model.instruments.values())
    equity = sum(item.commitment_minor for item in model.instruments.values() if item.kind == "equity")
    parameters = {
        **_pass_probabilities(score, days, first, today),
        **_from_tables(today),
        **_judgements(today, equity or budget),
        **_revenue(model, today),
        **_after_failure(model, today, budget),
        **_insurance(model, today, trigger_factors),
        **default_grant_drivers(model, today=today),
    }
    missing = [name for name in required_drivers(model) if name not in parameters]
    assert not missing, missing
    return parameters


def _document(
    model: Model, parameters: dict[str, Any], *, days: Mapping[str, date], first: date, today: date
) -> dict[str, Any]:
    """The drivers document: calendar from the first money or milestone to some years after the last one."""
    ordered = sorted(days.items(), key=lambda row: row[1])
    return {
        "schema": 1,
        "as_of": today.isoformat(),
        "start": min([first, *days.values()]).isoformat(),
        "end": (ordered[-1][1] + timedelta(days=365 * _YEARS_AFTER_LAST_MILESTONE)).isoformat(),
        "milestones": [{"id": name, "on": day.isoformat()} for name, day in ordered],
        "parameters": name_drivers(parameters, model),
    }


def _check_simulable(model: Model) -> None:
    if not model.milestones or not (model.tranches or model.revenue_share):
        raise SimulationError(
            "Terms without milestones, or with neither drawdowns nor a share of revenue, cannot be simulated.",
            code="terms_not_simulable",
            field="milestones",
        )


def _milestone_days(
    model: Model, score: Mapping[str, Any], first: date, given: Mapping[str, date | str]
) -> dict[str, date]:
    known: dict[str, date] = {}
    for tranche in model.tranches.values():
        for condition in tranche.conditions:
            name = condition.split(":", 1)[1]
            known[name] = min(tranche.on, known.get(name, tranche.on))
    for accrual in model.all_accruals():
        for step in accrual.steps:
            known.setdefault(step.milestone, step.since)
    known.update(
        {name: read_day(day, f"milestone_dates.{name}") for name, day in given.items() if name in model.milestones}
    )
    names = list(model.milestones)
    latest = max([*known.values(), first])
    if names[-1] not in known:
        months = float(score.get("horizon_months") or 24.0)
        known[names[-1]] = max(first + timedelta(days=round(months * 365.25 / 12)), latest + timedelta(days=1))
    for place, name in enumerate(names):
        if name not in known:
            # No drawdown waits for it: halfway between the milestones around it.
            before = known[names[place - 1]] if place else first
            after = next(known[later] for later in names[place + 1 :] if later in known)
            known[name] = before + (after - before) / 2
    return {name: known[name] for name in names}


def _pass_probabilities(
    score: Mapping[str, Any], days: Mapping[str, date], first: date, today: date
) -> dict[str, dict[str, Any]]:
    missed = score.get("probability")
    if not isinstance(missed, (int, float)) or isinstance(missed, bool) or not 0 <= missed <= 1:
        raise SimulationError(
            "The score gives no probability, so the milestones have no chance of passing to start from.",
            code="missing_driver",
            field="score.probability",
        )
    low, high = score.get("interval_80") or (missed, missed)
    state = score.get("state", "prior_only")
    marks: dict[str, Any] = {
        "as_of": today,
        "basis": "sourced" if state in ("supported", "validated") else "judgement",
        "source": f"score {score.get('model_version', '')} ({state}): probability {missed:.6f} of missing "
        "the target; half of it (in logarithms of success) on the last milestone, the rest equally before",
    }
    risky = [name for name, day in days.items() if day > first] or [list(days)[-1]]
    drivers = {}
    for name in days:
        weight = _weight(name, risky)
        value, worst, best = ((1.0 - chance) ** weight for chance in (missed, high, low))
        drivers[f"pass:{name}"] = make_driver(
            f"pass:{name}",
            "probability",
            f"{value:.6f}",
            f"{min(worst, value):.6f}",
            f"{max(best, value):.6f}",
            **marks,
        )
    return drivers


def _weight(name: str, risky: Sequence[str]) -> float:
    if name not in risky:
        return 0.0
    if len(risky) == 1:
        return 1.0
    return 0.5 if name == risky[-1] else 0.5 / (len(risky) - 1)


def _table_basis(figures: Sequence[Figure]) -> dict[str, str]:
    judged = any(figure.status == "judgement" for figure in figures)
    sources = dict.fromkeys(figure.source for figure in figures)
    return {"basis": "judgement" if judged else "sourced", "source": "; ".join(sources)}


def _from_tables(today: date) -> dict[str, dict[str, Any]]:
    delay = [get_default("schedule", f"slip_{part}") for part in ("probability", "median", "sigma")]
    growth = [get_default("cost", f"growth_{part}") for part in ("probability", "log_mean", "log_sigma")]
    chance, median, sigma = delay
    often, mean, spread = growth
    return {
        "delay": make_driver(
            "delay", "delay", f"{chance.value}", f"{chance.get('low', chance.value)}",
            f"{chance.get('high', chance.value)}", as_of=today, median=f"{median.value}",
            sigma=f"{sigma.value}",
            **_table_basis(delay),
        ),
        "cost_growth": make_driver(
            "cost_growth", "growth", f"{often.value}", "0.2", "0.3", as_of=today, log_mean=f"{mean.value}",
            sigma=f"{spread.value}", **_table_basis(growth),
        ),
    }  # fmt: skip


def _judgements(today: date, put_in: int) -> dict[str, dict[str, Any]]:
    return {
        "commercial_failure": make_driver("commercial_failure", "probability", "0.2", "0.1", "0.35", as_of=today),
        "exit_value": make_driver(
            "exit_value", "amount", 3 * put_in, put_in * 3 // 2, 6 * put_in, as_of=today, sigma="0.8"
        ),
        "exit_years": make_driver("exit_years", "years", "2", "1", "4", as_of=today, sigma="0.35"),
        "correlation": make_driver("correlation", "correlation", "0.2", "0", "0.4", as_of=today),
    }


def _revenue(model: Model, today: date) -> dict[str, dict[str, Any]]:
    """Return the revenue to start from: nobody but the team knows it, so it is zero until the team has said it."""
    if model.revenue_share is None:
        return {}
    years = str(_YEARS_AFTER_LAST_MILESTONE)
    drivers = {"yearly_revenue": make_driver("yearly_revenue", "amount", 0, 0, 0, as_of=today, sigma="0.5")}
    if model.exit is None:
        # Nothing is sold: revenue runs to the end of the horizon.
        drivers["exit_years"] = make_driver("exit_years", "years", years, years, years, as_of=today, sigma="0")
    return drivers


def _after_failure(model: Model, today: date, budget: int) -> dict[str, dict[str, Any]]:
    needed = {*required_drivers(model), "soft_sale_value"}
    shares = {name: row for name, row in _SHARES_OF_BUDGET.items() if name in needed}
    shares |= {name: _CLAIM_SHARE for name in needed if name.startswith("claim:")}
    drivers = {}
    for name, (value, low, high, sigma) in sorted(shares.items()):
        amounts = [int(Fraction(share) * budget) for share in (value, low, high)]
        drivers[name] = make_driver(name, "amount", *amounts, as_of=today, sigma=sigma)
    for name in sorted(needed):
        if name.startswith("flag:"):
            drivers[name] = make_driver(name, "probability", "0.9", "0.5", "1", as_of=today)
    return drivers


def _insurance(
    model: Model, today: date, trigger_factors: Sequence[Mapping[str, Any]] | None
) -> dict[str, dict[str, Any]]:
    if "accepted_spend" not in required_drivers(model) or model.recoveries is None:
        return {}
    facility = model.recoveries.channels["insurance"]
    assert isinstance(facility, Facility)
    layer = facility.layer
    limits = [model.limits[name].amount_minor for name in layer.limits]
    limits += [layer.limit_minor] if layer.limit_minor is not None else []
    share = Fraction(*layer.share)
    top = int(min(limits) / share) if limits and share else 0
    below = max(layer.deductible_minor + layer.attach_minor, layer.franchise_minor)
    spend = [below + top * part // 10 for part in (9, 6, 10)]
    drivers = {
        "accepted_spend": make_driver("accepted_spend", "amount", *spend, as_of=today, sigma="0.1"),
        "insured_cause": make_driver("insured_cause", "probability", "0.5", "0.3", "0.7", as_of=today),
        "determination_agrees": make_driver("determination_agrees", "probability", "0.8", "0.6", "0.95", as_of=today),
    }
    for factor in trigger_factors or ():
        name = str(factor.get("name"))
        if name in ("insured_cause", "determination_agrees"):
            value = str(factor["value"])
            more = {"basis": factor["basis"], "source": factor.get("source") or "trigger map of the policy"}
            drivers[name] = make_driver(name, "probability", value, value, value, as_of=today, **more)
    return drivers
