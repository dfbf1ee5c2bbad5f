"""Every SELECT of projects; `visible_projects` is the one scope of page, API, export and search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.projects.errors import ConsentNotFoundError, ProjectNotFoundError
from marketplace.projects.models import (
    LevelChange,
    Milestone,
    Project,
    ProjectGrant,
    ScoreConsent,
    TechnologyElement,
)
from marketplace.projects.words import LISTED_STATES

# Kinds of organisation that, once verified, read the qualified fields of every listing.
QUALIFIED_KINDS = (
    "angel", "venture_fund", "industrial_fund", "guidance_fund", "bank", "insurer", "assessor", "testing_body",
    "guarantor", "pool_operator", "auditor",
)  # fmt: skip
# The platform and its supervisor read listings without being invited, but never the room.
SUPERVISING_KINDS = ("operator", "regulator")
_CHILDREN = (
    Project.budget_lines, Project.funding_needs, Project.milestones, Project.elements, Project.approvals,
)  # fmt: skip


def is_qualified(actor: Any) -> bool:
    """Whether this actor reads the qualified fields of any listing."""
    if actor is None:
        return False
    return actor.organisation_kind in SUPERVISING_KINDS or (
        actor.verified and actor.organisation_kind in QUALIFIED_KINDS
    )


def granted_projects(organisation_id: int) -> sa.Select[int]:
    """Ids of the projects whose teams gave this organisation a grant that still stands."""
    return sa.select(ProjectGrant.project_id).where(
        ProjectGrant.organisation_id == organisation_id, ProjectGrant.revoked_at.is_(None)
    )


def visible_projects(actor: Any) -> sa.Select[Project]:
    """The projects that an actor (None: nobody signed in) may know of."""
    statement = sa.select(Project)
    listed = Project.state.in_(LISTED_STATES)
    if actor is None:
        return statement.where(listed, Project.visibility == "teaser")
    if actor.organisation_kind in SUPERVISING_KINDS:
        return statement.where(Project.state != "draft")
    open_to_actor = listed if is_qualified(actor) else sa.and_(listed, Project.visibility == "teaser")
    return statement.where(
        sa.or_(
            open_to_actor,
            Project.organisation_id == actor.organisation_id,
            sa.and_(Project.pilot_centre_id == actor.organisation_id, Project.state != "draft"),
            Project.id.in_(granted_projects(actor.organisation_id)),
        )
    )


def reads_score(actor: Any) -> sa.ColumnElement[bool]:
    """Where this actor reads the scores of a project: its own, the market's keepers, and by the team's consent.

    A consent lets nobody read who is not verified: a frozen organisation reads its own scores only.
    """
    if actor is None:
        return sa.false()
    if actor.organisation_kind in SUPERVISING_KINDS:
        return sa.true()
    own = Project.organisation_id == actor.organisation_id
    if not actor.verified:
        return own
    recipient = sa.or_(
        ScoreConsent.organisation_id == actor.organisation_id, ScoreConsent.organisation_kind == actor.organisation_kind
    )
    consented = sa.select(ScoreConsent.project_id).where(ScoreConsent.revoked_at.is_(None), recipient)
    return sa.or_(own, Project.id.in_(consented))


def list_score_read_ids(session: orm.Session, *, actor: Any, project_ids: Iterable[int]) -> set[int]:
    """Which of these projects' scores the actor reads."""
    return set(session.scalars(sa.select(Project.id).where(Project.id.in_(list(project_ids)), reads_score(actor))))


def select_project_id(*, project_id: int) -> sa.Select[Any]:
    """The row to lock before something of a project is counted."""
    return sa.select(Project.id).where(Project.id == project_id)


def list_elements(session: orm.Session, *, project_id: int) -> Sequence[TechnologyElement]:
    """The elements as the database has them now, in the order of the project."""
    return session.scalars(
        sa.select(TechnologyElement)
        .where(TechnologyElement.project_id == project_id)
        .order_by(TechnologyElement.id)
        .execution_options(populate_existing=True)
    ).all()


def list_cited_ids(session: orm.Session, *, table: sa.Table, ids: Iterable[int]) -> set[int]:
    """Which rows of a table other rows rest on and would not go with: judgements, evidence, reports of a run.

    The references are read from the schema, because most of them stand in domains above this one.
    """
    wanted = list(ids)
    if not wanted:
        return set()
    columns = [
        key.parent
        for other in table.metadata.sorted_tables
        for key in other.foreign_keys
        if key.column.table is table and key.ondelete is None
    ]
    found: set[int] = set()
    for column in columns:
        found.update(session.scalars(sa.select(column).where(column.in_(wanted)).distinct()))
    return found


def list_consents(session: orm.Session, *, project_id: int) -> Sequence[ScoreConsent]:
    """Every consent of a project, also those taken back, with the organisations named."""
    return session.scalars(
        sa.select(ScoreConsent)
        .options(orm.joinedload(ScoreConsent.organisation))
        .where(ScoreConsent.project_id == project_id)
        .order_by(ScoreConsent.revoked_at.is_not(None), ScoreConsent.id)
    ).all()


