"""The figures of a linkage report written again from the specification, in plain fractions; imports nothing of ours.

Input: the rows of the exported CSV (or dictionaries like them): round, investor, kind, loan, public share, amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import floor
from typing import Any


def symbols(rows: Iterable[Mapping[str, Any]], *, fund: str, look_through: bool) -> dict[str, int]:
    """G, O, V, B of rows with `investor`, `kind`, `loan`, `public` (a fraction) and `amount` (fen)."""
    found = {"G": 0, "O": 0, "V": 0, "B": 0}
    for row in rows:
        if row["loan"]:
            found["B"] += row["amount"]
        elif row["investor"] == fund:
            found["G"] += row["amount"]
        elif row["kind"] == "guidance_fund":
            found["O"] += row["amount"]
        else:
            counted = floor(row["amount"] * (1 - Fraction(row["public"]))) if look_through else row["amount"]
            found["V"] += counted
            found["O"] += row["amount"] - counted
    return found


def ratios(sums: Mapping[str, int], contingent: int) -> dict[str, Fraction | None]:
    """M1a, M1b, M2 and M4, each None where G is zero."""
    g, o, v, b = (sums[name] for name in "GOVB")
    if g == 0:
        return dict.fromkeys(("M1a", "M1b", "M2", "M4"))
    return {
        "M1a": Fraction(g + v, g),
        "M1b": Fraction(g + v + b, g),
        "M2": Fraction(v, g),
        "M4": Fraction(g + o + v + b, g + o + contingent),
    }


def attribution(money: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Largest remainder, one fen at a time to the fund that is furthest below its exact share."""
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    exact = {name: Fraction(money * weight, whole) for name, weight in weights.items()}
    given = {name: floor(share) for name, share in exact.items()}
    while sum(given.values()) < money:
        neediest = max(sorted(exact), key=lambda name: exact[name] - given[name])
        given[neediest] += 1
    return given
