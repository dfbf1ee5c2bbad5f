"""The database: engine, transaction modes, unit of work, column types, public ids."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm

from marketplace.errors import MarketplaceError
from marketplace.events import EVENTS_KEY, Event

READ, WRITE = "read", "write"
AFTER_REFUSAL_KEY = "facts_after_refusal"
AFTER_COMMIT_KEY = "after_commit"
_mode: ContextVar[str] = ContextVar("transaction_mode", default=WRITE)
_session: ContextVar[orm.Session | None] = ContextVar("current_session", default=None)
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH = 22
_ID_SPACE = 62**_ID_LENGTH
_PAIRS = [first + second for first in _BASE62 for second in _BASE62]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: aware UTC in Python, UTC in the database on both engines."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(orm.DeclarativeBase):
    """Base of every table."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: sa.JSON(),
        list[Any]: sa.JSON(),
        str: sa.String(),
    }


def new_public_id(prefix: str) -> str:
    """A kind prefix and 22 base62 characters (131 bits), the only id that leaves the database."""
    # One draw for all characters: a draw for each costs more than the row that bears the id.
    number, characters = secrets.randbelow(_ID_SPACE), []
    for _ in range(_ID_LENGTH // 2):
        number, place = divmod(number, len(_PAIRS))
        characters.append(_PAIRS[place])
    return f"{prefix}_" + "".join(characters)


class PublicId:
    """Mixin: `public_id`, made from the class's `PREFIX`."""

    PREFIX = "obj"

    @orm.declared_attr
    def public_id(cls) -> orm.Mapped[str]:
        prefix = cls.PREFIX
        return orm.mapped_column(sa.String(32), unique=True, default=lambda: new_public_id(prefix))


def amount_column(**options: Any) -> orm.MappedColumn[Any]:
    """A column of minor units."""
    return orm.mapped_column(sa.BigInteger, **options)


def amount_check(column: str, *, minimum: int | None = 0) -> sa.CheckConstraint:
    """The bound of house rules on a column of minor units."""
    lower = -9 * 10**15 if minimum is None else minimum
    return sa.CheckConstraint(f"{column} BETWEEN {lower} AND {9 * 10**15}", name=f"{column}_bound")


def table_of(model: type[Base]) -> sa.Table:
    """The table of a class, for rows that are written without the mapper."""
    table = model.__table__
    assert isinstance(table, sa.Table)
    return table


def insert_rows(session: orm.Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Rows that are ready, past the mapper, in one round trip; all have the same keys, defaults are given.

    PostgreSQL reads them from one JSON text, which costs the driver one value instead of one for each field;
    SQLite has no round trip, there the driver's own loop over plain tuples is the shortest way.
    """
    table, names = table_of(model), list(rows[0])
    listed = ", ".join(f'"{name}"' for name in names)
    if session.get_bind().dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        values = zip(*(_sqlite_values(session, table.c[name], rows) for name in names), strict=True)
        statement = f'INSERT INTO "{table.name}" ({listed}) VALUES ({marks})'
        session.connection().exec_driver_sql(statement, list(values))
        return
    typed = ", ".join(f'"{name}" {_json_type(table.c[name].type, session)}' for name in names)
    insert = sa.text(
        f'INSERT INTO "{table.name}" ({listed}) SELECT {listed} '
        f"FROM json_to_recordset(CAST(:rows AS json)) AS given({typed})"
    )
    session.execute(insert, {"rows": json.dumps(rows, ensure_ascii=False, default=_json_value)})


def _sqlite_values(session: orm.Session, column: sa.Column[Any], rows: list[dict[str, Any]]) -> list[Any]:
    """One column of the rows as the driver takes it, by the column's own rule."""
    dialect = session.get_bind().dialect
    prepare = column.type.dialect_impl(dialect).bind_processor(dialect)
    values = [row[column.name] for row in rows]
    return values if prepare is None else [prepare(value) for value in values]


def _json_type(kind: sa.types.TypeEngine[Any], session: orm.Session) -> str:
    # As text of any length: the column itself then refuses what is too long.
    return "text" if isinstance(kind, sa.String) else kind.compile(session.get_bind().dialect)


def _json_value(value: date | datetime) -> str:
    return value.isoformat()


def words_check(column: str, words: Sequence[str]) -> sa.CheckConstraint:
    """Enum values are stored as words of a closed list."""
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _prepare_sqlite(engine: sa.Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's late one
        cursor = connection.cursor()
        for pragma in ("busy_timeout=15000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reading = _mode.get() == READ
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _prepare_postgresql(engine: sa.Engine) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if _mode.get() == READ:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def make_engine(url: str) -> sa.Engine:
    """An engine that begins transactions in the mode that the edge has set."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, pool_size=16, max_overflow=32)
        _prepare_sqlite(engine)
    else:
        engine = sa.create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
        _prepare_postgresql(engine)
    return engine


Handlers = Mapping[type[Event], Sequence[Callable[[orm.Session, Any], None]]]


class UnitOfWork:
    """One transaction of one edge; the only place of the project that commits."""

    def __init__(self, database: Database, mode: str) -> None:
        self.database = database
        self.mode = mode
        self._mode_token = _mode.set(mode)
        self.session = database.make_session()
        self._session_token = _session.set(self.session)

    def commit(self) -> None:
        """Run the handlers and the last writes, then commit; callbacks run after it."""
        if self.mode == WRITE:
            self._run_handlers()
            for hook in self.database.before_commit:
                hook(self.session)
        self.session.commit()
        for callback in self.session.info.pop(AFTER_COMMIT_KEY, []):
            callback()

    def _run_handlers(self) -> None:
        while events := self.session.info.pop(EVENTS_KEY, None):
            for happened in events:
                for handler in self.database.handlers.get(type(happened), ()):
                    handler(self.session, happened)

    def rollback(self) -> list[Callable[[orm.Session], None]]:
        """Undo everything; returns the facts that outlive a refusal, for the edge to write."""
        self.session.rollback()
        self.session.info.pop(EVENTS_KEY, None)
        self.session.info.pop(AFTER_COMMIT_KEY, None)
        return list(self.session.info.pop(AFTER_REFUSAL_KEY, []))

    def close(self) -> None:
        self.session.close()
        _session.reset(self._session_token)
        _mode.reset(self._mode_token)


class Database:
    """Engine, sessions and the hooks that a unit of work runs before its commit."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.make_session = orm.sessionmaker(self.engine, expire_on_commit=False)
        self.handlers: Handlers = {}
        self.before_commit: list[Callable[[orm.Session], None]] = []

    @property
    def metadata(self) -> sa.MetaData:
        return Base.metadata

    def begin(self, mode: str = WRITE) -> UnitOfWork:
        """Open a unit of work; the edge commits or rolls back, then closes."""
        return UnitOfWork(self, mode)

    @contextmanager
    def transaction(self, mode: str = WRITE) -> Iterator[orm.Session]:
        """The edge of a job or a command: commit at the end, roll back on any error."""
        unit = self.begin(mode)
        try:
            yield unit.session
            unit.commit()
        except BaseException as error:
            facts = unit.rollback()
            unit.close()
            if isinstance(error, MarketplaceError):
                self.write_facts(facts)
            raise
        else:
            unit.close()

    def write_facts(self, facts: list[Callable[[orm.Session], None]]) -> None:
        """Write what outlives a refusal (failed sign-in, denial, anomaly) in a transaction of its own."""
        if facts:
            with self.transaction(WRITE) as session:
                for fact in facts:
                    fact(session)


def current_session() -> orm.Session:
    """The session of the edge that is running; for the doors only."""
    session = _session.get()
    if session is None:
        raise RuntimeError("no transaction is open: the edge sets one for each request, job and command")
    return session


def remember_after_refusal(session: orm.Session, fact: Callable[[orm.Session], None]) -> None:
    """Keep a fact that must be written even when this transaction is rolled back."""
    session.info.setdefault(AFTER_REFUSAL_KEY, []).append(fact)


def run_after_commit(session: orm.Session, callback: Callable[[], None]) -> None:
    """Run something once the transaction is durable (wake the worker, remove a temporary file)."""
    session.info.setdefault(AFTER_COMMIT_KEY, []).append(callback)


def lock_rows(session: orm.Session, statement: sa.Select[Any]) -> sa.Select[Any]:
    """Lock what is made scarcer: row locks on PostgreSQL; on SQLite the writer already has the file."""
    return statement if session.get_bind().dialect.name == "sqlite" else statement.with_for_update()


def changed_rows(session: orm.Session, statement: sa.Update | sa.Delete) -> int:
    """Run a conditional UPDATE or DELETE; returns how many rows it met, so that one of two wins."""
    result = session.execute(statement)
    assert isinstance(result, sa.CursorResult)
    return int(result.rowcount)
