"""The triggers that keep the ledger balanced and append-only on both engines.

Postings are inserted first (their foreign key is deferred) and the entry seals them: the insert of the
entry checks the sums, and a posting for an entry that exists is refused. The same order serves SQLite
and PostgreSQL; a constraint trigger at commit time is then not needed, and a forgotten entry is found by
the deferred foreign key.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, event

APPEND_ONLY_TABLES = ("ledger_posting", "ledger_entry")

SQLITE_SEAL = (
    """CREATE TRIGGER ledger_entry_balanced BEFORE INSERT ON ledger_entry BEGIN
    SELECT RAISE(ABORT, 'ledger: entry has no postings')
      WHERE NOT EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id);
    SELECT RAISE(ABORT, 'ledger: entry is not balanced')
      WHERE EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id
                    GROUP BY currency, pair HAVING sum(amount_minor) <> 0);
    END""",
    """CREATE TRIGGER ledger_posting_sealed BEFORE INSERT ON ledger_posting BEGIN
    SELECT RAISE(ABORT, 'ledger: entry is sealed')
      WHERE EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.entry_id);
    END""",
)

POSTGRESQL_SEAL = (
    """CREATE FUNCTION ledger_entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'ledger: entry has no postings' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      IF EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id
                 GROUP BY currency, pair HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'ledger: entry is not balanced' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE TRIGGER ledger_entry_balanced BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_entry_balanced()""",
    """CREATE FUNCTION ledger_posting_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.entry_id) THEN
        RAISE EXCEPTION 'ledger: entry is sealed' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE TRIGGER ledger_posting_sealed BEFORE INSERT ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION ledger_posting_sealed()""",
)


def append_only_statements(table: str, dialect: str) -> tuple[str, ...]:
    """The statements that refuse UPDATE and DELETE (and TRUNCATE) on a table."""
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()",
    )


def install_append_only(table: Any) -> None:
    """Attach the append-only triggers of one table to its creation."""
    for dialect in ("sqlite", "postgresql"):
        for statement in append_only_statements(table.name, dialect):
            _attach(table, statement, dialect)


def install_triggers(account: Any, posting: Any, entry: Any) -> None:
    """Attach every ledger trigger; the seals need both tables, so they follow the posting table's metadata."""
    for table in (posting, entry):
        install_append_only(table)
    for dialect, statements in (("sqlite", SQLITE_SEAL), ("postgresql", POSTGRESQL_SEAL)):
        for statement in statements:
            _attach(entry.metadata, statement, dialect)


def _attach(target: Any, statement: str, dialect: str) -> None:
    escaped = statement.replace("%", "%%")
    event.listen(target, "after_create", DDL(escaped).execute_if(dialect=dialect))
