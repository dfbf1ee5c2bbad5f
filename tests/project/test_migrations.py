"""One migration history for both databases: up, down, up, and nothing that the tables have and it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.util.exc import CommandError

from marketplace.app import Marketplace, create_app
from marketplace.config import Settings


@pytest.fixture
def empty_app(request: pytest.FixtureRequest, tmp_path: Path, empty_database_url: str) -> Iterator[Marketplace]:
    application = create_app(
        Settings(
            environment="test", instance_path=tmp_path / "instance", database_url=empty_database_url, secret_key="x",
            password_salt="x", totp_secret="x" * 43,
        )
    )  # fmt: skip
    yield application
    application.database.engine.dispose()


def configuration(app: Marketplace) -> Any:
    return app.extensions["migrate"].migrate.get_config()


def table_names(app: Marketplace) -> set[str]:
    return set(sa.inspect(app.database.engine).get_table_names()) - {"alembic_version"}


def test_up_down_up_leaves_the_same_schema(empty_app: Marketplace) -> None:
    with empty_app.app_context():
        command.upgrade(configuration(empty_app), "head")
        first = table_names(empty_app)
        command.downgrade(configuration(empty_app), "base")
        assert table_names(empty_app) == set()
        command.upgrade(configuration(empty_app), "head")
    assert table_names(empty_app) == first == set(empty_app.database.metadata.tables)


def test_tables_and_migrations_agree(empty_app: Marketplace) -> None:
    with empty_app.app_context():
        command.upgrade(configuration(empty_app), "head")
        try:
            command.check(configuration(empty_app))
        except CommandError as difference:
            pytest.fail(str(difference))


def test_triggers_of_the_migrations_are_those_of_the_tables(empty_app: Marketplace) -> None:
    with empty_app.app_context():
        command.upgrade(configuration(empty_app), "head")
        migrated = triggers(empty_app)
        command.downgrade(configuration(empty_app), "base")
    empty_app.database.metadata.create_all(empty_app.database.engine)
    assert migrated == triggers(empty_app) != set()


def triggers(app: Marketplace) -> set[str]:
    with app.database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            query = "SELECT name || ':' || sql FROM sqlite_master WHERE type = 'trigger'"
        else:
            query = "SELECT tgname || ':' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        return {" ".join(row[0].split()) for row in connection.exec_driver_sql(query)}
