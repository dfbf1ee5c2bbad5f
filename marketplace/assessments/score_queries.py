"""Every SELECT of contests, models, outcomes and checks; a contest is read by whoever reads its score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.assessments.errors import ContestNotFoundError, ModelNotFoundError
from marketplace.assessments.models import StoredScore
from marketplace.assessments.queries import visible_scores
from marketplace.assessments.score_models import (
    ModelCheck,
    ModelPromotion,
    PilotOutcome,
    RiskModelVersion,
    ScoreContest,
)
from marketplace.projects.models import Project
from marketplace.projects.queries import reads_score, visible_projects


def visible_contests(actor: Any) -> sa.Select[ScoreContest]:
    """Contests of the scores that the actor reads."""
    seen = visible_scores(actor).with_only_columns(StoredScore.id)
    return sa.select(ScoreContest).where(ScoreContest.score_id.in_(seen))


def list_contests_of_project(session: orm.Session, *, actor: Any, project_id: int) -> Sequence[ScoreContest]:
    """Contests of every score of a project, the newest first; an answered one stays beside later scores."""
    return session.scalars(
        visible_contests(actor)
        .join(ScoreContest.score)
        .options(orm.contains_eager(ScoreContest.score))
        .where(StoredScore.project_id == project_id)
        .order_by(ScoreContest.id.desc())
    ).all()


def list_contests(session: orm.Session, *, actor: Any, state: str | None = None, limit: int = 200) -> Sequence[Any]:
    """Contests with score and project, those due first."""
    statement = (
        visible_contests(actor)
        .join(ScoreContest.score)
        .join(StoredScore.project)
        .options(orm.contains_eager(ScoreContest.score).contains_eager(StoredScore.project))
        .order_by(ScoreContest.due_on, ScoreContest.id)
        .limit(limit)
    )
    if state is not None:
        statement = statement.where(ScoreContest.state == state)
    return session.scalars(statement).all()


def get_contest(session: orm.Session, *, actor: Any, public_id: str) -> ScoreContest:
    found = session.scalar(
        visible_contests(actor)
        .join(ScoreContest.score)
        .join(StoredScore.project)
        .options(orm.contains_eager(ScoreContest.score).contains_eager(StoredScore.project))
        .where(ScoreContest.public_id == public_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise ContestNotFoundError()
    return found


def find_open_contest(session: orm.Session, *, score_id: int) -> ScoreContest | None:
    return session.scalar(
        sa.select(ScoreContest).where(ScoreContest.score_id == score_id, ScoreContest.state == "open")
    )


def list_overdue_contests(session: orm.Session, *, today: date) -> Sequence[ScoreContest]:
    """Contests whose last day for an answer has passed, for the daily job."""
    return session.scalars(
        sa.select(ScoreContest)
        .options(orm.joinedload(ScoreContest.score).joinedload(StoredScore.project))
        .where(ScoreContest.state == "open", ScoreContest.due_on < today)
    ).all()


def select_score_id(*, score_id: int) -> sa.Select[Any]:
    """The row to lock before a score is contested."""
    return sa.select(StoredScore.id).where(StoredScore.id == score_id)


def find_champion(session: orm.Session) -> RiskModelVersion | None:
    """The model that makes the scores."""
    return session.scalar(sa.select(RiskModelVersion).where(RiskModelVersion.state == "champion"))


def find_model_by_digest(session: orm.Session, *, digest: str) -> RiskModelVersion | None:
    return session.scalar(sa.select(RiskModelVersion).where(RiskModelVersion.coefficients_digest == digest))


def list_models(session: orm.Session) -> Sequence[RiskModelVersion]:
    """Every model, the newest first; models are no secret of anybody."""
    return session.scalars(sa.select(RiskModelVersion).order_by(RiskModelVersion.id.desc())).all()


def get_model(session: orm.Session, *, public_id: str) -> RiskModelVersion:
    found = session.scalar(
        sa.select(RiskModelVersion)
        .where(RiskModelVersion.public_id == public_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise ModelNotFoundError()
    return found


def select_model_ids() -> sa.Select[Any]:
    """The rows to lock before one of them becomes the champion."""
    return sa.select(RiskModelVersion.id).order_by(RiskModelVersion.id)


def list_promotions(session: orm.Session, *, model_id: int) -> Sequence[ModelPromotion]:
    return session.scalars(
        sa.select(ModelPromotion).where(ModelPromotion.model_id == model_id).order_by(ModelPromotion.id.desc())
    ).all()


def find_open_promotion(session: orm.Session, *, model_id: int) -> ModelPromotion | None:
    return session.scalar(
        sa.select(ModelPromotion).where(ModelPromotion.model_id == model_id, ModelPromotion.state == "open")
    )


def find_last_check(session: orm.Session, *, model_id: int) -> ModelCheck | None:
    return session.scalar(
        sa.select(ModelCheck).where(ModelCheck.model_id == model_id).order_by(ModelCheck.id.desc()).limit(1)
    )


def list_checks(session: orm.Session, *, model_id: int, limit: int = 30) -> Sequence[ModelCheck]:
    return session.scalars(
        sa.select(ModelCheck).where(ModelCheck.model_id == model_id).order_by(ModelCheck.id.desc()).limit(limit)
    ).all()


def visible_outcomes(actor: Any) -> sa.Select[PilotOutcome]:
    """Outcomes are read by whoever reads the project's scores, and by those who recorded them."""
    readable = sa.select(Project.id).where(
        reads_score(actor), Project.id.in_(visible_projects(actor).with_only_columns(Project.id))
    )
    return sa.select(PilotOutcome).where(
        sa.or_(PilotOutcome.organisation_id == actor.organisation_id, PilotOutcome.project_id.in_(readable))
    )


