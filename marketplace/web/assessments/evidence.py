"""Evidence of a project: what was laid down, and laying down more."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.services import add_evidence, withdraw_evidence
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.projects.models import Project
from marketplace.projects.presentation import OWN, ROOM, get_access
from marketplace.projects.queries import get_project
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.words import options
from marketplace.web.formatting import in_language
from risk.errors import RiskError
from risk.maturity import Criterion, get_criterion, list_levels

_FIELDS = ("element", "criterion", "evidence_type", "title", "made_by", "place", "made_on", "environment")


@blueprint.get("/projects/<public_id>/evidence")
@requires(Permission.PROJECT_READ)
def list_evidence(public_id: str) -> Any:
    """The evidence of a project, by level; only in its room."""
    wanted = {name: request.args.get(name, "")[:60] for name in ("criterion", "element")}
    return _render(_get_room(public_id), typed=wanted)


@blueprint.post("/projects/<public_id>/evidence")
@requires(Permission.PROJECT_EDIT)
def add(public_id: str) -> Any:
    """Lay down one piece, with its file where one was chosen."""
    session, actor = current_session(), current_actor()
    project = _get_room(public_id)
    upload = request.files.get("file")
    try:
        add_evidence(
            session, actor=actor, project=project, values=_read(), now=clock.now(),
            store=current_app.file_store,  # type: ignore[attr-defined]  # Marketplace
            stream=cast(BinaryIO, upload.stream) if upload and upload.filename else None,
            file_name=upload.filename or "" if upload else "",
        )  # fmt: skip
    except InvalidInputError as error:
        return _render(project, typed=request.form, errors=error.errors or {"": error.message}), 422
    flash(_("The evidence is laid down."), "success")
    return redirect(url_for("assessments.list_evidence", public_id=public_id))


@blueprint.post("/projects/<public_id>/evidence/<evidence_id>/withdraw")
@requires(Permission.PROJECT_EDIT)
def withdraw(public_id: str, evidence_id: str) -> Any:
    """Take evidence back that no assessment rests on."""
    session, actor = current_session(), current_actor()
    project = _get_room(public_id)
    evidence = queries.get_evidence(session, actor=actor, public_id=evidence_id)
    if evidence.project_id != project.id:
        raise NotFoundError()
    withdraw_evidence(session, actor=actor, project=project, evidence=evidence, now=clock.now())
    flash(_("The evidence is taken back."), "success")
    return redirect(url_for("assessments.list_evidence", public_id=public_id))


def _read() -> dict[str, Any]:
    """The form as values; the scale and the level follow from the criterion."""
    values: dict[str, Any] = {name: request.form.get(name, "") for name in _FIELDS}
    values["element"] = values["element"] or None
    try:
        criterion = get_criterion(values["criterion"])
        values |= {"scale": criterion.scale, "level": criterion.level}
    except RiskError as error:
        raise InvalidInputError(errors={"criterion": "Choose one of the options."}) from error
    return values


def _get_room(public_id: str) -> Project:
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    if get_access(session, project=project, actor=actor) not in (OWN, ROOM):
        raise NotFoundError()
    return project


def describe_criterion(criterion: Criterion) -> str:
    """`TRL 6 · question`, as a line of a select or a table."""
    question = in_language(criterion.question_zh, criterion.question_en)
    return f"{criterion.scale.upper()} {criterion.level} · {question}"


def _render(project: Project, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    session, actor = current_session(), current_actor()
    messages = {name: _(message) for name, message in (errors or {}).items()}
    criteria = [
        (criterion.id, describe_criterion(criterion))
        for scale in ("trl", "mrl")
        for level in list_levels(scale)
        for criterion in level.criteria
    ]
    return render_template(
        "assessments/evidence.html", project=project, typed=typed or {}, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()],
        rows=queries.list_evidence(session, actor=actor, project_id=project.id), criteria=criteria,
        criterion_names=dict(criteria), environments=options("environment"),
        environment_names=dict(options("environment")),
        own=actor.organisation_id == project.organisation_id and actor.can(Permission.PROJECT_EDIT),
        elements=[(row.public_id, in_language(row.name_zh, row.name_en)) for row in project.elements],
        limit_bytes=current_app.file_store.limit_bytes,  # type: ignore[attr-defined]  # Marketplace
    )  # fmt: skip
