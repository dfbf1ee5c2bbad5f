"""The jobs of agreements: simulating one, bringing signed amendments into force on their day, the checkpoint."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.agreements.handlers import HOUSE
from marketplace.agreements.services import amendments, checkpoints, simulations
from marketplace.jobs.registry import JobKind, register_job


def take_effect(session: orm.Session, *, now: datetime, data: Any = None) -> None:
    """Bring signed amendments into force whose day has come, also where no event is recorded on it."""
    amendments.bring_all_due_into_force(session, actor=HOUSE, now=now)


def register() -> None:
    """Register simulation (read, compute without a transaction, record), due amendments, checkpoint (check, record)."""
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
    # Asked every hour, so that a worker that slept misses no day; the second asking of a day finds it done.
    register_job(
        JobKind(
            checkpoints.JOB,
            record=checkpoints.make_checkpoint,
            prepare=checkpoints.find_problem_today,
            every_seconds=3600,
        )
    )
