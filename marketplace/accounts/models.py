"""Users, organisations, memberships, sessions, API keys and kept answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.permissions import MEMBER_ROLES, ORGANISATION_KINDS
from marketplace.db import Base, PublicId, UtcDateTime, words_check

VERIFICATION_STATES = ("none", "pending", "verified", "expired", "rejected", "frozen")
TOKEN_KINDS = ("register", "reset", "email")


class Organisation(Base, PublicId):
    """A tenant of the market; its kind decides what its members may do."""

    PREFIX = "org"
    __tablename__ = "organisation"
    __table_args__ = (
        words_check("kind", ORGANISATION_KINDS),
        words_check("verification_state", VERIFICATION_STATES),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    name_zh: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    name_en: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    credit_code: orm.Mapped[str] = orm.mapped_column(sa.String(18), unique=True)
    region_code: orm.Mapped[str] = orm.mapped_column(sa.String(6), default="")
    profile_zh: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    profile_en: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    # Share of state money behind the organisation, look-through, in basis points (linkage readings).
    state_owned_bps: orm.Mapped[int] = orm.mapped_column(default=0)
    fiscal_bps: orm.Mapped[int] = orm.mapped_column(default=0)
    facts: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    verification_state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="none")
    verification_note: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    verification_requested_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    verified_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    verified_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    def name(self, locale: str) -> str:
        return self.name_zh if locale.startswith("zh") else self.name_en


class User(Base, PublicId):
    """A person who signs in; acts for one organisation at a time."""

    PREFIX = "usr"
    __tablename__ = "user_account"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    email: orm.Mapped[str] = orm.mapped_column(sa.String(254), unique=True)
    password: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    password_changed_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    name_zh: orm.Mapped[str] = orm.mapped_column(sa.String(80), default="")
    name_en: orm.Mapped[str] = orm.mapped_column(sa.String(80), default="")
    locale: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="zh_Hans_CN")
    active: orm.Mapped[bool] = orm.mapped_column(default=True)
    fs_uniquifier: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    confirmed_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    create_datetime: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    update_datetime: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    tf_primary_method: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    tf_totp_secret: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    tf_last_counter: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    mf_recovery_codes: orm.Mapped[list[Any] | None] = orm.mapped_column(sa.JSON)
    failed_sign_ins: orm.Mapped[int] = orm.mapped_column(default=0)
    locked_until: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    last_seen_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    def name(self, locale: str) -> str:
        first, second = (self.name_zh, self.name_en) if locale.startswith("zh") else (self.name_en, self.name_zh)
        return first or second or self.email

    def get_id(self) -> str:
        """What the session keeps of a user; a new value ends every session (name fixed by flask-login)."""
        return self.fs_uniquifier

    @property
    def is_active(self) -> bool:
        """Whether the user may sign in (name fixed by flask-login)."""
        return self.active


class Membership(Base, PublicId):
    """One user in one organisation with one role."""

    PREFIX = "mbr"
    __tablename__ = "membership"
    __table_args__ = (sa.UniqueConstraint("user_id", "organisation_id"), words_check("role", MEMBER_ROLES))

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("user_account.id"))
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    role: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    ended_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    user: orm.Mapped[User] = orm.relationship(lazy="raise")
    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")


class UserSession(Base):
    """A signed-in or anonymous browser session; the cookie holds an id whose hash is here."""

    __tablename__ = "user_session"

    id_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64), primary_key=True)
    user_id: orm.Mapped[int | None] = orm.mapped_column(index=True)
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    expires_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime, index=True)
    user_agent: orm.Mapped[str] = orm.mapped_column(sa.String(200), default="")


class ApiKey(Base, PublicId):
    """An opaque bearer key of one member; only its hash is kept."""

    PREFIX = "key"
    __tablename__ = "api_key"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    membership_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("membership.id"), index=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    key_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    scopes: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    expires_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    last_used_on: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    revoked_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    membership: orm.Mapped[Membership] = orm.relationship(lazy="raise")


class AccountToken(Base):
    """A link sent by mail: only its hash is kept, it works once, and a newer one of its kind replaces it."""

    __tablename__ = "account_token"
    __table_args__ = (
        words_check("kind", TOKEN_KINDS),
        # The newest link of a kind is the only one for an address.
        sa.UniqueConstraint("kind", "email"),
    )

    id_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64), primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    email: orm.Mapped[str] = orm.mapped_column(sa.String(254))
    user_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("user_account.id"), index=True)
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    expires_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)


class Invitation(Base, PublicId):
    """An address asked to join an organisation with a role; the link works once."""

    PREFIX = "inv"
    __tablename__ = "invitation"
    __table_args__ = (words_check("role", MEMBER_ROLES),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    email: orm.Mapped[str] = orm.mapped_column(sa.String(254))
    role: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    secret_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    invited_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    expires_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    accepted_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    revoked_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")


class KeptAnswer(Base):
    """The answer to an act that carried an idempotency key (API) or a form key (page)."""

    __tablename__ = "kept_answer"
    __table_args__ = (sa.UniqueConstraint("user_id", "route", "key"),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int]
    route: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    key: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    request_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    status: orm.Mapped[int]
    headers: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    body: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
