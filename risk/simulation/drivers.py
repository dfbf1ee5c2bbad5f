"""The drivers of one agreement: calendar and parameters, checked before any draw; variants for ranges."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from risk.simulation.errors import SimulationError
from risk.simulation.parameters import Parameter, Point, read_day, read_parameter

KIND_OF = {
    "correlation": "correlation",
    "delay": "delay",
    "cost_growth": "growth",
    "insured_cause": "probability",
    "determination_agrees": "probability",
    "accepted_spend": "amount",
    "soft_sale_value": "amount",
    "hard_pledged_value": "amount",
    "hard_estate_value": "amount",
    "later_recovery": "amount",
    "commercial_failure": "probability",
    "exit_value": "amount",
    "exit_years": "years",
    "fund_proceeds": "amount",
    "fund_years": "years",
    "yearly_revenue": "amount",
    "revenue_due_share": "share",
    "round_value": "amount",
    "round_money": "amount",
    "round_years": "years",
    "largest_holder": "share",
    "unspent_share": "share",
    "ineligible_share": "share",
}
"""Kind of every driver with a fixed name."""
PREFIXES = {"pass": "probability", "flag": "probability", "claim": "amount"}
"""Kind of the drivers named after an object of the terms, such as ``pass:M3`` or ``claim:wages``."""

# More of these is bad for those who finance the pilot; more of every other driver is good.
ADVERSE = frozenset(
    {
        "delay",
        "cost_growth",
        "insured_cause",
        "commercial_failure",
        "exit_years",
        "fund_years",
        "round_years",
    }
)
LAG_DAYS = {
    "liquidation": 91,
    "recovery": 365,
    "commercial_failure": 270,
}
_TOP_KEYS = ("schema", "as_of", "start", "end", "milestones", "lags", "parameters", "invented")
_OLDEST_SCHEMA = 1


@dataclass(frozen=True)
class Milestone:
    """A milestone that is decided on a planned day."""

    id: str
    on: date


@dataclass(frozen=True)
class Drivers:
    """Everything random or assumed in a run.

    Attributes
    ----------
    as_of, start, end : datetime.date
        Day of the assumptions, first day of the agreement, last day of the horizon.
    milestones : tuple of Milestone
        In order; a missed one ends the pilot. A fund has none.
    lags : dict of str to int
        Days from a missed milestone to the liquidation and to later recoveries, and from the last milestone
        to a commercial failure.
    parameters : dict of str to Parameter
        The drivers by name.
    """

    as_of: date
    start: date
    end: date
    milestones: tuple[Milestone, ...]
    lags: Mapping[str, int]
    parameters: Mapping[str, Parameter]

    @property
    def plan_years(self) -> float:
        """Years from the start to the last milestone, act/365; none for a fund, which has no milestones."""
        if not self.milestones:
            return 0.0
        return (self.milestones[-1].on - self.start).days / 365.0

    def has(self, name: str) -> bool:
        """Tell whether a driver is given."""
        return name in self.parameters

    def with_parameters(self, parameters: Mapping[str, Parameter]) -> Drivers:
        """Return these drivers with some of them replaced."""
        return replace(self, parameters={**self.parameters, **parameters})


def read_drivers(document: object, *, required: Collection[str] = (), fund: bool = False) -> Drivers:
    """Read and check a drivers document.

    Parameters
    ----------
    document : dict
        ``schema`` (1), ``as_of``, ``start``, ``end``, ``milestones`` (``id`` and ``on``, in order),
        optional ``lags`` in days, ``parameters`` by name with one ``pass:<id>`` for every milestone.
    required : collection of str
        Further drivers that the agreement cannot be simulated without.
    fund : bool
        The agreement is that of a fund: no milestones, and none of the drivers of a single pilot.

    Returns
    -------
    Drivers
        The checked drivers.

    Raises
    ------
    SimulationError
        ``missing_driver``, ``unknown_driver``, ``zero_horizon``, ``range_reversed``,
        ``probability_out_of_range``, ``correlation_out_of_range``, ``bad_basis`` or ``invalid_driver``;
        nothing has been drawn.
    """
    if not isinstance(document, Mapping):
        raise SimulationError("The drivers must be an object.", field="drivers")
    _refuse_unknown(document, _TOP_KEYS, "drivers")
    if document.get("schema") != _OLDEST_SCHEMA:
        raise SimulationError("drivers.schema must be 1.", field="drivers.schema")
    as_of, start, end = (read_day(document.get(key), key) for key in ("as_of", "start", "end"))
    if end <= start:
        raise SimulationError(
            "The horizon is empty: the end must be after the start.",
            code="zero_horizon",
            field="end",
            details={"start": str(start), "end": str(end)},
        )
    milestones = () if fund else _read_milestones(document.get("milestones"), start, end)
    if fund and document.get("milestones"):
        raise SimulationError("A fund has no milestones.", code="unknown_driver", field="milestones")
    parameters = _read_parameters(document.get("parameters"))
    of_pilot = () if fund else ("exit_value", "exit_years", "soft_sale_value")
    needed = [*(f"pass:{item.id}" for item in milestones), *of_pilot, *required]
    for name in needed:
        if name not in parameters:
            raise SimulationError(f"The driver {name} is missing.", code="missing_driver", field=f"parameters.{name}")
    return Drivers(as_of, start, end, milestones, _read_lags(document.get("lags")), parameters)


def _read_milestones(value: object, start: date, end: date) -> tuple[Milestone, ...]:
    if not isinstance(value, list) or not value:
        raise SimulationError("The drivers need at least one milestone.", field="milestones")
    result: list[Milestone] = []
    for position, row in enumerate(value):
        field = f"milestones[{position}]"
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str) or not row["id"]:
            raise SimulationError(f"{field} needs an id and a day.", field=field)
        _refuse_unknown(row, ("id", "on"), field)
        day = read_day(row.get("on"), f"{field}.on")
        if row["id"] in {item.id for item in result}:
            raise SimulationError(f"The milestone {row['id']} stands twice.", field=f"{field}.id")
        if not (result[-1].on if result else start) <= day < end:
            raise SimulationError("The milestones must lie in the horizon, in order.", field=f"{field}.on")
        result.append(Milestone(row["id"], day))
    return tuple(result)


def _read_parameters(value: object) -> dict[str, Parameter]:
    if not isinstance(value, Mapping):
        raise SimulationError("drivers.parameters must be an object.", field="parameters")
    parameters: dict[str, Parameter] = {}
    for name, document in value.items():
        kind = kind_of(name) if isinstance(name, str) else None
        if kind is None:
            raise SimulationError(
                f"There is no driver called {name!s:.60}.",
                code="unknown_driver",
                field=f"parameters.{name!s:.60}",
            )
        parameter = read_parameter(name, document)
        if parameter.kind != kind:
            raise SimulationError(f"The driver {name} must be of the kind {kind}.", field=f"parameters.{name}.kind")
        parameters[name] = parameter
    return parameters


def kind_of(name: str) -> str | None:
    """Return the kind that a driver of this name must have, or None where there is no such driver."""
    prefix, _, object_id = name.partition(":")
    return PREFIXES.get(prefix) if object_id else KIND_OF.get(name)


def is_adverse(name: str) -> bool:
    """Tell whether more of a driver is bad for those who finance the pilot."""
    return name in ADVERSE or name.startswith("claim:")


def _read_lags(value: object) -> dict[str, int]:
    if value is None:
        return dict(LAG_DAYS)
    if not isinstance(value, Mapping):
        raise SimulationError("drivers.lags must be an object.", field="lags")
    _refuse_unknown(value, tuple(LAG_DAYS), "lags")
    lags = {**LAG_DAYS, **value}
    for name, days in lags.items():
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 3_650:
            raise SimulationError(f"lags.{name} must be 1 to 3,650 days.", field=f"lags.{name}")
    if lags["liquidation"] > lags["recovery"]:
        raise SimulationError("Recoveries cannot come before the liquidation.", field="lags.recovery")
    return lags


def _refuse_unknown(document: Mapping[str, Any], allowed: Collection[str], field: str) -> None:
    unknown = sorted(set(map(str, document)) - set(allowed))
    if unknown:
        raise SimulationError(f"{field} has the unknown key {unknown[0]:.60}.", field=f"{field}.{unknown[0]:.60}")


def variant(drivers: Drivers, *, favourable: bool, only: str | None = None) -> Drivers:
    """Return the drivers with one or every central value moved to the good or bad end of its range.

    Parameters
    ----------
    drivers : Drivers
        The central drivers.
    favourable : bool
        True for the end that helps those who finance the pilot.
    only : str, optional
        Name of the single driver moved; every driver but the correlation where absent.

    Raises
    ------
    SimulationError
        ``unknown_driver`` where `only` is not among them.
    """
    if only is not None and only not in drivers.parameters:
        raise SimulationError(f"There is no driver called {only}.", code="unknown_driver", field="only")
    names = [only] if only is not None else [name for name in drivers.parameters if name != "correlation"]
    moved = {}
    for name in names:
        point: Point = "high" if favourable != is_adverse(name) else "low"
        moved[name] = drivers.parameters[name].at(point)
    return drivers.with_parameters(moved)


def list_drivers(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a page of assumptions: name, range, unit, basis, source and day of each driver.

    Parameters
    ----------
    document : dict
        A drivers document as accepted by :func:`read_drivers`.

    Returns
    -------
    list of dict
        In the order of the document: ``name``, ``kind``, ``value``, ``low``, ``high``, ``sigma``, ``basis``,
        ``source``, ``as_of``, ``text_zh``, ``text_en``.
    """
    rows = []
    for name, parameter in document["parameters"].items():
        numbers = {key: parameter.get(f"{key}_minor", parameter.get(key)) for key in ("value", "low", "high")}
        rest = {key: parameter.get(key) for key in ("kind", "sigma", "basis", "source", "as_of", "text_zh", "text_en")}
        rows.append({"name": name, **numbers, **rest})
    return rows
