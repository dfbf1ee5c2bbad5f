"""Assessments: the list, asking for one, and the page of one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation, list_organisations
from marketplace.assessments import queries
from marketplace.assessments.models import Assessment
from marketplace.assessments.rules import compute_levels, suggest_milestones
from marketplace.assessments.services import (
    accept_assessment,
    answer_dispute,
    decline_assessment,
    raise_dispute,
    request_assessment,
    sign_assessment,
)
from marketplace.assessments.words import ASSESSMENT_STATES
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotAllowedError, NotFoundError
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.projects.services.listing import require_owner
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.words import NAMES
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
    """One assessment: who, levels by element, gaps and the plan that closes them, objections."""
    return _render(_get(public_id))


@blueprint.post("/assessments/<public_id>/accept")
@requires(Permission.ASSESSMENT_DECIDE)
def accept(public_id: str) -> Any:
    """Declare ties and take the work."""
    return _act(public_id, lambda session, **names: accept_assessment(
        session, declaration=request.form.get("declaration", ""), **names))  # fmt: skip


@blueprint.post("/assessments/<public_id>/decline")
@requires(Permission.ASSESSMENT_DECIDE)
def decline(public_id: str) -> Any:
    """Do not take the work, or give it back."""
    return _act(public_id, lambda session, **names: decline_assessment(
        session, reason=request.form.get("reason", ""), **names))  # fmt: skip


@blueprint.post("/assessments/<public_id>/sign")
@requires(Permission.ASSESSMENT_DECIDE)
def sign(public_id: str) -> Any:
    """Sign: the levels are set."""
    return _act(public_id, lambda session, **names: sign_assessment(
        session, conclusion=request.form.get("conclusion", ""), **names))  # fmt: skip


@blueprint.post("/assessments/<public_id>/dispute")
@requires(Permission.ASSESSMENT_READ)
def dispute(public_id: str) -> Any:
    """Object."""
    if current_actor().organisation_kind == "regulator":
        raise NotAllowedError()
    return _act(public_id, lambda session, **names: raise_dispute(
        session, reason=request.form.get("objection", ""), **names))  # fmt: skip


@blueprint.post("/assessments/<public_id>/disputes/<dispute_id>")
@requires(Permission.PROJECT_VERIFY)
def answer(public_id: str, dispute_id: str) -> Any:
    """Record how an objection ended."""

    def act(session: Any, *, actor: Any, assessment: Assessment, now: Any) -> None:
        found = next((row for row in assessment.disputes if row.public_id == dispute_id), None)
        if found is None:
            raise NotFoundError()
        if request.form.get("outcome") not in ("upheld", "dismissed"):
            raise InvalidInputError(errors={"outcome": "Choose one of the options."})
        answer_dispute(
            session, actor=actor, assessment=assessment, dispute=found, now=now,
            upheld=request.form["outcome"] == "upheld", answer=request.form.get("answer", ""),
        )  # fmt: skip

    return _act(public_id, act)


def _act(public_id: str, act: Any) -> Any:
    """Run one act of the page; what was refused is shown with the input kept."""
    session, actor = current_session(), current_actor()
    assessment = _get(public_id)
    try:
        act(session, actor=actor, assessment=assessment, now=clock.now())
    except InvalidInputError as error:
        return _render(assessment, typed=request.form, errors=error.errors or {"": error.message}), 422
    flash(_("Done."), "success")
    return redirect(url_for("assessments.show_assessment", public_id=public_id))


def _get(public_id: str) -> Assessment:
    return queries.get_assessment(current_session(), actor=current_actor(), public_id=public_id)


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


def _render(assessment: Assessment, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    actor = current_actor()
    project = assessment.project
    levels = compute_levels([element.id for element in project.elements], assessment.judgements)
    names = {element.public_id: in_language(element.name_zh, element.name_en) for element in project.elements}
    messages = {name: _(message) for name, message in (errors or {}).items()}
    mine = actor.organisation_id == assessment.assessor_organisation_id
    return render_template(
        "assessments/show.html", assessment=assessment, project=project, levels=levels, element_names=names,
        plan=suggest_milestones(assessment.gaps), typed=typed or {}, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()], names=NAMES,
        judge=mine and actor.can(Permission.ASSESSMENT_DECIDE),
        object_to=not mine and actor.role != "viewer" and actor.organisation_kind != "regulator"
        and assessment.state in ("signed", "disputed"),
        decide=actor.can(Permission.PROJECT_VERIFY),
    )  # fmt: skip
