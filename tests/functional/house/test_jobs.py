"""Job rows: leases, retries, parking, dedupe, and nothing lost or done twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.db import Database
from marketplace.jobs import registry
from marketplace.jobs.models import Job
from marketplace.jobs.registry import JobKind, register_job
from marketplace.jobs.services import LEASE, claim_job, enqueue_job, enqueue_scheduled, run_due_jobs, run_next_job
from marketplace.notifications.models import Notification
from marketplace.notifications.services import notify


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    """Kinds of this module; the process's own registry is put back afterwards."""
    before = dict(registry._kinds)

    def tell(session: Any, *, now: Any, key: str) -> None:
        notify(session, organisation_ids=[1], kind="test", parameters={}, url="", dedupe_key=key, now=now)

    def fail(session: Any, *, now: Any) -> None:
        notify(session, organisation_ids=[1], kind="test", parameters={}, url="", dedupe_key="never", now=now)
        raise RuntimeError("no luck")

    register_job(JobKind("test.tell", record=tell))
    register_job(JobKind("test.fail", record=fail, attempts_allowed=2))
    register_job(JobKind("test.hourly", record=lambda session, *, now: None, every_seconds=3600))
    yield
    registry._kinds.clear()
    registry._kinds.update(before)


def enqueue(database: Database, name: str, **options: Any) -> None:
    with database.transaction() as session:
        enqueue_job(session, name=name, now=clock.now(), **options)


def states(database: Database) -> list[str]:
    with database.transaction("read") as session:
        return list(session.scalars(sa.select(Job.state).order_by(Job.id)))


def count_notices(database: Database) -> int:
    with database.transaction("read") as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Notification)) or 0


def test_job_effect_and_end_are_one_transaction(database: Database) -> None:
    enqueue(database, "test.tell", arguments={"key": "a"})
    assert run_due_jobs(database) == 1
    assert states(database) == ["done"]
    assert count_notices(database) == 1


def test_failed_job_writes_nothing_is_retried_and_then_parked(database: Database) -> None:
    enqueue(database, "test.fail")
    run_next_job(database)
    assert states(database) == ["waiting"]
    run_next_job(database, now=clock.now() + timedelta(minutes=5))
    assert states(database) == ["parked"]
    assert count_notices(database) == 0


def test_lease_that_ran_out_is_taken_again(database: Database) -> None:
    enqueue(database, "test.tell", arguments={"key": "b"})
    with database.transaction() as session:
        assert claim_job(session, now=clock.now()) is not None  # a worker that is then killed
    assert run_next_job(database) is None
    run_next_job(database, now=clock.now() + LEASE + timedelta(seconds=1))
    assert states(database) == ["done"]
    assert count_notices(database) == 1


def test_same_dedupe_key_is_one_open_job(database: Database) -> None:
    for _ in range(3):
        enqueue(database, "test.tell", arguments={"key": "c"}, dedupe_key="only-one")
    assert states(database) == ["waiting"]
    run_due_jobs(database)
    enqueue(database, "test.tell", arguments={"key": "c"}, dedupe_key="only-one")
    assert states(database) == ["done", "waiting"]


def test_unknown_job_cannot_be_enqueued(database: Database) -> None:
    with pytest.raises(ValueError, match="no job is registered"):
        enqueue(database, "test.unknown")


def test_schedule_enqueues_each_period_once(database: Database) -> None:
    now = clock.now()
    first, again = enqueue_scheduled(database, now=now), enqueue_scheduled(database, now=now)
    assert (first > 0, again) == (True, 0)
    run_due_jobs(database)
    assert enqueue_scheduled(database, now=now + timedelta(hours=2)) >= 1
