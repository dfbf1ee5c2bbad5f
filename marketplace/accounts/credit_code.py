"""The unified social credit code (统一社会信用代码) and its check character, GB 32100-2015."""

from __future__ import annotations

import unicodedata

from marketplace.accounts.errors import InvalidCreditCodeError

# The standard leaves out I, O, S, V and Z, which are mistaken for figures.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18
WEIGHTS = tuple(pow(3, position, 31) for position in range(LENGTH - 1))


def compute_check_character(first: str) -> str:
    """The 18th character of the first 17: 31 less the weighted sum modulo 31 (weights are powers of 3)."""
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(first, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def normalise_credit_code(text: str) -> str:
    """Capital half-width characters without spaces or hyphens, as people paste them from a licence."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(character for character in folded if not character.isspace() and character != "-")


def is_credit_code(code: str) -> bool:
    """Whether 18 characters of the alphabet end in their own check character."""
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        return False
    return compute_check_character(code[:-1]) == code[-1]


def parse_credit_code(text: str, *, field: str = "credit_code") -> str:
    """The normalised code; raises InvalidCreditCodeError when its check character does not fit."""
    code = normalise_credit_code(text)
    if not is_credit_code(code):
        raise InvalidCreditCodeError(field=field)
    return code
