"""Posting and reversing entries, and the ledger's check of itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite

from marketplace.db import insert_rows, new_public_id
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


@dataclass(frozen=True, slots=True)
class Line:
    """One posting to be made: account code and party within the entry's book, debit positive."""

    code: str
    amount_minor: int
    party: str = ""

    @property
    def pair(self) -> str:
        return self.code[:3] if self.code.startswith("9") else ""


@dataclass(frozen=True)
class Draft:
    """One entry to be made in the book and currency of its batch."""

    reference: str
    kind: str
    effective_on: date
    lines: Sequence[Line]
    details: dict[str, Any] = field(default_factory=dict)
    reverses_entry_id: int | None = None


def post_entries(
    session: orm.Session,
    *,
    book: str,
    currency: str,
    drafts: Sequence[Draft],
    now: datetime,
    references_known_new: bool = False,
) -> list[int]:
    """Post balanced entries of one book, all or none, in one insert a table; returns their ids in the given order.

    Raises when one does not balance, or its reference was used before or stands twice in the batch. A caller that has
    looked at its own ids under a lock says so by `references_known_new`; the unique key refuses all the same.
    """
    kept = [_kept_lines(draft, currency) for draft in drafts]
    if not references_known_new:
        _refuse_used_references(session, drafts)
    accounts = _ensure_accounts(session, book=book, keys={(line.code, line.party) for lines in kept for line in lines})
    ids = _next_entry_ids(session, len(drafts))
    insert_rows(
        session,
        Posting,
        [
            {
                "entry_id": entry_id,
                "account_id": accounts[line.code, line.party],
                "amount_minor": line.amount_minor,
                "currency": currency,
                "pair": line.pair,
            }
            for entry_id, lines in zip(ids, kept, strict=True)
            for line in lines
        ],
    )
    insert_rows(
        session,
        Entry,
        [
            {
                "id": entry_id,
                "public_id": new_public_id(Entry.PREFIX),
                "book": book,
                "reference": draft.reference,
                "kind": draft.kind,
                "effective_on": draft.effective_on,
                "recorded_at": now,
                "reverses_entry_id": draft.reverses_entry_id,
                "details": draft.details,
            }
            for entry_id, draft in zip(ids, drafts, strict=True)
        ],
    )
    return ids


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
    draft = Draft(reference, kind, effective_on, list(lines), details or {}, reverses.id if reverses else None)
    return session.get_one(Entry, post_entries(session, book=book, currency=currency, drafts=[draft], now=now)[0])


def _kept_lines(draft: Draft, currency: str) -> list[Line]:
    """The lines that move something; refuses an entry that is empty or does not balance."""
    kept = [line for line in draft.lines if line.amount_minor != 0]
    if len(kept) < 2:
        raise EmptyEntryError(reference=draft.reference)
    amounts = [line.amount_minor for line in kept]
    # The bound of money holds for all where it holds for the extremes; what is no whole number is refused first.
    for amount in [amount for amount in amounts if type(amount) is not int] or (max(amounts), min(amounts)):
        Money(amount, currency)
    sums: dict[str, int] = defaultdict(int)
    for line in kept:
        sums[line.pair] += line.amount_minor
    if any(sums.values()):
        raise EntryNotBalancedError(reference=draft.reference, sums=dict(sums))
    return kept


def _refuse_used_references(session: orm.Session, drafts: Sequence[Draft]) -> None:
    used = queries.list_used_references(session, references=[draft.reference for draft in drafts])
    for draft in drafts:
        if draft.reference in used:
            raise DuplicateReferenceError(reference=draft.reference)
        used.add(draft.reference)


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


def _next_entry_ids(session: orm.Session, count: int) -> list[int]:
    if session.get_bind().dialect.name == "postgresql":
        drawn = sa.select(entry_sequence.next_value()).select_from(sa.func.generate_series(1, count).alias())
        return [int(number) for number in session.scalars(drawn)]
    # The SQLite writer holds the file alone (BEGIN IMMEDIATE), so the next numbers cannot be taken twice.
    last = session.scalar(sa.select(sa.func.max(Entry.id))) or 0
    return list(range(last + 1, last + 1 + count))


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
