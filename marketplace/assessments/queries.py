"""Every SELECT of evidence, assessments, scores and milestone decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Membership
from marketplace.assessments.errors import AssessmentNotFoundError, EvidenceNotFoundError, ScoreNotFoundError
from marketplace.assessments.models import (
    Assessment,
    CriterionJudgement,
    Evidence,
    MilestoneDecision,
    MilestoneReport,
    StoredScore,
)
from marketplace.projects.models import Milestone, Project, ProjectGrant
from marketplace.projects.queries import granted_projects, is_qualified, reads_score, visible_projects


def _room_projects(actor: Any) -> sa.Select[int]:
    """Ids of the projects whose room the actor may enter: its own, and those of a standing room grant."""
    granted = granted_projects(actor.organisation_id).where(ProjectGrant.level == "room")
    return sa.select(Project.id).where(
        sa.or_(Project.organisation_id == actor.organisation_id, Project.id.in_(granted))
    )


def visible_evidence(actor: Any) -> sa.Select[Evidence]:
    """Evidence, and its files, belong to the room of its project."""
    return sa.select(Evidence).where(Evidence.project_id.in_(_room_projects(actor)))


def get_evidence(session: orm.Session, *, actor: Any, public_id: str) -> Evidence:
    found = session.scalar(
        visible_evidence(actor)
        .options(orm.joinedload(Evidence.file), orm.joinedload(Evidence.element))
        .where(Evidence.public_id == public_id)
    )
    if found is None:
        raise EvidenceNotFoundError()
    return found


def list_evidence(session: orm.Session, *, actor: Any, project_id: int) -> Sequence[Evidence]:
    """The standing evidence of a project; empty for those who may not enter its room."""
    return session.scalars(
        visible_evidence(actor)
        .options(orm.joinedload(Evidence.file), orm.joinedload(Evidence.element))
        .where(Evidence.project_id == project_id, Evidence.withdrawn_at.is_(None))
        .order_by(Evidence.scale.desc(), Evidence.level, Evidence.id)
    ).all()


def count_evidence(session: orm.Session, *, project_id: int) -> int:
    """How much evidence stands; a number that a qualified reader may know."""
    statement = sa.select(sa.func.count()).where(Evidence.project_id == project_id, Evidence.withdrawn_at.is_(None))
    return session.scalar(statement) or 0


def is_cited(session: orm.Session, *, evidence_id: int) -> bool:
    return session.scalar(sa.select(sa.exists().where(CriterionJudgement.evidence_id == evidence_id))) or False


def visible_assessments(actor: Any) -> sa.Select[Assessment]:
    """The team and the assessor see every state; qualified readers of the project see what was signed."""
    statement = sa.select(Assessment).join(Assessment.project)
    parties = sa.or_(
        Project.organisation_id == actor.organisation_id,
        Assessment.assessor_organisation_id == actor.organisation_id,
    )
    if not is_qualified(actor):
        granted = Project.id.in_(granted_projects(actor.organisation_id))
        return statement.where(sa.or_(parties, sa.and_(granted, Assessment.signed_at.is_not(None))))
    readable = Project.id.in_(visible_projects(actor).with_only_columns(Project.id))
    return statement.where(sa.or_(parties, sa.and_(readable, Assessment.signed_at.is_not(None))))


def get_assessment(session: orm.Session, *, actor: Any, public_id: str) -> Assessment:
    """One visible assessment with its judgements, disputes and names loaded."""
    found = session.scalar(
        visible_assessments(actor)
        .options(
            orm.contains_eager(Assessment.project).selectinload(Project.elements),
            orm.contains_eager(Assessment.project).joinedload(Project.organisation),
            orm.joinedload(Assessment.assessor),
            orm.selectinload(Assessment.judgements),
            orm.selectinload(Assessment.disputes),
        )
        .where(Assessment.public_id == public_id)
    )
    if found is None:
        raise AssessmentNotFoundError()
    return found


def list_assessments(
    session: orm.Session, *, actor: Any, project_id: int | None = None, state: str | None = None, limit: int = 200
) -> Sequence[Assessment]:
    statement = (
        visible_assessments(actor)
        .options(
            orm.contains_eager(Assessment.project).joinedload(Project.organisation),
            orm.joinedload(Assessment.assessor),
        )
        .order_by(Assessment.id.desc())
        .limit(limit)
    )
    if project_id is not None:
        statement = statement.where(Assessment.project_id == project_id)
    if state is not None:
        statement = statement.where(Assessment.state == state)
    return session.scalars(statement).all()


def find_running_assessment(
    session: orm.Session, *, project_id: int, assessor_organisation_id: int
) -> Assessment | None:
    return session.scalar(
        sa.select(Assessment).where(
            Assessment.project_id == project_id,
            Assessment.assessor_organisation_id == assessor_organisation_id,
            Assessment.state.in_(("requested", "accepted", "in_progress")),
        )
    )


def find_signed_assessment(session: orm.Session, *, project_id: int) -> Assessment | None:
    """The latest signed assessment that still stands, with its judgements."""
    return session.scalar(
        sa.select(Assessment)
        .options(orm.selectinload(Assessment.judgements), orm.joinedload(Assessment.assessor))
        .where(
            Assessment.project_id == project_id,
            Assessment.state.in_(("signed", "disputed")),
            Assessment.superseded_at.is_(None),
        )
        .order_by(Assessment.signed_at.desc(), Assessment.id.desc())
        .limit(1)
    )


def list_lapsed_assessments(session: orm.Session, *, today: date) -> Sequence[Assessment]:
    return session.scalars(
        sa.select(Assessment).where(Assessment.state.in_(("signed", "disputed")), Assessment.expires_on < today)
    ).all()


def share_members(session: orm.Session, *, first: int, others: Sequence[int]) -> bool:
    """Whether a person of one organisation also belongs to one of the others."""
    here = sa.select(Membership.user_id).where(Membership.organisation_id == first, Membership.ended_at.is_(None))
    statement = sa.select(
        sa.exists().where(
            Membership.organisation_id.in_(list(others)), Membership.ended_at.is_(None), Membership.user_id.in_(here)
        )
    )
    return session.scalar(statement) or False


def visible_scores(actor: Any) -> sa.Select[StoredScore]:
    """Scores are read by the team, by the market's keepers, and by those whom the team consents to let read them."""
    return (
        sa.select(StoredScore)
        .join(StoredScore.project)
        .where(reads_score(actor), Project.id.in_(visible_projects(actor).with_only_columns(Project.id)))
    )


