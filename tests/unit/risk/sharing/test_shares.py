"""Shares of a conversion over the range of amounts: exact, the same in both number types, and the cap is tight."""

from __future__ import annotations

import datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from risk.sharing import AmountError, shares
from risk.sharing.arithmetic import BOUND, ArrayArithmetic, IntegerArithmetic
from risk.sharing.model import Conversion

WORDS = {"zh": "条款", "en": "clause"}
AMOUNTS = st.one_of(st.integers(1, 100), st.integers(1, 10**10), st.integers(1, BOUND // 10**6))
COUNTS = st.one_of(st.integers(1, 100), st.integers(1, 10**9), st.integers(1, BOUND // 10**6))
MILLIONTHS = st.integers(1, 10**6 - 1)


def rule(discount: int, cap: int) -> Conversion:
    factor, share = (Fraction(part, 10**6).as_integer_ratio() for part in (10**6 - discount, cap))
    return Conversion(factor, share, datetime.date(2029, 12, 31), "auditor", "others", WORDS, WORDS)


@settings(max_examples=200, deadline=None)
@given(amount=AMOUNTS, value=AMOUNTS, before=COUNTS, discount=MILLIONTHS)
def test_shares_are_the_whole_number_that_the_discounted_price_buys(
    amount: int, value: int, before: int, discount: int
) -> None:
    terms = rule(discount, 200_000)
    price = Fraction(value, before) * Fraction(10**6 - discount, 10**6)
    exact = amount / price
    try:
        got = shares.converted(IntegerArithmetic(), terms, amount, value, before)
    except AmountError:
        assert exact > BOUND // 2
        return
    assert got == exact.numerator // exact.denominator
    arrays = [np.array([part, part], dtype=np.int64) for part in (amount, value, before)]
    assert shares.converted(ArrayArithmetic(2), terms, *arrays).tolist() == [got, got]


@settings(max_examples=200, deadline=None)
@given(value=AMOUNTS, before=COUNTS, new=st.integers(0, 10**9), held=st.integers(0, 10**9), discount=MILLIONTHS,
       cap=MILLIONTHS, largest=st.integers(0, 10**10))  # fmt: skip
def test_the_largest_amount_stays_under_the_cap_and_the_largest_holder_and_one_more_unit_does_not(
    value: int, before: int, new: int, held: int, discount: int, cap: int, largest: int
) -> None:
    terms, whole = rule(discount, cap), IntegerArithmetic()
    held = min(held, before)
    allowed = shares.most_shares(terms, held, before + new, largest)
    most = shares.largest_amount(terms, allowed, value, before)
    assume(most < BOUND // 10**6)

    def is_above(amount: int) -> bool:
        got = shares.converted(whole, terms, amount, value, before)
        return held + got >= largest or bool(shares.above_cap(whole, terms, held + got, before + new + got))

    if most:
        assert not is_above(most)
        assert is_above(most + 1)
    else:
        # Nothing fits: one share more is too many, or the least money buys too many.
        one_more = shares.above_cap(whole, terms, held + 1, before + new + 1) or held + 1 >= largest
        assert one_more or is_above(1)


@pytest.mark.parametrize("place", ["value", "before"])
def test_a_price_too_fine_to_be_multiplied_is_found(place: str) -> None:
    terms, whole = rule(100_000, 200_000), IntegerArithmetic()
    figures = {"value": 10**12, "before": 10**7, place: BOUND}
    assert shares.too_fine(whole, terms, figures["value"], figures["before"])
    assert not shares.too_fine(whole, terms, 10**12, 10**7)
