"""How a pilot ended: the record of an engaged, independent assessor or testing body."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments import score_queries
from marketplace.assessments.services import record_outcome
from marketplace.assessments.services.milestones import require_decider
from marketplace.assessments.services.outcomes import BEGUN_STATES
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotAllowedError
from marketplace.money import parse_amount
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.web.assessments.base import blueprint

_TEXTS = ("started_on", "ended_on", "grounds")


@blueprint.get("/projects/<public_id>/outcome")
@requires(Permission.ASSESSMENT_READ)
def show_outcome(public_id: str) -> Any:
    """The outcome on record, those it supersedes, and the form for those who may record one."""
    return _render(get_project(current_session(), actor=current_actor(), public_id=public_id))


@blueprint.post("/projects/<public_id>/outcome")
@requires(Permission.MILESTONE_DECIDE)
def write_outcome(public_id: str) -> Any:
    """Record how the pilot ended."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    try:
        record_outcome(session, actor=actor, project=project, values=_read(project.currency), now=clock.now())
    except InvalidInputError as error:
        return _render(project, typed=request.form, errors=error.errors or {error.field or "": error.message}), 422
    flash(_("The outcome is recorded."), "success")
    return redirect(url_for("assessments.show_outcome", public_id=public_id))


def _read(currency: str) -> dict[str, Any]:
    values: dict[str, Any] = {name: request.form.get(name, "") for name in _TEXTS}
    values["completed"] = {"yes": True, "no": False}.get(request.form.get("completed", ""))
    level = request.form.get("trl_reached", "")
    values["trl_reached"] = int(level) if level in "0123456789" and level else None
    for name in ("cost_minor", "loss_minor"):
        values[name] = parse_amount(request.form.get(name, ""), currency, field=name, allow_zero=True).amount_minor
    return values


def _render(project: Project, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    session, actor = current_session(), current_actor()
    messages = {name: _(message) for name, message in (errors or {}).items()}
    may_record = actor.can(Permission.MILESTONE_DECIDE) and project.state in BEGUN_STATES
    if may_record:
        try:
            require_decider(session, actor=actor, project=project)
        except NotAllowedError:
            may_record = False
    return render_template(
        "assessments/outcome.html", project=project, may_record=may_record, typed=typed or {}, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()],
        rows=score_queries.list_outcomes_of_project(session, actor=actor, project_id=project.id),
    )  # fmt: skip
