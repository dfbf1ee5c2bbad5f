"""Remittance codes: short, typed by hand into a bank form, with a check character."""

from __future__ import annotations

import secrets

# 31 characters, a prime: without 0/O, 1/I/L, because people read these codes aloud.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 9


def check_character(body: str) -> str:
    """A weighted sum modulo 31; as 31 is prime it finds every single wrong character."""
    total = sum(ALPHABET.index(character) * 2 ** (position + 1) for position, character in enumerate(body))
    return ALPHABET[-total % len(ALPHABET)]


def new_remittance_code() -> str:
    """The prefix, nine random characters and the check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"PL{body}{check_character(body)}"


def is_remittance_code(text: str) -> bool:
    """Whether a typed code is well formed."""
    code = text.strip().upper()
    if len(code) != LENGTH + 3 or not code.startswith("PL") or any(letter not in ALPHABET for letter in code[2:]):
        return False
    return check_character(code[2:-1]) == code[-1]