def list_standing_consents(session: orm.Session, *, project_ids: Iterable[int]) -> Sequence[ScoreConsent]:
    """The consents that stand, of several projects."""
    return session.scalars(
        sa.select(ScoreConsent).where(ScoreConsent.project_id.in_(list(project_ids)), ScoreConsent.revoked_at.is_(None))
    ).all()


def find_standing_consent(
    session: orm.Session, *, project_id: int, organisation_id: int | None = None, organisation_kind: str | None = None
) -> ScoreConsent | None:
    return session.scalar(
        sa.select(ScoreConsent).where(
            ScoreConsent.project_id == project_id,
            ScoreConsent.revoked_at.is_(None),
            ScoreConsent.organisation_id == organisation_id
            if organisation_id is not None
            else ScoreConsent.organisation_kind == organisation_kind,
        )
    )


def get_consent(session: orm.Session, *, project_id: int, public_id: str) -> ScoreConsent:
    """One consent of a project, standing or ended."""
    found = session.scalar(
        sa.select(ScoreConsent)
        .options(orm.joinedload(ScoreConsent.organisation))
        .where(ScoreConsent.project_id == project_id, ScoreConsent.public_id == public_id)
    )
    if found is None:
        raise ConsentNotFoundError()
    return found


def own_projects(actor: Any) -> sa.Select[Project]:
    """The projects of the actor's own organisation, in every state."""
    return sa.select(Project).where(Project.organisation_id == actor.organisation_id)


def with_children(statement: sa.Select[Project]) -> sa.Select[Project]:
    """Load what a project page shows: team, centre and the child rows."""
    return statement.options(
        orm.joinedload(Project.organisation),
        orm.joinedload(Project.pilot_centre),
        *(orm.selectinload(children) for children in _CHILDREN),
    )


def get_project(session: orm.Session, *, actor: Any, public_id: str) -> Project:
    """One visible project with its children loaded; raises ProjectNotFoundError."""
    found = session.scalar(with_children(visible_projects(actor).where(Project.public_id == public_id)))
    if found is None:
        raise ProjectNotFoundError()
    return found


def find_project(session: orm.Session, *, project_id: int) -> Project | None:
    """One project by its database id, for handlers and jobs that act for the house."""
    return session.scalar(with_children(sa.select(Project).where(Project.id == project_id)))


def find_project_by_code(session: orm.Session, *, code: str) -> Project | None:
    return session.scalar(with_children(sa.select(Project).where(Project.code == code)))


def find_grant(session: orm.Session, *, project_id: int, organisation_id: int) -> ProjectGrant | None:
    return session.scalar(
        sa.select(ProjectGrant).where(
            ProjectGrant.project_id == project_id, ProjectGrant.organisation_id == organisation_id
        )
    )


def list_grants(session: orm.Session, *, project_id: int) -> Sequence[tuple[ProjectGrant, Organisation]]:
    """The grants that stand, with the organisations that hold them."""
    rows = session.execute(
        sa.select(ProjectGrant, Organisation)
        .join(Organisation, Organisation.id == ProjectGrant.organisation_id)
        .where(ProjectGrant.project_id == project_id, ProjectGrant.revoked_at.is_(None))
        .order_by(Organisation.name_en)
    )
    return [(grant, organisation) for grant, organisation in rows]


def list_organisation_names(session: orm.Session, *, public_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Chinese and English names by public id, for a history."""
    rows = session.execute(
        sa.select(Organisation.public_id, Organisation.name_zh, Organisation.name_en).where(
            Organisation.public_id.in_(list(public_ids))
        )
    )
    return {public_id: (name_zh, name_en) for public_id, name_zh, name_en in rows}


def list_milestones(session: orm.Session, *, project_id: int) -> Sequence[Milestone]:
    return session.scalars(
        sa.select(Milestone).where(Milestone.project_id == project_id).order_by(Milestone.planned_on, Milestone.id)
    ).all()


def get_milestone(session: orm.Session, *, actor: Any, public_id: str) -> Milestone:
    """A milestone of a visible project."""
    found = session.scalar(
        sa.select(Milestone).where(
            Milestone.public_id == public_id,
            Milestone.project_id.in_(visible_projects(actor).with_only_columns(Project.id)),
        )
    )
    if found is None:
        raise ProjectNotFoundError("There is no such milestone, or you may not see it.")
    return found


def list_projects_in_state(session: orm.Session, *, actor: Any, state: str, limit: int = 200) -> Sequence[Project]:
    """Visible projects in one state, the longest waiting first."""
    return session.scalars(
        visible_projects(actor).where(Project.state == state).order_by(Project.updated_at, Project.id).limit(limit)
    ).all()


def list_own_projects(session: orm.Session, *, actor: Any, limit: int = 50) -> Sequence[Project]:
    """The projects of the actor's own organisation, the last touched first."""
    statement = own_projects(actor).order_by(Project.updated_at.desc(), Project.id.desc()).limit(limit)
    return session.scalars(statement).all()


def count_published(session: orm.Session) -> int:
    """How many projects anybody may know of."""
    statement = visible_projects(None).with_only_columns(Project.id)
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


def list_level_changes(session: orm.Session, *, project_id: int) -> Sequence[LevelChange]:
    """The history of the levels of a project, oldest first; the levels themselves are public."""
    return session.scalars(
        sa.select(LevelChange).where(LevelChange.project_id == project_id).order_by(LevelChange.id)
    ).all()
