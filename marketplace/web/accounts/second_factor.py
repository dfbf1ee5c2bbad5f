"""Setting up, renewing and removing the second factor; each change asks for a fresh sign-in and is told by mail."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask import session as flask_session
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, require_fresh_sign_in, signed_in
from marketplace.accounts.models import User
from marketplace.accounts.queries import lock_user
from marketplace.accounts.signin.factors import (
    check_totp,
    new_totp_secret,
    renew_recovery_codes,
    show_totp_secret,
    turn_off,
    turn_on,
)
from marketplace.accounts.signin.mail import send_account_mail
from marketplace.accounts.signin.pages import show_form
from marketplace.accounts.signin.reading import FormReader
from marketplace.accounts.signin.repeats import keep_no_answer
from marketplace.accounts.signin.sessions import renew_session
from marketplace.audit.services import record_act
from marketplace.db import current_session
from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError
from marketplace.web.accounts.pages import blueprint, current_user

PENDING = "second_factor_pending"


@blueprint.route("/account/second-factor", methods=["GET", "POST"])
@signed_in
def set_up_second_factor() -> Any:
    """Show a new secret to scan, and turn the second factor on when a code of it is right."""
    require_fresh_sign_in()
    user = current_user()
    if user.tf_totp_secret:
        raise ConflictError("The second factor is on already; remove it first to set up another device.")
    if request.method == "GET":
        # The secret waits, encrypted, in the session: nothing of the user changes before a code proves it.
        flask_session.setdefault(PENDING, new_totp_secret())
        return show_form("accounts/second_factor.html", setup=show_totp_secret(user, flask_session[PENDING]))
    secret = flask_session.get(PENDING)
    if not secret:
        return redirect(url_for("accounts.set_up_second_factor"))
    user = _locked_user()
    reader = FormReader()
    code = reader.text("code", limit=10)
    try:
        reader.finish()
        if not check_totp(user, code, secret):
            raise InvalidInputError("This code is not right; wait for the next one and try again.", field="code")
    except InvalidInputError as error:
        return show_form("accounts/second_factor.html", error, setup=show_totp_secret(user, secret))
    codes = turn_on(user, secret)
    flask_session.pop(PENDING, None)
    flask_session.pop("second_factor_missing", None)
    renew_session()
    _tell(user, "user.second_factor_set", "second_factor_set")
    keep_no_answer()
    return render_template("accounts/recovery_codes.html", codes=codes)


@blueprint.route("/account/recovery-codes", methods=["POST"])
@signed_in
def new_recovery_codes() -> Any:
    """New recovery codes, shown this once; the old ones die."""
    require_fresh_sign_in()
    user = _locked_user()
    if not user.tf_totp_secret:
        raise ConflictError("Set up the second factor first.")
    codes = renew_recovery_codes(user)
    _tell(user, "user.recovery_codes_renewed", "recovery_codes_renewed")
    keep_no_answer()
    return render_template("accounts/recovery_codes.html", codes=codes)


@blueprint.route("/account/second-factor/remove", methods=["POST"])
@signed_in
def remove_second_factor() -> Any:
    """Turn the second factor off, where the installation does not require it."""
    require_fresh_sign_in()
    if current_app.settings.second_factor_required:  # type: ignore[attr-defined]  # Marketplace
        raise NotAllowedError("This installation requires a second factor.")
    user = _locked_user()
    turn_off(user)
    renew_session()
    _tell(user, "user.second_factor_removed", "second_factor_removed")
    flash(_("The second factor is off."), "warning")
    return redirect(url_for("accounts.show_account"))


def _locked_user() -> User:
    return lock_user(current_session(), user_id=current_actor().user_id)


def _tell(user: User, action: str, template: str) -> None:
    session, actor, now = current_session(), current_actor(), clock.now()
    record_act(session, actor=actor, action=action, subject_kind="user", subject_id=user.public_id, now=now)
    send_account_mail(session, recipient=user.email, template=template, now=now, locale=user.locale)