def get_score(session: orm.Session, *, actor: Any, public_id: str) -> StoredScore:
    found = session.scalar(
        visible_scores(actor).options(orm.contains_eager(StoredScore.project)).where(StoredScore.public_id == public_id)
    )
    if found is None:
        raise ScoreNotFoundError()
    return found


def find_visible_score(session: orm.Session, *, actor: Any, project_id: int) -> StoredScore | None:
    """The latest score of a project, if the actor may read it."""
    return session.scalar(
        visible_scores(actor).where(StoredScore.project_id == project_id).order_by(StoredScore.id.desc()).limit(1)
    )


def get_visible_score(session: orm.Session, *, actor: Any, project_id: int) -> StoredScore:
    """The latest score of a project; raises ScoreNotFoundError where there is none that the actor may read."""
    found = find_visible_score(session, actor=actor, project_id=project_id)
    if found is None:
        raise ScoreNotFoundError()
    return found


def list_scores(session: orm.Session, *, actor: Any, project_id: int, limit: int = 20) -> Sequence[StoredScore]:
    return session.scalars(
        visible_scores(actor).where(StoredScore.project_id == project_id).order_by(StoredScore.id.desc()).limit(limit)
    ).all()


def get_latest_score(session: orm.Session, *, project_id: int) -> StoredScore | None:
    """The latest stored score, for domains that price or match; the doors use `find_visible_score`."""
    return session.scalar(
        sa.select(StoredScore).where(StoredScore.project_id == project_id).order_by(StoredScore.id.desc()).limit(1)
    )


def find_score_by_public_id(session: orm.Session, *, public_id: str) -> StoredScore | None:
    """For the operator's command that recomputes a score."""
    return session.scalar(sa.select(StoredScore).where(StoredScore.public_id == public_id))


def list_reports(session: orm.Session, *, milestone_id: int) -> Sequence[MilestoneReport]:
    return session.scalars(
        sa.select(MilestoneReport)
        .options(orm.joinedload(MilestoneReport.file), orm.joinedload(MilestoneReport.organisation))
        .where(MilestoneReport.milestone_id == milestone_id)
        .order_by(MilestoneReport.id.desc())
    ).all()


def get_report(session: orm.Session, *, actor: Any, public_id: str) -> MilestoneReport:
    """Sealed data belong to the room, and to the centre that handed them over."""
    found = session.scalar(
        sa.select(MilestoneReport)
        .join(MilestoneReport.milestone)
        .options(orm.joinedload(MilestoneReport.file))
        .where(
            MilestoneReport.public_id == public_id,
            sa.or_(
                MilestoneReport.organisation_id == actor.organisation_id,
                Milestone.project_id.in_(_room_projects(actor)),
            ),
        )
    )
    if found is None:
        raise EvidenceNotFoundError()
    return found


def list_decisions(
    session: orm.Session, *, milestone_id: int, standing_only: bool = False
) -> Sequence[MilestoneDecision]:
    statement = (
        sa.select(MilestoneDecision)
        .options(orm.joinedload(MilestoneDecision.organisation))
        .where(MilestoneDecision.milestone_id == milestone_id)
        .order_by(MilestoneDecision.id)
    )
    if standing_only:
        statement = statement.where(MilestoneDecision.superseded_at.is_(None))
    return session.scalars(statement).all()
