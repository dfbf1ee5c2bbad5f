"""A batch of chained, booked entries beside the same rows by bare `executemany`, on both databases."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import sqlalchemy as sa

from benchmarks.agreement_market import make_agreement
from benchmarks.market import make_headers
from benchmarks.measure import Figure, compare
from marketplace import clock
from marketplace.agreements import queries
from marketplace.agreements.handlers import HOUSE
from marketplace.agreements.models import AgreementEvent
from marketplace.agreements.services.cash import CashEvent, append_cash_events
from marketplace.app import Marketplace
from marketplace.db import table_of
from marketplace.ledger.models import Entry, Posting

BATCH = 100
BOUND = 2
DAY = date(2027, 1, 15)
TABLES = [table_of(model) for model in (Posting, Entry, AgreementEvent)]


def measure_entries(app: Marketplace, name: str) -> Figure:
    """Ours: ids looked up, chain, accounts, triggers, one commit. Bare: the very rows of ours, one commit."""
    make_headers(app)
    agreement_id, _public_id = make_agreement(app, events=3)
    engine, numbers = app.database.engine, itertools.count()
    bare = {table.name: bare_table(table) for table in TABLES}
    for table in bare.values():
        table.create(engine)
    last = dict.fromkeys(bare, 0)
    rows: dict[str, list[dict[str, Any]]] = {}

    items = [_item(next(numbers)) for _ in range(BATCH)]

    def ours() -> None:
        with app.database.transaction() as session:
            agreement = queries.find_agreement(session, agreement_id=agreement_id)
            assert agreement is not None
            append_cash_events(session, agreement=agreement, actor=HOUSE, items=items, now=clock.now())

    def prepare() -> None:
        items[:] = [_item(next(numbers)) for _ in range(BATCH)]
        with engine.connect() as connection:
            for table in TABLES:
                found = connection.execute(sa.select(table).where(table.c.id > last[table.name]))
                rows[table.name] = [dict(row) for row in found.mappings()]
                last[table.name] = max(row["id"] for row in rows[table.name])

    def executemany() -> None:
        with engine.begin() as connection:
            for name, table in bare.items():
                connection.execute(sa.insert(table), rows[name])

    return compare(name, ours, executemany, bound=BOUND, repeats=25, between=prepare)


def _item(number: int) -> CashEvent:
    """A payment of four lines, as one that settles two parties."""
    body = {"payment": f"pay_{number:022d}", "purpose": "distribution", "payer": "project", "payee": "angel",
            "amount_minor": 7}  # fmt: skip
    lines = [("2010", "angel", 7), ("1120", None, -7), ("2010", "industrial", 9), ("1010", None, -9)]
    return CashEvent(f"paid-pay_{number:022d}", "payment", DAY, body, lines)


def bare_table(table: sa.Table) -> sa.Table:
    """The same columns, keys, foreign keys, checks and indexes; what is ours by trigger is left out."""
    columns = [
        sa.Column(column.name, column.type, *(_foreign(key) for key in column.foreign_keys),
                  primary_key=column.primary_key, nullable=column.nullable, unique=column.unique,
                  autoincrement=column.autoincrement)
        for column in table.columns
    ]  # fmt: skip
    rules: list[sa.Constraint] = [
        sa.UniqueConstraint(*(column.name for column in rule.columns))
        for rule in table.constraints
        if isinstance(rule, sa.UniqueConstraint) and len(rule.columns) > 1
    ]
    rules += [
        sa.CheckConstraint(str(rule.sqltext)) for rule in table.constraints if isinstance(rule, sa.CheckConstraint)
    ]
    bare = sa.Table(f"bare_{table.name}", sa.MetaData(), *columns, *rules)
    for index in table.indexes:
        sa.Index(f"bare_{index.name}", *(bare.c[column.name] for column in index.columns))
    return bare


def _foreign(key: sa.ForeignKey) -> sa.ForeignKey:
    return sa.ForeignKey(key.column, deferrable=key.deferrable, initially=key.initially)
