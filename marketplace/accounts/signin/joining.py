"""Joining: registering an organisation, confirming the address, accepting an invitation."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts import queries
from marketplace.accounts.access import public
from marketplace.accounts.credit_code import parse_credit_code
from marketplace.accounts.passwords import check_password
from marketplace.accounts.services.members import accept_invitation as join
from marketplace.accounts.services.organisations import OPEN_KINDS, require_free_credit_code
from marketplace.accounts.services.registration import complete_registration
from marketplace.accounts.services.tokens import hash_secret, issue_token
from marketplace.accounts.services.users import create_user
from marketplace.accounts.signin.hashing import hash_password
from marketplace.accounts.signin.mail import absolute_url, send_account_mail
from marketplace.accounts.signin.pages import blueprint, find_session_user, show_form
from marketplace.accounts.signin.reading import FormReader
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotAllowedError


@blueprint.route("/register", methods=["GET", "POST"])
@public
def register() -> Any:
    """Register an organisation with its first owner; nothing exists until the address is confirmed."""
    if request.method == "GET":
        return show_form("security/register.html", kinds=OPEN_KINDS)
    reader = FormReader()
    email, name, password = reader.email(), reader.text("name", limit=80), reader.secret("password")
    content: dict[str, Any] = {
        "name": name,
        "kind": reader.choice("kind", OPEN_KINDS),
        "name_zh": reader.text("name_zh", limit=120),
        "name_en": reader.text("name_en", limit=120),
        "credit_code": reader.text("credit_code", limit=40),
        "region_code": reader.text("region_code", limit=6),
        "locale": str(get_locale() or "en"),
    }
    _check_terms(reader)
    try:
        _check_each(reader, content, password, own_words=[email.partition("@")[0], *name.split()])
    except InvalidInputError as error:
        return show_form("security/register.html", error, kinds=OPEN_KINDS)
    content["password_hash"] = hash_password(password)
    _send_confirmation(email, content)
    return render_template("security/mail_sent.html", email=email, hours=24)


def _check_terms(reader: FormReader) -> None:
    if reader.raw("terms") != "1":
        reader.errors.setdefault("terms", "Agree to the terms and the privacy notice to go on.")
    if reader.raw("region_code") and not _is_region(reader.raw("region_code").strip()):
        reader.errors.setdefault("region_code", "Choose one of the values offered.")


def _is_region(code: str) -> bool:
    """Six figures of GB/T 2260; the form offers the provinces."""
    return len(code) == 6 and code.isascii() and code.isdigit()


def _check_each(reader: FormReader, content: dict[str, Any], password: str, *, own_words: list[str]) -> None:
    """All faults of the form in one refusal, those of code and password included."""
    try:
        content["credit_code"] = parse_credit_code(content["credit_code"])
        require_free_credit_code(current_session(), content["credit_code"])
    except InvalidInputError as error:
        reader.errors.setdefault("credit_code", error.message)
    try:
        policy = current_app.settings.password_policy  # type: ignore[attr-defined]  # Marketplace
        check_password(password, policy=policy, own_words=own_words)
    except InvalidInputError as error:
        reader.errors.setdefault("password", error.message)
    reader.finish()


def _send_confirmation(email: str, content: dict[str, Any]) -> None:
    """A link to a new address, a word to a known one; the page says the same."""
    session, now = current_session(), clock.now()
    known = queries.find_user_by_email(session, email=email)
    if known is not None:
        link = absolute_url(url_for("security.forgot_password"))
        send_account_mail(session, recipient=email, template="known", now=now, locale=known.locale, link=link)
        return
    secret = issue_token(session, kind="register", email=email, now=now, content=content)
    link = absolute_url(url_for("security.confirm_registration", secret=secret))
    send_account_mail(session, recipient=email, template="confirm", now=now, link=link, name=content["name"])


@blueprint.route("/register/confirm/<secret>", methods=["GET", "POST"])
@public
def confirm_registration(secret: str) -> Any:
    """The page behind the link has one button; only pressing it makes the account."""
    session, now = current_session(), clock.now()
    token = queries.get_token(session, kind="register", id_hash=hash_secret(secret), now=now)
    if request.method == "GET":
        return show_form("security/confirm.html", email=token.email, content=token.content)
    complete_registration(session, secret=secret, now=now)
    flash(_("Your address is confirmed and your organisation is registered. Please sign in."), "success")
    return redirect(url_for("security.login"))


@blueprint.route("/invitations/<secret>", methods=["GET", "POST"])
@public
def accept_invitation(secret: str) -> Any:
    """Join the organisation that invited this address, with the account one has or a new one."""
    session, now = current_session(), clock.now()
    invitation = queries.get_invitation_by_secret(session, secret_hash=hash_secret(secret), now=now)
    user, known = find_session_user(), queries.find_user_by_email(session, email=invitation.email)
    context: dict[str, Any] = {
        "invitation": invitation,
        "known": known is not None,
        "signed_in_as": user.email if user else "",
        "may_accept": user is not None and user.email == invitation.email,
    }
    if request.method == "GET":
        return show_form("security/invitation.html", **context)
    if known is not None and (user is None or user.id != known.id):
        raise NotAllowedError("Sign in with the invited address to accept this invitation.")
    if known is None:
        reader = FormReader()
        name, password = reader.text("name", limit=80), reader.secret("password")
        try:
            reader.finish()
            policy = current_app.settings.password_policy  # type: ignore[attr-defined]  # Marketplace
            check_password(password, policy=policy, own_words=[invitation.email.partition("@")[0], *name.split()])
        except InvalidInputError as error:
            return show_form("security/invitation.html", error, **context)
        known = create_user(
            session, email=invitation.email, password_hash=hash_password(password), name=name, now=now,
            locale=str(get_locale() or "en"),
        )  # fmt: skip
    join(session, secret=secret, user=known, now=now)
    flash(_("You are now a member of %(name)s.", name=invitation.organisation.name(str(get_locale()))), "success")
    return redirect("/" if user is not None else url_for("security.login"))
