"""Accruals on live balances: exact units and remainders, rates that step down by milestone, interest due."""

from __future__ import annotations

import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from risk.sharing import growth
from risk.sharing.accrual_model import Accrual
from risk.sharing.arithmetic import multiply_fraction, round_half
from risk.sharing.model import Instrument

if TYPE_CHECKING:
    from risk.sharing.run import Run


def advance(run: Run, since: datetime.date | None) -> None:
    """Accrue every account from the last event's date to this event's date, on the balance held in between."""
    if since is None or since >= run.on:
        return
    growth.move(run, since)
    for account in run.model.all_accruals():
        if account.growing is not None:
            continue
        if account.periods is None:
            _accrue(run, account, since, run.on, run.values[account.base])
            continue
        ends = account.periods.ends(since, run.on)
        for start, end in pairwise(sorted({since, *ends, run.on})):
            base = run.values[account.base] + run.values[f"capitalised:{account.id}"]
            _accrue(run, account, start, end, base)
            if end in ends:
                _capitalise(run, account)


def _accrue(run: Run, account: Accrual, start: datetime.date, end: datetime.date, base: Any) -> None:
    if not run.arithmetic.any(base != 0):
        return
    units, remainder = multiply_fraction(
        run.arithmetic,
        base,
        _numerator(run, account, start, end),
        account.denominator,
        f"accruals.{account.id}",
    )
    rest = run.values[f"accrued_rest:{account.id}"] + remainder
    full = rest >= account.denominator
    run.values[f"accrued_rest:{account.id}"] = rest - run.arithmetic.where(full, account.denominator, 0)
    run.add(f"accrued:{account.id}", units + run.arithmetic.where(full, 1, 0))


def _numerator(run: Run, account: Accrual, since: datetime.date, until: datetime.date) -> Any:
    """Return the numerator of the factor over some days, in parts where a step's date lies between."""
    cuts = sorted({since, until, *(step.since for step in account.steps if since < step.since < until)})
    total: Any = 0
    for start, end in pairwise(cuts):
        part: Any = account.numerator(account.rate, start, end)
        for step in account.steps:
            if step.since <= start:
                passed = run.flags[f"milestone:{step.milestone}"]
                part = run.arithmetic.where(passed, account.numerator(step.rate, start, end), part)
        total = total + part
    return total


def _accrued(run: Run, account: Accrual) -> Any:
    """Return what has accrued, rounded; the unrounded rest stays where it is."""
    whole, rest = run.values[f"accrued:{account.id}"], run.values[f"accrued_rest:{account.id}"]
    return round_half(run.arithmetic, whole, rest, account.denominator, run.model.rounding)


def _capitalise(run: Run, account: Accrual) -> None:
    """Add the unpaid return of a period, rounded once, to what the next period accrues on; the rest is carried."""
    unpaid = run.arithmetic.maximum(_accrued(run, account), run.arithmetic.zero)
    run.add(f"accrued:{account.id}", -unpaid)
    run.add(f"capitalised:{account.id}", unpaid)


def preference(run: Run, account: Accrual) -> Any:
    """Return what a party's preference amounts to now, rounded and not negative."""
    arithmetic = run.arithmetic
    if account.growing is not None:
        units, rest = growth.balance(run, account.growing, run.on)
        due = round_half(arithmetic, units - run.values[account.base], rest, growth.SCALE, run.model.rounding)
    else:
        due = _accrued(run, account)
        if account.periods is not None:
            due = due + run.values[f"capitalised:{account.id}"]
    return arithmetic.maximum(due, arithmetic.zero)


def pay_preference(run: Run, account: Accrual, amount: Any) -> None:
    """Lower a preference by a payment, the oldest return first."""
    if account.periods is not None:
        old = run.arithmetic.minimum(amount, run.values[f"capitalised:{account.id}"])
        run.values[f"capitalised:{account.id}"] = run.values[f"capitalised:{account.id}"] - old
        amount = amount - old
    run.values[f"accrued:{account.id}"] = run.values[f"accrued:{account.id}"] - amount


def take_interest(run: Run, loan: Instrument) -> Any:
    """Round the interest of the period once and move it to what is due.

    With ``carry`` ``none`` each period rounds alone and the remainder is dropped, as banks do; with ``carried`` the
    unrounded remainder stays in the accrual.
    """
    accrual = loan.accrual
    if accrual is None:
        return run.arithmetic.zero
    interest = _accrued(run, accrual)
    if loan.carry == "none":
        run.values[f"accrued:{accrual.id}"] = run.arithmetic.zero
        run.values[f"accrued_rest:{accrual.id}"] = run.arithmetic.zero
    else:
        run.values[f"accrued:{accrual.id}"] = run.values[f"accrued:{accrual.id}"] - interest
    run.add(f"interest_due:{loan.id}", interest)
    return interest
