"""Alembic's environment: the application's own engine and tables."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

database = current_app.database
# Triggers, the ledger's sequence and expression indexes are written by hand in the migrations.


def include_object(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    return not (kind == "table" and name in ("sqlite_sequence",))


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """A migration names no class of the application: an instant is a plain timestamp with zone."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            compare_type=True,
            include_object=include_object,
            render_item=render_item,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                # Two processes may start at once: only one migrates.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7160000)")
            context.run_migrations()


run()
