"""The server that test_kill.py kills: the real application and `flask serve`, with one more act and one more job.

The act books a balanced entry, notes itself in the audit trail and asks for a job, all in its request; the job books
an entry under a reference that differs each time, so that a job done twice shows.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import request

from marketplace import clock
from marketplace.accounts.access import current_actor, signed_in
from marketplace.app import Marketplace, create_app
from marketplace.audit.services import record_act
from marketplace.db import current_session
from marketplace.jobs.registry import JobKind, register_job
from marketplace.jobs.services import enqueue_job
from marketplace.ledger.services import Line, post_entry

BOOK = "test:kill"
DAY = date(2027, 1, 15)


def book(session: Any, *, kind: str, name: str, reference: str, now: datetime) -> None:
    """One entry of 7 fen."""
    post_entry(
        session, book=BOOK, reference=reference, kind=kind, effective_on=DAY, now=now, currency="CNY",
        lines=[Line("1010", 7), Line("3010", -7)], details={"name": name},
    )  # fmt: skip


def follow(session: Any, *, now: datetime, name: str) -> None:
    """The job of one act."""
    book(session, kind="closing", name=name, reference=f"job:{name}:{secrets.token_hex(8)}", now=now)


def act() -> Any:
    """Book, note and ask for the job; the name is not unique in the database, so that a doubled act shows."""
    session, actor, now, name = current_session(), current_actor(), clock.now(), request.get_json()["name"]
    book(session, kind="opening", name=name, reference=f"act:{name}:{secrets.token_hex(8)}", now=now)
    record_act(session, actor=actor, action="test.act", subject_kind="test", subject_id=name, now=now)
    enqueue_job(session, name="test.follow", now=now, arguments={"name": name})
    return {"name": name}, 201


def extend(app: Marketplace) -> Marketplace:
    """The application with the act and the job."""
    register_job(JobKind("test.follow", record=follow))
    app.add_url_rule("/api/v1/test/acts", view_func=signed_in(act), methods=["POST"])
    return app


def make_app() -> Marketplace:
    """Found by `flask --app`; settings come from the environment, and the clock is that of the test."""
    ahead = timedelta(seconds=float(os.environ["TEST_CLOCK_AHEAD_SECONDS"]))
    clock.now = lambda: datetime.now(UTC) + ahead
    return extend(create_app())
