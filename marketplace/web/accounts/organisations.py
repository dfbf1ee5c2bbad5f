"""Organisations: one's own profile and verification, the list of all, and the operator's decision."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts import queries
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.models import VERIFICATION_STATES, Organisation
from marketplace.accounts.permissions import ORGANISATION_KINDS, Permission
from marketplace.accounts.services import organisations as services
from marketplace.accounts.services.users import disable_user as shut_out
from marketplace.accounts.signin.pages import show_form
from marketplace.accounts.signin.reading import FormReader
from marketplace.accounts.states import decisions_from
from marketplace.audit.queries import list_lines_of
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.web.accounts.pages import blueprint
from marketplace.web.paging import FETCH, cut_page


@blueprint.route("/organisation")
@requires(Permission.ORGANISATION_READ)
def show_own_organisation() -> Any:
    """The organisation one acts for."""
    actor = current_actor()
    return _show(queries.get_organisation(current_session(), actor=actor, public_id=actor.organisation_public_id))


@blueprint.route("/organisation/profile", methods=["GET", "POST"])
@requires(Permission.MEMBER_MANAGE)
def edit_profile() -> Any:
    """Edit what the owner keeps: region and profile in both languages."""
    session, actor = current_session(), current_actor()
    organisation = queries.get_organisation(session, actor=actor, public_id=actor.organisation_public_id)
    if request.method == "GET":
        return show_form("accounts/profile.html", organisation=organisation)
    reader = FormReader()
    values = {
        "profile_zh": reader.text("profile_zh", limit=2000, required=False, lines=True),
        "profile_en": reader.text("profile_en", limit=2000, required=False, lines=True),
        "region_code": reader.text("region_code", limit=6),
    }
    region = values["region_code"]
    if region and not (len(region) == 6 and region.isascii() and region.isdigit()):
        reader.errors.setdefault("region_code", "Choose one of the values offered.")
    try:
        reader.finish()
    except InvalidInputError as error:
        return show_form("accounts/profile.html", error, organisation=organisation)
    services.edit_profile(session, actor=actor, organisation=organisation, now=clock.now(), **values)
    flash(_("The profile is saved."), "success")
    return redirect(url_for("accounts.show_own_organisation"))


@blueprint.route("/organisation/verification", methods=["POST"])
@requires(Permission.MEMBER_MANAGE)
def request_verification() -> Any:
    """Ask the operator to verify one's organisation."""
    session, actor = current_session(), current_actor()
    organisation = queries.get_organisation(session, actor=actor, public_id=actor.organisation_public_id)
    services.request_verification(session, actor=actor, organisation=organisation, now=clock.now())
    flash(_("The operator has been asked to verify your organisation."), "success")
    return redirect(url_for("accounts.show_own_organisation"))


@blueprint.route("/organisations")
@requires(Permission.ORGANISATION_READ)
def list_organisations() -> Any:
    """All organisations that one may see; filters are in the address."""
    kind, state = request.args.get("kind", ""), request.args.get("state", "")
    words = request.args.get("q", "").replace("\0", "").strip()[:100]
    rows, total = queries.page_organisations(
        current_session(), actor=current_actor(), words=words, after=_read_cursor(request.args.get("cursor", "")),
        kind=kind if kind in ORGANISATION_KINDS else None, state=state if state in VERIFICATION_STATES else None,
        limit=FETCH,
    )  # fmt: skip
    shown, pager = cut_page(rows)
    return show_form(
        "accounts/organisations.html", rows=shown, total=total, kind=kind, state=state, words=words,
        kinds=ORGANISATION_KINDS, states=VERIFICATION_STATES, **pager,
    )  # fmt: skip


@blueprint.route("/organisations/<public_id>")
@requires(Permission.ORGANISATION_READ)
def show_organisation(public_id: str) -> Any:
    """One organisation; the operator decides on its verification here."""
    return _show(queries.get_organisation(current_session(), actor=current_actor(), public_id=public_id))


@blueprint.route("/organisations/<public_id>/verification", methods=["POST"])
@requires(Permission.ORGANISATION_VERIFY)
def decide_verification(public_id: str) -> Any:
    """Verify, reject or freeze an organisation that one does not belong to."""
    session, actor = current_session(), current_actor()
    organisation = queries.get_organisation(session, actor=actor, public_id=public_id)
    reader = FormReader()
    decision = reader.raw("decision")
    note = reader.text("note", limit=1000, required=False, lines=True)
    try:
        reader.finish()
        services.decide_verification(
            session, actor=actor, organisation=organisation, decision=decision, note=note, now=clock.now()
        )
    except InvalidInputError as error:
        return _show(organisation, error)
    flash(_("The decision is recorded and the organisation is told."), "success")
    return redirect(url_for("accounts.show_organisation", public_id=public_id))


@blueprint.route("/organisations/<public_id>/members/<member_id>/disable", methods=["POST"])
@requires(Permission.ORGANISATION_VERIFY)
def disable_member(public_id: str, member_id: str) -> Any:
    """Shut a user out of the platform at once."""
    session, actor = current_session(), current_actor()
    organisation = queries.get_organisation(session, actor=actor, public_id=public_id)
    members = queries.list_members(session, organisation_id=organisation.id)
    found = next((member for member in members if member.public_id == member_id), None)
    if found is None:
        raise NotFoundError()
    shut_out(session, actor=actor, user=found.user, now=clock.now())
    flash(_("The user is shut out; all sessions and keys have ended."), "success")
    return redirect(url_for("accounts.show_organisation", public_id=public_id))


def _read_cursor(public_id: str) -> tuple[str, int] | None:
    """The list goes on after the organisation that the cursor names; an unknown one starts anew."""
    if not public_id:
        return None
    try:
        last = queries.get_organisation(current_session(), actor=current_actor(), public_id=public_id)
    except NotFoundError:
        return None
    return last.name_en, last.id


def _show(organisation: Organisation, error: InvalidInputError | None = None) -> Any:
    session, actor = current_session(), current_actor()
    own = organisation.id == actor.organisation_id
    may_verify = actor.can(Permission.ORGANISATION_VERIFY) and not queries.is_member(
        session, user_id=actor.user_id, organisation_id=organisation.id
    )
    inside = own or actor.can(Permission.ORGANISATION_VERIFY) or actor.organisation_kind == "regulator"
    lines = list_lines_of(session, subject_kind="organisation", subject_id=organisation.public_id) if inside else []
    return show_form(
        "accounts/organisation.html",
        error,
        organisation=organisation,
        own=own,
        inside=inside,
        history=lines,
        decisions=decisions_from(organisation.verification_state) if may_verify else (),
        members=queries.list_members(session, organisation_id=organisation.id) if may_verify else [],
        may_ask=own
        and actor.can(Permission.MEMBER_MANAGE)
        and organisation.verification_state in ("none", "rejected", "expired"),
        may_edit=own and actor.can(Permission.MEMBER_MANAGE),
    )
