"""Drafting from the template, changing the terms, sharing and ending the talks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import FUND_KINDS, Permission
from marketplace.accounts.queries import list_organisations
from marketplace.agreements import queries
from marketplace.agreements.errors import TermsRefusedError
from marketplace.agreements.services import drafting
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.funding.errors import RoundNotFoundError
from marketplace.funding.models import Round
from marketplace.funding.queries import get_round
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.web.agreements import blueprint
from marketplace.web.agreements.deal_form import CALLS, INVESTORS, REPAYMENTS, SEATS, DealForm
from marketplace.web.agreements.from_round import plan_from_round, values_from_round
from marketplace.web.agreements.level_rates import list_rate_levels
from marketplace.web.agreements.pages import load_agreement
from marketplace.web.agreements.reading import Reader, field_errors, form_values

DEFAULTS = {
    "founders_zh": "创始团队",
    "founders_en": "Founders",
    "investors_share": "40",
    "preference_rate": "6",
}


@blueprint.get("/projects/<public_id>/agreements/new")
@requires(Permission.AGREEMENT_DRAFT)
def show_draft_form(public_id: str) -> Any:
    """The form of the joint-pilot template for one project."""
    project = get_project(current_session(), actor=current_actor(), public_id=public_id)
    values = {**DEFAULTS, "title_zh": f"{project.title_zh}联合投资协议"[:200],
              "title_en": f"Joint agreement: {project.title_en}"[:200]}  # fmt: skip
    round_ = _round_of(project, request.args.get("round", ""))
    if round_ is not None:
        values |= values_from_round(round_, project)
    return _render_draft(project, values, {})


def _round_of(project: Project, public_id: str) -> Round | None:
    """The closed round that the draft comes from, if one is named; another project's round is not found."""
    if not public_id:
        return None
    round_ = get_round(current_session(), actor=current_actor(), public_id=public_id)
    if round_.project_id != project.id:
        raise RoundNotFoundError()
    # Reading the round has refreshed its project's row; the form needs the project's children again.
    get_project(current_session(), actor=current_actor(), public_id=project.public_id)
    return round_


def _render_draft(project: Project, values: Mapping[str, str], errors: dict[str, str]) -> Any:
    session, actor = current_session(), current_actor()
    organisations = list_organisations(session, actor=actor)
    page = render_template(
        "agreements/new.html",
        project=project,
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
        funds=[item for item in organisations if item.kind in FUND_KINDS],
        seats={party: [item for item in organisations if item.kind == kind] for party, kind in SEATS.items()},
        investors=range(1, INVESTORS + 1),
        calls=range(1, CALLS + 1),
        repayments=range(1, REPAYMENTS + 1),
        rate_levels=list_rate_levels(project),
    )
    return (page, 422) if errors else page


@blueprint.post("/projects/<public_id>/agreements/new")
@requires(Permission.AGREEMENT_DRAFT)
def draft_agreement(public_id: str) -> Any:
    """A new draft with the parties and amounts of the form."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    form = DealForm(request.form, project, list_organisations(session, actor=actor))
    try:
        parameters, seats, title_zh, title_en = form.read()
        round_ = _round_of(project, request.form.get("round", ""))
        if round_ is not None:
            agreement = drafting.draft_from_round(
                session,
                actor=actor,
                project=project,
                plan=plan_from_round(round_, parameters, list(seats)),
                title_zh=title_zh,
                title_en=title_en,
                now=clock.now(),
            )
        else:
            agreement = drafting.draft_agreement(
                session,
                actor=actor,
                project=project,
                terms=drafting.make_terms(parameters),
                seats=seats,
                title_zh=title_zh,
                title_en=title_en,
                now=clock.now(),
            )
    except InvalidInputError as error:
        return _render_draft(project, form_values(), field_errors(error))
    flash(_("The draft is made. Read its clauses, simulate it, then share it with its parties."), "jade")
    return redirect(url_for("agreements.show_agreement", public_id=agreement.public_id))


@blueprint.get("/agreements/<public_id>/terms")
@requires(Permission.AGREEMENT_DRAFT)
def edit_terms(public_id: str) -> Any:
    """The document of the newest version, to be changed."""
    agreement = load_agreement(public_id)
    version = queries.get_version(current_session(), agreement=agreement)
    document = json.dumps(queries.load_terms(version), ensure_ascii=False, indent=2)
    return _render_terms(agreement, {"terms": document, "based_on": str(version.number)}, {})


def _render_terms(agreement: Any, values: Mapping[str, str], errors: dict[str, str]) -> Any:
    page = render_template(
        "agreements/terms.html", agreement=agreement, values=values, field_errors=errors, errors=list(errors.items())
    )
    return (page, 422) if errors else page


@blueprint.post("/agreements/<public_id>/terms")
@requires(Permission.AGREEMENT_DRAFT)
def change_terms(public_id: str) -> Any:
    """A new version of the terms; a clause that cannot be run is named."""
    agreement = load_agreement(public_id)
    reader = Reader(request.form)
    terms = reader.document("terms")
    note = reader.text("note", required=False, longest=400)
    based_on = reader.whole("based_on", default=0)
    try:
        reader.refuse_wrong()
        version = drafting.change_terms(
            current_session(),
            actor=current_actor(),
            agreement=agreement,
            terms=terms,
            based_on=based_on,
            note=note,
            now=clock.now(),
        )
    except (TermsRefusedError, InvalidInputError) as error:
        return _render_terms(agreement, form_values(), field_errors(error, ("terms", "note")))
    flash(_("Version %(number)s is kept. Signatures over earlier versions no longer count.", number=version.number),
          "jade")  # fmt: skip
    return redirect(url_for("agreements.show_agreement", public_id=public_id))


@blueprint.post("/agreements/<public_id>/share")
@requires(Permission.AGREEMENT_DRAFT)
def share_draft(public_id: str) -> Any:
    """Show the draft to its parties."""
    drafting.share_draft(current_session(), actor=current_actor(), agreement=load_agreement(public_id), now=clock.now())
    flash(_("The parties can read the draft now."), "jade")
    return redirect(url_for("agreements.show_agreement", public_id=public_id))


@blueprint.post("/agreements/<public_id>/terminate")
@requires(Permission.AGREEMENT_SIGN)
def terminate(public_id: str) -> Any:
    """End the talks before signing."""
    now = clock.now()
    drafting.terminate_agreement(
        current_session(),
        actor=current_actor(),
        agreement=load_agreement(public_id),
        reason=request.form.get("reason", ""),
        on=clock.day_in_zone(now),
        now=now,
    )
    flash(_("The talks on this agreement have ended."), "amber")
    return redirect(url_for("agreements.show_agreement", public_id=public_id))
