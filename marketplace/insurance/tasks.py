"""The daily job of insurance: quotes and policies that have run out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from marketplace.insurance.services.binding import expire_insurance
from marketplace.jobs.registry import JobKind, register_job


def record_expiry(session: orm.Session, *, now: datetime) -> None:
    """Once a day."""
    expire_insurance(session, now=now)


def register() -> None:
    """Make the job known."""
    register_job(JobKind(name="insurance.expire", record=record_expiry, every_seconds=86_400))
