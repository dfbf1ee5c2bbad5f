"""A forgotten password: a link by mail, then a new password; the second factor is asked at the next sign-in as ever."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts import queries
from marketplace.accounts.access import public
from marketplace.accounts.errors import LinkSpentError
from marketplace.accounts.models import User
from marketplace.accounts.passwords import check_password
from marketplace.accounts.services.tokens import hash_secret, issue_token, take_token
from marketplace.accounts.services.users import set_password
from marketplace.accounts.signin.hashing import hash_password
from marketplace.accounts.signin.mail import absolute_url, send_account_mail
from marketplace.accounts.signin.pages import blueprint, show_form
from marketplace.accounts.signin.reading import FormReader
from marketplace.db import current_session
from marketplace.errors import InvalidInputError


def own_words(user: User) -> list[str]:
    """What a password must not be made of: the person's own names."""
    return [user.email.partition("@")[0], user.email, *user.name_en.split(), user.name_zh]


def send_reset_link(user: User) -> None:
    """Mail a link that works once within the hour; earlier ones die."""
    session, now = current_session(), clock.now()
    secret = issue_token(session, kind="reset", email=user.email, user_id=user.id, now=now)
    link = absolute_url(url_for("security.reset_password", secret=secret))
    send_account_mail(session, recipient=user.email, template="reset", now=now, locale=user.locale, link=link)


@blueprint.route("/password/forgot", methods=["GET", "POST"])
@public
def forgot_password() -> Any:
    """Ask for a link; the answer is the same for every address."""
    if request.method == "GET":
        return show_form("security/forgot.html")
    reader = FormReader()
    email = reader.email()
    try:
        reader.finish()
    except InvalidInputError as error:
        return show_form("security/forgot.html", error)
    user = queries.find_user_by_email(current_session(), email=email)
    if user is not None and user.active:
        send_reset_link(user)
    return render_template("security/mail_sent.html", email=email, hours=1)


@blueprint.route("/password/reset/<secret>", methods=["GET", "POST"])
@public
def reset_password(secret: str) -> Any:
    """Choose a new password by the link of the mail; every session ends."""
    session, now = current_session(), clock.now()
    token = queries.get_token(session, kind="reset", id_hash=hash_secret(secret), now=now)
    user = queries.get_user(session, user_id=token.user_id or 0)
    if user.email != token.email or not user.active:
        raise LinkSpentError()
    if request.method == "GET":
        return show_form("security/reset.html")
    reader = FormReader()
    password = reader.secret("password")
    try:
        reader.finish()
        policy = current_app.settings.password_policy  # type: ignore[attr-defined]  # Marketplace
        check_password(password, policy=policy, own_words=own_words(user))
    except InvalidInputError as error:
        return show_form("security/reset.html", error)
    take_token(session, kind="reset", secret=secret, now=now)
    set_password(session, user=user, password_hash=hash_password(password), now=now, action="user.password_reset")
    send_account_mail(session, recipient=user.email, template="password_changed", now=now, locale=user.locale)
    flash(_("Your new password is set, and all sessions have ended. Please sign in."), "success")
    return redirect(url_for("security.login"))
