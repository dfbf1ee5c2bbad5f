"""Walking a long chain of events beside hashing their stored canonical bytes row by row."""

from __future__ import annotations

import hashlib
import os
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from benchmarks.agreement_market import make_agreement
from benchmarks.market import make_headers
from benchmarks.measure import Figure, compare
from marketplace.agreements.chain import event_text, hash_event_text
from marketplace.agreements.models import Agreement, AgreementEvent
from marketplace.agreements.services.chains import check_chains
from marketplace.app import Marketplace
from marketplace.db import insert_rows

# A tenth of the million that the bound speaks of, for the suite's sake; the cost of an event does not depend on it.
EVENTS = int(os.environ.get("BENCH_EVENTS", "100000"))
CHUNK = 10_000
BOUND = 5
BYTES = sa.Table(
    "bench_bytes", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("content", sa.Text)
)


def measure_verification(app: Marketplace) -> Figure:
    make_headers(app)
    agreement_id, _public_id = make_agreement(app, events=1)
    BYTES.create(app.database.engine)
    write_events(app, agreement_id)

    def ours() -> None:
        with app.database.transaction("read") as session:
            result = check_chains(session)
        assert result.problem is None
        assert result.events == EVENTS

    def bare() -> None:
        with app.database.engine.connect() as connection:
            for text in connection.execute(sa.select(BYTES.c.content).execution_options(yield_per=5000)).scalars():
                hashlib.sha256(text.encode()).hexdigest()

    return compare("agreements.verify_chain", ours, bare, bound=BOUND, repeats=1)


def write_events(app: Marketplace, agreement_id: int) -> None:
    """One chain of payments, and beside it the canonical bytes of each of its events."""
    with app.database.transaction() as session:
        first = session.scalars(sa.select(AgreementEvent).where(AgreementEvent.agreement_id == agreement_id)).one()
        head, version = first.hash, first.version_hash
    for start in range(2, EVENTS + 1, CHUNK):
        rows: list[dict[str, Any]] = []
        texts = []
        for number in range(start, min(start + CHUNK, EVENTS + 1)):
            row = _row(agreement_id, number, version)
            text = event_text(
                **{name: row[name] for name in ("event_id", "kind", "body", "recorded_at")}, actor_user="",
                effective_on=row["effective_on"].isoformat(), actor_organisation="",
            )  # fmt: skip
            row["previous_hash"], head = head, hash_event_text(text, version, head)
            rows.append({**row, "hash": head})
            texts.append({"content": text})
        with app.database.transaction() as session:
            insert_rows(session, AgreementEvent, rows)
            session.execute(sa.insert(BYTES), texts)
            agreement = session.get_one(Agreement, agreement_id)
            agreement.event_count, agreement.head_hash = rows[-1]["number"], head


def _row(agreement_id: int, number: int, version: str) -> dict[str, Any]:
    body = (
        f'{{"amount_minor":7,"payee":"angel","payer":"project","payment":"pay_{number:022d}","purpose":"distribution"}}'
    )
    return {
        "public_id": f"aev_{number:022d}", "agreement_id": agreement_id, "number": number,
        "event_id": f"paid-pay_{number:022d}", "kind": "payment",
        "effective_on": date(2027, 1, 15) + timedelta(days=number // 1000),
        "recorded_at": "2027-01-15T00:00:00.000000+00:00", "body": body, "version_hash": version, "actor_user": "",
        "actor_organisation": "", "ledger_entry_id": None, "explanation": [],
    }  # fmt: skip
