"""Shares of a conversion: how many an amount buys at the next round's price less the discount, and under which cap."""

from __future__ import annotations

from typing import Any

from risk.sharing.arithmetic import BOUND, Arithmetic, multiply_fraction
from risk.sharing.model import Conversion


def too_fine(arithmetic: Arithmetic, rule: Conversion, pre_money: Any, shares_before: Any) -> Any:
    """Return where the price has too many digits to be multiplied by the discount within 9e15."""
    return arithmetic.either(pre_money > BOUND // rule.factor[0], shares_before > BOUND // rule.factor[1])


def bought(arithmetic: Arithmetic, amount: Any, pre_money: Any, shares_before: Any, step: str) -> Any:
    """Return the whole shares that an amount buys at the price of a round.

    Parameters
    ----------
    amount : int or int64 array (n,)
        Minor units, 0 .. 9e15.
    pre_money : int or int64 array (n,)
        Value of the company before the round in minor units, at least 1.
    shares_before : int or int64 array (n,)
        Shares before the round; the price is `pre_money` / `shares_before`, kept as that fraction.

    Returns
    -------
    int or int64 array (n,)
        floor(amount x shares_before / pre_money): a part of a share is not issued.

    Raises
    ------
    AmountError
        More than 9e15 shares.
    """
    whole, _ = multiply_fraction(arithmetic, amount, shares_before, pre_money, step)
    return whole


def converted(arithmetic: Arithmetic, rule: Conversion, amount: Any, pre_money: Any, shares_before: Any) -> Any:
    """Return the whole shares of a conversion: the round's price is lowered by the discount of the terms.

    Source: the price rule of the terms; floor(amount x shares / (factor x pre-money)), factor one less the discount.
    """
    numerator, denominator = rule.factor
    return bought(arithmetic, amount, pre_money * numerator, shares_before * denominator, "conversion")


def above_cap(arithmetic: Arithmetic, rule: Conversion, held: Any, total: Any) -> Any:
    """Return where `held` of `total` shares is more than the cap of the terms, compared as whole numbers."""
    allowed, _ = arithmetic.muldivmod(total, *rule.holding_cap)
    return held > allowed


def most_shares(rule: Conversion, held: int, total: int, largest_other: int) -> int:
    """Return how many more shares one who holds `held` may get (whole numbers, exact), not below zero.

    Of T shares before the round and newly issued in it, h held already, s more fit under the cap c where
    h + s <= c (T + s), that is s <= (c T - h) / (1 - c), and below the largest other holder where h + s < largest.
    """
    cap, whole = rule.holding_cap
    return max(min((cap * total - whole * held) // (whole - cap), largest_other - 1 - held), 0)


def largest_amount(rule: Conversion, most: int, pre_money: int, shares_before: int) -> int:
    """Return the largest amount in minor units that buys at most `most` whole shares, and zero where it buys none."""
    if most == 0:
        return 0
    numerator, denominator = rule.factor
    price, shares = pre_money * numerator, shares_before * denominator
    return -(-(most + 1) * price // shares) - 1
