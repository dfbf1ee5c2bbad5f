"""Choosing a template for a project's agreement, and drafting from the forms of the templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_organisations
from marketplace.agreements.services import drafting
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.web.agreements import blueprint
from marketplace.web.agreements.deal_form import CALLS, REPAYMENTS
from marketplace.web.agreements.level_rates import list_rate_levels
from marketplace.web.agreements.reading import field_errors, form_values
from marketplace.web.agreements.template_forms import CHAIN, FORMS, describe_templates

NAMES = {
    "founders_zh": "创始团队",
    "founders_en": "Founders",
    "shareholders_zh": "现有股东",
    "shareholders_en": "Existing shareholders",
}


@blueprint.get("/projects/<public_id>/agreements/templates")
@requires(Permission.AGREEMENT_DRAFT)
def choose_template(public_id: str) -> Any:
    """What an agreement of the project can be drafted from, each with its meaning in words."""
    project = get_project(current_session(), actor=current_actor(), public_id=public_id)
    return render_template("agreements/templates.html", project=project, templates=describe_templates())


@blueprint.get("/projects/<public_id>/agreements/new/<template>")
@requires(Permission.AGREEMENT_DRAFT)
def show_template_form(public_id: str, template: str) -> Any:
    """The form of another template for one project."""
    project = get_project(current_session(), actor=current_actor(), public_id=public_id)
    _require_form(template)
    values = {**NAMES, **_titles(project, template)}
    return _render_template_form(project, template, values, {})


@blueprint.post("/projects/<public_id>/agreements/new/<template>")
@requires(Permission.AGREEMENT_DRAFT)
def draft_from_template(public_id: str, template: str) -> Any:
    """A new draft with the parties and amounts of the template's form."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    _require_form(template)
    form = FORMS[template](request.form, project, list_organisations(session, actor=actor))
    try:
        parameters, seats, title_zh, title_en = form.read()
        agreement = drafting.draft_agreement(
            session,
            actor=actor,
            project=project,
            terms=drafting.make_terms(parameters, template=template),
            seats=seats,
            title_zh=title_zh,
            title_en=title_en,
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _render_template_form(project, template, form_values(), field_errors(error))
    flash(_("The draft is made. Read its clauses, simulate it, then share it with its parties."), "jade")
    return redirect(url_for("agreements.show_agreement", public_id=agreement.public_id))


def _require_form(template: str) -> None:
    if template not in FORMS:
        abort(404)


def _describe(template: str) -> dict[str, Any]:
    return next(item for item in describe_templates() if item["name"] == template)


def _titles(project: Project, template: str) -> dict[str, str]:
    """The agreement's title in both languages, to be changed by whoever drafts."""
    with force_locale("zh_Hans_CN"):
        zh = f"{project.title_zh}：{_describe(template)['title']}"
    with force_locale("en"):
        en = f"{project.title_en}: {_describe(template)['title'].lower()}"
    return {"title_zh": zh[:200], "title_en": en[:200]}


def _render_template_form(project: Project, template: str, values: Mapping[str, str], errors: dict[str, str]) -> Any:
    page = render_template(
        "agreements/new_from_template.html",
        project=project,
        template=_describe(template),
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
        organisations=list_organisations(current_session(), actor=current_actor()),
        calls=range(1, CALLS + 1),
        repayments=range(1, REPAYMENTS + 1),
        chain=range(1, CHAIN + 1),
        rate_levels=list_rate_levels(project),
    )
    return (page, 422) if errors else page
