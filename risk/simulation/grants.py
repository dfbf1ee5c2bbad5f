"""A conditional grant in the simulator: when it converts, what is returned, what a failure leaves of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np

from risk.sharing import shares
from risk.sharing.arithmetic import ArrayArithmetic
from risk.sharing.model import Model
from risk.simulation.course import Course
from risk.simulation.describe import make_driver
from risk.simulation.errors import SimulationError
from risk.simulation.sampling import Booleans, Integers

Event = dict[str, Any]
SHARES_BEFORE = 10_000_000
"""Shares before the next round; their number only sets how coarse a share is."""
NAMES = ("round_value", "round_money", "round_years", "largest_holder", "unspent_share", "ineligible_share")
# Multiples of the commitment: central, low, high; spread.
_AMOUNTS = {
    "round_value": (6, 3, 12, "0.5"),
    "round_money": (2, 1, 4, "0.4"),
    "exit_value": (9, 4, 18, "0.8"),
}
_SHARES = {
    "largest_holder": ("0.45", "0.30", "0.60", "0.3"),
    "unspent_share": ("0.15", "0.05", "0.30", "0.8"),
    "ineligible_share": ("0.02", "0", "0.05", "0.8"),
}
# The cut below the exact limit keeps the whole shares of a rounded amount under the cap.
_BELOW_LIMIT = 1 - 1e-9


def grant_drivers(model: Model) -> tuple[str, ...]:
    """Return the names of the drivers without which a conditional grant cannot be simulated.

    Raises
    ------
    SimulationError
        ``terms_not_simulable`` where there are several grants: nothing says which converts first.
    """
    if len(model.grants) > 1:
        raise SimulationError(
            "Terms with more than one conditional grant cannot be simulated.",
            code="terms_not_simulable",
            field="instruments",
        )
    return NAMES if model.grants else ()


def default_grant_drivers(model: Model, *, today: date) -> dict[str, dict[str, Any]]:
    """Return the drivers of a grant before anybody has edited them: judgements, and marked so.

    Parameters
    ----------
    model : Model
        The compiled terms.
    today : datetime.date
        Day of the assumptions.

    Returns
    -------
    dict
        By name; empty where the terms hold no grant. The value of a later sale is among them, because a company that
        finds a next round is worth more than what was put in.
    """
    if not model.grants:
        return {}
    put_in = sum(item.commitment_minor for item in model.instruments.values())
    drivers = {
        name: make_driver(name, "amount", *(put_in * times for times in row[:3]), as_of=today, sigma=row[3])
        for name, row in _AMOUNTS.items()
    }
    drivers |= {
        name: make_driver(name, "share", value, low, high, as_of=today, sigma=sigma)
        for name, (value, low, high, sigma) in _SHARES.items()
    }
    drivers["round_years"] = make_driver("round_years", "years", "1", "0.5", "2.5", as_of=today, sigma="0.35")
    return drivers


@dataclass(frozen=True)
class Row:
    """One event of the grant: its step in the order of a day, where it happens, and its body."""

    step: str
    kind: str
    on: date
    body: Event
    occurs: Booleans
    name: str


@dataclass(frozen=True)
class Call:
    """A call on the grant: its day, minor units, and where it happens (n,)."""

    on: date
    amount_minor: int
    occurs: Booleans


class GrantCourse:
    """What becomes of the one grant in n scenarios.

    Parameters
    ----------
    model : Model
        The compiled terms.
    course : Course
        Where each scenario stands.
    sale : ndarray of int64, shape (n,)
        Price of the company where it is sold, minor units.
    calls : list of Call
        Every call on the grant.
    """

    def __init__(self, model: Model, course: Course, sale: Integers, calls: Sequence[Call]) -> None:
        (self.grant,) = model.grants
        assert self.grant.conversion is not None
        self.rule, self.course, self.sale, self.calls = self.grant.conversion, course, sale, calls
        self.arithmetic = ArrayArithmetic(course.size)
        self.open: Integers = np.zeros(course.size, dtype=np.int64)

    @cached_property
    def round_place(self) -> Integers:
        """Place of the next round among the exit dates; beyond the last where it does not come in time."""
        last = self.course.drivers.milestones[-1].on
        offsets = np.array([(day - last).days for day in self.course.exit_dates])
        years = self.course.sample.grant_years["round_years"] + self.course.sample.delay_years
        place: Integers = np.searchsorted(offsets, years * 365).astype(np.int64)
        return place

    def conversions(self) -> Iterator[Row]:
        """Yield, date by date, the conversion at a round or a sale and the return of what cannot convert."""
        course, sample = self.course, self.course.sample
        late, left = False, list(self.calls)
        for place, on in enumerate(course.exit_dates):
            # Only what is paid by now is open; what is drawn after the round stays open until it goes back.
            paid = [call for call in left if call.on <= on]
            left = [call for call in left if call.on > on]
            for call in paid:
                self.open = self.open + np.where(call.occurs & course.success, call.amount_minor, 0)
            going = course.going(on) & course.success
            sold = course.sold_on(place)
            if on <= self.rule.convert_by:
                at_sale = sold & (self.round_place >= place)
                at_round = going & (self.round_place == place) & ~at_sale
                value = np.where(at_sale, self.sale, sample.amounts["round_value"])
                money = np.where(at_sale, 0, sample.amounts["round_money"])
                yield from self._convert(on, at_sale | at_round, value, money)
                returned = sold & (self.open > 0)
            else:
                # The first date after the last day of conversion: everything open goes back, not only where sold.
                returned = (sold if late else going) & (self.open > 0)
                late = True
            yield from self._return(on, returned)

    def _convert(self, on: date, wanted: Booleans, value: Integers, money: Integers) -> Iterator[Row]:
        arithmetic, rule = self.arithmetic, self.rule
        before = np.full(self.course.size, SHARES_BEFORE, dtype=np.int64)
        priced = np.maximum(value, 1)
        usable = wanted & (value > 0) & ~shares.too_fine(arithmetic, rule, priced, before)
        money = np.where(usable, np.minimum(money, priced * 10), 0)
        total = before + shares.bought(arithmetic, money, priced, before, "round")
        largest = np.rint(self.course.sample.grant_shares["largest_holder"] * total).astype(np.int64)
        cap, whole = rule.holding_cap
        room = np.minimum(cap * total // (whole - cap), largest - 1)
        price = priced.astype(np.float64) * rule.factor[0] / (float(SHARES_BEFORE) * rule.factor[1])
        limit = np.minimum(np.floor(room * price * _BELOW_LIMIT), self.open.astype(np.float64))
        amount = np.where(usable, np.maximum(limit, 0), 0).astype(np.int64)
        occurs = usable & (shares.converted(arithmetic, rule, amount, priced, before) > 0)
        body = {
            "instrument": self.grant.id,
            "amount_minor": amount,
            "pre_money_minor": priced,
            "shares_before": SHARES_BEFORE,
            "new_money_minor": money,
            "largest_other_shares": largest,
        }
        if occurs.any():
            self.open = self.open - np.where(occurs, amount, 0)
            yield Row("converted", "conversion", on, body, occurs, self.grant.id)

    def _return(self, on: date, occurs: Booleans) -> Iterator[Row]:
        if not occurs.any():
            return
        self.open = np.where(occurs, 0, self.open)
        body = {"instrument": self.grant.id, "early": on <= self.rule.convert_by}
        yield Row("returned", "grant_return", on, body, occurs, self.grant.id)
        collect = {"source": "project", "collect": [f"grant_due:{self.grant.id}"]}
        yield Row("repaid", "distribution", on, collect, occurs, self.grant.id)

    def failures(self, paid_before: Callable[[date], int]) -> Iterator[Row]:
        """Yield audit, return of what is unspent and exemption of every way to fail."""
        sample = self.course.sample
        for failure in self.course.failures():
            paid = np.full(self.course.size, paid_before(failure.missed_on), dtype=np.int64)
            open_: Integers = paid if failure.technical else self.open
            occurs = failure.occurs & (open_ > 0)
            if not occurs.any():
                continue
            unspent = np.rint(open_ * sample.grant_shares["unspent_share"]).astype(np.int64)
            ineligible = np.rint((open_ - unspent) * sample.grant_shares["ineligible_share"]).astype(np.int64)
            eligible = open_ - unspent - ineligible
            on, name = failure.liquidated_on, f"{failure.id}-{self.grant.id}"
            parts = {"eligible_minor": eligible, "ineligible_minor": ineligible, "unspent_minor": unspent}
            yield Row("audited", "grant_audit", on, {"instrument": self.grant.id, **parts}, occurs, name)
            back = {"source": "project", "amount_minor": unspent}
            yield Row("repaid", "distribution", on, back, occurs & (unspent > 0), name)
            closed = occurs & (eligible > 0)
            yield Row("exempted", "grant_close", on, {"instrument": self.grant.id}, closed, name)
