"""Signing in and out: password, second factor, confirming again that it is you."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import current_app, flash, redirect, request, url_for
from flask import session as flask_session
from flask_babel import gettext as _
from flask_security.utils import login_user

from marketplace import clock
from marketplace.accounts import queries
from marketplace.accounts.access import find_actor, public, signed_in
from marketplace.accounts.errors import SecondFactorRefusedError, SignInRefusedError
from marketplace.accounts.models import User
from marketplace.accounts.passwords import is_too_old
from marketplace.accounts.services.users import Person, clear_failed_sign_ins, normalise_email, record_failed_sign_in
from marketplace.accounts.signin.factors import check_second_factor
from marketplace.accounts.signin.hashing import verify_password
from marketplace.accounts.signin.pages import blueprint, find_session_user, show_form
from marketplace.accounts.signin.reading import FormReader, own_path
from marketplace.accounts.signin.recovery import send_reset_link
from marketplace.accounts.signin.sessions import renew_session
from marketplace.audit.services import record_act
from marketplace.db import current_session, lock_rows, remember_after_refusal
from marketplace.errors import InvalidInputError, NotAllowedError, NotSignedInError

SECOND_STEP_SECONDS = 600
HALF_WAY = "half_way"


@blueprint.route("/login", methods=["GET", "POST"])
@public
def login() -> Any:
    """The sign-in page, and its first step: address and password."""
    if request.method == "POST":
        return _take_password()
    next_path = own_path(request.args.get("next"))
    if find_actor() is not None:
        return redirect(next_path)
    return show_form("security/sign_in.html", next_path=next_path)


def _take_password() -> Any:
    reader = FormReader()
    email, password = normalise_email(reader.raw("email")), reader.raw("password")
    next_path = own_path(reader.raw("next"))
    try:
        reader.finish()
        user = _check_password(email, password)
    except InvalidInputError as error:
        return show_form("security/sign_in.html", error, next_path=next_path)
    if is_too_old(user.password_changed_at, policy=_settings().password_policy, now=clock.now()):
        send_reset_link(user)
        flash(_("Your password is older than 90 days. We have sent you a link to choose a new one."), "warning")
        return redirect(url_for("security.login"))
    if user.tf_totp_secret:
        _forget_everything()
        flask_session[HALF_WAY] = {"user": user.fs_uniquifier, "at": clock.now().timestamp(), "next": next_path}
        return redirect(url_for("security.second_factor"))
    return _enter(user, next_path)


@blueprint.route("/login/second-factor", methods=["GET", "POST"])
@public
def second_factor() -> Any:
    """The second step: a code from the authenticator or a recovery code."""
    half_way = flask_session.get(HALF_WAY)
    if not half_way or not 0 <= clock.now().timestamp() - half_way["at"] <= SECOND_STEP_SECONDS:
        flask_session.pop(HALF_WAY, None)
        flash(_("Please start again with your password."), "warning")
        return redirect(url_for("security.login"))
    if request.method == "GET":
        return show_form("security/second_factor.html")
    session = current_session()
    statement = sa.select(User).where(User.fs_uniquifier == half_way["user"], User.active.is_(True))
    user = session.scalar(lock_rows(session, statement))
    if user is None:
        raise NotSignedInError()
    reader = FormReader()
    code = reader.text("code", limit=40)
    try:
        reader.finish()
        if _paused(user) or not check_second_factor(user, code):
            _note_failure(user, "second")
            raise SecondFactorRefusedError(field="code")
    except InvalidInputError as error:
        return show_form("security/second_factor.html", error)
    return _enter(user, half_way["next"], second=True)


@blueprint.route("/logout", methods=["POST"])
@public
def logout() -> Any:
    """Sign out: the session ends on the server, a copy of its cookie is worth nothing."""
    actor = find_actor()
    if actor is not None:
        record_act(
            current_session(), actor=actor, action="session.ended", subject_kind="user",
            subject_id=actor.user_public_id, now=clock.now(),
        )  # fmt: skip
    _forget_everything()
    response = redirect(url_for("security.login"))
    # "storage" and "cache", so that the back button shows nothing; the cookie is deleted by the session itself.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    flash(_("You have signed out."), "success")
    return response


@blueprint.route("/verify", methods=["GET", "POST"])
@signed_in
def verify() -> Any:
    """Confirm again that it is you before an act that binds."""
    user = find_session_user()
    if user is None:
        raise NotAllowedError()
    next_path = own_path(request.values.get("next"))
    context: dict[str, Any] = {"next_path": next_path, "needs_code": bool(user.tf_totp_secret)}
    if request.method == "GET":
        return show_form("security/verify.html", **context)
    session = current_session()
    user = session.scalars(lock_rows(session, sa.select(User).where(User.id == user.id))).one()
    reader = FormReader()
    password = reader.secret("password")
    code = reader.text("code", limit=40) if user.tf_totp_secret else ""
    try:
        reader.finish()
        if not verify_password(user, password) or _paused(user):
            _note_failure(user, "password")
            raise SignInRefusedError(field="password")
        if user.tf_totp_secret and not check_second_factor(user, code):
            _note_failure(user, "second")
            raise SecondFactorRefusedError(field="code")
    except InvalidInputError as error:
        return show_form("security/verify.html", error, **context)
    user.failed_sign_ins = 0
    flask_session["fs_paa"] = clock.now().timestamp()
    renew_session()
    return redirect(next_path)


def _check_password(email: str, password: str) -> User:
    """The user whose password this is; every refusal has one sentence and takes one time."""
    user = queries.find_user_by_email(current_session(), email=email)
    right = verify_password(user, password)
    if user is None or not right or not user.active or _paused(user):
        if user is not None:
            _note_failure(user, "password")
        else:
            _note_unknown()
        raise SignInRefusedError()
    if not queries.list_memberships_of(current_session(), user_id=user.id):
        raise InvalidInputError("Your account belongs to no organisation any more; ask an owner for an invitation.")
    return user


def _paused(user: User) -> bool:
    return user.locked_until is not None and user.locked_until > clock.now()


def _note_failure(user: User, factor: str) -> None:
    """The count outlives the refusal; attempts during the pause do not lengthen it."""
    if _paused(user):
        return
    user_id, moment = user.id, clock.now()
    remember_after_refusal(
        current_session(),
        lambda session: record_failed_sign_in(session, user_id=user_id, now=moment, factor=factor),
    )


def _note_unknown() -> None:
    moment = clock.now()
    remember_after_refusal(
        current_session(),
        lambda session: record_act(
            session, actor=Person(""), action="session.refused", subject_kind="user", subject_id="unknown", now=moment,
            details={"factor": "password"},
        ),
    )  # fmt: skip


def _enter(user: User, next_path: str, *, second: bool = False) -> Any:
    """Open a new session; nothing of the one before it lives on."""
    _forget_everything()
    signing_in: Any = user  # has what Flask-Security asks of a user without its mixin
    login_user(signing_in, remember=False, authn_via=["password", "authenticator"] if second else ["password"])
    # When the sign-in was proved, by the same clock that asks how long ago it was.
    flask_session["fs_paa"] = clock.now().timestamp()
    clear_failed_sign_ins(current_session(), user=user, now=clock.now(), second_factor=second)
    if _settings().second_factor_required and not user.tf_totp_secret:
        flask_session["second_factor_missing"] = True
        return redirect(url_for("accounts.set_up_second_factor"))
    return redirect(own_path(next_path))


def _forget_everything() -> None:
    flask_session.clear()
    renew_session()


def _settings() -> Any:
    return current_app.settings  # type: ignore[attr-defined]  # Marketplace
