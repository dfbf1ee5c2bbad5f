"""Repayment plans of loans in plain Fraction, written from the specification, importing nothing of ours."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any

from tests.reference.sharing_accruals import year_part
from tests.reference.splitting import rounded

Json = dict[str, Any]


def repayments(loan: Json, rule: str) -> list[tuple[str, int]]:
    """Return what is repaid on which day."""
    if "repayments" in loan:
        return [(item["on"], item["amount_minor"]) for item in loan["repayments"]]
    ((kind, plan),) = loan["schedule"].items()
    whole = loan["commitment_minor"]
    if kind == "bullet":
        return [(plan["on"], whole)]
    days = [datetime.date.fromisoformat(plan["first"])]
    while len(days) < plan["count"]:
        later = days[-1].month + plan["every_months"]
        days.append(days[-1].replace(year=days[-1].year + (later - 1) // 12, month=(later - 1) % 12 + 1))
    if kind == "linear":
        parts = [rounded(Fraction(whole, len(days)), rule)] * (len(days) - 1)
    else:
        parts = annuity(loan, datetime.date.fromisoformat(plan["start"]), days, rule)
    parts.append(whole - sum(parts))
    return [(day.isoformat(), part) for day, part in zip(days, parts, strict=True)]


def annuity(loan: Json, start: datetime.date, days: list[datetime.date], rule: str) -> list[int]:
    """Return the principal in every payment but the last; the payment carries the loan forward to nothing."""
    rate, growth = Fraction(loan["rate"]["value"]), []
    for first, then in zip([start, *days], days, strict=False):
        growth.append(rate * year_part(first, then, loan["day_count"]))
    owed, paid = Fraction(loan["commitment_minor"]), Fraction(0)
    for part in growth:
        owed, paid = owed * (1 + part), paid * (1 + part) + 1
    payment, left, parts = rounded(owed / paid, rule), loan["commitment_minor"], []
    for part in growth[:-1]:
        parts.append(min(payment - rounded(left * part, rule), left))
        left -= parts[-1]
    return parts
