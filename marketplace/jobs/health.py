"""Whether background work moves: what is overdue, what is parked, when something last ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.jobs.models import Job

OVERDUE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class JobHealth:
    """Counts of job rows and the last end of one."""

    overdue: int
    waiting: int
    parked: int
    last_finished_at: datetime | None


def read_job_health(session: orm.Session, *, now: datetime) -> JobHealth:
    """Jobs that should have run by now mean that no worker runs."""

    def count(*conditions: sa.ColumnElement[bool]) -> int:
        return session.scalar(sa.select(sa.func.count()).select_from(Job).where(*conditions)) or 0

    return JobHealth(
        overdue=count(Job.state == "waiting", Job.run_after < now - OVERDUE_AFTER),
        waiting=count(Job.state == "waiting"),
        parked=count(Job.state == "parked"),
        last_finished_at=session.scalar(sa.select(sa.func.max(Job.finished_at))),
    )
