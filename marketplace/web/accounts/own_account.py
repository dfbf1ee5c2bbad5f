"""One's own account: password, address, open sessions, the organisation one acts for."""

from __future__ import annotations

import hmac
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask import session as flask_session
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts import queries
from marketplace.accounts.access import current_actor, public, require_fresh_sign_in, signed_in
from marketplace.accounts.errors import LinkSpentError
from marketplace.accounts.passwords import check_password
from marketplace.accounts.services.tokens import hash_secret, issue_token, take_token
from marketplace.accounts.services.users import change_email as move_to_address
from marketplace.accounts.services.users import end_sessions_of, set_password
from marketplace.accounts.signin.actor import ORGANISATION_KEY
from marketplace.accounts.signin.hashing import hash_password, verify_password
from marketplace.accounts.signin.mail import absolute_url, send_account_mail
from marketplace.accounts.signin.pages import show_form
from marketplace.accounts.signin.reading import FormReader, own_path
from marketplace.accounts.signin.recovery import own_words
from marketplace.accounts.signin.sessions import hash_id, renew_session
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotAllowedError, NotFoundError
from marketplace.web.accounts.pages import blueprint, current_user

HANDLE_LENGTH = 16


@blueprint.route("/account")
@signed_in
def show_account() -> Any:
    """Everything about one's own sign-in on one page."""
    user = current_user()
    sessions = queries.list_sessions_of(current_session(), user_id=user.id, now=clock.now())
    return show_form("accounts/account.html", user=user, sessions=[_show_session(item) for item in sessions])


@blueprint.route("/account/password", methods=["GET", "POST"])
@signed_in
def change_password() -> Any:
    """Change the password; every other session ends."""
    if request.method == "GET":
        return show_form("accounts/password.html")
    session, user, now = current_session(), current_user(), clock.now()
    reader = FormReader()
    present, wanted = reader.secret("present_password"), reader.secret("password")
    try:
        reader.finish()
        if not verify_password(user, present):
            raise InvalidInputError("This is not your present password.", field="present_password")
        policy = current_app.settings.password_policy  # type: ignore[attr-defined]  # Marketplace
        check_password(wanted, policy=policy, own_words=own_words(user))
    except InvalidInputError as error:
        return show_form("accounts/password.html", error)
    set_password(session, user=user, password_hash=hash_password(wanted), now=now, action="user.password_changed")
    send_account_mail(session, recipient=user.email, template="password_changed", now=now, locale=user.locale)
    # This browser stays signed in under a new id; every other one has lost its session.
    flask_session["_user_id"], flask_session["fs_paa"] = user.fs_uniquifier, now.timestamp()
    renew_session()
    flash(_("Your password is changed; all your other sessions have ended."), "success")
    return redirect(url_for("accounts.show_account"))


@blueprint.route("/account/email", methods=["GET", "POST"])
@signed_in
def change_email() -> Any:
    """Ask for another address: the new one gets a link, the old one a warning."""
    if request.method == "GET":
        return show_form("accounts/email.html", user=current_user())
    require_fresh_sign_in()
    session, user, now = current_session(), current_user(), clock.now()
    reader = FormReader()
    email = reader.email()
    try:
        reader.finish()
    except InvalidInputError as error:
        return show_form("accounts/email.html", error, user=user)
    # A taken address gets no link, and the page does not tell.
    if queries.find_user_by_email(session, email=email) is None:
        secret = issue_token(session, kind="email", email=email, user_id=user.id, now=now)
        link = absolute_url(url_for("accounts.confirm_email", secret=secret))
        send_account_mail(session, recipient=email, template="new_address", now=now, locale=user.locale, link=link)
    send_account_mail(session, recipient=user.email, template="address_asked", now=now, locale=user.locale)
    flash(_("We have sent a link to the new address. Until you use it, the old address stays."), "info")
    return redirect(url_for("accounts.show_account"))


@blueprint.route("/account/email/confirm/<secret>", methods=["GET", "POST"])
@public
def confirm_email(secret: str) -> Any:
    """The page behind the link to the new address has one button."""
    session, now = current_session(), clock.now()
    token = queries.get_token(session, kind="email", id_hash=hash_secret(secret), now=now)
    if request.method == "GET":
        return show_form("accounts/email_confirm.html", email=token.email)
    take_token(session, kind="email", secret=secret, now=now)
    user = queries.get_user(session, user_id=token.user_id or 0)
    if not user.active:
        raise LinkSpentError()
    old = move_to_address(session, user=user, email=token.email, now=now)
    send_account_mail(session, recipient=old, template="address_changed", now=now, locale=user.locale)
    flash(_("Your new address is confirmed; use it from now on to sign in."), "success")
    return redirect(url_for("security.login"))


@blueprint.route("/account/sessions/<handle>/end", methods=["POST"])
@signed_in
def end_session(handle: str) -> Any:
    """End one of one's own sessions."""
    session, user = current_session(), current_user()
    rows = queries.list_sessions_of(session, user_id=user.id, now=clock.now())
    found = next((row for row in rows if hmac.compare_digest(row.id_hash[:HANDLE_LENGTH], handle)), None)
    if found is None:
        raise NotFoundError()
    session.delete(found)
    flash(_("The session has ended."), "success")
    return redirect(url_for("accounts.show_account"))


@blueprint.route("/account/sessions/end-others", methods=["POST"])
@signed_in
def end_other_sessions() -> Any:
    """End all of one's sessions but this one."""
    end_sessions_of(current_session(), user_id=current_actor().user_id, but=_own_hash())
    flash(_("All your other sessions have ended."), "success")
    return redirect(url_for("accounts.show_account"))


@blueprint.route("/act-as", methods=["POST"])
@signed_in
def switch_organisation() -> Any:
    """Act for another of one's organisations; the session gets a new id."""
    wanted = request.form.get("organisation", "")
    memberships = queries.list_memberships_of(current_session(), user_id=current_actor().user_id)
    if wanted not in {item.organisation.public_id for item in memberships}:
        raise NotAllowedError("You are not a member of the organisation that the request names.")
    flask_session[ORGANISATION_KEY] = wanted
    renew_session()
    return redirect(own_path(request.form.get("next")))


def _own_hash() -> str:
    current: Any = flask_session
    return hash_id(current.id)


def _show_session(row: Any) -> dict[str, Any]:
    """What is shown of a session: never its id, only the head of the hash to name it by."""
    return {
        "handle": row.id_hash[:HANDLE_LENGTH],
        "agent": row.user_agent,
        "started_at": row.created_at,
        "expires_at": row.expires_at,
        "own": row.id_hash == _own_hash(),
    }
