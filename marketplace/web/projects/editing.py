"""Writing a listing: the task list of a draft and one form for each section."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_organisations
from marketplace.db import current_session
from marketplace.errors import ConflictError, InvalidInputError, NotFoundError
from marketplace.projects.errors import ProjectChangedError, ProjectInvalidError
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.projects.rules import find_gaps
from marketplace.projects.schemas import read_project
from marketplace.projects.services import create_project, edit_project
from marketplace.projects.services.listing import require_owner
from marketplace.projects.states import EDITABLE
from marketplace.web.formatting import language
from marketplace.web.projects.base import blueprint
from marketplace.web.projects.forms import ROWS, SECTIONS, field_errors, read_section, row_count, show_section
from marketplace.web.projects.words import NAMES, options


@blueprint.get("/projects/new")
@requires(Permission.PROJECT_EDIT)
def new_project() -> Any:
    """The first section of a new listing."""
    return _render_form("basics", None, {"visibility": "teaser"})


@blueprint.post("/projects/new")
@requires(Permission.PROJECT_EDIT)
def create() -> Any:
    """Write the draft, then go on with its task list."""
    session, actor = current_session(), current_actor()
    values, reader = read_section("basics", request.form, "CNY")
    try:
        project = create_project(session, actor=actor, now=clock.now(), values=_filled(values))
    except InvalidInputError as error:
        return _render_form("basics", None, request.form, errors=field_errors(error.errors, reader)), 422
    flash(_("The draft is saved."), "success")
    return redirect(url_for("projects.show_tasks", public_id=project.public_id))


@blueprint.get("/projects/<public_id>/edit")
@requires(Permission.PROJECT_EDIT)
def show_tasks(public_id: str) -> Any:
    """What is done and what is missing before the listing can be submitted."""
    project = _get_own(public_id)
    gaps = find_gaps(project)
    editable = project.state in EDITABLE
    steps = []
    for section in SECTIONS:
        missing = [gap for gap in gaps if gap.section == section]
        begun = section not in ("rights", "room") or bool(project.ip or project.failure_menu or project.approvals)
        if section == "room":
            begun = bool(project.confidential_zh or project.confidential_en)
        steps.append({
            "label": NAMES["section"][section],
            "state": "in_progress" if missing else ("done" if begun else "not_started"),
            "url": url_for("projects.edit_section", public_id=public_id, section=section) if editable else None,
            "note": _(missing[0].message) if missing else None,
        })  # fmt: skip
    return render_template("projects/tasks.html", project=project, steps=steps, gaps=gaps, editable=editable)


@blueprint.get("/projects/<public_id>/edit/<section>")
@requires(Permission.PROJECT_EDIT)
def edit_section(public_id: str, section: str) -> Any:
    """One section as a form."""
    project = _get_own(public_id, section)
    return _render_form(section, project, show_section(section, project))


@blueprint.post("/projects/<public_id>/edit/<section>")
@requires(Permission.PROJECT_EDIT)
def save_section(public_id: str, section: str) -> Any:
    """Write one section, or show it again with everything that was typed."""
    session, actor = current_session(), current_actor()
    project = _get_own(public_id, section)
    values, reader = read_section(section, request.form, project.currency)
    try:
        if reader.errors:
            raise ProjectInvalidError(errors={**reader.errors, **_find_more(values)})
        edit_project(
            session, actor=actor, project=project, now=clock.now(), values=_filled(values),
            seen_at=_read_instant(request.form.get("seen_at", "")),
        )  # fmt: skip
    except ProjectChangedError as error:
        return _render_form(section, project, request.form, errors={"": error.message}), 409
    except InvalidInputError as error:
        errors = field_errors(error.errors, reader) or {"": error.message}
        return _render_form(section, project, request.form, errors=errors), 422
    flash(_("The section is saved."), "success")
    return redirect(url_for("projects.show_tasks", public_id=public_id))


def _find_more(values: dict[str, Any]) -> dict[str, str]:
    """The other mistakes of a form whose amounts could not be read, so that all are shown at once."""
    try:
        read_project(_filled(values))
    except InvalidInputError as error:
        return error.errors
    return {}


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """A choice that was left open is not a value."""
    return {name: value for name, value in values.items() if not (name in ("sector", "visibility") and value == "")}


def _read_instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise ConflictError() from error


def _get_own(public_id: str, section: str = "basics") -> Project:
    if section not in SECTIONS:
        raise NotFoundError()
    actor = current_actor()
    project = get_project(current_session(), actor=actor, public_id=public_id)
    require_owner(actor, project)
    return project


def _render_form(
    section: str, project: Project | None, typed: Mapping[str, str], *, errors: dict[str, str] | None = None
) -> str:
    session, actor = current_session(), current_actor()
    messages = {name: _(message) for name, message in (errors or {}).items()}
    centres = []
    if section == "levels":
        chinese = language() == "zh"
        centres = [
            (row.public_id, row.name_zh if chinese else row.name_en)
            for row in list_organisations(session, actor=actor, kind="pilot_centre")
        ]
    return render_template(
        "projects/form.html", section=section, project=project, typed=typed, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()], centres=centres,
        counts={name: row_count(typed, name) for name in ROWS.get(section, {})}, options=options,
        section_title=NAMES["section"][section],
    )  # fmt: skip
