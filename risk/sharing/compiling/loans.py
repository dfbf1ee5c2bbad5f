"""Reading a loan: interest, settlement days, and repayments as listed or generated from a schedule."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any

from risk.sharing import reading
from risk.sharing.accrual_model import Accrual, Schedule
from risk.sharing.arithmetic import IntegerArithmetic, round_half
from risk.sharing.compiling.accruals import read_rate
from risk.sharing.day_counts import DAY_COUNTS, year_parts
from risk.sharing.errors import TermsError
from risk.sharing.model import Instrument, Model

SCHEDULES = ("bullet", "linear", "annuity")
MOST_INSTALMENTS = 600
Repayments = tuple[tuple[datetime.date, int], ...]


def read_loan(model: Model, data: dict[str, Any], path: str, party: str, commitment: int) -> Instrument:
    """Return the loan of `data`, whose keys are known to be good."""
    settled = reading.mapping(data["settled"], f"{path}.settled", ("day", "months"))
    day, months = settled["day"], reading.sequence(settled["months"], f"{path}.settled.months", at_least=1)
    if reading.minor(day, f"{path}.settled.day") not in range(1, 29):
        raise TermsError("bad_day", f"{path}.settled.day must be from 1 to 28.", f"{path}.settled.day")
    for month in months:
        if reading.minor(month, f"{path}.settled.months") not in range(1, 13):
            raise TermsError("bad_month", f"{path}.settled.months must be from 1 to 12.", f"{path}.settled.months")
    accrual = read_rate(model, data, path, data["id"], party, f"principal:{data['id']}")
    if ("repayments" in data) == ("schedule" in data):
        raise TermsError(
            "one_repayment_plan", f"{path} must have exactly one of repayments and schedule.", f"{path}.repayments"
        )
    carry = reading.choice(data.get("carry", "none"), f"{path}.carry", ("none", "carried"))
    schedule: Schedule | None = None
    repayments: Repayments = ()
    if "schedule" in data:
        plan = _Plan(model.rounding, accrual, commitment, day, tuple(months), f"{path}.schedule")
        schedule, repayments = plan.read(data["schedule"])
    else:
        repayments = _listed(data["repayments"], f"{path}.repayments")
    if sum(amount for _, amount in repayments) != commitment:
        raise TermsError(
            "repayments_do_not_add_up",
            f"The repayments of {path} do not add up to its commitment.",
            f"{path}.repayments",
        )
    return Instrument(
        data["id"],
        "loan",
        party,
        commitment,
        accrual,
        carry,
        day,
        tuple(months),
        repayments,
        schedule=schedule,
    )


def _listed(data: Any, path: str) -> Repayments:
    rows = []
    for index, item in enumerate(reading.sequence(data, path)):
        where = f"{path}[{index}]"
        item = reading.mapping(item, where, ("on", "amount_minor"))
        amount = reading.minor(item["amount_minor"], f"{where}.amount_minor")
        rows.append((reading.date(item["on"], f"{where}.on"), amount))
    return tuple(sorted(rows))


class _Plan:
    """Instalments of one loan, as ACTUS means PAM, LAM and ANN; every instalment is rounded alone."""

    def __init__(
        self, rounding: str, accrual: Accrual, principal: int, day: int, months: tuple[int, ...], path: str
    ) -> None:
        self.rounding, self.accrual, self.principal, self.path = rounding, accrual, principal, path
        self.day, self.months = day, months

    def read(self, data: Any) -> tuple[Schedule, Repayments]:
        """Return the schedule and its repayments of principal."""
        if not isinstance(data, dict) or len(data) != 1 or next(iter(data)) not in SCHEDULES:
            raise TermsError(
                "unknown_schedule", f"{self.path} must have exactly one of {', '.join(SCHEDULES)}.", self.path
            )
        kind, inner = next(iter(data.items()))
        path = f"{self.path}.{kind}"
        if kind == "bullet":
            inner = reading.mapping(inner, path, ("on",))
            return Schedule(kind, 0, None), ((reading.date(inner["on"], f"{path}.on"), self.principal),)
        needed = ("first", "every_months", "count")
        inner = reading.mapping(inner, path, ("start", *needed) if kind == "annuity" else needed)
        dates = _dates(inner, path)
        if kind == "linear":
            payment = self._rounded(Fraction(self.principal, len(dates)))
            parts = [payment] * (len(dates) - 1)
        else:
            payment, parts = self._annuity(reading.date(inner["start"], f"{path}.start"), dates, path)
        last = self.principal - sum(parts)
        if last < 0:
            raise TermsError("instalments_too_small", f"{path} repays more than the loan by its rounding.", path)
        return Schedule(kind, inner["every_months"], payment), tuple(zip(dates, [*parts, last], strict=True))

    def _annuity(self, start: datetime.date, dates: list[datetime.date], path: str) -> tuple[int, list[int]]:
        """Return the constant payment and the principal in all of them but the last."""
        if start >= dates[0]:
            raise TermsError("bad_period", f"{path}.start must lie before {path}.first.", f"{path}.start")
        settled = [
            datetime.date(year, month, self.day)
            for year in range(start.year, dates[-1].year + 1)
            for month in sorted(set(self.months))
        ]
        if [day for day in settled if start < day <= dates[-1]] != dates:
            raise TermsError(
                "annuity_off_interest_dates",
                f"{path} must pay on every day on which interest is settled, and on no other.",
                path,
            )
        factors = [self._interest(first, then) for first, then in zip([start, *dates], dates, strict=False)]
        discount, total = Fraction(1), Fraction(0)
        for factor in factors:
            discount /= 1 + factor
            total += discount
        payment, left, parts = self._rounded(self.principal / total), self.principal, []
        for factor in factors[:-1]:
            part = payment - self._rounded(left * factor)
            if part < 0:
                raise TermsError(
                    "instalment_below_interest", f"{path}: an instalment does not cover its own interest.", path
                )
            part = min(part, left)
            left -= part
            parts.append(part)
        return payment, parts

    def _interest(self, start: datetime.date, end: datetime.date) -> Fraction:
        count = self.accrual.day_count
        return self.accrual.rate * Fraction(year_parts(count, start, end), DAY_COUNTS[count])

    def _rounded(self, value: Fraction) -> int:
        units, rest = divmod(value.numerator, value.denominator)
        return int(round_half(IntegerArithmetic(), units, rest, value.denominator, self.rounding))


def _dates(inner: dict[str, Any], path: str) -> list[datetime.date]:
    first = reading.date(inner["first"], f"{path}.first")
    if first.day > 28:
        raise TermsError("bad_day", f"{path}.first must be a day from 1 to 28 of its month.", f"{path}.first")
    every, count = inner["every_months"], inner["count"]
    for key, value, most in (("every_months", every, 120), ("count", count, MOST_INSTALMENTS)):
        if not 1 <= reading.minor(value, f"{path}.{key}") <= most:
            raise TermsError("out_of_range", f"{path}.{key} must be from 1 to {most}.", f"{path}.{key}")
    months = [first.year * 12 + first.month - 1 + every * place for place in range(count)]
    if months[-1] // 12 > reading.LAST_YEAR:
        raise TermsError("bad_date", f"{path} ends after the year {reading.LAST_YEAR}.", f"{path}.count")
    return [datetime.date(month // 12, month % 12 + 1, first.day) for month in months]
