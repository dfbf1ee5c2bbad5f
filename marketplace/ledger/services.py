"""Posting and reversing entries, and the ledger's check of itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite

from marketplace.db import new_public_id
from marketplace.ledger import queries
from marketplace.ledger.errors import (
    AlreadyReversedError,
    DuplicateReferenceError,
    EmptyEntryError,
    EntryNotBalancedError,
)
from marketplace.ledger.models import Account, Entry, Posting, entry_sequence
from marketplace.money import Money

# Both engines know ON CONFLICT DO NOTHING, each by its own construct.
_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True)
class Line:
    """One posting to be made: account code and party within the entry's book, debit positive."""

    code: str
    amount_minor: int
    party: str = ""

    @property
    def pair(self) -> str:
        return self.code[:3] if self.code.startswith("9") else ""


def post_entry(
    session: orm.Session,
    *,
    book: str,
    reference: str,
    kind: str,
    effective_on: date,
    now: datetime,
    currency: str,
    lines: Iterable[Line],
    details: dict[str, Any] | None = None,
    reverses: Entry | None = None,
) -> Entry:
    """Post one balanced entry; raises when it does not balance or its reference was used."""
    kept = [line for line in lines if line.amount_minor != 0]
    if len(kept) < 2:
        raise EmptyEntryError(reference=reference)
    sums: dict[str, int] = defaultdict(int)
    for line in kept:
        Money(line.amount_minor, currency)
        sums[line.pair] += line.amount_minor
    if any(sums.values()):
        raise EntryNotBalancedError(reference=reference, sums=dict(sums))
    if queries.find_entry_by_reference(session, reference=reference) is not None:
        raise DuplicateReferenceError(reference=reference)
    accounts = _ensure_accounts(session, book=book, keys={(line.code, line.party) for line in kept})
    entry_id = _next_entry_id(session)
    session.execute(
        sa.insert(Posting),
        [
            {
                "entry_id": entry_id,
                "account_id": accounts[line.code, line.party],
                "amount_minor": line.amount_minor,
                "currency": currency,
                "pair": line.pair,
            }
            for line in kept
        ],
    )
    values = {
        "id": entry_id,
        "public_id": new_public_id(Entry.PREFIX),
        "book": book,
        "reference": reference,
        "kind": kind,
        "effective_on": effective_on,
        "recorded_at": now,
        "reverses_entry_id": reverses.id if reverses else None,
        "details": details or {},
    }
    session.execute(sa.insert(Entry), [values])
    return session.get_one(Entry, entry_id)


def reverse_entry(session: orm.Session, *, entry: Entry, reference: str, effective_on: date, now: datetime) -> Entry:
    """Undo an entry by its mirror image, once."""
    if session.scalar(sa.select(Entry.id).where(Entry.reverses_entry_id == entry.id)) is not None:
        raise AlreadyReversedError(entry=entry.public_id)
    postings = queries.list_postings(session, entry_id=entry.id)
    return post_entry(
        session,
        book=entry.book,
        reference=reference,
        kind="reversal",
        effective_on=effective_on,
        now=now,
        currency=postings[0][0].currency,
        lines=[Line(account.code, -posting.amount_minor, account.party) for posting, account in postings],
        details={"reverses": entry.public_id},
        reverses=entry,
    )


@dataclass(frozen=True)
class LedgerCheck:
    """What `flask ledger check` prints."""

    entries: int
    unbalanced: list[dict[str, Any]]
    orphans: int
    trial_balance: dict[tuple[str, str], int]

    @property
    def sound(self) -> bool:
        return not self.unbalanced and not self.orphans and not any(self.trial_balance.values())


def check_ledger(session: orm.Session) -> LedgerCheck:
    """Ask the database whether every entry and the whole still add to zero."""
    return LedgerCheck(
        entries=queries.count_entries(session),
        unbalanced=queries.list_unbalanced_entries(session),
        orphans=queries.count_orphan_postings(session),
        trial_balance=queries.compute_trial_balance(session),
    )


def _next_entry_id(session: orm.Session) -> int:
    if session.get_bind().dialect.name == "postgresql":
        return int(session.scalar(entry_sequence))
    # The SQLite writer holds the file alone (BEGIN IMMEDIATE), so the next number cannot be taken twice.
    return (session.scalar(sa.select(sa.func.max(Entry.id))) or 0) + 1


def _ensure_accounts(session: orm.Session, *, book: str, keys: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    def load() -> dict[tuple[str, str], int]:
        rows = session.execute(
            sa.select(Account.code, Account.party, Account.id).where(
                Account.book == book, sa.tuple_(Account.code, Account.party).in_(sorted(keys))
            )
        )
        return {(code, party): account_id for code, party, account_id in rows}

    found = load()
    missing = sorted(keys - found.keys())
    if missing:
        rows = [{"book": book, "code": code, "party": party} for code, party in missing]
        insert_or_ignore = _INSERTS[session.get_bind().dialect.name]
        session.execute(insert_or_ignore(Account).on_conflict_do_nothing(), rows)
        found = load()
    return found
