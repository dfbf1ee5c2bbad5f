"""Every SELECT of the job rows that a page shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.errors import NotFoundError
from marketplace.jobs.models import Job


def visible_jobs(actor: Any) -> sa.Select[Job]:
    """An organisation sees the jobs that it asked for; the operator sees all."""
    statement = sa.select(Job)
    if actor.organisation_kind == "operator":
        return statement
    return statement.where(Job.owner_organisation_id == actor.organisation_id)


def get_job(session: orm.Session, *, actor: Any, public_id: str) -> Job:
    job = session.scalar(visible_jobs(actor).where(Job.public_id == public_id))
    if job is None:
        raise NotFoundError()
    return job


def list_jobs(session: orm.Session, *, actor: Any, state: str | None = None, limit: int = 200) -> Sequence[Job]:
    statement = visible_jobs(actor).order_by(Job.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(Job.state == state)
    return session.scalars(statement).all()


def count_waiting(session: orm.Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Job).where(Job.state.in_(("waiting", "running")))) or 0
