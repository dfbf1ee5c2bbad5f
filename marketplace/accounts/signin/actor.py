"""Who acts in this request: from the session, or from an API key; read anew from the database each time."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Flask, current_app, g, request
from flask import session as flask_session
from flask_babel import get_locale
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import set_actor, set_signed_in_at
from marketplace.accounts.errors import ScopeMissingError
from marketplace.accounts.models import ApiKey, Membership, User
from marketplace.accounts.permissions import Actor, permissions_of
from marketplace.accounts.services.keys import note_key_use
from marketplace.db import current_session
from marketplace.errors import NotAllowedError, NotSignedInError

if TYPE_CHECKING:
    from marketplace.app import Marketplace

ORGANISATION_KEY = "organisation"
ORGANISATION_HEADER = "X-Organisation"


def make_actor(membership: Membership, *, locale: str = "en") -> Actor:
    """The actor of a membership whose user and organisation are loaded."""
    user, organisation = membership.user, membership.organisation
    return Actor(
        user_id=user.id,
        user_public_id=user.public_id,
        user_name=user.name(locale),
        organisation_id=organisation.id,
        organisation_public_id=organisation.public_id,
        organisation_kind=organisation.kind,
        organisation_name=organisation.name(locale),
        role=membership.role,
        verified=organisation.verification_state == "verified",
        permissions=permissions_of(organisation.kind, membership.role),
    )


def _memberships() -> sa.Select[Membership]:
    return (
        sa.select(Membership)
        .join(Membership.user)
        .options(orm.contains_eager(Membership.user), orm.joinedload(Membership.organisation))
        .where(User.active.is_(True), Membership.ended_at.is_(None))
        .order_by(Membership.id)
    )


def find_actor_of_session(session: orm.Session, content: Any, *, wanted: str, locale: str) -> Actor | None:
    """The member that a session content names, acting for the wanted organisation where it may."""
    uniquifier = content.get("_user_id")
    if not uniquifier:
        return None
    memberships = session.scalars(_memberships().where(User.fs_uniquifier == uniquifier)).all()
    if not memberships:
        return None
    chosen = next((item for item in memberships if item.organisation.public_id == wanted), memberships[0])
    return make_actor(chosen, locale=locale)


def get_actor_of_key(session: orm.Session, secret: str, *, locale: str) -> Actor:
    """The member of a bearer key; raises when it is unknown, expired, revoked or made for less."""
    digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
    key = session.scalar(sa.select(ApiKey).where(ApiKey.key_hash == digest))
    now = clock.now()
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise NotSignedInError("This API key is unknown, expired or revoked.")
    membership = session.scalar(_memberships().where(Membership.id == key.membership_id))
    if membership is None:
        raise NotSignedInError("This API key is unknown, expired or revoked.")
    reading = request.method in ("GET", "HEAD", "OPTIONS")
    if not ({"read", "write"} if reading else {"write"}) & set(key.scopes):
        raise ScopeMissingError(scopes=list(key.scopes))
    if key.last_used_on is None or key.last_used_on.date() != now.date():
        _note_use_later(key.id, now)
    g.api_key_scopes = frozenset(key.scopes)
    return make_actor(membership, locale=locale)


def _note_use_later(key_id: int, now: datetime) -> None:
    """The day of last use is written after the request, in a transaction of its own: a GET writes nothing."""
    database = current_app.database  # type: ignore[attr-defined]  # Marketplace

    def write() -> None:
        with database.transaction() as session:
            note_key_use(session, key_id=key_id, now=now)

    g.after_transaction.append(write)


def _load() -> None:
    set_actor(None)
    set_signed_in_at(None)
    if request.endpoint == "static":
        return
    session = current_session()
    locale = str(get_locale() or "en")
    header = request.headers.get("Authorization", "")
    if request.path.startswith("/api/") and header:
        kind, _, secret = header.partition(" ")
        if kind.lower() != "bearer":
            raise NotSignedInError()
        set_actor(get_actor_of_key(session, secret.strip(), locale=locale))
        g.signed_in_by_key = True
        return
    asked = request.headers.get(ORGANISATION_HEADER, "")
    wanted = asked or flask_session.get(ORGANISATION_KEY) or ""
    actor = find_actor_of_session(session, flask_session, wanted=wanted, locale=locale)
    if asked and actor is not None and actor.organisation_public_id != asked:
        raise NotAllowedError("You are not a member of the organisation that the request names.")
    set_actor(actor)
    proved_at = flask_session.get("fs_paa")
    if actor is not None and isinstance(proved_at, (int, float)):
        set_signed_in_at(datetime.fromtimestamp(proved_at, UTC))


def register(app: Marketplace | Flask) -> None:
    app.before_request(_load)
