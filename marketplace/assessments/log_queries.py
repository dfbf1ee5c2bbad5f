"""Every SELECT of what follows an assessment: its seal, its end, the log of objections, the maturation plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.assessments.models import (
    Assessment,
    AssessmentDispute,
    CriterionJudgement,
    Evidence,
    MaturationStep,
)
from marketplace.assessments.queries import visible_assessments
from marketplace.projects.models import Milestone, Project


def list_unreplaced_assessments(session: orm.Session, *, project_id: int) -> Sequence[Assessment]:
    """Assessments of a project that were signed and that no later one has replaced, lapsed ones too."""
    return session.scalars(
        sa.select(Assessment).where(
            Assessment.project_id == project_id,
            Assessment.signed_at.is_not(None),
            Assessment.superseded_at.is_(None),
        )
    ).all()


def is_last_signed(session: orm.Session, *, assessment: Assessment) -> bool:
    """Whether no assessment of the project was signed after this one: only then do the levels follow from it."""
    if assessment.superseded_at is not None:
        return False
    later = sa.or_(
        Assessment.signed_at > assessment.signed_at,
        sa.and_(Assessment.signed_at == assessment.signed_at, Assessment.id > assessment.id),
    )
    return not session.scalar(sa.select(sa.exists().where(Assessment.project_id == assessment.project_id, later)))


def list_parts(session: orm.Session, *, assessment_id: int) -> tuple[list[CriterionJudgement], list[AssessmentDispute]]:
    """Judgements and objections of an assessment as the database has them now."""
    judgements = sa.select(CriterionJudgement).where(CriterionJudgement.assessment_id == assessment_id)
    disputes = sa.select(AssessmentDispute).where(AssessmentDispute.assessment_id == assessment_id)
    fresh = {"populate_existing": True}
    return (
        list(session.scalars(judgements.order_by(CriterionJudgement.id).execution_options(**fresh))),
        list(session.scalars(disputes.order_by(AssessmentDispute.id).execution_options(**fresh))),
    )


def list_ending_assessments(session: orm.Session, *, today: date, until: date) -> Sequence[Assessment]:
    """Standing assessments whose last day is near, with their projects."""
    return session.scalars(
        sa.select(Assessment)
        .options(orm.joinedload(Assessment.project))
        .where(
            Assessment.state.in_(("signed", "disputed")),
            Assessment.superseded_at.is_(None),
            Assessment.expires_on.between(today, until),
        )
        .order_by(Assessment.id)
    ).all()


def list_cited_evidence(session: orm.Session, *, assessment_id: int) -> dict[int, Evidence]:
    """The evidence that an assessment cites, with its files, by id; the doors show of it what the reader may see."""
    rows = session.scalars(
        sa.select(Evidence)
        .options(orm.joinedload(Evidence.file))
        .where(
            Evidence.id.in_(
                sa.select(CriterionJudgement.evidence_id).where(CriterionJudgement.assessment_id == assessment_id)
            )
        )
    )
    return {row.id: row for row in rows}


def list_disputes(
    session: orm.Session, *, actor: Any, project_id: int | None = None, state: str | None = None, limit: int = 200
) -> Sequence[AssessmentDispute]:
    """The log of objections to the assessments that the actor may see, newest first."""
    visible = visible_assessments(actor).with_only_columns(Assessment.id)
    statement = (
        sa.select(AssessmentDispute)
        .options(
            orm.joinedload(AssessmentDispute.assessment).options(
                orm.joinedload(Assessment.assessor),
                orm.joinedload(Assessment.project).selectinload(Project.elements),
            )
        )
        .where(AssessmentDispute.assessment_id.in_(visible))
        .order_by(AssessmentDispute.id.desc())
        .limit(limit)
    )
    if project_id is not None:
        statement = statement.join(AssessmentDispute.assessment).where(Assessment.project_id == project_id)
    if state is not None:
        statement = statement.where(AssessmentDispute.state == state)
    return session.scalars(statement).all()


def list_late_disputes(session: orm.Session, *, today: date) -> Sequence[AssessmentDispute]:
    """Objections still open after their day."""
    return session.scalars(
        sa.select(AssessmentDispute)
        .options(orm.joinedload(AssessmentDispute.assessment).joinedload(Assessment.project))
        .where(AssessmentDispute.state == "open", AssessmentDispute.answer_due_on < today)
        .order_by(AssessmentDispute.id)
    ).all()


def list_milestones(session: orm.Session, *, project_id: int) -> Sequence[Milestone]:
    return session.scalars(sa.select(Milestone).where(Milestone.project_id == project_id)).all()


def list_steps(
    session: orm.Session,
    *,
    assessment_id: int | None = None,
    project_id: int | None = None,
    milestone_id: int | None = None,
) -> Sequence[MaturationStep]:
    """Steps of the maturation plan with their milestones; whoever sees the milestones sees them."""
    statement = (
        sa.select(MaturationStep)
        .join(MaturationStep.milestone)
        .options(orm.contains_eager(MaturationStep.milestone), orm.joinedload(MaturationStep.assessment))
        .order_by(Milestone.planned_on, MaturationStep.id)
    )
    if assessment_id is not None:
        statement = statement.where(MaturationStep.assessment_id == assessment_id)
    if project_id is not None:
        statement = statement.where(Milestone.project_id == project_id)
    if milestone_id is not None:
        statement = statement.where(MaturationStep.milestone_id == milestone_id)
    return session.scalars(statement).all()
