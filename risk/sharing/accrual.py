"""Accruals on live balances: exact units and remainders, rates that step down by milestone, interest due."""

from __future__ import annotations

import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from risk.sharing.arithmetic import multiply_fraction, round_half
from risk.sharing.model import Accrual, Instrument

if TYPE_CHECKING:
    from risk.sharing.run import Run


def advance(run: Run, since: datetime.date | None) -> None:
    """Accrue every account from the last event's date to this event's date, on the balance held in between."""
    if since is None or since >= run.on:
        return
    for account in run.model.all_accruals():
        base = run.values[account.base]
        if not run.arithmetic.any(base != 0):
            continue
        units, remainder = multiply_fraction(
            run.arithmetic,
            base,
            _numerator(run, account, since),
            account.denominator,
            f"accruals.{account.id}",
        )
        rest = run.values[f"accrued_rest:{account.id}"] + remainder
        full = rest >= account.denominator
        run.values[f"accrued_rest:{account.id}"] = rest - run.arithmetic.where(full, account.denominator, 0)
        run.add(f"accrued:{account.id}", units + run.arithmetic.where(full, 1, 0))


def _numerator(run: Run, account: Accrual, since: datetime.date) -> Any:
    """Return the numerator of the factor from `since` to the event, in parts where a step's date lies between."""
    cuts = sorted({since, run.on, *(step.since for step in account.steps if since < step.since < run.on)})
    total: Any = 0
    for start, end in pairwise(cuts):
        days = (end - start).days
        part: Any = account.numerator(account.rate, days)
        for step in account.steps:
            if step.since <= start:
                passed = run.flags[f"milestone:{step.milestone}"]
                part = run.arithmetic.where(passed, account.numerator(step.rate, days), part)
        total = total + part
    return total


def take_interest(run: Run, loan: Instrument) -> Any:
    """Round the interest of the period once and move it to what is due.

    With ``carry`` ``none`` each period rounds alone and the remainder is dropped, as banks do; with ``carried`` the
    unrounded remainder stays in the accrual.
    """
    accrual = loan.accrual
    if accrual is None:
        return run.arithmetic.zero
    whole, rest = run.values[f"accrued:{accrual.id}"], run.values[f"accrued_rest:{accrual.id}"]
    interest = round_half(run.arithmetic, whole, rest, accrual.denominator, run.model.rounding)
    if loan.carry == "none":
        run.values[f"accrued:{accrual.id}"] = run.arithmetic.zero
        run.values[f"accrued_rest:{accrual.id}"] = run.arithmetic.zero
    else:
        run.values[f"accrued:{accrual.id}"] = whole - interest
    run.add(f"interest_due:{loan.id}", interest)
    return interest
