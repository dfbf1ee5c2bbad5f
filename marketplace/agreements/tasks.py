"""The job that simulates an agreement."""

from __future__ import annotations

from marketplace.agreements.services import simulations
from marketplace.jobs.registry import JobKind, register_job


def register() -> None:
    """Register the simulation: read, compute without a transaction, record."""
    register_job(
        JobKind(
            simulations.JOB,
            record=simulations.record_result,
            prepare=simulations.read_task,
            compute=simulations.compute,
            attempts_allowed=2,
        )
    )
