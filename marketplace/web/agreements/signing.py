"""Signing keys, and signing in two steps: read what is shown, then sign it with the own passphrase."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, require_fresh_sign_in, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries
from marketplace.agreements.errors import AgreementNotFoundError, WeakPassphraseError, WrongPassphraseError
from marketplace.agreements.overview import describe_clauses, redline
from marketplace.agreements.services import signing
from marketplace.db import current_session
from marketplace.web.agreements import blueprint
from marketplace.web.agreements.pages import load_agreement, locale


@blueprint.get("/agreements/<public_id>/sign")
@requires(Permission.AGREEMENT_SIGN)
def show_signing(public_id: str) -> Any:
    """Exactly what this signatory would sign: version, simulation, statement."""
    return _render_signing(public_id, {})


def _render_signing(public_id: str, errors: dict[str, str]) -> Any:
    session, actor = current_session(), current_actor()
    agreement = load_agreement(public_id)
    shown = signing.prepare_signing(session, agreement=agreement, actor=actor, locale=locale())
    page = render_template(
        "agreements/sign.html",
        agreement=agreement,
        shown=shown,
        figures=(shown.simulation.result or {}).get("parties", {}).get(shown.party.party),
        clauses=describe_clauses(shown.version, locale()),
        changes=redline(shown.version, locale()) if shown.amendment else None,
        key=queries.find_key_of(session, user_id=actor.user_id),
        field_errors=errors,
        errors=list(errors.items()),
    )
    return (page, 422) if errors else page


@blueprint.post("/agreements/<public_id>/sign")
@requires(Permission.AGREEMENT_SIGN)
def sign(public_id: str) -> Any:
    """Sign what was shown."""
    require_fresh_sign_in()
    try:
        signature = signing.sign_agreement(
            current_session(),
            agreement=load_agreement(public_id),
            actor=current_actor(),
            version_number=request.form.get("version", 0, type=int),
            statement_digest=request.form.get("statement", ""),
            passphrase=request.form.get("passphrase", ""),
            locale=locale(),
            now=clock.now(),
        )
    except WrongPassphraseError as error:
        return _render_signing(public_id, {"passphrase": _(error.message)})
    flash(_("Signed. Receipt: %(number)s", number=signature.public_id), "jade")
    return redirect(url_for("agreements.show_agreement", public_id=public_id))


@blueprint.get("/signing-key")
@requires(Permission.AGREEMENT_SIGN)
def show_key() -> Any:
    """The own signing key, and the keys of one's organisation that wait for an owner."""
    return _render_key({})


def _render_key(errors: dict[str, str]) -> Any:
    session, actor = current_session(), current_actor()
    owner = actor.role == "owner"
    page = render_template(
        "agreements/key.html",
        keys=queries.list_keys_of(session, user_id=actor.user_id),
        waiting=queries.list_waiting_keys(session, organisation_id=actor.organisation_id) if owner else [],
        back=request.values.get("agreement", ""),
        field_errors=errors,
        errors=list(errors.items()),
    )
    return (page, 422) if errors else page


@blueprint.post("/signing-key")
@requires(Permission.AGREEMENT_SIGN)
def create_key() -> Any:
    """A key under the own passphrase."""
    require_fresh_sign_in()
    session = current_session()
    if request.form.get("passphrase", "") != request.form.get("repeated", ""):
        return _render_key({"repeated": _("The two passphrases differ.")})
    try:
        key = signing.create_signing_key(
            session, actor=current_actor(), passphrase=request.form.get("passphrase", ""), now=clock.now()
        )
    except WeakPassphraseError as error:
        return _render_key({"passphrase": _(error.message)})
    if key.state == "waiting":
        flash(_("The new key waits for an owner of your organisation to confirm it."), "amber")
    else:
        flash(_("Your signing key is ready."), "jade")
    wanted = request.form.get("agreement", "")
    if wanted and key.state == "active":
        return redirect(url_for("agreements.show_signing", public_id=load_agreement(wanted).public_id))
    return redirect(url_for("agreements.show_key"))


@blueprint.post("/signing-key/<key_id>/confirm")
@requires(Permission.AGREEMENT_SIGN)
def confirm_key(key_id: str) -> Any:
    """An owner confirms a replacement key; the parties of open agreements are told."""
    require_fresh_sign_in()
    session, actor = current_session(), current_actor()
    waiting = queries.list_waiting_keys(session, organisation_id=actor.organisation_id)
    key = next((item for item in waiting if item.public_id == key_id), None)
    if key is None:
        raise AgreementNotFoundError("There is no such key waiting.")
    signing.confirm_signing_key(session, actor=actor, key=key, now=clock.now())
    flash(_("The new key is confirmed; the old one no longer signs."), "jade")
    return redirect(url_for("agreements.show_key"))
