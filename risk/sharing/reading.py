"""Reading the values of a terms document or an event: each refusal names a code, the clause and a sentence."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from risk.sharing.arithmetic import BOUND
from risk.sharing.errors import TermsError

IDENTIFIER = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
DECIMAL = re.compile(r"^[0-9]{1,6}(\.[0-9]{1,12})?$")
# Within these years and rates every accrual's numerator stays inside 64 bits.
FIRST_YEAR, LAST_YEAR = 1900, 2299
HIGHEST_RATE = 10
Refusal = Callable[..., Exception]


def mapping(
    data: Any,
    path: str,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    refuse: Refusal = TermsError,
) -> dict[str, Any]:
    """Return `data` as an object that has every required key and no unknown one."""
    if not isinstance(data, dict):
        raise refuse("not_an_object", f"{path} must be an object.", path)
    unknown = sorted(str(key) for key in data if key not in required and key not in optional)
    if unknown:
        allowed = ", ".join(sorted(required + optional))
        raise refuse(
            "unknown_key",
            f"{path} has the unknown key '{unknown[0]}'; it may have {allowed}.",
            f"{path}.{unknown[0]}",
        )
    for key in required:
        if key not in data:
            raise refuse("missing_key", f"{path} lacks '{key}'.", f"{path}.{key}")
    return data


def sequence(data: Any, path: str, refuse: Refusal = TermsError, *, at_least: int = 0) -> list[Any]:
    """Return `data` as a list of at least `at_least` items."""
    if not isinstance(data, list):
        raise refuse("not_a_list", f"{path} must be a list.", path)
    if len(data) < at_least:
        raise refuse("list_too_short", f"{path} must have at least {at_least} items.", path)
    return data


def identifier(data: Any, path: str, refuse: Refusal = TermsError) -> str:
    """Return `data` as an id: ASCII letters, digits, dot, dash and underscore, at most 64."""
    if not isinstance(data, str) or not IDENTIFIER.match(data):
        raise refuse("bad_identifier", f"{path} must be an id of letters, digits, '.', '-' or '_'.", path)
    return data


def choice(data: Any, path: str, allowed: tuple[str, ...], refuse: Refusal = TermsError) -> str:
    """Return `data` as one of the allowed words."""
    if not isinstance(data, str) or data not in allowed:
        raise refuse("not_allowed", f"{path} must be one of {', '.join(allowed)}; got {str(data)[:60]!r}.", path)
    return data


def known(data: Any, path: str, names: Any, code: str, what: str, refuse: Refusal = TermsError) -> str:
    """Return `data` as one of the ids declared elsewhere in the terms."""
    if not isinstance(data, str) or data not in names:
        raise refuse(code, f"{path} names {str(data)[:60]!r}, which is no {what} of these terms.", path)
    return data


def minor(data: Any, path: str, refuse: Refusal = TermsError) -> int:
    """Return `data` as an amount in minor units: an integer from 0 to 9e15."""
    if isinstance(data, float):
        raise refuse("float_in_amount", f"{path} must be an integer of minor units, not a floating-point number.", path)
    if isinstance(data, bool) or not isinstance(data, int):
        raise refuse("amount_not_integer", f"{path} must be an integer of minor units.", path)
    if data < 0:
        raise refuse("negative_amount", f"{path} must not be negative.", path)
    if data > BOUND:
        raise refuse("amount_too_large", f"{path} must be at most {BOUND} minor units.", path)
    return data


def decimal(data: Any, path: str, refuse: Refusal = TermsError) -> Fraction:
    """Return decimal text such as ``"0.08"`` as an exact fraction."""
    if isinstance(data, (float, int)) and not isinstance(data, bool):
        raise refuse("rate_not_text", f'{path} must be decimal text such as "0.08", not a number.', path)
    if not isinstance(data, str) or not DECIMAL.match(data):
        raise refuse("bad_decimal", f'{path} must be decimal text with at most 12 decimals, such as "0.08".', path)
    return Fraction(data)


def share(data: Any, path: str, refuse: Refusal = TermsError) -> Fraction:
    """Return decimal text from 0 to 1."""
    value = decimal(data, path, refuse)
    if value > 1:
        raise refuse("share_above_one", f"{path} must be a fraction from 0 to 1; got {data}.", path)
    return value


def rate(data: Any, path: str) -> Fraction:
    """Return the yearly rate of ``{"value": "0.06", "per": "year"}``."""
    if isinstance(data, (str, int, float)):
        raise TermsError(
            "rate_without_unit",
            f'{path} must say per what it runs, such as {{"value": "0.06", "per": "year"}}.',
            path,
        )
    if isinstance(data, dict) and "per" not in data:
        raise TermsError("rate_without_unit", f"{path} lacks 'per'.", f"{path}.per")
    data = mapping(data, path, ("value", "per"))
    choice(data["per"], f"{path}.per", ("year",))
    value = decimal(data["value"], f"{path}.value")
    if value > HIGHEST_RATE:
        raise TermsError(
            "rate_too_high", f"{path} must be at most {HIGHEST_RATE} per year ({HIGHEST_RATE}00 %).", f"{path}.value"
        )
    return value


def date(data: Any, path: str, refuse: Refusal = TermsError) -> datetime.date:
    """Return ISO text ``YYYY-MM-DD`` as a date."""
    if isinstance(data, str) and re.match(r"^\d{4}-\d{2}-\d{2}$", data):
        try:
            day = datetime.date.fromisoformat(data)
        except ValueError:
            day = datetime.date.min
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
    raise refuse(
        "bad_date",
        f"{path} must be a date written YYYY-MM-DD from {FIRST_YEAR} to {LAST_YEAR}; got {str(data)[:40]!r}.",
        path,
    )


def bilingual(data: Any, path: str) -> dict[str, str]:
    """Return ``{"zh": ..., "en": ...}``, both not empty."""
    data = mapping(data, path, ("zh", "en"))
    for language in ("zh", "en"):
        if not isinstance(data[language], str) or not data[language].strip() or len(data[language]) > 400:
            raise TermsError(
                "bad_text", f"{path}.{language} must be text of 1 to 400 characters.", f"{path}.{language}"
            )
    return dict(data)


def text(data: Any, path: str, refuse: Refusal = TermsError) -> str:
    """Return short text, not empty."""
    if not isinstance(data, str) or not data.strip() or len(data) > 400:
        raise refuse("bad_text", f"{path} must be text of 1 to 400 characters.", path)
    return data
