"""Every SELECT of the ledger: balances, entries, trial balance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.ledger.errors import EntryNotFoundError
from marketplace.ledger.models import Account, Entry, Posting


@dataclass(frozen=True)
class Balance:
    """The sum of one account in one currency; debit is positive."""

    account: Account
    currency: str
    amount_minor: int


def find_entry_by_reference(session: orm.Session, *, reference: str) -> Entry | None:
    return session.scalar(sa.select(Entry).where(Entry.reference == reference))


def list_used_references(session: orm.Session, *, references: Sequence[str]) -> set[str]:
    """Those of the references that an entry bears already."""
    return set(session.scalars(sa.select(Entry.reference).where(Entry.reference.in_(list(references)))))


def get_entry(session: orm.Session, *, public_id: str) -> Entry:
    entry = session.scalar(sa.select(Entry).where(Entry.public_id == public_id))
    if entry is None:
        raise EntryNotFoundError(public_id=public_id)
    return entry


def list_postings(session: orm.Session, *, entry_id: int) -> Sequence[tuple[Posting, Account]]:
    statement = (
        sa.select(Posting, Account)
        .join(Account, Posting.account_id == Account.id)
        .where(Posting.entry_id == entry_id)
        .order_by(Posting.id)
    )
    return [(posting, account) for posting, account in session.execute(statement)]


def iterate_entries(session: orm.Session, *, book: str | None = None) -> Iterator[tuple[Entry, Posting, Account]]:
    """Entries with their postings in the order of their ids, streamed."""
    statement = (
        sa.select(Entry, Posting, Account)
        .join(Posting, Posting.entry_id == Entry.id)
        .join(Account, Posting.account_id == Account.id)
        .order_by(Entry.id, Posting.id)
    )
    if book is not None:
        statement = statement.where(Entry.book == book)
    yield from session.execute(statement.execution_options(yield_per=1000))


def list_balances(
    session: orm.Session, *, book: str, code: str | None = None, party: str | None = None, until: date | None = None
) -> list[Balance]:
    """Balances of a book by account and currency, optionally as effective until a day."""
    statement = (
        sa.select(Account, Posting.currency, sa.func.sum(Posting.amount_minor))
        .join(Posting, Posting.account_id == Account.id)
        .where(Account.book == book)
        .group_by(Account.id, Posting.currency)
        .order_by(Account.code, Account.party, Posting.currency)
    )
    if code is not None:
        statement = statement.where(Account.code == code)
    if party is not None:
        statement = statement.where(Account.party == party)
    if until is not None:
        statement = statement.join(Entry, Entry.id == Posting.entry_id).where(Entry.effective_on <= until)
    return [Balance(account, currency, int(amount)) for account, currency, amount in session.execute(statement)]


def get_balance_minor(session: orm.Session, *, book: str, code: str, party: str = "", currency: str) -> int:
    """The balance of one account; zero when nothing was ever posted on it."""
    found = list_balances(session, book=book, code=code, party=party)
    return sum(balance.amount_minor for balance in found if balance.currency == currency)


def compute_trial_balance(session: orm.Session) -> dict[tuple[str, str], int]:
    """The sum of all postings by (currency, memo pair): every figure must be zero."""
    statement = sa.select(Posting.currency, Posting.pair, sa.func.sum(Posting.amount_minor)).group_by(
        Posting.currency, Posting.pair
    )
    return {(currency, pair): int(amount) for currency, pair, amount in session.execute(statement)}


def list_unbalanced_entries(session: orm.Session) -> list[dict[str, Any]]:
    """Entries whose postings do not add to zero; the triggers make this list empty."""
    statement = (
        sa.select(Posting.entry_id, Posting.currency, Posting.pair, sa.func.sum(Posting.amount_minor).label("total"))
        .group_by(Posting.entry_id, Posting.currency, Posting.pair)
        .having(sa.func.sum(Posting.amount_minor) != 0)
    )
    return [dict(row._mapping) for row in session.execute(statement)]


def count_orphan_postings(session: orm.Session) -> int:
    """Postings without their entry; the deferred foreign key makes this zero."""
    missing = ~sa.exists().where(Entry.id == Posting.entry_id)
    return session.scalar(sa.select(sa.func.count()).select_from(Posting).where(missing)) or 0


def count_entries(session: orm.Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Entry)) or 0


def count_entries_by_book(session: orm.Session, *, books: Sequence[str]) -> dict[str, int]:
    statement = sa.select(Entry.book, sa.func.count()).where(Entry.book.in_(list(books))).group_by(Entry.book)
    return {str(book): int(count) for book, count in session.execute(statement)}


def list_entries(session: orm.Session, *, book: str, before: str | None = None, limit: int = 50) -> Sequence[Entry]:
    """Entries of a book, newest first; `before` is the public id of the last one shown."""
    statement = sa.select(Entry).where(Entry.book == book).order_by(Entry.id.desc()).limit(limit)
    if before is not None:
        last = get_entry(session, public_id=before)
        if last.book != book:
            raise EntryNotFoundError(public_id=before)
        statement = statement.where(Entry.id < last.id)
    return session.scalars(statement).all()


def map_postings(session: orm.Session, *, entry_ids: Sequence[int]) -> dict[int, list[tuple[Posting, Account]]]:
    """The postings of several entries in one query."""
    statement = (
        sa.select(Posting, Account)
        .join(Account, Posting.account_id == Account.id)
        .where(Posting.entry_id.in_(list(entry_ids)))
        .order_by(Posting.id)
    )
    found: dict[int, list[tuple[Posting, Account]]] = {}
    for posting, account in session.execute(statement):
        found.setdefault(posting.entry_id, []).append((posting, account))
    return found


def list_reversals(session: orm.Session, *, entry: Entry) -> Sequence[Entry]:
    """The entry that this one reverses, and the one that reverses it."""
    return session.scalars(
        sa.select(Entry).where(sa.or_(Entry.id == entry.reverses_entry_id, Entry.reverses_entry_id == entry.id))
    ).all()
