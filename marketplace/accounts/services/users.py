"""Users: making them, their passwords, their failed sign-ins, their end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts import queries
from marketplace.accounts.models import AccountToken, Membership, Organisation, User, UserSession
from marketplace.accounts.permissions import Permission
from marketplace.audit.services import record_act
from marketplace.db import lock_rows
from marketplace.errors import ConflictError, NotAllowedError

FAILURES_ALLOWED = 10
PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class Person:
    """A user in the audit trail before he acts for any organisation."""

    user_public_id: str
    organisation_public_id: str = ""


def normalise_email(text: str) -> str:
    """Addresses are compared without case."""
    return text.strip().lower()


def split_name(name: str) -> tuple[str, str]:
    """One field for the name: (Chinese, Latin) by its characters, the other left empty."""
    chinese = any("㐀" <= character <= "鿿" or ord(character) >= 0x20000 for character in name)
    return (name, "") if chinese else ("", name)


def create_user(
    session: orm.Session, *, email: str, password_hash: str, name: str = "", now: datetime, name_zh: str = "",
    name_en: str = "", locale: str = "zh_Hans_CN",
) -> User:  # fmt: skip
    """A user whose address is known to be his own."""
    if name:
        name_zh, name_en = split_name(name)
    user = User(
        email=normalise_email(email), password=password_hash, password_changed_at=now, name_zh=name_zh, name_en=name_en,
        locale=locale, fs_uniquifier=uuid.uuid4().hex, confirmed_at=now, create_datetime=now, update_datetime=now,
    )  # fmt: skip
    session.add(user)
    session.flush()  # the membership names the user by id
    return user


def add_membership(
    session: orm.Session, *, user: User, organisation: Organisation, role: str, now: datetime
) -> Membership:
    """Join a user to an organisation; an ended membership is taken up again."""
    membership = queries.find_membership(session, user_id=user.id, organisation_id=organisation.id)
    if membership is None:
        membership = Membership(user_id=user.id, organisation_id=organisation.id, role=role, created_at=now)
        session.add(membership)
    membership.role, membership.ended_at = role, None
    session.flush()  # the caller shows or uses its id
    return membership


def end_sessions_of(session: orm.Session, *, user_id: int, but: str = "") -> None:
    """End every browser session of a user, but the one whose hash is given."""
    session.execute(sa.delete(UserSession).where(UserSession.user_id == user_id, UserSession.id_hash != but))


def set_password(session: orm.Session, *, user: User, password_hash: str, now: datetime, action: str) -> None:
    """Give a user a new password and end all his sessions and open reset links."""
    user.password, user.password_changed_at, user.update_datetime = password_hash, now, now
    user.fs_uniquifier = uuid.uuid4().hex  # copies of any earlier session are worth nothing
    user.failed_sign_ins, user.locked_until = 0, None
    end_sessions_of(session, user_id=user.id)
    session.execute(sa.delete(AccountToken).where(AccountToken.user_id == user.id, AccountToken.kind == "reset"))
    _record(session, user, action, now)


def change_email(session: orm.Session, *, user: User, email: str, now: datetime) -> str:
    """Move a user to a new confirmed address; returns the old one, which is to be told."""
    old = user.email
    if queries.find_user_by_email(session, email=email) is not None:
        raise ConflictError("This address cannot be used.")
    user.email, user.confirmed_at, user.update_datetime = normalise_email(email), now, now
    session.execute(sa.delete(AccountToken).where(AccountToken.user_id == user.id))
    _record(session, user, "user.email_changed", now)
    return old


def record_failed_sign_in(session: orm.Session, *, user_id: int, now: datetime, factor: str) -> None:
    """Count a failed attempt; at the tenth the account is paused for 15 minutes. Written after the refusal."""
    user = session.scalar(lock_rows(session, sa.select(User).where(User.id == user_id)))
    if user is None:
        return
    if user.locked_until is not None and user.locked_until <= now:
        user.failed_sign_ins, user.locked_until = 0, None
    user.failed_sign_ins += 1
    if user.failed_sign_ins >= FAILURES_ALLOWED and user.locked_until is None:
        user.locked_until = now + PAUSE
    _record(session, user, "session.refused", now, factor=factor, failures=user.failed_sign_ins)


def clear_failed_sign_ins(session: orm.Session, *, user: User, now: datetime, second_factor: bool) -> None:
    """A sign-in that succeeded: the count starts anew."""
    user.failed_sign_ins, user.locked_until, user.last_seen_at = 0, None, now
    _record(session, user, "session.started", now, second_factor=second_factor)


def disable_user(session: orm.Session, *, actor: Any, user: User, now: datetime) -> None:
    """Shut a user out at once, in pages, API and open sessions; the operator's act, never on himself."""
    if not actor.can(Permission.ORGANISATION_VERIFY) or actor.user_id == user.id:
        raise NotAllowedError()
    user.active, user.update_datetime = False, now
    user.fs_uniquifier = uuid.uuid4().hex
    end_sessions_of(session, user_id=user.id)
    record_act(session, actor=actor, action="user.disabled", subject_kind="user", subject_id=user.public_id, now=now)


def _record(session: orm.Session, user: User, action: str, now: datetime, **details: Any) -> None:
    record_act(
        session, actor=Person(user.public_id), action=action, subject_kind="user", subject_id=user.public_id, now=now,
        details=details,
    )  # fmt: skip
