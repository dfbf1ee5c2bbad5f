"""API keys: made by a member for himself, shown once, kept as a hash."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts import queries
from marketplace.accounts.errors import KeyNameTakenError
from marketplace.accounts.models import ApiKey
from marketplace.accounts.permissions import Permission
from marketplace.accounts.services.tokens import hash_secret
from marketplace.audit.services import record_act
from marketplace.errors import InvalidInputError, NotAllowedError

SCOPES = ("read", "write")
LIFETIMES_DAYS = (30, 90, 365)


def create_api_key(
    session: orm.Session, *, actor: Any, name: str, scopes: list[str], days: int, now: datetime
) -> tuple[ApiKey, str]:
    """A new key of the acting membership and its secret, which is never to be read again."""
    _require(actor)
    if not scopes or any(scope not in SCOPES for scope in scopes):
        raise InvalidInputError("Choose what the key may do.", field="scopes")
    if days not in LIFETIMES_DAYS:
        raise InvalidInputError("Choose how long the key lasts.", field="days")
    membership = queries.get_own_membership(session, actor=actor)
    if any(key.name == name for key in queries.list_api_keys(session, actor=actor) if is_live(key, now=now)):
        raise KeyNameTakenError(field="name")
    secret = f"pk_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        membership_id=membership.id, name=name, key_hash=hash_secret(secret), scopes=sorted(set(scopes)),
        created_at=now, expires_at=now + timedelta(days=days),
    )  # fmt: skip
    session.add(key)
    session.flush()  # the audit line names it by its public id
    record_act(
        session, actor=actor, action="api_key.created", subject_kind="api_key", subject_id=key.public_id, now=now,
        details={"scopes": key.scopes},
    )  # fmt: skip
    return key, secret


def revoke_api_key(session: orm.Session, *, actor: Any, key: ApiKey, now: datetime) -> None:
    """End a key at once."""
    _require(actor)
    if key.revoked_at is None:
        key.revoked_at = now
        record_act(
            session, actor=actor, action="api_key.revoked", subject_kind="api_key", subject_id=key.public_id, now=now
        )


def note_key_use(session: orm.Session, *, key_id: int, now: datetime) -> None:
    """Remember the day on which a key was last used."""
    session.execute(sa.update(ApiKey).where(ApiKey.id == key_id).values(last_used_on=now))


def is_live(key: ApiKey, *, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def _require(actor: Any) -> None:
    if not actor.can(Permission.API_KEY_MANAGE):
        raise NotAllowedError(permission=str(Permission.API_KEY_MANAGE))
