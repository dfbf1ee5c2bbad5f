"""Conditions of the assessed level on an agreement in negotiation, and the evidence that meets one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries
from marketplace.agreements.services import conditions
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.web.agreements import blueprint
from marketplace.web.agreements.pages import load_agreement, read_conditions
from marketplace.web.condition_words import readable


@blueprint.get("/agreements/<public_id>/conditions")
@requires(Permission.AGREEMENT_READ)
def show_conditions(public_id: str) -> Any:
    """What the level asks for, what meets it, and the form of the party that can name a document."""
    return _render(public_id, {}, {})


def _render(public_id: str, values: Mapping[str, str], errors: dict[str, str]) -> Any:
    actor = current_actor()
    agreement = load_agreement(public_id)
    party = queries.find_party_of(agreement, actor.organisation_id)
    rows = read_conditions(agreement)
    page = render_template(
        "agreements/conditions.html",
        agreement=agreement,
        conditions=rows,
        recorded=[readable(row) for row in agreement.conditions],
        to_meet=[
            answer | {"of": row.instrument}
            for row, answer in rows
            if party is not None
            and row.party == party.party
            and row.met_by is None
            and "evidence" in row.answer.opened_by
            and actor.can(Permission.AGREEMENT_SIGN)
        ],
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
    )
    return (page, 422) if errors else page


@blueprint.post("/agreements/<public_id>/conditions")
@requires(Permission.AGREEMENT_SIGN)
def meet_condition(public_id: str) -> Any:
    """Record by which document the condition of one's own instrument is met."""
    form = request.form
    try:
        day = date.fromisoformat(form.get("document_on", ""))
    except ValueError:
        day = None
    try:
        conditions.meet_condition(
            current_session(), actor=current_actor(), agreement=load_agreement(public_id), now=clock.now(),
            instrument=form.get("instrument", ""), ground=form.get("ground", ""), document_on=day,
            document_number=form.get("document_number", ""),
        )  # fmt: skip
    except InvalidInputError as error:
        return _render(public_id, form, {name: _(text) for name, text in error.errors.items()})
    flash(_("The condition is met; the other parties are told."), "jade")
    return redirect(url_for("agreements.show_agreement", public_id=public_id))
