"""Rounding and splitting in plain Fraction, written from the specification, importing nothing of ours."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

UNIT = 10**6  # a carry is counted in millionths of a minor unit


def rounded(value: Fraction, rule: str) -> int:
    """Round to a whole number, half to even or half up."""
    whole = floor(value)
    rest = value - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and (rule == "half_up" or whole % 2 == 1)):
        return whole + 1
    return whole


def give_out(count: int, order: list[int], priority: dict[int, Any]) -> list[int]:
    """Return the `count` places of `order` with the largest priority, earlier places first among equals."""
    ranked = sorted(order, key=lambda place: priority[place], reverse=True)
    return ranked[:count]


def split(amount: int, weights: list[int], ties: list[int], carries: list[int], policy: Any, owed: bool) -> list[int]:
    """Split `amount`; `carries` is updated in place for the default policy."""
    places, total = list(range(len(weights))), sum(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    if policy not in ("carried", "plain_largest_remainder"):
        paid = [floor(part) for part in exact]
        left = amount - sum(paid)
        if isinstance(policy, dict):
            paid[policy["place"]] += left
        else:
            line = places if policy == "in_order" else places[::-1]
            for place in [place for place in line if weights[place] > 0][:left]:
                paid[place] += 1
        return paid
    dues = [floor(part * UNIT) for part in exact]
    missing = amount * UNIT - sum(dues)
    for place in give_out(missing, ties, {place: exact[place] * UNIT - dues[place] for place in places}):
        dues[place] += 1
    if policy == "carried":
        dues = [due + carry for due, carry in zip(dues, carries, strict=True)]
    top = [weight if owed and amount <= total else None for weight in weights]
    paid = []
    for place in places:
        units = max(dues[place] // UNIT, 0)
        paid.append(units if top[place] is None else min(units, top[place]))
    while sum(paid) < amount:
        free = [place for place in ties if top[place] is None or paid[place] < top[place]]
        behind = {place: dues[place] - paid[place] * UNIT for place in free}
        for place in give_out(amount - sum(paid), free, behind):
            paid[place] += 1
    while sum(paid) > amount:
        able = [place for place in ties[::-1] if paid[place] > 0]
        ahead = {place: paid[place] * UNIT - dues[place] for place in able}
        paid[give_out(1, able, ahead)[0]] -= 1
    if policy == "carried":
        carries[:] = [due - units * UNIT for due, units in zip(dues, paid, strict=True)]
    return paid
