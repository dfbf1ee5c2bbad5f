"""What the pages of sign-in share: the blueprint `security`, answering a refused form, and finding the user."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask import session as flask_session
from flask_babel import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_user_by_uniquifier
from marketplace.db import current_session
from marketplace.errors import InvalidInputError

blueprint = Blueprint("security", __name__)


def show_form(template: str, error: InvalidInputError | None = None, **context: Any) -> Any:
    """The page of a form; after a refusal the same page with the faults, what was typed, and status 422."""
    if error is None:
        return render_template(template, values={}, field_errors={}, **context)
    field_errors = {name: _(text) for name, text in error.errors.items()}
    errors: list[tuple[str | None, str]] = [*field_errors.items()] or [(None, _(error.message))]
    page = render_template(template, errors=errors, field_errors=field_errors, values=request.form, **context)
    return page, 422


def find_session_user() -> User | None:
    """The user of this browser session, whatever organisations he has."""
    uniquifier = flask_session.get("_user_id")
    return find_user_by_uniquifier(current_session(), uniquifier=uniquifier) if uniquifier else None
