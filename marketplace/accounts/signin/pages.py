"""What the pages of sign-in share: the blueprint `security`, answering a refused form, and finding the user."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask import session as flask_session
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_user_by_uniquifier
from marketplace.db import current_session
from marketplace.errors import InvalidInputError

blueprint = Blueprint("security", __name__)

# The summary on top of a refused form says which field it means; the message at the field stands beside its label.
LABELS = {
    "code": _l("Code"),
    "credit_code": _l("Unified social credit code"),
    "days": _l("It lasts"),
    "decision": _l("Decision"),
    "email": _l("E-mail address"),
    "kind": _l("Kind of organisation"),
    "name": _l("Name"),
    "name_en": _l("Name in English"),
    "name_zh": _l("Registered name in Chinese"),
    "note": _l("Note to the organisation"),
    "password": _l("Password"),
    "present_password": _l("Present password"),
    "profile_en": _l("Profile in English"),
    "profile_zh": _l("Profile in Chinese"),
    "region_code": _l("Region"),
    "role": _l("Role"),
    "scopes": _l("It may"),
}


def show_form(template: str, error: InvalidInputError | None = None, **context: Any) -> Any:
    """The page of a form; after a refusal the same page with the faults, what was typed, and status 422."""
    if error is None:
        return render_template(template, values={}, field_errors={}, **context)
    field_errors = {name: _(text) for name, text in error.errors.items()}
    errors: list[tuple[str | None, str]] = [(name, _named(name, text)) for name, text in field_errors.items()]
    errors = errors or [(None, _(error.message))]
    page = render_template(template, errors=errors, field_errors=field_errors, values=request.form, **context)
    return page, 422


def _named(name: str, text: str) -> str:
    """The message with the name of its field before it, where it has one."""
    return f"{LABELS[name]}{_(': ')}{text}" if name in LABELS else text


def find_session_user() -> User | None:
    """The user of this browser session, whatever organisations he has."""
    uniquifier = flask_session.get("_user_id")
    return find_user_by_uniquifier(current_session(), uniquifier=uniquifier) if uniquifier else None
