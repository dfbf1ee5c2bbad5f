"""What accrues, compiled: rates that step down, preferences and interest, hurdle accounts, plans of repayment."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from risk.sharing.day_counts import DAY_COUNTS, year_parts


@dataclass(frozen=True)
class RateStep:
    """A yearly rate that applies from a date on once a milestone has passed."""

    milestone: str
    since: datetime.date
    rate: Fraction


@dataclass(frozen=True)
class Periods:
    """When unpaid return is added to the capital it accrues on: every so many months from a date on, and before it."""

    months: int
    since: datetime.date

    def ends(self, start: datetime.date, end: datetime.date) -> list[datetime.date]:
        """Return the days after `start`, up to and with `end`, on which a period ends."""
        first = (start.year - self.since.year) * 12 + start.month - self.since.month
        count = first // self.months
        found: list[datetime.date] = []
        while True:
            month = self.since.year * 12 + self.since.month - 1 + count * self.months
            day = datetime.date(month // 12, month % 12 + 1, self.since.day)
            if day > end:
                return found
            if day > start:
                found.append(day)
            count += 1


@dataclass(frozen=True)
class Growing:
    """An account that grows by (1 + rate)^(days / basis); `plus` and `minus` name the counters that move it."""

    id: str
    rate: Fraction
    day_count: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    carry_excess: bool = True


@dataclass(frozen=True)
class Accrual:
    """Interest or preference on a live balance; exact, in units and a remainder over `denominator`.

    Attributes
    ----------
    method : str
        ``simple``; or ``compound``, where `periods` says when unpaid return is added to the capital, or without it
        the balance grows every day by (1 + rate)^(days / basis).
    """

    id: str
    party: str
    base: str
    rate: Fraction
    steps: tuple[RateStep, ...]
    day_count: str
    denominator: int
    method: str = "simple"
    periods: Periods | None = None

    def numerator(self, rate: Fraction, start: datetime.date, end: datetime.date) -> int:
        """Return the numerator over `denominator` of rate x year fraction."""
        return int(rate * year_parts(self.day_count, start, end) * self.denominator / DAY_COUNTS[self.day_count])

    @cached_property
    def growing(self) -> Growing | None:
        """Return the growing account of capital and unpaid return, where the return compounds daily."""
        if self.method == "simple" or self.periods is not None:
            return None
        return Growing(self.id, self.rate, self.day_count, (self.base, f"accrued:{self.id}"), ())


@dataclass(frozen=True)
class Hurdle:
    """A hurdle account: what a party put in less what it received, growing at the internal rate that is promised it."""

    id: str
    party: str
    rate: Fraction
    day_count: str
    carry_excess: bool

    @cached_property
    def growing(self) -> Growing:
        """Return the growing account of the party's payments."""
        plus, minus = (f"contributed:{self.party}",), (f"received:{self.party}",)
        return Growing(self.id, self.rate, self.day_count, plus, minus, self.carry_excess)


@dataclass(frozen=True)
class Schedule:
    """From what repayments were generated: ``bullet``, ``linear`` or ``annuity``, and the regular payment."""

    kind: str
    every_months: int
    payment_minor: int | None
