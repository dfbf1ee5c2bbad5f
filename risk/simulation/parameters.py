"""One driver of a simulation: its central value, the range of what is not known, its spread and its basis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from risk.simulation.errors import SimulationError

BASES = ("sourced", "team", "judgement")
KINDS = ("probability", "share", "amount", "years", "delay", "growth", "correlation")
AMOUNT_BOUND_MINOR = 9 * 10**15
LARGEST_MULTIPLE = 1_000.0
"""An outcome is held at this multiple of its central value: beyond it the log-normal tail is an artefact."""
_LARGEST_SPREAD = {"share": 5.0, "amount": 2.0, "years": 2.0, "delay": 3.0, "growth": 2.0}
_COMMON_KEYS = ("kind", "basis", "source", "as_of", "text_zh", "text_en")
_KEYS = {
    "probability": ("value", "low", "high"),
    "share": ("value", "low", "high", "sigma"),
    "amount": ("value_minor", "low_minor", "high_minor", "sigma", "maximum_minor"),
    "years": ("value", "low", "high", "sigma"),
    "delay": ("value", "low", "high", "median", "sigma"),
    "growth": ("value", "low", "high", "log_mean", "sigma"),
    "correlation": ("value", "low", "high"),
}

Point = Literal["value", "low", "high"]


@dataclass(frozen=True)
class Parameter:
    """A driver as read and checked.

    Attributes
    ----------
    name, kind : str
        Its name and one of :data:`KINDS`.
    value, low, high : float
        Central value and the range within which it is believed to lie (the driver range): a probability, a
        share, minor units or years; of a ``delay`` or ``growth`` the probability that there is any.
    sigma : float
        Spread between scenarios: standard deviation of the logarithm (amounts, years, delay, growth) or of
        the logit (shares).
    scale : float
        Median delay as a share of the plan, or mean of ``ln(1 + growth)``; zero for other kinds.
    basis, source : str
        ``sourced``, ``team`` or ``judgement``, and where it comes from.
    as_of : datetime.date
        Day of the figure.
    maximum : float
        Largest outcome of an amount in minor units; infinite where there is none.
    """

    name: str
    kind: str
    value: float
    low: float
    high: float
    sigma: float
    scale: float
    basis: str
    source: str
    as_of: date
    maximum: float = math.inf

    def at(self, point: Point) -> Parameter:
        """Return the parameter with its central value moved to an end of its range."""
        return replace(self, value=getattr(self, point))


def read_parameter(name: str, document: object) -> Parameter:
    """Read and check one driver.

    Parameters
    ----------
    name : str
        Name of the driver, used in refusals.
    document : dict
        ``kind``, the keys of that kind (numbers as decimal text, amounts as integers in minor units),
        ``basis``, ``source``, ``as_of`` and optional texts.

    Raises
    ------
    SimulationError
        ``probability_out_of_range``, ``correlation_out_of_range``, ``range_reversed``, ``bad_basis`` or
        ``invalid_driver``, naming the driver.
    """
    field = f"parameters.{name}"
    if not isinstance(document, Mapping):
        raise SimulationError(f"The driver {name} must be an object.", field=field)
    kind = document.get("kind")
    if kind not in KINDS:
        raise SimulationError(f"The driver {name} has an unknown kind.", field=f"{field}.kind")
    unknown = sorted(set(map(str, document)) - set(_COMMON_KEYS) - set(_KEYS[kind]))
    if unknown:
        raise SimulationError(f"The driver {name} has the unknown key {unknown[0]}.", field=f"{field}.{unknown[0]}")
    value, low, high = _read_range(document, kind, field)
    basis, source, as_of = _read_basis(document, field)
    sigma = _read_sigma(document, kind, field)
    maximum = _read_maximum(document, value, field)
    if kind == "amount" and sigma > 0 and min(high * LARGEST_MULTIPLE, maximum) > AMOUNT_BOUND_MINOR:
        raise SimulationError(
            f"{field} is so large that its spread could pass the bound of {AMOUNT_BOUND_MINOR} minor units; "
            "state a largest outcome.",
            code="amount_too_large",
            field=f"{field}.high_minor",
        )
    scale_key = {"delay": "median", "growth": "log_mean"}.get(kind)
    return Parameter(
        name=name,
        kind=kind,
        value=value,
        low=low,
        high=high,
        sigma=sigma,
        scale=_read_number(document.get(scale_key), f"{field}.{scale_key}") if scale_key else 0.0,
        basis=basis,
        source=source,
        as_of=as_of,
        maximum=maximum,
    )


def _read_range(document: Mapping[str, Any], kind: str, field: str) -> tuple[float, float, float]:
    if kind == "amount":
        numbers = [
            _read_amount(document.get(f"{key}_minor"), f"{field}.{key}_minor") for key in ("low", "value", "high")
        ]
    else:
        numbers = [_read_number(document.get(key), f"{field}.{key}") for key in ("low", "value", "high")]
    top = {"years": 60.0, "amount": float(AMOUNT_BOUND_MINOR), "correlation": 0.99}.get(kind, 1.0)
    for key, number in zip(("low", "value", "high"), numbers, strict=True):
        if not 0 <= number <= top:
            code = {
                "correlation": "correlation_out_of_range",
                "amount": "invalid_driver",
                "years": "invalid_driver",
            }
            raise SimulationError(
                f"{field}.{key} must lie from 0 to {top:g}; got {number:g}.",
                code=code.get(kind, "probability_out_of_range"),
                field=f"{field}.{key}",
                details={"low": 0, "high": top},
            )
    low, value, high = numbers
    if not low <= value <= high:
        raise SimulationError(
            f"The range of {field} is reversed or does not hold its value: {low:g}, {value:g}, {high:g}.",
            code="range_reversed",
            field=field,
        )
    return value, low, high


def _read_sigma(document: Mapping[str, Any], kind: str, field: str) -> float:
    if kind not in _LARGEST_SPREAD:
        return 0.0
    sigma = _read_number(document.get("sigma"), f"{field}.sigma")
    if not 0 <= sigma <= _LARGEST_SPREAD[kind]:
        raise SimulationError(f"{field}.sigma must lie from 0 to {_LARGEST_SPREAD[kind]:g}.", field=f"{field}.sigma")
    return sigma


def _read_maximum(document: Mapping[str, Any], value: float, field: str) -> float:
    if document.get("maximum_minor") is None:
        return math.inf
    maximum = _read_amount(document["maximum_minor"], f"{field}.maximum_minor")
    if maximum < value:
        raise SimulationError(
            f"The largest outcome of {field} is below its central value.", code="range_reversed", field=field
        )
    return maximum


def _read_basis(document: Mapping[str, Any], field: str) -> tuple[str, str, date]:
    basis, source = document.get("basis"), document.get("source")
    if basis not in BASES:
        raise SimulationError(
            f"{field}.basis must be sourced, team or judgement.", code="bad_basis", field=f"{field}.basis"
        )
    if not isinstance(source, str) or not source.strip():
        raise SimulationError(f"{field} names no source.", code="bad_basis", field=f"{field}.source")
    return basis, source, read_day(document.get("as_of"), f"{field}.as_of")


def read_day(value: object, field: str) -> date:
    """Return an ISO date; :class:`SimulationError` where it is none."""
    if type(value) is date:
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise SimulationError(f"{field} must be a date written as YYYY-MM-DD.", field=field)


def _read_number(value: object, field: str) -> float:
    if isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return float(number)
    raise SimulationError(f"{field} must be a decimal written as text.", field=field)


def _read_amount(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= AMOUNT_BOUND_MINOR:
        raise SimulationError(
            f"{field} must be a whole number of minor units from 0 to {AMOUNT_BOUND_MINOR}.", field=field
        )
    return float(value)


def logit(share: float) -> float:
    """Return ``ln(p / (1 − p))`` of a share, held inside (0, 1) by 1e-9."""
    held = min(max(share, 1e-9), 1 - 1e-9)
    return math.log(held / (1 - held))
