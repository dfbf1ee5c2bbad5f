"""What accrues, in plain Fraction and day by day, written from the specification, importing nothing of ours."""

from __future__ import annotations

import datetime
from calendar import isleap
from collections import defaultdict
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Any

from tests.reference.splitting import rounded

Json = dict[str, Any]
LARGEST = 9 * 10**15  # no amount is larger
PLACES = 10**12
YEAR = 366 * 365 * 360
ONE_DAY = datetime.timedelta(days=1)


@lru_cache(maxsize=100_000)
def day_part(day: datetime.date, count: str) -> int:
    """Return what part of a year one day is, in parts of 1/YEAR."""
    if count == "Act/Act":
        return YEAR // (366 if isleap(day.year) else 365)
    if count == "30E/360":
        after = day + ONE_DAY
        months = (after.year - day.year) * 12 + after.month - day.month
        return (months * 30 + min(after.day, 30) - min(day.day, 30)) * YEAR // 360
    return YEAR // {"A365F": 365, "A360": 360}[count]


def year_part(start: datetime.date, end: datetime.date, count: str) -> Fraction:
    """Return what part of a year passes, day by day."""
    return Fraction(sum(day_part(start + ONE_DAY * day, count) for day in range((end - start).days)), YEAR)


@lru_cache(maxsize=100_000)
def compound(rate: str, start: datetime.date, end: datetime.date, count: str) -> int:
    """Return the factor in units of 10^-12, by logarithms in 80 digits."""
    part = year_part(start, end, count)
    with localcontext() as context:
        context.prec = 80
        power = (Decimal(part.numerator) / Decimal(part.denominator) * (1 + Decimal(rate)).ln()).exp()
        return min(rounded(Fraction(power) * PLACES, "half_even"), LARGEST)


class Growing:
    """A balance that grows daily at (1 + r); movements of one day count together."""

    def __init__(self, item: Json, forgets: bool) -> None:
        self.rate, self.count, self.forgets = item["rate"]["value"], item["day_count"], forgets
        self.levels: list[tuple[datetime.date, int]] = []

    def close(self, day: datetime.date, level: int) -> None:
        """Write down where the movements stand at the end of a day, where they moved."""
        if level != (self.levels[-1][1] if self.levels else 0):
            self.levels.append((day, level))

    def value(self, on: datetime.date, level: int) -> Fraction:
        """Return the balance on a day, from the first movement on."""
        balance, before, since = Fraction(0), 0, on
        for day, after in self.levels:
            balance = self._held(self._grown(balance, since, day) + after - before)
            balance = max(balance, Fraction(0)) if self.forgets else balance
            before, since = after, day
        return self._held(self._grown(balance, since, on) + level - before)

    def _grown(self, balance: Fraction, start: datetime.date, end: datetime.date) -> Fraction:
        if balance == 0:
            return balance
        size = Fraction(floor(abs(balance) * compound(self.rate, start, end, self.count)), PLACES)
        return self._held(size if balance > 0 else -size)

    def _held(self, balance: Fraction) -> Fraction:
        return min(max(balance, Fraction(-LARGEST)), Fraction(LARGEST))


class Accruals:
    """The part of the reference that lets time pass."""

    terms: Json
    rule: str
    by_id: dict[str, dict[str, Json]]
    amounts: dict[str, int]
    flags: set[str]
    last: datetime.date | None
    on: datetime.date

    def prepare(self) -> None:
        """Open the accounts."""
        self.accrued: dict[str, Fraction] = defaultdict(Fraction)
        self.capitalised: dict[str, int] = defaultdict(int)
        self.growing = {item["id"]: Growing(item, forgets=not item["carry_excess"])
                        for item in self.terms.get("hurdles", [])}  # fmt: skip
        self.growing |= {item["id"]: Growing(item, forgets=False) for item in self.terms.get("accruals", [])
                         if item.get("method") == "compound" and "compound" not in item}  # fmt: skip

    def pass_time(self) -> None:
        """Accrue day by day from the last event to this one."""
        if self.last is None or self.last == self.on:
            return
        for name, account in self.growing.items():
            account.close(self.last, self._level(name))
        for item in [*self.terms.get("accruals", []), *self._loans()]:
            if item["id"] in self.growing:
                continue
            day = self.last
            while day < self.on:
                base = self.amounts[item.get("base", f"principal:{item['id']}")] + self.capitalised[item["id"]]
                rate, end = self._rate(item, day), self._same_until(item, day)
                self.accrued[item["id"]] += base * rate * year_part(day, end, item["day_count"])
                day = end
                if "compound" in item and self._ends(item["compound"], day):
                    unpaid = max(rounded(self.accrued[item["id"]], self.rule), 0)
                    self.accrued[item["id"]] -= unpaid
                    self.capitalised[item["id"]] += unpaid

    def _same_until(self, item: Json, day: datetime.date) -> datetime.date:
        """Return the first later day on which the rate changes, a period ends or the event happens."""
        steps = {step["from"] for step in item.get("steps", [])}
        while True:
            day += ONE_DAY
            ends = "compound" in item and self._ends(item["compound"], day)
            if day == self.on or day.isoformat() in steps or ends:
                return day

    def _rate(self, item: Json, day: datetime.date) -> Fraction:
        # The last step whose day has come and whose milestone has passed.
        rate = item["rate"]
        for step in sorted(item.get("steps", []), key=lambda step: step["from"]):
            if day.isoformat() >= step["from"] and f"milestone:{step['milestone']}" in self.flags:
                rate = step["rate"]
        return Fraction(rate["value"])

    def _ends(self, compound: Json, day: datetime.date) -> bool:
        _, month, start = compound["from"].split("-")
        return day.day == int(start) and (day.month - int(month)) % {"year": 12, "quarter": 3}[compound["per"]] == 0

    def _loans(self) -> list[Json]:
        return [item for item in self.terms.get("instruments", []) if item["kind"] == "loan"]

    def _level(self, name: str) -> int:
        """Return what was put in less what was taken out."""
        if name in self.by_id["hurdles"]:
            party = self.by_id["hurdles"][name]["party"]
            return self.amounts[f"contributed:{party}"] - self.amounts[f"received:{party}"]
        return self.amounts[self.by_id["accruals"][name]["base"]] + int(self.accrued[name])

    def preference(self, name: str) -> int:
        """Return a preference, rounded."""
        if name in self.growing:
            base = self.amounts[self.by_id["accruals"][name]["base"]]
            return max(rounded(self.growing[name].value(self.on, self._level(name)) - base, self.rule), 0)
        # What was added to the capital is whole already; the return of the period so far is rounded alone.
        return max(rounded(self.accrued[name], self.rule) + self.capitalised[name], 0)

    def pay_preference(self, name: str, amount: int) -> None:
        """Take a payment off the oldest return first."""
        old = min(amount, self.capitalised[name])
        self.capitalised[name] -= old
        self.accrued[name] -= amount - old

    def hurdle(self, name: str) -> int:
        """Return what is missing to an internal rate, rounded."""
        return max(rounded(self.growing[name].value(self.on, self._level(name)), self.rule), 0)
