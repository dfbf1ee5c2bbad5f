"""Members of the demonstration market, made without mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from marketplace.accounts.models import Membership, Organisation
from marketplace.accounts.services.users import add_membership, create_user

# The accounts of the demonstration share this word; production refuses the demonstration as a whole.
DEMO_PASSWORD = "pilot-test-2027"


def create_demo_user(
    session: orm.Session, *, email: str, password_hash: str, organisation: Organisation, role: str, now: datetime,
    name_zh: str = "", name_en: str = "", locale: str = "zh_Hans_CN",
) -> Membership:  # fmt: skip
    """A confirmed user with a password and a membership; `membership.user` and `.organisation` are loaded."""
    user = create_user(
        session, email=email, password_hash=password_hash, name_zh=name_zh, name_en=name_en, locale=locale, now=now
    )
    membership = add_membership(session, user=user, organisation=organisation, role=role, now=now)
    membership.user, membership.organisation = user, organisation
    return membership
