"""Amendments of an agreement in force: the proposal, the redline in words and in money, the talks, the signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements import amendment_queries, queries
from marketplace.agreements.models import Agreement, Amendment
from marketplace.agreements.overview import redline
from marketplace.agreements.services import amendments
from marketplace.agreements.services.signing import list_missing_parties
from marketplace.agreements.statement_text import difference_digest
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.web.agreements import blueprint
from marketplace.web.agreements.pages import load_agreement, locale
from marketplace.web.agreements.reading import Reader, field_errors, form_values

FIELDS = ("terms", "effective_on", "reason", "note")


@blueprint.get("/agreements/<public_id>/amendments/new")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def show_amendment_form(public_id: str) -> Any:
    """The document of the version in force, to be changed from a day on."""
    session, agreement = current_session(), load_agreement(public_id)
    queries.get_party_of(agreement, current_actor().organisation_id)
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    values = {"terms": _document(version), "effective_on": clock.day_in_zone(clock.now()).isoformat()}
    return _render_form(agreement, None, values, {})


def _document(version: Any) -> str:
    return json.dumps(queries.load_terms(version), ensure_ascii=False, indent=2)


def _render_form(
    agreement: Agreement, amendment: Amendment | None, values: Mapping[str, str], errors: dict[str, str]
) -> Any:
    page = render_template(
        "agreements/amendment_form.html",
        agreement=agreement,
        amendment=amendment,
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
    )
    return (page, 422) if errors else page


@blueprint.post("/agreements/<public_id>/amendments/new")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def propose_amendment(public_id: str) -> Any:
    """Propose other terms; a clause that cannot carry what stands is named."""
    agreement = load_agreement(public_id)
    reader = Reader(request.form)
    terms, day, reason = reader.document("terms"), reader.day("effective_on"), reader.text("reason", longest=400)
    try:
        reader.refuse_wrong()
        amendment = amendments.propose_amendment(
            current_session(),
            actor=current_actor(),
            agreement=agreement,
            terms=terms,
            effective_on=date.fromisoformat(day),
            reason=reason,
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _render_form(agreement, None, form_values(), field_errors(error, FIELDS))
    flash(_("The amendment is proposed. Simulate it, then those who are needed can sign it."), "jade")
    return _back(public_id, amendment.public_id)


@blueprint.get("/agreements/<public_id>/amendments/<amendment_id>")
@requires(Permission.AGREEMENT_READ)
def show_amendment(public_id: str, amendment_id: str) -> Any:
    """What changes in words and in money, what the parties say, and who has signed."""
    return _render_amendment(public_id, amendment_id, {})


def _render_amendment(public_id: str, amendment_id: str, errors: dict[str, str]) -> Any:
    session, agreement = current_session(), load_agreement(public_id)
    amendment = amendment_queries.get_amendment(session, agreement=agreement, public_id=amendment_id)
    version = queries.get_version(session, agreement=agreement, number=amendment.version_number)
    simulation = queries.find_latest_simulation(session, agreement=agreement, terms_hash=version.terms_hash)
    missing = list_missing_parties(session, agreement=agreement, version=version)
    page = render_template(
        "agreements/amendment.html",
        agreement=agreement,
        amendment=amendment,
        version=version,
        own_party=queries.find_party_of(agreement, current_actor().organisation_id),
        changes=redline(version, locale()),
        simulation=simulation,
        difference=simulation.result["difference"] if simulation and simulation.result else None,
        digest=difference_digest(simulation.result) if simulation and simulation.result else "",
        comments=amendment_queries.list_comments(session, amendment_id=amendment.id),
        missing=missing,
        signatories=amendments.list_signatories(session, agreement=agreement, missing=missing, version=version),
        values=form_values() if errors else {},
        field_errors=errors,
        errors=list(errors.items()),
    )
    return (page, 422) if errors else page


@blueprint.get("/agreements/<public_id>/amendments/<amendment_id>/change")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def show_amendment_change(public_id: str, amendment_id: str) -> Any:
    """The newest wording of the amendment, to be changed."""
    session, agreement = current_session(), load_agreement(public_id)
    queries.get_party_of(agreement, current_actor().organisation_id)
    amendment = amendment_queries.get_amendment(session, agreement=agreement, public_id=amendment_id)
    version = queries.get_version(session, agreement=agreement, number=amendment.version_number)
    return _render_form(agreement, amendment, {"terms": _document(version), "based_on": str(version.number)}, {})


@blueprint.post("/agreements/<public_id>/amendments/<amendment_id>/change")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def change_amendment(public_id: str, amendment_id: str) -> Any:
    """Another wording; signatures over the earlier one no longer count."""
    session, agreement = current_session(), load_agreement(public_id)
    amendment = amendment_queries.get_amendment(session, agreement=agreement, public_id=amendment_id)
    reader = Reader(request.form)
    terms, note = reader.document("terms"), reader.text("note", longest=400)
    based_on = reader.whole("based_on", default=0)
    try:
        reader.refuse_wrong()
        version = amendments.change_amendment(
            session,
            actor=current_actor(),
            agreement=agreement,
            amendment=amendment,
            terms=terms,
            based_on=based_on,
            note=note,
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _render_form(agreement, amendment, form_values(), field_errors(error, FIELDS))
    flash(_("Version %(number)s is kept. Signatures over earlier versions no longer count.", number=version.number),
          "jade")  # fmt: skip
    return _back(public_id, amendment_id)


@blueprint.post("/agreements/<public_id>/amendments/<amendment_id>/comments")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def comment_on_amendment(public_id: str, amendment_id: str) -> Any:
    """Say something on the newest wording."""
    session, agreement = current_session(), load_agreement(public_id)
    try:
        amendments.comment_on_amendment(
            session,
            actor=current_actor(),
            agreement=agreement,
            amendment=amendment_queries.get_amendment(session, agreement=agreement, public_id=amendment_id),
            text=request.form.get("text", ""),
            clause=request.form.get("clause", ""),
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _render_amendment(public_id, amendment_id, field_errors(error, ("text", "clause")))
    flash(_("Your comment stands on this page; the parties are told."), "jade")
    return _back(public_id, amendment_id)


@blueprint.post("/agreements/<public_id>/amendments/<amendment_id>/withdraw")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def withdraw_amendment(public_id: str, amendment_id: str) -> Any:
    """Take the amendment back; the version in force stays."""
    session, agreement = current_session(), load_agreement(public_id)
    try:
        amendments.withdraw_amendment(
            session,
            actor=current_actor(),
            agreement=agreement,
            amendment=amendment_queries.get_amendment(session, agreement=agreement, public_id=amendment_id),
            reason=request.form.get("reason", ""),
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _render_amendment(public_id, amendment_id, field_errors(error, ("reason",)))
    flash(_("The amendment is withdrawn; the terms in force stay."), "amber")
    return _back(public_id, amendment_id)


def _back(public_id: str, amendment_id: str) -> Any:
    return redirect(url_for("agreements.show_amendment", public_id=public_id, amendment_id=amendment_id))
