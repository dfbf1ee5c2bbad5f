"""Links sent by mail: opaque, kept as a hash, used once, the newest only."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts import queries
from marketplace.accounts.errors import LinkSpentError
from marketplace.accounts.models import AccountToken

LIFETIMES = {"register": timedelta(hours=24), "reset": timedelta(minutes=60), "email": timedelta(hours=24)}


def hash_secret(secret: str) -> str:
    """What the database keeps of a secret that has 256 bits of its own."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def issue_token(
    session: orm.Session, *, kind: str, email: str, now: datetime, user_id: int | None = None,
    content: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """The secret of a new link; earlier links of this kind for the address or the user die."""
    same = [AccountToken.email == email]
    if user_id is not None:
        same.append(AccountToken.user_id == user_id)
    session.execute(sa.delete(AccountToken).where(AccountToken.kind == kind, sa.or_(*same)))
    session.execute(sa.delete(AccountToken).where(AccountToken.expires_at <= now))
    secret = secrets.token_urlsafe(32)
    session.add(
        AccountToken(
            id_hash=hash_secret(secret), kind=kind, email=email, user_id=user_id, content=content or {},
            created_at=now, expires_at=now + LIFETIMES[kind],
        )
    )  # fmt: skip
    session.flush()  # two requests for one address at once: the unique row decides here, not at the commit
    return secret


def take_token(session: orm.Session, *, kind: str, secret: str, now: datetime) -> AccountToken:
    """Use a link up; raises LinkSpentError when it was used, replaced or has run out."""
    token = queries.get_token(session, kind=kind, id_hash=hash_secret(secret), now=now)
    # Conditional delete: of two uses at one moment only one removes the row.
    taken: Any = session.execute(sa.delete(AccountToken).where(AccountToken.id_hash == token.id_hash))
    if taken.rowcount != 1:
        raise LinkSpentError()
    session.expunge(token)
    return token
