"""The floor of every act: one row inserted and made durable in SQLite's write-ahead log."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def durable_commit() -> Iterator[Callable[[], None]]:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(f"{folder}/floor.sqlite3", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE act (id INTEGER PRIMARY KEY, amount INTEGER)")

        def commit() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO act (amount) VALUES (7)")
            connection.execute("COMMIT")

        yield commit
        connection.close()
