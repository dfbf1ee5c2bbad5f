"""What a pool's register has left, and whose turn it is: pure decisions over its lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Counted:
    """One line of the register as far as it counts: what it does to the balance and to a year's limits."""

    year: int
    bank: int | None
    balance_minor: int
    used_minor: int


@dataclass(frozen=True)
class Room:
    """What is left for one bank in one calendar year; never below zero, whatever was over-used before."""

    bank_year: int
    year: int
    balance: int

    def of(self, counts: str) -> int:
        """By the word that the terms of agreements use."""
        found: int = getattr(self, counts)
        return found


def compute_room(
    rows: Iterable[Counted], *, year: int, year_limit_minor: int, bank: int | None, bank_limit_minor: int
) -> Room:
    """The room of a bank in a year; a recovery paid back fills the balance, not the year's limits."""
    rows = list(rows)
    of_year = [row for row in rows if row.year == year]
    used, of_bank = sum(row.used_minor for row in of_year), [row for row in of_year if row.bank == bank]
    return Room(
        bank_year=max(bank_limit_minor - sum(row.used_minor for row in of_bank), 0),
        year=max(year_limit_minor - used, 0),
        balance=max(sum(row.balance_minor for row in rows), 0),
    )
