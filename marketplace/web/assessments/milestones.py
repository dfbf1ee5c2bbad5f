"""A milestone: what it must show, the data handed over, the two findings."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation, list_organisations
from marketplace.assessments import log_queries, queries
from marketplace.assessments.services import decide_milestone, engage_decider, report_milestone
from marketplace.assessments.services.milestones import REPORTABLE, RUNNING_STATES, require_decider
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, MarketplaceError, NotFoundError
from marketplace.files.errors import EmptyFileError
from marketplace.projects.models import Milestone, Project
from marketplace.projects.presentation import TEASER, get_access
from marketplace.projects.queries import get_project, list_grants
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.words import NAMES, options
from marketplace.web.formatting import in_language


@blueprint.get("/projects/<public_id>/milestones/<milestone_id>")
@requires(Permission.PROJECT_READ)
def show_milestone(public_id: str, milestone_id: str) -> Any:
    """One milestone."""
    return _render(*_get(public_id, milestone_id))


@blueprint.post("/projects/<public_id>/milestones/<milestone_id>/report")
@requires(Permission.MILESTONE_REPORT)
def report(public_id: str, milestone_id: str) -> Any:
    """Hand over sealed data."""
    project, milestone = _get(public_id, milestone_id)
    upload = request.files.get("file")

    def act() -> None:
        if upload is None or not upload.filename:
            raise EmptyFileError(field="file")
        report_milestone(
            current_session(), actor=current_actor(), project=project, milestone=milestone, now=clock.now(),
            values={"stated_sha256": request.form.get("stated_sha256", "").strip().lower(),
                    "run_ended_on": request.form.get("run_ended_on", ""), "note": request.form.get("note", "")},
            store=current_app.file_store,  # type: ignore[attr-defined]  # Marketplace
            stream=cast(BinaryIO, upload.stream), file_name=upload.filename,
        )  # fmt: skip

    return _act(project, milestone, act, _("The data are handed over."))


@blueprint.post("/projects/<public_id>/milestones/<milestone_id>/decide")
@requires(Permission.MILESTONE_DECIDE)
def decide(public_id: str, milestone_id: str) -> Any:
    """Write down one finding."""
    project, milestone = _get(public_id, milestone_id)

    def act() -> None:
        values = {name: request.form.get(name, "") for name in ("result", "decided_on", "grounds")}
        measured = request.form.get("measured_value", "").strip()
        decide_milestone(
            current_session(), actor=current_actor(), project=project, milestone=milestone, now=clock.now(),
            values={**values, "measured_value": measured or None},
        )  # fmt: skip

    return _act(project, milestone, act, _("The finding is written down."))


@blueprint.post("/projects/<public_id>/milestones/<milestone_id>/engage")
@requires(Permission.PROJECT_EDIT)
def engage(public_id: str, milestone_id: str) -> Any:
    """Engage a testing body or an assessor for the milestones of the project."""
    project, milestone = _get(public_id, milestone_id)

    def act() -> None:
        session, actor = current_session(), current_actor()
        try:
            organisation = get_organisation(session, actor=actor, public_id=request.form.get("organisation", ""))
        except NotFoundError as error:
            raise InvalidInputError(errors={"organisation": "Choose one of the options."}) from error
        engage_decider(session, actor=actor, project=project, organisation=organisation, now=clock.now())

    return _act(project, milestone, act, _("The decider is engaged; the room is open to it."))


def _act(project: Project, milestone: Milestone, act: Any, done: str) -> Any:
    try:
        act()
    except InvalidInputError as error:
        return _render(project, milestone, typed=request.form, errors=error.errors or {"": error.message}), 422
    flash(done, "success")
    return redirect(
        url_for("assessments.show_milestone", public_id=project.public_id, milestone_id=milestone.public_id)
    )


def _get(public_id: str, milestone_id: str) -> tuple[Project, Milestone]:
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    milestone = next((row for row in project.milestones if row.public_id == milestone_id), None)
    if milestone is None or get_access(session, project=project, actor=actor) == TEASER:
        raise NotFoundError()
    return project, milestone


def _may_decide(project: Project) -> bool:
    try:
        require_decider(current_session(), actor=current_actor(), project=project)
    except MarketplaceError:
        return False
    return current_actor().can(Permission.MILESTONE_DECIDE)


def _render(project: Project, milestone: Milestone, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    session, actor = current_session(), current_actor()
    messages = {name: _(message) for name, message in (errors or {}).items()}
    own = actor.organisation_id == project.organisation_id
    parties = (project.organisation_id, project.pilot_centre_id)
    deciders = [
        (row.public_id, in_language(row.name_zh, row.name_en))
        for kind in ("testing_body", "assessor")
        for row in (list_organisations(session, actor=actor, kind=kind) if own else ())
        if row.verification_state == "verified"
    ]
    return render_template(
        "assessments/milestone.html", project=project, milestone=milestone, typed=typed or {}, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()],
        step=next(iter(log_queries.list_steps(session, milestone_id=milestone.id)), None),
        reports=queries.list_reports(session, milestone_id=milestone.id),
        decisions=queries.list_decisions(session, milestone_id=milestone.id), results=options("result"), names=NAMES,
        may_report=actor.organisation_id in parties and actor.can(Permission.MILESTONE_REPORT)
        and milestone.state in REPORTABLE and project.state in RUNNING_STATES,
        may_decide=_may_decide(project) and milestone.state == "reported",
        may_engage=own and actor.can(Permission.PROJECT_EDIT), deciders=deciders,
        engaged=[organisation for grant, organisation in list_grants(session, project_id=project.id)
                 if grant.level == "room" and organisation.kind in ("testing_body", "assessor")],
        room=get_access(session, project=project, actor=actor) in ("own", "room"),
    )  # fmt: skip
