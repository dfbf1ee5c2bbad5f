"""Accounts that grow by (1 + r)^(days / basis): compound preferences, and hurdle accounts for an internal rate."""

from __future__ import annotations

import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from risk.sharing.accrual_model import Growing
from risk.sharing.arithmetic import BOUND, Arithmetic
from risk.sharing.day_counts import DAY_COUNTS, year_parts

if TYPE_CHECKING:
    from risk.sharing.run import Run

SCALE = 10**12
_FIFTY_DIGITS = Context(prec=50, rounding=ROUND_HALF_EVEN)
Pair = tuple[Any, Any]


@lru_cache(maxsize=65536)
def growth_factor(rate: Fraction, day_count: str, start: datetime.date, end: datetime.date) -> int:
    """Return n of the compound factor n / 10^12 = (1 + rate)^(year fraction).

    Parameters
    ----------
    rate : Fraction
        Rate of a year, 0.08 for 8 %.
    day_count : str
        One of :data:`risk.sharing.day_counts.DAY_COUNTS`.
    start, end : datetime.date
        Dates in order.

    Returns
    -------
    int
        From 10^12 to 9e15: computed in decimals of 50 digits, rounded half-even to twelve places and from then on an
        exact rational; a factor above 9,000 counts as 9,000 (design "Agreements", Arithmetic that was checked).
    """
    context = _FIFTY_DIGITS
    exponent = context.divide(Decimal(year_parts(day_count, start, end)), Decimal(DAY_COUNTS[day_count]))
    base = context.divide(Decimal(rate.numerator + rate.denominator), Decimal(rate.denominator))
    scaled = context.multiply(context.power(base, exponent), Decimal(SCALE))
    return min(int(scaled.to_integral_value(ROUND_HALF_EVEN)), BOUND)


def move(run: Run, day: datetime.date) -> None:
    """Bring every account whose balance was moved on the last day with events to that day.

    An account stands still in the books from one movement to the next and is grown over the whole time at once, so that
    dates on which nothing was paid change nothing: not in settlement and not in a simulation with more dates.
    """
    for account in run.model.growing():
        moved = net(run, account) - run.values[f"grown_seen:{account.id}"] != 0
        if not run.arithmetic.any(moved):
            continue
        units, rest = balance(run, account, day)
        if not account.carry_excess:
            # Reset to zero at the end of the day: what was paid beyond the hurdle is forgotten.
            rest = run.arithmetic.where(units < 0, 0, rest)
            units = run.arithmetic.maximum(units, run.arithmetic.zero)
        for name, value in (
            ("grown", units),
            ("grown_rest", rest),
            ("grown_on", day.toordinal()),
            ("grown_seen", net(run, account)),
        ):
            key = f"{name}:{account.id}"
            run.values[key] = run.arithmetic.where(moved, value, run.values[key])


def net(run: Run, account: Growing) -> Any:
    """Return the money put in less the money taken out so far, by the counters that move the account."""
    total = run.arithmetic.zero
    for name in account.plus:
        total = total + run.values[name]
    for name in account.minus:
        total = total - run.values[name]
    return total


def balance(run: Run, account: Growing, day: datetime.date) -> Pair:
    """Return the balance on a day with what was moved that day: whole units (may be negative), rest over 10^12."""
    units, rest = run.values[f"grown:{account.id}"], run.values[f"grown_rest:{account.id}"]
    if run.arithmetic.any(run.arithmetic.either(units != 0, rest != 0)):
        since = run.arithmetic.where(
            run.arithmetic.either(units != 0, rest != 0), run.values[f"grown_on:{account.id}"], day.toordinal()
        )
        factor = run.arithmetic.look_up(
            lambda start: growth_factor(account.rate, account.day_count, datetime.date.fromordinal(start), day), since
        )
        units, rest = grow(run.arithmetic, units, rest, factor)
    units = units + net(run, account) - run.values[f"grown_seen:{account.id}"]
    return _clamp(run.arithmetic, units, rest)


def grow(arithmetic: Arithmetic, units: Any, rest: Any, factor: Any) -> Pair:
    """Return (units + rest / 10^12) x factor / 10^12, of which places beyond the twelfth are dropped towards zero."""
    below = units < 0
    split = arithmetic.both(below, rest > 0)
    size = arithmetic.where(below, -units - arithmetic.where(split, 1, 0), units)
    part = arithmetic.where(split, SCALE - rest, rest)
    whole, fraction = factor // SCALE, factor % SCALE
    beyond = size > BOUND // whole
    size = arithmetic.where(beyond, 0, size)
    more, low = arithmetic.muldivmod(size, fraction, SCALE)
    extra, _ = arithmetic.muldivmod(part, fraction, SCALE)
    low = low + extra + part * whole
    total = arithmetic.where(beyond, BOUND, size * whole + more + low // SCALE)
    total, low = _clamp(arithmetic, total, arithmetic.where(beyond, 0, low % SCALE))
    split = arithmetic.both(below, low > 0)
    return (
        arithmetic.where(below, -total - arithmetic.where(split, 1, 0), total),
        arithmetic.where(split, SCALE - low, low),
    )


def _clamp(arithmetic: Arithmetic, units: Any, rest: Any) -> Pair:
    # No pot is larger than the bound, so a balance beyond it stands at it.
    outside = arithmetic.either(units >= BOUND, units < -BOUND)
    inside = arithmetic.maximum(arithmetic.minimum(units, BOUND), -BOUND)
    return inside, arithmetic.where(outside, 0, rest)
