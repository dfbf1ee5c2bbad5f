"""The jobs of agreements: simulating one, and bringing signed amendments into force on their day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.agreements.handlers import HOUSE
from marketplace.agreements.services import amendments, simulations
from marketplace.jobs.registry import JobKind, register_job


def take_effect(session: orm.Session, *, now: datetime, data: Any = None) -> None:
    """Bring signed amendments into force whose day has come, also where no event is recorded on it."""
    amendments.bring_all_due_into_force(session, actor=HOUSE, now=now)


def register() -> None:
    """Register the simulation (read, compute without a transaction, record) and the amendments that are due."""
    register_job(
        JobKind(
            simulations.JOB,
            record=simulations.record_result,
            prepare=simulations.read_task,
            compute=simulations.compute,
            attempts_allowed=2,
        )
    )
    register_job(JobKind("agreements.amendments_due", record=take_effect, every_seconds=3600))
