"""The history of levels: what was claimed and what was assessed, since when, and why it changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from marketplace.projects.models import LevelChange, Project
from marketplace.projects.queries import list_level_changes
from marketplace.projects.words import LEVEL_STATUSES


def record_levels(
    session: orm.Session, *, project: Project, cause: str, now: datetime, reference: str = ""
) -> list[LevelChange]:
    """Add a row for each level of the project that is no longer what its history says last."""
    last = {(row.scale, row.status): row.level for row in list_level_changes(session, project_id=project.id)}
    changes = [
        LevelChange(
            project_id=project.id, scale=scale, status=status, level=level, cause=cause, reference=reference,
            recorded_at=now,
        )
        for scale in ("trl", "mrl")
        for status in LEVEL_STATUSES
        if (level := getattr(project, f"{scale}_{status}")) != last.get((scale, status))
    ]  # fmt: skip
    session.add_all(changes)
    session.flush()  # the next change of this transaction compares with these
    return changes
