"""Remittance codes catch what a hand gets wrong."""

from hypothesis import given
from hypothesis import strategies as st

from marketplace.payments.remittance import ALPHABET, LENGTH, check_character, is_remittance_code, new_remittance_code

bodies = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


def test_new_codes_are_well_formed_and_differ() -> None:
    codes = {new_remittance_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(is_remittance_code(code) and is_remittance_code(f" {code.lower()} ") for code in codes)


@given(bodies, st.integers(0, LENGTH), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_found(body: str, position: int, letter: str) -> None:
    code = body + check_character(body)
    wrong = code[:position] + letter + code[position + 1 :]
    assert is_remittance_code(f"PL{wrong}") == (wrong == code)


@given(bodies, st.integers(0, LENGTH - 1))
def test_swapped_neighbours_are_found(body: str, position: int) -> None:
    code = body + check_character(body)
    swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    if position < LENGTH - 1:
        assert is_remittance_code(f"PL{swapped}") == (swapped == code)
