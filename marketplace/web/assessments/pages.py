"""Assessments: the list, asking for one, and the page of one."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation, list_organisations
from marketplace.assessments import queries
from marketplace.assessments.services import (
    accept_assessment,
    decline_assessment,
    request_assessment,
    sign_assessment,
)
from marketplace.assessments.words import ASSESSMENT_STATES, TIES
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.projects.services.listing import require_owner
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.showing import act_on, find, render_assessment
from marketplace.web.formatting import in_language


@blueprint.get("/assessments")
@requires(Permission.ASSESSMENT_READ)
def list_assessments() -> Any:
    """Assessments that the organisation asked for, makes or may read."""
    state = request.args.get("state") or None
    if state is not None and state not in ASSESSMENT_STATES:
        raise InvalidInputError(_("Choose one of the options."), field="state")
    rows = queries.list_assessments(current_session(), actor=current_actor(), state=state)
    return render_template("assessments/list.html", rows=rows, state=state, states=ASSESSMENT_STATES)


@blueprint.get("/projects/<public_id>/assessments/new")
@requires(Permission.ASSESSMENT_REQUEST)
def new_assessment(public_id: str) -> Any:
    """Choose an assessor."""
    return _render_request(_get_own(public_id))


@blueprint.post("/projects/<public_id>/assessments/new")
@requires(Permission.ASSESSMENT_REQUEST)
def ask(public_id: str) -> Any:
    """Ask the assessor and open the room to it."""
    session, actor = current_session(), current_actor()
    project = _get_own(public_id)
    chosen = request.form.get("assessor", "")
    try:
        try:
            assessor = get_organisation(session, actor=actor, public_id=chosen)
        except NotFoundError as error:
            raise InvalidInputError(errors={"assessor": "Choose a verified assessor."}) from error
        assessment = request_assessment(session, actor=actor, project=project, assessor=assessor, now=clock.now())
    except InvalidInputError as error:
        return _render_request(project, chosen=chosen, errors=error.errors or {"": error.message}), 422
    flash(_("The assessor is asked; the room is open to it."), "success")
    return redirect(url_for("assessments.show_assessment", public_id=assessment.public_id))


@blueprint.get("/assessments/<public_id>")
@requires(Permission.ASSESSMENT_READ)
def show_assessment(public_id: str) -> Any:
    """One assessment: who, levels by element, judgements, gaps and the plan that closes them, objections."""
    return render_assessment(find(public_id))


@blueprint.post("/assessments/<public_id>/accept")
@requires(Permission.ASSESSMENT_DECIDE)
def accept(public_id: str) -> Any:
    """Declare ties and take the work."""
    answers = {"yes": True, "no": False}
    given = {tie: request.form.get(f"ties.{tie}", "") for tie in TIES}
    ties = {tie: answers[word] for tie, word in given.items() if word in answers}
    return act_on(public_id, lambda session, **names: accept_assessment(
        session, declaration=request.form.get("declaration", ""), ties=ties, **names))  # fmt: skip


@blueprint.post("/assessments/<public_id>/decline")
@requires(Permission.ASSESSMENT_DECIDE)
def decline(public_id: str) -> Any:
    """Do not take the work, or give it back."""
    return act_on(public_id, lambda session, **names: decline_assessment(
        session, reason=request.form.get("reason", ""), **names))  # fmt: skip


@blueprint.post("/assessments/<public_id>/sign")
@requires(Permission.ASSESSMENT_DECIDE)
def sign(public_id: str) -> Any:
    """Sign: the levels are set."""

    def act(session: Any, **names: Any) -> None:
        sign_assessment(
            session, conclusion=request.form.get("conclusion", ""), name=request.form.get("name", ""),
            expires_on=_read_day("expires_on"), **names,
        )  # fmt: skip

    return act_on(public_id, act)


def _read_day(name: str) -> date | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(errors={name: "Enter a day, for example 2027-01-15."}) from error


def _get_own(public_id: str) -> Project:
    actor = current_actor()
    project = get_project(current_session(), actor=actor, public_id=public_id)
    require_owner(actor, project)
    return project


def _render_request(project: Project, *, chosen: str = "", errors: dict[str, str] | None = None) -> str:
    assessors = [
        (row.public_id, in_language(row.name_zh, row.name_en))
        for row in list_organisations(current_session(), actor=current_actor(), kind="assessor")
        if row.verification_state == "verified"
    ]
    messages = {name: _(message) for name, message in (errors or {}).items()}
    return render_template(
        "assessments/new.html", project=project, assessors=assessors, chosen=chosen, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()],
    )  # fmt: skip
