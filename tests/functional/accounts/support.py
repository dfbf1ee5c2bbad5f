"""What the tests of accounts share: a member with a password, mails that were queued, a typed sign-in."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from marketplace.accounts.models import User
from marketplace.accounts.services import set_password
from marketplace.accounts.signin.hashing import hash_password
from marketplace.app import Marketplace
from marketplace.notifications.models import OutgoingMail
from tests.factories import MOMENT, Member

PASSWORD = "correct horse 电池 staple"
NEXT_PASSWORD = "another long sentence 2"


def give_password(app: Marketplace, member: Member, password: str = PASSWORD) -> Member:
    """Set a password as a member would have chosen it."""
    with app.app_context(), app.database.transaction() as session:
        user = session.get_one(User, member.user.id)
        set_password(
            session, user=user, password_hash=hash_password(password), now=MOMENT, action="user.password_changed"
        )
        session.flush()
        member.user.fs_uniquifier = user.fs_uniquifier  # a new password ends old sessions, the factory's too
    return member


def type_sign_in(browser: Any, member: Member, password: str = PASSWORD, **data: Any) -> Any:
    """The sign-in page as a person uses it."""
    return browser.submit("/login", {"email": member.user.email, "password": password, **data}, page="/login")


def signed_in(browser: Any) -> bool:
    """Whether the browser is let into a member's page."""
    return bool(browser.get("/account").status_code == 200)


def list_mails(app: Marketplace, recipient: str | None = None) -> list[OutgoingMail]:
    """The mails queued so far, oldest first."""
    statement = sa.select(OutgoingMail).order_by(OutgoingMail.id)
    if recipient is not None:
        statement = statement.where(OutgoingMail.recipient == recipient)
    with app.database.transaction("read") as session:
        return list(session.scalars(statement).all())


def find_link(mail: OutgoingMail) -> str:
    """The path of the link in a mail, whose host must be the configured one."""
    found = re.search(r"http://localhost(/\S+)", mail.body)
    assert found, mail.body
    return found[1]
