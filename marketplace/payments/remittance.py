"""Remittance codes: short, typed by hand into a bank form, with a check character."""

from __future__ import annotations

import secrets

# Without 0/O, 1/I/L, U: people read these codes aloud.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 9


def check_character(body: str) -> str:
    """ISO 7064 style: the weighted sum over the alphabet's size."""
    total = 0
    for character in body:
        total = (total + ALPHABET.index(character)) * 2 % (len(ALPHABET) + 1)
    return ALPHABET[(len(ALPHABET) + 1 - total) % (len(ALPHABET) + 1) % len(ALPHABET)]


def new_remittance_code() -> str:
    """For example `PL7K3M9QXT4`: a prefix, nine random characters and the check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"PL{body}{check_character(body)}"


def is_remittance_code(text: str) -> bool:
    """Whether a typed code is well formed; catches every single wrong character."""
    code = text.strip().upper()
    if len(code) != LENGTH + 3 or not code.startswith("PL") or any(letter not in ALPHABET for letter in code[2:]):
        return False
    return check_character(code[2:-1]) == code[-1]
