"""Formal Chinese amounts; the first six are the examples of the central bank's own rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.money import LIMIT_MINOR, AmountTooLargeError
from marketplace.web.amount_words import DIGITS, amount_in_words


@pytest.mark.parametrize(
    ("amount_minor", "words"),
    [
        (140_950, "人民币壹仟肆佰零玖元伍角"),
        (600_714, "人民币陆仟零柒元壹角肆分"),
        (168_032, "人民币壹仟陆佰捌拾元零叁角贰分"),
        (10_700_053, "人民币壹拾万柒仟元零伍角叁分"),
        (1_640_902, "人民币壹万陆仟肆佰零玖元零贰分"),
        (32_504, "人民币叁佰贰拾伍元零肆分"),
        (0, "人民币零元整"),
        (5, "人民币伍分"),
        (50, "人民币伍角"),
        (1_600_000_000, "人民币壹仟陆佰万元整"),
        (1_000_000_010_000, "人民币壹佰亿零壹佰元整"),
        (100_010_000_000_000, "人民币壹万零壹亿元整"),
        (LIMIT_MINOR, "人民币玖拾万亿元整"),
        (-7_081_937, "人民币负柒万零捌佰壹拾玖元叁角柒分"),
    ],
)
def test_known_amounts(amount_minor: int, words: str) -> None:
    assert amount_in_words(amount_minor) == words


def _read_back(words: str) -> int:
    """An independent reader: digits times places, summed by 亿 and 万."""
    text = words.removeprefix("人民币").removesuffix("整")
    yuan_text, fen = (text.split("元") if "元" in text else ("", text)), 0
    whole, rest = yuan_text if isinstance(yuan_text, list) else ("", text)
    for mark, size in (("角", 10), ("分", 1)):
        if mark in rest:
            fen += DIGITS.index(rest[rest.index(mark) - 1]) * size
    total = section = digit = 0
    for sign in whole:
        if sign in DIGITS:
            digit = DIGITS.index(sign)
        elif sign in "拾佰仟":
            section, digit = section + digit * 10 ** ("拾佰仟".index(sign) + 1), 0
        elif sign == "万":
            total, section, digit = total + (section + digit) * 10_000, 0, 0
        elif sign == "亿":
            total, section, digit = (total + section + digit) * 10**8, 0, 0
    return (total + section + digit) * 100 + fen


@settings(max_examples=200, deadline=None)
@given(st.integers(1, LIMIT_MINOR) | st.integers(1, 10**6))
def test_the_words_read_back_as_the_amount(amount_minor: int) -> None:
    assert _read_back(amount_in_words(amount_minor)) == amount_minor
    assert "零零" not in amount_in_words(amount_minor)


def test_an_amount_beyond_the_ledger_is_refused() -> None:
    with pytest.raises(AmountTooLargeError):
        amount_in_words(LIMIT_MINOR + 1)
