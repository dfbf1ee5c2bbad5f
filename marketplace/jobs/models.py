"""Job rows, written in the transaction of the act that wants them, and the schedule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import Base, PublicId, UtcDateTime, words_check

JOB_STATES = ("waiting", "running", "done", "parked", "cancelled")


class Job(Base, PublicId):
    """One piece of background work; ids only, never objects."""

    PREFIX = "job"
    __tablename__ = "job"
    __table_args__ = (
        words_check("state", JOB_STATES),
        sa.Index("ix_job_due", "state", "run_after"),
        sa.UniqueConstraint("dedupe_key"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    arguments: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="waiting")
    run_after: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    attempts: orm.Mapped[int] = orm.mapped_column(default=0)
    lease_until: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    # Null once the job is done, so that the same work may be asked for again.
    dedupe_key: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    owner_organisation_id: orm.Mapped[int | None]
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    finished_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    last_error: orm.Mapped[str | None] = orm.mapped_column(sa.Text)
    progress_percent: orm.Mapped[int] = orm.mapped_column(default=0)
    result_url: orm.Mapped[str | None] = orm.mapped_column(sa.String(300))


class Schedule(Base):
    """A job that is due again and again; one row a name."""

    __tablename__ = "job_schedule"

    name: orm.Mapped[str] = orm.mapped_column(sa.String(80), primary_key=True)
    every_seconds: orm.Mapped[int]
    next_run_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
