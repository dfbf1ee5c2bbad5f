"""Who beyond the verified kinds sees a project: grants by the team."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation, list_organisations
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project, list_grants
from marketplace.projects.services import grant_access, revoke_access
from marketplace.projects.services.listing import require_owner
from marketplace.web.formatting import language
from marketplace.web.projects.base import blueprint
from marketplace.web.projects.words import NAMES, options


@blueprint.get("/projects/<public_id>/access")
@requires(Permission.PROJECT_EDIT)
def show_access(public_id: str) -> Any:
    """Organisations with a grant, and the form for another."""
    return _render(_get_own(public_id))


@blueprint.post("/projects/<public_id>/access")
@requires(Permission.PROJECT_EDIT)
def grant(public_id: str) -> Any:
    """Open the project further to one organisation."""
    session, actor = current_session(), current_actor()
    project = _get_own(public_id)
    try:
        try:
            organisation = get_organisation(session, actor=actor, public_id=request.form.get("organisation", ""))
        except NotFoundError as error:
            raise InvalidInputError(errors={"organisation": "Choose one of the options."}) from error
        grant_access(
            session, actor=actor, project=project, organisation=organisation, level=request.form.get("level", ""),
            now=clock.now(), basis="given by the team",
        )  # fmt: skip
    except InvalidInputError as error:
        return _render(project, typed=request.form, errors=error.errors), 422
    flash(_("Access is granted."), "success")
    return redirect(url_for("projects.show_access", public_id=public_id))


@blueprint.post("/projects/<public_id>/access/<organisation_id>/revoke")
@requires(Permission.PROJECT_EDIT)
def revoke(public_id: str, organisation_id: str) -> Any:
    """Take a grant back."""
    session, actor = current_session(), current_actor()
    project = _get_own(public_id)
    organisation = get_organisation(session, actor=actor, public_id=organisation_id)
    revoke_access(session, actor=actor, project=project, organisation=organisation, now=clock.now())
    flash(_("Access is taken back; it bites on the next request."), "success")
    return redirect(url_for("projects.show_access", public_id=public_id))


def _get_own(public_id: str) -> Project:
    actor = current_actor()
    project = get_project(current_session(), actor=actor, public_id=public_id)
    require_owner(actor, project)
    return project


def _render(project: Project, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    session, actor = current_session(), current_actor()
    chinese = language() == "zh"
    messages = {name: _(message) for name, message in (errors or {}).items()}
    others = [
        (row.public_id, row.name_zh if chinese else row.name_en)
        for row in list_organisations(session, actor=actor)
        if row.verification_state == "verified" and row.id != actor.organisation_id
    ]
    return render_template(
        "projects/access.html", project=project, grants=list_grants(session, project_id=project.id), others=others,
        typed=typed or {}, messages=messages, errors=list(messages.items()), levels=options("grant_level"),
        level_names=NAMES["grant_level"],
    )  # fmt: skip
