"""Reading of amounts, shares and dates for pricing: integers in minor units, decimal strings, ISO dates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from risk.pricing.errors import InsuranceError

AMOUNT_BOUND_MINOR = 9 * 10**15
DAYS_PER_MONTH = 365.25 / 12


def read_minor(value: object, field: str, *, positive: bool = False) -> int:
    """Return `value` where it is an integer amount from 0 (or 1) to 9e15 minor units; raise otherwise."""
    lowest = 1 if positive else 0
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= AMOUNT_BOUND_MINOR:
        raise InsuranceError(
            f"{field} must be a whole number of minor units from {lowest} to {AMOUNT_BOUND_MINOR}.",
            field=field,
            details={"value": repr(value)[:80]},
        )
    return value


def read_optional_minor(source: Mapping[str, Any], key: str, field: str) -> int | None:
    """Return the amount under `key`, or None where it is absent or null (never zero for absent)."""
    value = source.get(key)
    return None if value is None else read_minor(value, f"{field}.{key}")


def read_decimal(value: object, field: str, *, low: str = "0", high: str | None = "1") -> Decimal:
    """Return a decimal string (or an integer) within ``[low, high]``; floats are refused."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise _bad_decimal(value, field, low, high)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _bad_decimal(value, field, low, high) from None
    if not number.is_finite() or number < Decimal(low) or (high is not None and number > Decimal(high)):
        raise _bad_decimal(value, field, low, high)
    return number


def _bad_decimal(value: object, field: str, low: str, high: str | None) -> InsuranceError:
    allowed = f"from {low} to {high}" if high is not None else f"of at least {low}"
    return InsuranceError(
        f"{field} must be a decimal written as text, {allowed}.",
        field=field,
        details={"value": repr(value)[:80]},
    )


def read_real(value: object, field: str, *, low: float, high: float) -> float:
    """Return a finite number of a score within ``[low, high]``; a score's figures are floats, never money."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise InsuranceError(f"{field} must be a number from {low:g} to {high:g}.", field=field)
    return float(value)


def read_date(value: object, field: str) -> date:
    """Return an ISO date (``2027-01-10``) or a date as it is."""
    if type(value) is date:
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise InsuranceError(f"{field} must be a date written as YYYY-MM-DD.", field=field)


def read_mapping(value: object, field: str, *, allowed: Collection[str] | None = None) -> Mapping[str, Any]:
    """Return `value` where it is an object; an unknown key is an error that names it."""
    if not isinstance(value, Mapping):
        raise InsuranceError(f"{field} must be an object.", field=field)
    if allowed is not None:
        unknown = sorted(set(map(str, value)) - set(allowed))
        if unknown:
            raise InsuranceError(
                f"{field} has unknown keys: {', '.join(unknown)}.",
                field=f"{field}.{unknown[0]}",
                details={"allowed": sorted(allowed)},
            )
    return value


def read_list(value: object, field: str) -> list[Any]:
    """Return `value` where it is a list."""
    if not isinstance(value, (list, tuple)):
        raise InsuranceError(f"{field} must be a list.", field=field)
    return list(value)


def round_half_even(value: Fraction) -> int:
    """Return an exact rational rounded half-even to a whole number."""
    return round(value)


def decimal_text(value: Decimal) -> str:
    """Return a decimal as plain text without exponent or trailing zeros."""
    text = format(value.normalize(), "f")
    return "0" if text in ("-0", "0") else text


def fraction_text(value: Fraction) -> str:
    """Return a rational that came from decimals as decimal text."""
    return decimal_text(Decimal(value.numerator) / Decimal(value.denominator))


def months_between(start: date, end: date) -> float:
    """Return the days from `start` to `end` in months of 365.25 / 12 days."""
    return (end - start).days / DAYS_PER_MONTH
