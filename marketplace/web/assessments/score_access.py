"""Who reads a project's score: the team's consents; and the operator's answers to contests."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation, list_organisations
from marketplace.assessments import score_queries
from marketplace.assessments.services import answer_contest
from marketplace.assessments.words import DISPUTE_STATES
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.projects.models import Project
from marketplace.projects.queries import get_consent, get_project, list_consents
from marketplace.projects.services import grant_score_consent, revoke_score_consent
from marketplace.projects.services.listing import require_owner
from marketplace.projects.words import SCORE_READER_KINDS
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.score_words import NAMES
from marketplace.web.formatting import in_language
from marketplace.web.labels import label
from marketplace.web.paging import chosen_state

KIND_PREFIX = "kind:"


@blueprint.get("/projects/<public_id>/score/readers")
@requires(Permission.PROJECT_EDIT)
def show_readers(public_id: str) -> Any:
    """Whom the team lets read its scores, since when, and the form for another."""
    return _render_readers(_get_own(public_id))


@blueprint.post("/projects/<public_id>/score/readers")
@requires(Permission.PROJECT_EDIT)
def open_score(public_id: str) -> Any:
    """Let one organisation, or every verified one of a kind, read the scores."""
    session, actor = current_session(), current_actor()
    project, chosen = _get_own(public_id), request.form.get("recipient", "")
    try:
        if chosen.startswith(KIND_PREFIX):
            recipient: dict[str, Any] = {"organisation_kind": chosen.removeprefix(KIND_PREFIX)}
        else:
            recipient = {"organisation": _find_organisation(chosen)}
        grant_score_consent(session, actor=actor, project=project, now=clock.now(), **recipient)
    except InvalidInputError as error:
        return _render_readers(project, typed=request.form, errors=error.errors or {"": error.message}), 422
    flash(_("The consent is given."), "success")
    return redirect(url_for("assessments.show_readers", public_id=public_id))


@blueprint.post("/projects/<public_id>/score/readers/<consent_id>/revoke")
@requires(Permission.PROJECT_EDIT)
def close_score(public_id: str, consent_id: str) -> Any:
    """Take a consent back."""
    session, actor = current_session(), current_actor()
    project = _get_own(public_id)
    consent = get_consent(session, project_id=project.id, public_id=consent_id)
    revoke_score_consent(session, actor=actor, project=project, consent=consent, now=clock.now())
    flash(_("The consent is taken back; it bites on the next request."), "success")
    return redirect(url_for("assessments.show_readers", public_id=public_id))


@blueprint.get("/score-contests")
@requires(Permission.SCORE_ANSWER)
def list_score_contests() -> Any:
    """Contests of scores, those due first."""
    state = chosen_state(DISPUTE_STATES)
    rows = score_queries.list_contests(current_session(), actor=current_actor(), state=state)
    today = clock.day_in_zone(clock.now())
    return render_template(
        "assessments/contests.html", rows=rows, state=state, states=DISPUTE_STATES, names=NAMES, today=today
    )


@blueprint.get("/score-contests/<public_id>")
@requires(Permission.SCORE_ANSWER)
def show_contest(public_id: str) -> Any:
    """One contest with the score it is about, and the form of the answer."""
    return _render_contest(public_id)


@blueprint.post("/score-contests/<public_id>/answer")
@requires(Permission.SCORE_ANSWER)
def answer_score_contest(public_id: str) -> Any:
    """The operator's answer, given once."""
    session, actor = current_session(), current_actor()
    contest = score_queries.get_contest(session, actor=actor, public_id=public_id)
    try:
        answer_contest(
            session, actor=actor, contest=contest, outcome=request.form.get("outcome", ""),
            answer=request.form.get("answer", ""), now=clock.now(),
        )  # fmt: skip
    except InvalidInputError as error:
        return _render_contest(public_id, typed=request.form, errors=error.errors or {"": error.message}), 422
    flash(_("The answer is recorded and the team is told."), "success")
    return redirect(url_for("assessments.show_contest", public_id=public_id))


def _render_contest(public_id: str, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    contest = score_queries.get_contest(current_session(), actor=current_actor(), public_id=public_id)
    messages = {name: _(message) for name, message in (errors or {}).items()}
    return render_template(
        "assessments/contest.html", contest=contest, names=NAMES, typed=typed or {}, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()],
        overdue=contest.state == "open" and contest.due_on < clock.day_in_zone(clock.now()),
    )  # fmt: skip


def _render_readers(project: Project, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    session, actor = current_session(), current_actor()
    messages = {name: _(message) for name, message in (errors or {}).items()}
    kinds = [(KIND_PREFIX + kind, _("Every verified %(kind)s", kind=label("organisation_kind", kind)))
             for kind in SCORE_READER_KINDS]  # fmt: skip
    others = [
        (row.public_id, in_language(row.name_zh, row.name_en))
        for row in list_organisations(session, actor=actor)
        if row.verification_state == "verified" and row.id != project.organisation_id
    ]
    return render_template(
        "assessments/readers.html", project=project, consents=list_consents(session, project_id=project.id),
        recipients=kinds + others, names=NAMES, typed=typed or {}, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()],
    )  # fmt: skip


def _find_organisation(public_id: str) -> Any:
    try:
        return get_organisation(current_session(), actor=current_actor(), public_id=public_id)
    except NotFoundError as error:
        raise InvalidInputError(errors={"recipient": "Choose one of the options."}) from error


def _get_own(public_id: str) -> Project:
    actor = current_actor()
    project = get_project(current_session(), actor=actor, public_id=public_id)
    require_owner(actor, project)
    return project