def list_outcomes_of_project(session: orm.Session, *, actor: Any, project_id: int) -> Sequence[PilotOutcome]:
    """Standing and superseded outcomes of a project, the standing one first."""
    return session.scalars(
        visible_outcomes(actor)
        .options(orm.joinedload(PilotOutcome.organisation), orm.joinedload(PilotOutcome.score))
        .where(PilotOutcome.project_id == project_id)
        .order_by(PilotOutcome.id.desc())
    ).all()


def find_standing_outcome(session: orm.Session, *, project_id: int) -> PilotOutcome | None:
    return session.scalar(
        sa.select(PilotOutcome).where(PilotOutcome.project_id == project_id, PilotOutcome.superseded_at.is_(None))
    )


def list_standing_outcomes(session: orm.Session) -> Sequence[PilotOutcome]:
    """Every outcome that stands, with project and score, for retraining and for checks of a model."""
    return session.scalars(
        sa.select(PilotOutcome)
        .options(orm.joinedload(PilotOutcome.project), orm.joinedload(PilotOutcome.score))
        .where(PilotOutcome.superseded_at.is_(None))
        .order_by(PilotOutcome.ended_on, PilotOutcome.id)
    ).all()


def find_score_at(session: orm.Session, *, project_id: int, before: Any) -> StoredScore | None:
    """The last score computed before an instant: what was known when the pilot began."""
    return session.scalar(
        sa.select(StoredScore)
        .where(StoredScore.project_id == project_id, StoredScore.computed_at < before)
        .order_by(StoredScore.computed_at.desc(), StoredScore.id.desc())
        .limit(1)
    )


def list_latest_scores(session: orm.Session, *, actor: Any, project_ids: Iterable[int]) -> dict[int, StoredScore]:
    """The latest score of each of these projects that the actor may read."""
    ids = list(project_ids)
    newest = (
        sa.select(sa.func.max(StoredScore.id)).where(StoredScore.project_id.in_(ids)).group_by(StoredScore.project_id)
    )
    rows = session.scalars(visible_scores(actor).where(StoredScore.id.in_(newest)))
    return {row.project_id: row for row in rows}


def iterate_scores(session: orm.Session, *, size: int = 500) -> Iterator[StoredScore]:
    """Every stored score, the oldest first and some at a time, for the command that computes them again."""
    last = 0
    while True:
        rows = session.scalars(
            sa.select(StoredScore).where(StoredScore.id > last).order_by(StoredScore.id).limit(size)
        ).all()
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1].id


def list_scores_around(session: orm.Session, *, since: datetime) -> Sequence[StoredScore]:
    """Of each project the latest score before an instant and the latest since, oldest first, for checks of drift."""
    newest = sa.select(sa.func.max(StoredScore.id)).group_by(StoredScore.project_id, StoredScore.computed_at >= since)
    return session.scalars(
        sa.select(StoredScore).where(StoredScore.id.in_(newest)).order_by(StoredScore.computed_at, StoredScore.id)
    ).all()


def list_comparables(
    session: orm.Session, *, actor: Any, project: Project, class_code: str, limit: int = 8
) -> Sequence[StoredScore]:
    """Latest scores of other projects in the same reference class that the actor may read, the same sector first."""
    newest = sa.select(sa.func.max(StoredScore.id)).group_by(StoredScore.project_id)
    rows = session.scalars(
        visible_scores(actor)
        .options(orm.contains_eager(StoredScore.project))
        .where(
            StoredScore.id.in_(newest),
            StoredScore.project_id != project.id,
            StoredScore.probability.is_not(None),
            StoredScore.content["reference_class"]["code"].as_string() == class_code,
        )
        .order_by((Project.sector == project.sector).desc(), StoredScore.computed_at.desc(), StoredScore.id.desc())
        .limit(limit)
    )
    return rows.all()
