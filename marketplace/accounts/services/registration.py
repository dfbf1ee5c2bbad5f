"""Registration: nothing exists before the address is confirmed, so nobody can sit on another's credit code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts import queries
from marketplace.accounts.errors import LinkSpentError
from marketplace.accounts.models import Membership
from marketplace.accounts.services.organisations import register_organisation
from marketplace.accounts.services.tokens import take_token
from marketplace.accounts.services.users import Person, add_membership, create_user
from marketplace.audit.services import record_act

ORGANISATION_FIELDS = ("kind", "name_zh", "name_en", "credit_code", "region_code")


def complete_registration(session: orm.Session, *, secret: str, now: datetime) -> Membership:
    """The button behind the confirmation link: makes the user, the organisation and its first owner.

    Raises LinkSpentError, and CreditCodeTakenError when another registered the code in the meantime.
    """
    token = take_token(session, kind="register", secret=secret, now=now)
    content: dict[str, Any] = token.content
    if queries.find_user_by_email(session, email=token.email) is not None:
        raise LinkSpentError()
    user = create_user(
        session, email=token.email, password_hash=content["password_hash"], name=content["name"], now=now,
        locale=content["locale"],
    )  # fmt: skip
    record_act(
        session, actor=Person(user.public_id), action="user.registered", subject_kind="user", subject_id=user.public_id,
        now=now,
    )  # fmt: skip
    organisation = register_organisation(
        session, now=now, actor=Person(user.public_id), **{name: content[name] for name in ORGANISATION_FIELDS}
    )
    return add_membership(session, user=user, organisation=organisation, role="owner", now=now)
