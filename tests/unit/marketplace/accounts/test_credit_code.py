"""The check character of GB 32100-2015."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.accounts.credit_code import (
    ALPHABET,
    compute_check_character,
    is_credit_code,
    normalise_credit_code,
    parse_credit_code,
)
from marketplace.accounts.errors import InvalidCreditCodeError

# The example that descriptions of the standard use, and two codes that companies publish.
PUBLISHED = ("91350100M000100Y43", "914403001922038216", "91440300708461136T")
firsts = st.text(ALPHABET, min_size=17, max_size=17)


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_are_accepted(code: str) -> None:
    assert parse_credit_code(code) == code


@settings(max_examples=200)
@given(firsts)
def test_each_code_has_one_check_character(first: str) -> None:
    right = compute_check_character(first)
    assert [character for character in ALPHABET if is_credit_code(first + character)] == [right]


@settings(max_examples=200)
@given(firsts, st.integers(0, 16), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(first: str, place: int, other: str) -> None:
    code = first + compute_check_character(first)
    changed = code[:place] + other + code[place + 1 :]
    assert is_credit_code(changed) == (changed == code)


@settings(max_examples=200)
@given(firsts, st.integers(0, 15))
def test_neighbours_that_changed_places_are_found(first: str, place: int) -> None:
    code = first + compute_check_character(first)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_credit_code(swapped) == (swapped == code)


def test_code_is_read_as_people_paste_it() -> None:
    assert normalise_credit_code(" 9135 0100-m0001 00y43\n") == PUBLISHED[0]
    assert parse_credit_code("９１３５０１００Ｍ０００１００Ｙ４３") == PUBLISHED[0]


@pytest.mark.parametrize(
    "text", ["", "9135", "91350100M000100Y4O", "91350100M000100Y44", "91350100M000100Y430", "0" * 17 + "I", "😀" * 18]
)
def test_anything_else_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(InvalidCreditCodeError) as caught:
        parse_credit_code(text)
    assert caught.value.field == "credit_code"
