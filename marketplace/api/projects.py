"""Pilot projects: list, read, write drafts, submit."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.api.project_schemas import (
    ProjectBodySchema,
    ProjectPageSchema,
    ProjectQuerySchema,
    ProjectSchema,
    to_values,
)
from marketplace.db import current_session
from marketplace.projects.listing import ProjectFilter
from marketplace.projects.listing import list_projects as list_rows
from marketplace.projects.presentation import present_project, present_projects
from marketplace.projects.queries import get_project
from marketplace.projects.services import create_project, edit_project, move_project
from marketplace.projects.words import PROJECT_STATES
from marketplace.schemas import StrictSchema

blueprint = Blueprint("api_projects", __name__, url_prefix="/projects", description="Pilot projects")


class MoveSchema(StrictSchema):
    """Where the project is to go, and why."""

    state = ma.fields.String(required=True, validate=ma.validate.OneOf(PROJECT_STATES))
    reason = ma.fields.String(load_default="", validate=ma.validate.Length(max=1000))


@blueprint.get("")
@blueprint.arguments(ProjectQuerySchema, location="query", unknown=ma.RAISE)
@blueprint.response(200, ProjectPageSchema)
@requires(Permission.PROJECT_READ)
def list_projects(query: dict[str, Any]) -> dict[str, Any]:
    """List the projects that you may see; facets are joined by AND, values of one facet by OR."""
    session, actor = current_session(), current_actor()
    limit, cursor = query.pop("limit"), query.pop("cursor")
    facets: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in query.items()}
    wanted = ProjectFilter(**facets)
    page = list_rows(session, actor=actor, wanted=wanted, limit=limit, cursor=cursor)
    return {
        "data": present_projects(session, projects=page.rows, actor=actor),
        "page": {"next_cursor": page.next_cursor, "total": page.total},
    }


@blueprint.post("")
@blueprint.arguments(ProjectBodySchema)
@blueprint.response(201, ProjectSchema)
@requires(Permission.PROJECT_EDIT)
def create(body: dict[str, Any]) -> dict[str, Any]:
    """Create a draft of your organisation."""
    session, actor = current_session(), current_actor()
    values = to_values(body, currency=body.get("currency", "CNY"))
    project = create_project(session, actor=actor, now=clock.now(), values=values)
    return _present(project.public_id)


@blueprint.get("/<project_id>")
@blueprint.response(200, ProjectSchema)
@requires(Permission.PROJECT_READ)
def show(project_id: str) -> dict[str, Any]:
    """One project; fields that you may not see are absent."""
    return _present(project_id)


@blueprint.patch("/<project_id>")
@blueprint.arguments(ProjectBodySchema)
@blueprint.response(200, ProjectSchema)
@requires(Permission.PROJECT_EDIT)
def edit(body: dict[str, Any], project_id: str) -> dict[str, Any]:
    """Change a draft: fields that are not sent stay; a list that is sent replaces the rows without its ids."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    values = to_values(body, currency=body.get("currency", project.currency))
    edit_project(session, actor=actor, project=project, now=clock.now(), values=values)
    return _present(project_id)


@blueprint.post("/<project_id>/submit")
@blueprint.response(200, ProjectSchema)
@requires(Permission.PROJECT_EDIT)
def submit(project_id: str) -> dict[str, Any]:
    """Hand a complete draft to the operator."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    move_project(session, actor=actor, project=project, state="submitted", now=clock.now())
    return _present(project_id)


@blueprint.post("/<project_id>/state")
@blueprint.arguments(MoveSchema)
@blueprint.response(200, ProjectSchema)
@requires(Permission.PROJECT_READ)
def move(body: dict[str, Any], project_id: str) -> dict[str, Any]:
    """Take the project to another state, where the table of arrows allows it to you."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    move_project(session, actor=actor, project=project, state=body["state"], reason=body["reason"], now=clock.now())
    return _present(project_id)


def _present(project_id: str) -> dict[str, Any]:
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    return present_project(session, project=project, actor=actor)
