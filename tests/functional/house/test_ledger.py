"""The ledger on both databases: balance and append-only are kept by the database itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from marketplace.db import Database
from marketplace.ledger.errors import AlreadyReversedError, DuplicateReferenceError, EntryNotBalancedError
from marketplace.ledger.models import Entry, Posting
from marketplace.ledger.queries import get_balance_minor
from marketplace.ledger.services import Line, check_ledger, post_entry, reverse_entry
from tests.factories import MOMENT

DAY = date(2027, 1, 15)


def post(session: Any, reference: str = "r1", lines: list[Line] | None = None, **values: Any) -> Entry:
    return post_entry(
        session, book="agreement:test", reference=reference, kind="call", effective_on=DAY, now=MOMENT, currency="CNY",
        lines=lines or [Line("1110", 500, "org_a"), Line("3010", -500, "org_a")], **values,
    )  # fmt: skip


def test_entry_posts_balances_of_both_accounts(database: Database) -> None:
    with database.transaction() as session:
        post(session)
    with database.transaction("read") as session:
        assert get_balance_minor(session, book="agreement:test", code="1110", party="org_a", currency="CNY") == 500
        assert check_ledger(session).sound


def test_unbalanced_entry_is_refused_and_nothing_is_written(database: Database) -> None:
    with pytest.raises(EntryNotBalancedError), database.transaction() as session:
        post(session, lines=[Line("1110", 500), Line("3010", -499)])
    with database.transaction("read") as session:
        assert check_ledger(session).entries == 0


def test_memo_pair_balances_apart_from_money(database: Database) -> None:
    mixed = [Line("1010", 5), Line("9011", -5)]
    with pytest.raises(EntryNotBalancedError), database.transaction() as session:
        post(session, lines=mixed)


def test_database_refuses_unbalanced_rows_written_past_the_services(database: Database) -> None:
    with database.transaction() as session:
        account = session.get_one(Posting, post(session) and 1).account_id
    with pytest.raises(DBAPIError, match="not balanced"), database.transaction() as session:
        session.execute(
            sa.insert(Posting),
            [{"entry_id": 99, "account_id": account, "amount_minor": 7, "currency": "CNY", "pair": ""}],
        )
        session.execute(
            sa.insert(Entry),
            [{"id": 99, "public_id": "ent_x", "book": "b", "reference": "x", "kind": "call", "effective_on": DAY,
              "recorded_at": MOMENT, "details": {}}],
        )  # fmt: skip


def test_database_refuses_posting_on_a_sealed_entry(database: Database) -> None:
    with database.transaction() as session:
        entry = post(session)
    with pytest.raises(DBAPIError, match="sealed"), database.transaction() as session:
        session.execute(
            sa.insert(Posting),
            [{"entry_id": entry.id, "account_id": 1, "amount_minor": 7, "currency": "CNY", "pair": ""}],
        )


def test_posting_without_entry_cannot_be_committed(database: Database) -> None:
    with database.transaction() as session:
        post(session)
    with pytest.raises(DBAPIError), database.transaction() as session:
        session.execute(
            sa.insert(Posting), [{"entry_id": 77, "account_id": 1, "amount_minor": 7, "currency": "CNY", "pair": ""}]
        )


@pytest.mark.parametrize("statement", ["UPDATE ledger_posting SET amount_minor = 1", "DELETE FROM ledger_entry"])
def test_database_refuses_change_of_what_was_posted(database: Database, statement: str) -> None:
    with database.transaction() as session:
        post(session)
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(sa.text(statement))


def test_reference_is_used_once(database: Database) -> None:
    with database.transaction() as session:
        post(session)
    with pytest.raises(DuplicateReferenceError), database.transaction() as session:
        post(session)


def test_reversal_restores_balances_and_happens_once(database: Database) -> None:
    with database.transaction() as session:
        reverse_entry(session, entry=post(session), reference="r1-back", effective_on=DAY, now=MOMENT)
        assert get_balance_minor(session, book="agreement:test", code="1110", party="org_a", currency="CNY") == 0
    with pytest.raises(AlreadyReversedError), database.transaction() as session:
        first = session.scalars(sa.select(Entry).order_by(Entry.id)).first()
        assert first is not None
        reverse_entry(session, entry=first, reference="again", effective_on=DAY, now=MOMENT)


def test_get_mode_refuses_writes(database: Database) -> None:
    with pytest.raises(DBAPIError), database.transaction("read") as session:
        post(session)
