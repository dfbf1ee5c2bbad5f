"""Which instruments are open at the level of a project."""

from __future__ import annotations

from datetime import date
from typing import Any

from marketplace.projects.models import Project
from risk.maturity import INSTRUMENTS, Eligibility, assess_eligibility


def list_eligibility(session: Any, project: Project, *, as_of: date) -> list[Eligibility]:
    """One answer for each instrument, by the assessed levels alone: a claim opens nothing."""
    return [
        assess_eligibility(instrument, trl=project.trl_assessed, mrl=project.mrl_assessed, as_of=as_of)
        for instrument in INSTRUMENTS
    ]
