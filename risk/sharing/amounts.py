"""Amount expressions and live balances: constants, percentages, tiers, min, max, sum, difference, gaps, layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risk.sharing import accrual, growth
from risk.sharing.arithmetic import BOUND, Arithmetic, percentage, round_half
from risk.sharing.errors import EventError
from risk.sharing.tiers import Tiered

if TYPE_CHECKING:
    from risk.sharing.run import Run

# kind of balance -> what the ids after the colon name
BALANCE_KINDS = {
    "capital": ("party",),
    "contributed": ("party",),
    "received": ("party",),
    "gain": ("party",),
    "conceded": ("party",),
    "preference": ("accrual",),
    "hurdle": ("hurdle",),
    "principal": ("loan",),
    "principal_due": ("loan",),
    "interest_due": ("loan",),
    "net_principal_loss": ("loan",),
    "loss_borne": ("loan", "party"),
    "grant": ("grant",),
    "grant_due": ("grant",),
    "grant_lost": ("grant",),
    "shares": ("shareholder",),
    "claim": ("claim",),
    "limit_left": ("limit",),
    "estate": (),
}
# balances that a payment can settle
SETTLEABLE = ("capital", "preference", "principal", "principal_due", "interest_due", "loss_borne", "grant_due", "claim")


@dataclass(frozen=True)
class Balance:
    """A live balance, such as ``capital:angel``."""

    name: str
    kind: str
    ids: tuple[str, ...]

    def value(self, run: Run) -> Any:
        """Return the balance now, not negative."""
        reader = _READERS.get(self.kind)
        if reader is not None:
            return reader(run, *self.ids)
        return run.values[self.name]


def balance_named(name: str) -> Balance:
    """Return the balance of a name that is known to be good, such as ``capital:angel``."""
    kind, *ids = name.split(":")
    return Balance(name, kind, tuple(ids))


def _preference(run: Run, name: str) -> Any:
    return accrual.preference(run, run.model.accruals[name])


def _hurdle(run: Run, name: str) -> Any:
    """Return what is missing to the hurdle, rounded; nothing where more was received."""
    units, rest = growth.balance(run, run.model.hurdles[name].growing, run.on)
    missing = round_half(run.arithmetic, units, rest, growth.SCALE, run.model.rounding)
    return run.arithmetic.maximum(missing, run.arithmetic.zero)


def _principal_due(run: Run, loan: str) -> Any:
    arithmetic = run.arithmetic
    scheduled = run.model.instruments[loan].scheduled(run.on)
    due = arithmetic.maximum(scheduled - run.values[f"repaid:{loan}"], arithmetic.zero)
    due = arithmetic.where(run.flags["default"], run.values[f"principal:{loan}"], due)
    return arithmetic.minimum(due, run.values[f"principal:{loan}"])


def _net_principal_loss(run: Run, loan: str) -> Any:
    return run.arithmetic.where(run.flags["default"], run.values[f"principal:{loan}"], run.arithmetic.zero)


def _loss_borne(run: Run, loan: str, party: str) -> Any:
    if run.model.instruments[loan].party == party:
        return _net_principal_loss(run, loan)
    return run.values[f"subrogated:{loan}:{party}"]


def _limit_left(run: Run, limit: str) -> Any:
    left = run.model.limits[limit].amount_minor - run.values[f"limit_used:{limit}"]
    # What other agreements have left of a shared limit; none of their uses is in these counters.
    return run.arithmetic.minimum(left, run.room[limit]) if limit in run.room else left


_READERS: dict[str, Callable[..., Any]] = {
    "preference": _preference,
    "hurdle": _hurdle,
    "principal_due": _principal_due,
    "net_principal_loss": _net_principal_loss,
    "loss_borne": _loss_borne,
    "limit_left": _limit_left,
}


@dataclass(frozen=True)
class Constant:
    """A fixed amount in minor units."""

    amount_minor: int

    def value(self, run: Run) -> Any:
        """Return the amount."""
        return self.amount_minor + run.arithmetic.zero


@dataclass(frozen=True)
class Metric:
    """An amount reported in the event's body under ``metrics``."""

    name: str

    def value(self, run: Run) -> Any:
        """Return the reported amount, or raise :class:`EventError` ``metric_missing``."""
        if self.name not in run.metrics:
            raise EventError(
                "metric_missing",
                f"The event must report '{self.name}' under metrics.",
                f"body.metrics.{self.name}",
            )
        return run.metrics[self.name]


@dataclass(frozen=True)
class Percentage:
    """A rate of an amount, rounded once."""

    rate: tuple[int, int]
    of: Any
    rounding: str
    path: str

    def value(self, run: Run) -> Any:
        """Return rate x amount."""
        return percentage(run.arithmetic, self.of.value(run), self.rate, self.rounding, self.path)


@dataclass(frozen=True)
class Combination:
    """``min``, ``max``, ``sum`` or ``minus`` (the positive part of first less second) of amounts."""

    operation: str
    items: tuple[Any, ...]
    path: str

    def value(self, run: Run) -> Any:
        """Return the combined amount."""
        values = [item.value(run) for item in self.items]
        result = values[0]
        for value in values[1:]:
            if self.operation == "min":
                result = run.arithmetic.minimum(result, value)
            elif self.operation == "max":
                result = run.arithmetic.maximum(result, value)
            elif self.operation == "sum":
                result = run.arithmetic.check(result + value, self.path)
            else:
                result = run.arithmetic.maximum(result - value, run.arithmetic.zero)
        return result


