"""Whole numbers as people type them, read once for every form."""

from __future__ import annotations


def read_whole(text: str, *, digits: int = 9) -> int | str:
    """The number, or the text itself where it is none: the schema then says so at the field.

    Only a few ASCII figures are a number; int() takes those of any script and raises on very long ones.
    """
    typed = text.strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= digits else text
