"""Settling one distribution beside one durable commit, and booking entries beside bare bulk inserts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date

import sqlalchemy as sa

from benchmarks.durable import durable_commit
from benchmarks.market import running_app
from benchmarks.measure import Figure, compare
from marketplace import clock
from marketplace.app import Marketplace
from marketplace.ledger.services import Line, post_entry
from risk.sharing.engine import Engine
from risk.sharing.scenario_a import scenario_a

ENTRIES = 200
DAY = date(2027, 1, 15)


def run() -> list[Figure]:
    with durable_commit() as commit, running_app() as app:
        return [
            compare("agreements.distribution", _distribution(), commit, bound=10, repeats=25),
            compare("agreements.ledger_entries", *_entries(app), bound=250, repeats=9),
        ]


def _distribution() -> Callable[[], object]:
    """Applying the first distribution of scenario A to the state before it."""
    document = scenario_a("success")
    engine = Engine(document["terms"])
    state, events = engine.open(), document["events"]
    place = next(index for index, event in enumerate(events) if event["kind"] == "distribution")
    for event in events[:place]:
        state = engine.apply(state, event).state
    return lambda: engine.apply(state, events[place])


def _entries(app: Marketplace) -> tuple[Callable[[], None], Callable[[], None]]:
    """The same count of entries with two postings: by the ledger, and by two bare bulk inserts."""
    numbers = itertools.count()
    metadata = sa.MetaData()
    entry = sa.Table("bare_entry", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("ref", sa.String))
    posting = sa.Table(
        "bare_posting", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("entry_id", sa.Integer),
        sa.Column("amount_minor", sa.BigInteger),
    )  # fmt: skip
    metadata.create_all(app.database.engine)

    def ours() -> None:
        with app.database.transaction() as session:
            for _ in range(ENTRIES):
                post_entry(
                    session, book="bench", reference=f"r{next(numbers)}", kind="call", effective_on=DAY,
                    now=clock.now(), currency="CNY", lines=[Line("1010", 7), Line("3010", -7)],
                )  # fmt: skip

    def bare() -> None:
        with app.database.engine.begin() as connection:
            first = next(numbers) * ENTRIES
            ids = range(first, first + ENTRIES)
            rows = [{"entry_id": number, "amount_minor": sign * 7} for number in ids for sign in (1, -1)]
            connection.execute(sa.insert(posting), rows)
            connection.execute(sa.insert(entry), [{"ref": f"b{number}"} for number in ids])

    return ours, bare