@dataclass(frozen=True)
class Gap:
    """What is missing until a party has received a multiple of what it contributed."""

    party: str
    multiple: tuple[int, int]
    rounding: str
    path: str

    def value(self, run: Run) -> Any:
        """Return multiple x contributed less received, not negative."""
        target = percentage(
            run.arithmetic, run.values[f"contributed:{self.party}"], self.multiple, self.rounding, self.path
        )
        return run.arithmetic.maximum(target - run.values[f"received:{self.party}"], run.arithmetic.zero)


@dataclass(frozen=True)
class ShareGap:
    """The catch-up: what is missing until a party has a share c of all profit, taking speed s of each further yuan.

    Parameters
    ----------
    party : str
        Who catches up; g is its own gain.
    among : tuple of str
        The parties whose gains together are the profit P; `party` is one of them.
    share, speed : tuple of (int, int)
        c and s, 0 < c < s <= 1, as numerators over one common denominator: c = share[0] / share[1].

    Notes
    -----
    x = (c x P - g) / (s - c) (design "Agreements", block 8) is the capacity of the whole tier, of which the party
    takes s and the others 1 - s: then g + s x = c (P + x). Computed exactly and rounded once; what the rounding
    leaves goes to the next tier. After a full catch-up the party has c x profit, to the nearest unit (I17).
    """

    party: str
    among: tuple[str, ...]
    share: tuple[int, int]
    speed: tuple[int, int]
    rounding: str
    path: str

    def value(self, run: Run) -> Any:
        """Return x in minor units, from 0 to the bound: no pot is larger, so a larger capacity is the bound."""
        arithmetic = run.arithmetic
        (share, whole), missing = self.share, self.speed[0] - self.share[0]
        # c x P party by party, because the sum of all gains may pass the bound of one amount.
        due = rest = arithmetic.zero
        for party in self.among:
            units, part = arithmetic.muldivmod(run.values[f"gain:{party}"], share, whole)
            due, rest = due + units, rest + part
        behind = due + rest // whole - run.values[f"gain:{self.party}"]
        rest = arithmetic.where(behind < 0, 0, rest % whole)
        # x = (behind + rest / whole) x whole / missing
        return _part_of_whole(arithmetic, behind, rest, whole, missing, self.rounding)


@dataclass(frozen=True)
class HurdleGap:
    """What is missing until a party has had its internal rate of return, taking `speed` of each further yuan.

    Notes
    -----
    The hurdle account is missing G; of a tier of x = G / speed the party takes speed x = G (design "Agreements",
    block 8 and the row "multi-hurdle promote").
    """

    hurdle: str
    speed: tuple[int, int]
    rounding: str
    path: str

    def value(self, run: Run) -> Any:
        """Return x in minor units, from 0 to the bound."""
        missing, zero = _hurdle(run, self.hurdle), run.arithmetic.zero
        return _part_of_whole(run.arithmetic, missing, zero, self.speed[1], self.speed[0], self.rounding)


def _part_of_whole(arithmetic: Arithmetic, units: Any, rest: Any, whole: int, part: int, rounding: str) -> Any:
    """Return (units + rest / whole) x whole / part, part <= whole, rounded: from 0 to the bound."""
    times, left = divmod(whole, part)
    beyond = units > BOUND // times
    units = arithmetic.where(beyond, 0, arithmetic.maximum(units, arithmetic.zero))
    more, low = arithmetic.muldivmod(units, left, part)
    rest = rest + low
    exact = units * times + more + rest // part
    rounded = round_half(arithmetic, exact, rest % part, part, rounding)
    return arithmetic.where(beyond, BOUND, arithmetic.minimum(rounded, BOUND))


@dataclass(frozen=True)
class Layer:
    """share x min(max(loss - deductible - attach, 0), limit), cut by the limits left in their stated order.

    Attributes
    ----------
    franchise_minor : int
        A loss not above it pays nothing; a loss above it counts from the ground.
    share : tuple of (int, int)
        The share at the start, as numerator and denominator.
    steps : tuple of (str, tuple of (int, int))
        Milestones and the share that holds once each has passed; the last of them that has passed decides.
    """

    loss: Any
    franchise_minor: int
    deductible_minor: int
    attach_minor: int
    limit_minor: int | None
    share: tuple[int, int]
    steps: tuple[tuple[str, tuple[int, int]], ...]
    limits: tuple[str, ...]
    rounding: str
    path: str

    def before_limits(self, run: Run) -> Any:
        """Return the layer's payment before the limits."""
        arithmetic = run.arithmetic
        loss = self.loss.value(run)
        if self.franchise_minor:
            loss = arithmetic.where(loss > self.franchise_minor, loss, 0)
        inside = arithmetic.maximum(loss - (self.deductible_minor + self.attach_minor), arithmetic.zero)
        if self.limit_minor is not None:
            inside = arithmetic.minimum(inside, self.limit_minor)
        payment = percentage(arithmetic, inside, self.share, self.rounding, self.path)
        for milestone, share in self.steps:
            later = percentage(arithmetic, inside, share, self.rounding, self.path)
            payment = arithmetic.where(run.flags[f"milestone:{milestone}"], later, payment)
        return payment

    def value(self, run: Run) -> Any:
        """Return the layer's payment within every limit."""
        payment = self.before_limits(run)
        for limit in self.limits:
            payment = run.arithmetic.minimum(payment, _limit_left(run, limit))
        return run.arithmetic.maximum(payment, run.arithmetic.zero)


Amount = Balance | Constant | Metric | Percentage | Tiered | Combination | Gap | ShareGap | HurdleGap | Layer
