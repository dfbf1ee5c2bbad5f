"""What a pool's register has left, and whose turn it is: pure decisions over its lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.money import LIMIT_MINOR

REVERSAL = "reversal:"


@dataclass(frozen=True)
class Counted:
    """One line of the register as far as it counts: what it does to the balance and to a year's limits."""

    year: int
    bank: int | None
    balance_minor: int
    used_minor: int


@dataclass(frozen=True)
class Room:
    """What is left for one bank in one calendar year; never below zero, and never above what an amount may be."""

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
        # Agreements are told the balance as an amount, so it stays one whatever the register has gathered.
        balance=min(max(sum(row.balance_minor for row in rows), 0), LIMIT_MINOR),
    )


def reversal_reference(contribution: str) -> str:
    """The reference of the line that reverses a contribution; the register takes each reference once."""
    return f"{REVERSAL}{contribution}"


def contribution_reference(document: str, *, recorded_before: int) -> str:
    """Each document is counted once; after a reversal it is recorded anew, under a reference of its own."""
    return f"document-{recorded_before + 1}:{document}" if recorded_before else f"document:{document}"
