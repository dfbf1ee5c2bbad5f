"""Jobs of assessments: computing a score, and the day's end of assessments and objections."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import orm

from marketplace.assessments.model_store import load_current_model
from marketplace.assessments.services import expire_assessments, remind_of_disputes, remind_of_expiry
from marketplace.assessments.services.scoring import JOB_NAME, build_features, store_score
from marketplace.config import Settings
from marketplace.jobs.registry import JobKind, register_job
from marketplace.notifications.services import notify
from marketplace.projects.queries import find_project

EXPIRY_JOB_NAME = "assessments.expire"


def prepare_score(session: orm.Session, *, project_id: int, requested_by: str) -> dict[str, Any]:
    """Read what the score needs."""
    project = find_project(session, project_id=project_id)
    if project is None:
        raise LookupError(f"project {project_id} is gone")
    return build_features(session, project=project)


def compute_score(features: dict[str, Any], *, directory: Path) -> dict[str, Any]:
    """Score one row with the stored model; no transaction is open."""
    from risk import score_projects

    content: dict[str, Any] = score_projects([features], model=load_current_model(directory))[0]
    return content


def record_score(
    session: orm.Session, *, now: datetime, data: dict[str, Any], project_id: int, requested_by: str
) -> str:
    """Keep the score and tell the team; returns the page of the result."""
    project = find_project(session, project_id=project_id)
    if project is None:
        raise LookupError(f"project {project_id} is gone")
    score = store_score(session, project=project, content=data, now=now, requested_by=requested_by)
    url = f"/projects/{project.public_id}/score"
    notify(
        session, organisation_ids=[project.organisation_id], kind="score.computed",
        parameters={"title_zh": project.title("zh"), "title_en": project.title("en")}, url=url,
        dedupe_key=score.public_id, now=now,
    )  # fmt: skip
    return url


def record_expiry(session: orm.Session, *, now: datetime) -> None:
    """Once a day: what is over lapses, what ends soon and what waits too long is announced."""
    expire_assessments(session, now=now)
    remind_of_expiry(session, now=now)
    remind_of_disputes(session, now=now)


def register(settings: Settings) -> None:
    """Make the jobs known, with the folder of the models."""
    directory = settings.models_directory

    def compute(features: dict[str, Any]) -> dict[str, Any]:
        return compute_score(features, directory=directory)

    register_job(JobKind(name=JOB_NAME, prepare=prepare_score, compute=compute, record=record_score))
    register_job(JobKind(name=EXPIRY_JOB_NAME, record=record_expiry, every_seconds=86_400))
