"""The audit trail: a chain that names the line that was touched."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from marketplace.audit.services import record_act, verify_chain
from marketplace.db import Database
from tests.factories import MOMENT


def record(database: Database, count: int) -> None:
    with database.transaction() as session:
        for number in range(count):
            record_act(
                session, actor=None, action="test.act", subject_kind="test", subject_id=f"s{number}", now=MOMENT,
                details={"名": "值", "n": number},
            )  # fmt: skip


def test_chain_of_several_transactions_is_whole(app: object, database: Database) -> None:
    record(database, 2)
    record(database, 3)
    with database.transaction("read") as session:
        result = verify_chain(session)
    assert (result.lines, result.broken_at) == (5, None)


def test_rolled_back_act_leaves_no_line(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        record_act(session, actor=None, action="x", subject_kind="x", subject_id="x", now=MOMENT)
        raise RuntimeError
    with database.transaction("read") as session:
        assert verify_chain(session).lines == 0


@pytest.mark.parametrize("statement", ["UPDATE audit_line SET action = 'x'", "DELETE FROM audit_line"])
def test_database_refuses_change(database: Database, statement: str) -> None:
    record(database, 1)
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(sa.text(statement))


def test_changed_line_is_named(database: Database) -> None:
    record(database, 4)
    with database.transaction() as session:
        sqlite = session.get_bind().dialect.name == "sqlite"
        disable = "DROP TRIGGER audit_line_no_update" if sqlite else "ALTER TABLE audit_line DISABLE TRIGGER USER"
        session.execute(sa.text(disable))
        session.execute(sa.text("UPDATE audit_line SET subject_id = 'other' WHERE id = 3"))
    with database.transaction("read") as session:
        result = verify_chain(session)
    assert (result.broken_at, result.reason) == (3, "line was changed")
