"""What changes the premium after it is priced: subsidies, step-down by milestone, unearned premium."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from risk.pricing.errors import InsuranceError
from risk.pricing.numbers import read_date, read_decimal, read_list, read_mapping, read_minor, round_half_even
from risk.pricing.product import Period


def apply_subsidies(rows: object, premium_minor: int) -> tuple[list[dict[str, Any]], int]:
    """Work out premium subsidies.

    Parameters
    ----------
    rows : list of dict
        ``payer`` and either ``amount_minor`` or ``share`` of the premium (decimal text, rounded down to the minor
        unit), with an optional ``cap_minor`` and ``source``.
    premium_minor : int
        The gross premium.

    Returns
    -------
    tuple of list of dict and int
        Each row with its ``subsidy_minor``, and their sum.

    Raises
    ------
    InsuranceError
        ``subsidy_above_premium`` where they exceed the premium together.
    """
    result: list[dict[str, Any]] = []
    for position, row in enumerate(read_list(rows, "subsidies")):
        field = f"subsidies[{position}]"
        mapping = read_mapping(row, field, allowed=("payer", "share", "amount_minor", "cap_minor", "source"))
        if mapping.get("amount_minor") is not None:
            amount = read_minor(mapping["amount_minor"], f"{field}.amount_minor")
        else:
            amount = int(Fraction(read_decimal(mapping.get("share"), f"{field}.share")) * premium_minor)
        if mapping.get("cap_minor") is not None:
            amount = min(amount, read_minor(mapping["cap_minor"], f"{field}.cap_minor"))
        result.append({**mapping, "subsidy_minor": amount})
    total = sum(row["subsidy_minor"] for row in result)
    if total > premium_minor:
        raise InsuranceError(
            "The subsidies exceed the premium.",
            code="subsidy_above_premium",
            field="subsidies",
            details={"subsidy_minor": total, "premium_minor": premium_minor},
        )
    return result, total


def compute_step_down(rows: object, *, premium_minor: int, period: Period) -> list[dict[str, Any]]:
    """Work out what the insurer gives back when the assessed level rises.

    Parameters
    ----------
    rows : list of dict
        ``milestone``, ``on`` (the day on which it is expected to pass) and ``factor`` (decimal text from 0 to 1) for
        the rest of the term; the factors of several milestones multiply.
    premium_minor : int
        The gross premium.
    period : Period
        The term of the cover.

    Returns
    -------
    list of dict
        Each row with ``refund_minor``: unearned premium at the factor so far × (1 − factor), rounded half-even.

    Raises
    ------
    InsuranceError
        Where a day lies outside the period or before the day of an earlier step.
    """
    result: list[dict[str, Any]] = []
    current = Fraction(1)
    previous = period.start
    for position, row in enumerate(read_list(rows, "step_down")):
        field = f"step_down[{position}]"
        mapping = read_mapping(row, field, allowed=("milestone", "on", "factor"))
        day = read_date(mapping.get("on"), f"{field}.on")
        if not previous <= day <= period.end:
            raise InsuranceError("The steps must lie in the period, in order of date.", field=f"{field}.on")
        factor = Fraction(read_decimal(mapping.get("factor"), f"{field}.factor"))
        unearned = Fraction(premium_minor * (period.end - day).days, period.days) * current
        current *= factor
        result.append({**mapping, "on": str(day), "refund_minor": round_half_even(unearned * (1 - factor))})
        previous = day
    return result


def unearned_premium(premium_minor: int, *, start: date, end: date, on: date) -> int:
    """Return the premium not yet earned on a day.

    Parameters
    ----------
    premium_minor : int
        Premium of the whole term.
    start, end, on : datetime.date
        First and last day of the term, and the day asked for.

    Returns
    -------
    int
        Premium × days left / days of the term, rounded half-even; from 0 to the whole premium.
    """
    days = (end - start).days
    left = min(max((end - on).days, 0), days)
    return round_half_even(Fraction(premium_minor * left, days))
