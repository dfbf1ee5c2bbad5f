"""Moving a project: a page that says what will happen, and the act."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.projects.errors import ProjectIncompleteError
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.projects.services import move_project
from marketplace.projects.services.moves import find_mover
from marketplace.projects.states import list_moves, needs_reason
from marketplace.projects.words import PROJECT_STATES
from marketplace.web.projects.base import blueprint
from marketplace.web.projects.words import NAMES


@blueprint.get("/projects/<public_id>/state/<state>")
@requires(Permission.PROJECT_READ)
def ask_move(public_id: str, state: str) -> Any:
    """The last look before a move."""
    project = _get(public_id, state)
    return _render(project, state)


@blueprint.post("/projects/<public_id>/state/<state>")
@requires(Permission.PROJECT_READ)
def move(public_id: str, state: str) -> Any:
    """Take the project there; the service decides who may."""
    session, actor = current_session(), current_actor()
    project = _get(public_id, state)
    reason = request.form.get("reason", "")
    try:
        move_project(session, actor=actor, project=project, state=state, now=clock.now(), reason=reason)
    except ProjectIncompleteError:
        flash(_("The listing is not complete yet."), "error")
        return redirect(url_for("projects.show_tasks", public_id=public_id))
    except InvalidInputError as error:
        return _render(project, state, reason=reason, errors=error.errors), 422
    flash(_("The project has moved on."), "success")
    return redirect(url_for("projects.show_project", public_id=public_id))


def _get(public_id: str, state: str) -> Project:
    if state not in PROJECT_STATES:
        raise NotFoundError()
    return get_project(current_session(), actor=current_actor(), public_id=public_id)


def _render(project: Project, state: str, *, reason: str = "", errors: dict[str, str] | None = None) -> str:
    mover = find_mover(current_actor(), project)
    messages = {name: _(message) for name, message in (errors or {}).items()}
    return render_template(
        "projects/move.html", project=project, state=state, reason=reason, messages=messages,
        errors=list(messages.items()), needed=needs_reason(project.state, state, mover),
        possible=state in list_moves(project.state, mover), move_name=NAMES["move"][state],
    )  # fmt: skip
