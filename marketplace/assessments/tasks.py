"""Jobs of assessments: computing a score, ends and reminders of the day, checking and retraining the model."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.assessments.model_store import load_registered_model
from marketplace.assessments.services import expire_assessments, remind_of_disputes, remind_of_expiry
from marketplace.assessments.services.checking import check_champion
from marketplace.assessments.services.contests import remind_of_contests
from marketplace.assessments.services.registry import describe_champion, register_model
from marketplace.assessments.services.retraining import (
    prepare_retraining,
    record_retraining,
    train_candidate_if_enough,
)
from marketplace.assessments.services.scoring import JOB_NAME, build_features, store_score
from marketplace.config import Settings
from marketplace.events import OutcomeRecorded
from marketplace.jobs.registry import JobKind, register_job
from marketplace.jobs.services import enqueue_job
from marketplace.notifications.services import notify
from marketplace.projects.queries import find_project

EXPIRY_JOB_NAME = "assessments.expire"
CHECK_JOB_NAME = "assessments.check_model"
CONTEST_JOB_NAME = "assessments.remind_of_contests"
RETRAIN_JOB_NAME = "assessments.retrain_model"
THIRTY_DAYS = 30 * 86_400


def prepare_score(session: orm.Session, *, project_id: int, requested_by: str) -> dict[str, Any]:
    """Read what the score needs, and which model makes it."""
    project = find_project(session, project_id=project_id)
    if project is None:
        raise LookupError(f"project {project_id} is gone")
    features = build_features(session, project=project, on=clock.day_in_zone(clock.now()))
    return {"features": features, "champion": describe_champion(session)}


def compute_score(data: dict[str, Any], *, directory: Path) -> dict[str, Any]:
    """Score one row with the model in use; no transaction is open."""
    from risk import score_projects

    loaded = load_registered_model(directory, data["champion"])
    return {"content": score_projects([data["features"]], model=loaded.model)[0], "facts": loaded.facts}


def record_score(
    session: orm.Session, *, now: datetime, data: dict[str, Any], project_id: int, requested_by: str
) -> str:
    """Keep the score and tell the team; returns the page of the result."""
    project = find_project(session, project_id=project_id)
    if project is None:
        raise LookupError(f"project {project_id} is gone")
    register_model(session, facts=data["facts"], now=now)
    score = store_score(session, project=project, content=data["content"], now=now, requested_by=requested_by)
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


def record_reminders(session: orm.Session, *, now: datetime) -> None:
    """Once a day."""
    remind_of_contests(session, now=now)


def on_outcome_recorded(session: orm.Session, _event: OutcomeRecorded) -> None:
    """Another outcome may show that the model in use does not hold."""
    enqueue_job(session, name=CHECK_JOB_NAME, now=clock.now(), dedupe_key=CHECK_JOB_NAME)


def record_check(session: orm.Session, *, now: datetime) -> None:
    """Once a day, and after each outcome."""
    check_champion(session, now=now)


def record_candidate(session: orm.Session, *, now: datetime, data: dict[str, Any]) -> str | None:
    """Once a month; returns the page of the candidate, which nobody has promoted."""
    model = record_retraining(session, now=now, data=data)
    return None if model is None else f"/risk-models/{model.public_id}"


def register(settings: Settings) -> None:
    """Make the jobs known, with the folder of the models."""
    directory = settings.models_directory

    def compute(data: dict[str, Any]) -> dict[str, Any]:
        return compute_score(data, directory=directory)

    def retrain(data: dict[str, Any]) -> dict[str, Any]:
        return train_candidate_if_enough(data, directory=directory)

    register_job(JobKind(name=JOB_NAME, prepare=prepare_score, compute=compute, record=record_score))
    register_job(JobKind(name=EXPIRY_JOB_NAME, record=record_expiry, every_seconds=86_400))
    register_job(JobKind(name=CONTEST_JOB_NAME, record=record_reminders, every_seconds=86_400))
    register_job(JobKind(name=CHECK_JOB_NAME, record=record_check, every_seconds=86_400))
    # outcomes that are refused today are refused tomorrow: one attempt, then the operator sees it among parked jobs
    register_job(
        JobKind(
            name=RETRAIN_JOB_NAME, prepare=prepare_retraining, compute=retrain, record=record_candidate,
            every_seconds=THIRTY_DAYS, attempts_allowed=1,
        )
    )  # fmt: skip
