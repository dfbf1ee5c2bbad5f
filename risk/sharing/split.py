"""Splitting an amount by weights: carried entitlements in millionths, and the three named policies beside it."""

from __future__ import annotations

from typing import Any

from risk.sharing.arithmetic import BOUND, MILLION, Arithmetic
from risk.sharing.errors import AmountError

LAST = -(10**12)
POLICIES = ("carried", "plain_largest_remainder", "in_order", "in_reverse_order")


def split(
    arithmetic: Arithmetic,
    amount: Any,
    weights: list[Any],
    *,
    policy: str,
    favoured: int | None,
    ties: list[int],
    carries: list[Any],
    step: str,
    owed: bool = False,
) -> tuple[list[Any], list[Any], list[Any]]:
    """Split `amount` by `weights` without losing a unit.

    Parameters
    ----------
    amount : int or int64 array (n,)
        Minor units, 0 .. 9e15.
    weights : list of int or int64 array (n,)
        One weight per leg, not negative; their sum is at most 9e15.
    policy : str
        ``carried`` (cumulative entitlement less what was paid is kept in millionths of a unit),
        ``plain_largest_remainder``, ``in_order``, ``in_reverse_order`` or ``to`` (units go to leg `favoured`).
    ties : list of int
        The legs in the order in which equal fractions are served.
    carries : list of int or int64 array
        Entitlement carried by each leg in millionths of a unit; used by ``carried`` only.
    owed : bool
        The weights are balances owed: while the amount is at most their sum, no leg gets more than its own weight.

    Returns
    -------
    tuple of three lists
        Amount per leg, new carry per leg, rounding units per leg (amount less the floor of this event's exact share).

    Raises
    ------
    AmountError
        ``weights_are_zero`` where there is an amount and every weight is zero.

    Notes
    -----
    Rule: design "Agreements", Split. Every due is floored to millionths, the missing millionths go by largest
    fraction; an event pays floor(due), never below zero (and never above what is owed), then one unit each by largest
    fraction of the due.
    """
    total = arithmetic.check(_sum(weights), step)
    amount = _what_can_be_shared(arithmetic, amount, total, step)
    divisor = arithmetic.maximum(total, 1)
    floors, remainders = [], []
    for weight in weights:
        quotient, remainder = arithmetic.muldivmod(amount, weight, divisor)
        floors.append(quotient)
        remainders.append(remainder)
    if policy in ("carried", "plain_largest_remainder"):
        paid, new_carries = _by_largest_fraction(
            arithmetic,
            amount,
            floors,
            remainders,
            divisor,
            ties,
            carries if policy == "carried" else [arithmetic.zero] * len(weights),
            [arithmetic.where(amount <= total, weight, BOUND) for weight in weights] if owed else None,
        )
        if policy != "carried":
            new_carries = carries
    else:
        paid, new_carries = _by_position(arithmetic, amount, floors, weights, policy, favoured), carries
    return paid, new_carries, [leg - floor for leg, floor in zip(paid, floors, strict=True)]


def _what_can_be_shared(arithmetic: Arithmetic, amount: Any, total: Any, step: str) -> Any:
    nobody = arithmetic.both(total == 0, amount > 0)
    if arithmetic.happens(nobody):
        raise AmountError(
            f"In {step} there is an amount to share but every weight is zero.", step, code="weights_are_zero"
        )
    # Scenarios in which the event does not happen are thrown away; nothing is handed round in them.
    return arithmetic.where(nobody, 0, amount)


def _ranked(arithmetic: Arithmetic, ranks: list[Any], units: Any, order: list[int]) -> list[Any]:
    chosen = arithmetic.one_each_to_largest([ranks[leg] for leg in order], units)
    result: list[Any] = [0] * len(ranks)
    for position, leg in enumerate(order):
        result[leg] = chosen[position]
    return result


def _by_largest_fraction(
    arithmetic: Arithmetic,
    amount: Any,
    floors: list[Any],
    remainders: list[Any],
    divisor: Any,
    ties: list[int],
    carries: list[Any],
    tops: list[Any] | None,
) -> tuple[list[Any], list[Any]]:
    millionths, finer = [], []
    for remainder in remainders:
        quotient, rest = arithmetic.muldivmod(MILLION, remainder, divisor)
        millionths.append(quotient)
        finer.append(rest)
    missing_units = amount - _sum(floors)
    missing_millionths = missing_units * MILLION - _sum(millionths)
    extra = _ranked(arithmetic, finer, missing_millionths, ties)
    paid, behind = [], []
    for leg, (floor, part, one, carry) in enumerate(zip(floors, millionths, extra, carries, strict=True)):
        due = part + one + carry
        units = arithmetic.maximum(floor + due // MILLION, arithmetic.zero)
        if tops is not None:
            units = arithmetic.minimum(units, tops[leg])
        paid.append(units)
        behind.append((floor - units) * MILLION + due)
    left = amount - _sum(paid)
    while arithmetic.any(left > 0):
        ranks, open_ = behind, None
        if tops is not None:
            open_ = [units < top for units, top in zip(paid, tops, strict=True)]
            ranks = [arithmetic.where(is_open, gap, LAST) for is_open, gap in zip(open_, behind, strict=True)]
        more = _ranked(arithmetic, ranks, left, ties)
        if open_ is not None:
            more = [arithmetic.where(is_open, one, 0) for is_open, one in zip(open_, more, strict=True)]
        paid, behind = _move(paid, behind, more)
        left = left - _sum(more)
    while arithmetic.any(left < 0):
        # A leg is behind by less than nothing and was held at zero: take a unit back from the leg least behind.
        ranks = [arithmetic.where(units > 0, -gap, LAST) for units, gap in zip(paid, behind, strict=True)]
        back = _ranked(arithmetic, ranks, arithmetic.where(left < 0, 1, 0), ties[::-1])
        paid, behind = _move(paid, behind, [-one for one in back])
        left = arithmetic.where(left < 0, left + 1, left)
    return paid, behind


def _move(paid: list[Any], behind: list[Any], units: list[Any]) -> tuple[list[Any], list[Any]]:
    return (
        [leg + unit for leg, unit in zip(paid, units, strict=True)],
        [gap - unit * MILLION for gap, unit in zip(behind, units, strict=True)],
    )


def _by_position(
    arithmetic: Arithmetic,
    amount: Any,
    floors: list[Any],
    weights: list[Any],
    policy: str,
    favoured: int | None,
) -> list[Any]:
    left = amount - _sum(floors)
    paid = list(floors)
    if policy == "to" and favoured is not None:
        paid[favoured] = paid[favoured] + left
        return paid
    order = range(len(floors)) if policy == "in_order" else range(len(floors) - 1, -1, -1)
    for leg in order:
        one = arithmetic.where(arithmetic.both(left > 0, weights[leg] > 0), 1, 0)
        paid[leg] = paid[leg] + one
        left = left - one
    return paid


def _sum(values: list[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
