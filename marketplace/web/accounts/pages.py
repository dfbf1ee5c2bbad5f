"""The blueprint `accounts` and what its modules share."""

from __future__ import annotations

from flask import Blueprint

from marketplace.accounts.access import current_actor
from marketplace.accounts.models import User
from marketplace.accounts.queries import get_user
from marketplace.db import current_session

blueprint = Blueprint("accounts", __name__)


def current_user() -> User:
    """The person who acts, with all that is kept about him."""
    return get_user(current_session(), user_id=current_actor().user_id)
