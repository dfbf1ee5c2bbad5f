"""Every SELECT of projects; `visible_projects` is the one scope of page, API, export and search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.projects.errors import ProjectNotFoundError
from marketplace.projects.models import Milestone, Project, ProjectGrant
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
