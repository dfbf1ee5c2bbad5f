"""Asking for jobs and running them: leases, retries, parking."""

from __future__ import annotations

import traceback
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import orm

from marketplace import clock
from marketplace.audit.services import record_act
from marketplace.db import READ, WRITE, Database, changed_rows
from marketplace.errors import ConflictError
from marketplace.jobs.models import Job, Schedule
from marketplace.jobs.registry import get_kind, list_kinds, run_steps

LEASE = timedelta(minutes=10)
log = structlog.get_logger()


def enqueue_job(
    session: orm.Session,
    *,
    name: str,
    now: datetime,
    arguments: dict[str, Any] | None = None,
    run_after: datetime | None = None,
    dedupe_key: str | None = None,
    owner_organisation_id: int | None = None,
) -> Job:
    """Write a job row in the caller's transaction; the same dedupe key is one job while it is open."""
    if get_kind(name) is None:
        raise ValueError(f"no job is registered under {name!r}")
    if dedupe_key is not None:
        waiting = session.scalar(sa.select(Job).where(Job.dedupe_key == dedupe_key))
        if waiting is not None:
            return waiting
    job = Job(
        name=name,
        arguments=arguments or {},
        run_after=run_after or now,
        dedupe_key=dedupe_key,
        owner_organisation_id=owner_organisation_id,
        created_at=now,
    )
    session.add(job)
    session.flush()  # the caller shows the job's public id
    return job


def claim_job(session: orm.Session, *, now: datetime) -> Job | None:
    """Take the next due job under a lease; a lease that ran out is taken again."""
    due = sa.or_(
        sa.and_(Job.state == "waiting", Job.run_after <= now),
        sa.and_(Job.state == "running", Job.lease_until < now),
    )
    statement = sa.select(Job).where(due).order_by(Job.run_after, Job.id).limit(1)
    if session.get_bind().dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    job = session.scalar(statement)
    if job is None:
        return None
    job.state, job.lease_until, job.attempts = "running", now + LEASE, job.attempts + 1
    session.flush()  # the lease is part of the claim's own transaction
    return job


def run_next_job(database: Database, *, now: datetime | None = None) -> Job | None:
    """Claim and run one job; its effect and its end are one transaction."""
    moment = now or clock.now()
    with database.transaction(WRITE) as session:
        job = claim_job(session, now=moment)
    if job is None:
        return None
    kind = get_kind(job.name)
    try:
        if kind is None:
            raise LookupError(f"no job is registered under {job.name!r}")
        data = run_steps(kind, database, job.arguments)
        with database.transaction(WRITE) as session:
            held = session.get_one(Job, job.id)
            if held.state != "running" or held.attempts != job.attempts:
                return job  # cancelled, or its lease ran out and another worker has it
            if kind.compute is not None or kind.prepare is not None:
                result_url = kind.record(session, now=clock.now(), data=data, **job.arguments)
            else:
                result_url = kind.record(session, now=clock.now(), **job.arguments)
            held.state, held.finished_at, held.progress_percent = "done", clock.now(), 100
            held.dedupe_key = held.lease_until = held.last_error = None
            held.result_url = result_url if isinstance(result_url, str) else None
    except Exception as error:  # any failure of a job is kept on its row and retried or parked
        log.warning("job_failed", job=job.public_id, name=job.name, error=repr(error))
        _record_failure(database, job=job, allowed=kind.attempts_allowed if kind else 1)
    return job


def _record_failure(database: Database, *, job: Job, allowed: int) -> None:
    text = traceback.format_exc(limit=8)[-4000:]
    with database.transaction(WRITE) as session:
        held = session.get_one(Job, job.id)
        held.last_error, held.lease_until = text, None
        if held.attempts >= allowed:
            held.state, held.dedupe_key = "parked", None
        else:
            held.state = "waiting"
            held.run_after = clock.now() + timedelta(seconds=2**held.attempts)


def run_due_jobs(database: Database, *, limit: int = 1000, now: datetime | None = None) -> int:
    """Run until nothing is due; returns how many ran."""
    for count in range(limit):
        if run_next_job(database, now=now) is None:
            return count
    return limit


def enqueue_scheduled(database: Database, *, now: datetime) -> int:
    """Write the jobs of the schedule that are due; two workers enqueue each period once."""
    with database.transaction(READ) as session:
        known = {row.name: row.next_run_at for row in session.scalars(sa.select(Schedule))}
    kinds = [kind for kind in list_kinds() if kind.every_seconds]
    if all(kind.name in known and known[kind.name] > now for kind in kinds):
        return 0
    count = 0
    with database.transaction(WRITE) as session:
        for kind in kinds:
            row = session.get(Schedule, kind.name, with_for_update=True)
            if row is None:
                row = Schedule(name=kind.name, every_seconds=kind.every_seconds or 0, next_run_at=now)
                session.add(row)
            if row.next_run_at <= now:
                enqueue_job(session, name=kind.name, now=now, dedupe_key=f"schedule:{kind.name}")
                row.next_run_at = now + timedelta(seconds=kind.every_seconds or 0)
                count += 1
    return count


class JobStateError(ConflictError):
    code = "job_state"
    message = "This job has ended or is running; it cannot be changed in this way."


def retry_job(session: orm.Session, *, actor: Any, job: Job, now: datetime) -> None:
    """Let a parked job run again from its first attempt."""
    _change(session, job, ("parked",), state="waiting", attempts=0, run_after=now)
    _record(session, actor, job, "retried", now)


def cancel_job(session: orm.Session, *, actor: Any, job: Job, now: datetime) -> None:
    """Stop a job; one that is running finds at its end that nobody wants its result."""
    _change(session, job, ("waiting", "running", "parked"), state="cancelled", dedupe_key=None, finished_at=now)
    _record(session, actor, job, "cancelled", now)


def _change(session: orm.Session, job: Job, allowed: tuple[str, ...], **values: Any) -> None:
    moved = changed_rows(session, sa.update(Job).where(Job.id == job.id, Job.state.in_(allowed)).values(**values))
    if moved != 1:
        raise JobStateError(state=job.state)


def _record(session: orm.Session, actor: Any, job: Job, action: str, now: datetime) -> None:
    record_act(
        session, actor=actor, action=f"job.{action}", subject_kind="job", subject_id=job.public_id, now=now
    )  # fmt: skip
