"""Money: exact, one currency, conserved when split."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.money import (
    LIMIT_MINOR,
    AmountTooLargeError,
    CurrencyMismatchError,
    InvalidAmountError,
    Money,
    UnknownCurrencyError,
    parse_amount,
    round_fraction,
)

amounts = st.integers(0, LIMIT_MINOR)


@given(amounts, st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
def test_allocation_conserves_the_total_and_stays_within_one_unit(amount: int, weights: list[int]) -> None:
    parts = [part.amount_minor for part in Money(amount, "CNY").allocate(weights)]
    total = sum(weights)
    assert sum(parts) == amount
    assert all(abs(part - Fraction(amount * weight, total)) < 1 for part, weight in zip(parts, weights, strict=True))


@given(st.fractions(min_value=-(10**12), max_value=10**12))
def test_rounding_half_even_agrees_with_decimal(value: Fraction) -> None:
    doubled = value * 2
    rounded = round_fraction(value)
    assert abs(rounded - value) <= Fraction(1, 2)
    if doubled.denominator == 1 and doubled % 2 == 1:
        assert rounded % 2 == 0


@pytest.mark.parametrize(
    ("value", "rounding", "expected"),
    [(Fraction(5, 2), "half_even", 2), (Fraction(5, 2), "half_up", 3), (Fraction(-5, 2), "half_up", -3),
     (Fraction(29, 10), "down", 2), (Fraction(-29, 10), "down", -2)],
)  # fmt: skip
def test_named_roundings(value: Fraction, rounding: str, expected: int) -> None:
    assert round_fraction(value, rounding) == expected


def test_two_currencies_never_meet() -> None:
    with pytest.raises(CurrencyMismatchError):
        Money(1, "CNY") + Money(1, "USD")


def test_float_factor_is_refused() -> None:
    with pytest.raises(TypeError):
        Money(100, "CNY").times(0.5)  # type: ignore[arg-type]  # the refusal is what is tested
    assert Money(100, "CNY").times(Decimal("0.5")) == Money(50, "CNY")


@pytest.mark.parametrize(
    ("text", "minor"), [("1", 100), ("1,234.50", 123450), ("0.01", 1), (" 5 ", 500), ("12345678", 1234567800)]
)
def test_plain_amounts_are_read(text: str, minor: int) -> None:
    assert parse_amount(text, "CNY").amount_minor == minor


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "Infinity", "1e308", "1e-400", "-1", "-0", "0", "0.001", "1_000", "１２", "٣", "1,00", "+1", "0x10",
     "1.", ".5", "1 000", "true", None, 5, True, 1.5],
)  # fmt: skip
def test_anything_else_is_refused_at_the_field(text: object) -> None:
    with pytest.raises(InvalidAmountError) as refusal:
        parse_amount(text, "CNY", field="amount")
    assert refusal.value.field == "amount"


@pytest.mark.parametrize("text", ["1" + "0" * 30, "90000000000000.01"])
def test_amount_beyond_the_bound_is_refused(text: str) -> None:
    with pytest.raises(AmountTooLargeError):
        parse_amount(text, "CNY")


def test_yen_has_no_decimals_and_unknown_currency_is_refused() -> None:
    assert parse_amount("500", "JPY").amount_minor == 500
    with pytest.raises(InvalidAmountError):
        parse_amount("5.5", "JPY")
    for currency in ("cny", "XXX", ""):
        with pytest.raises(UnknownCurrencyError):
            parse_amount("5", currency)
