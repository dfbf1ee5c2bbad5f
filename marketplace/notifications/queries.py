"""Every SELECT of the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.errors import NotFoundError
from marketplace.notifications.models import Notification


def visible_notifications(actor: Any) -> sa.Select[Notification]:
    """An organisation reads its own inbox and no other."""
    return sa.select(Notification).where(Notification.organisation_id == actor.organisation_id)


def list_notifications(session: orm.Session, *, actor: Any, limit: int = 100) -> Sequence[Notification]:
    return session.scalars(visible_notifications(actor).order_by(Notification.id.desc()).limit(limit)).all()


def get_notification(session: orm.Session, *, actor: Any, public_id: str) -> Notification:
    found = session.scalar(visible_notifications(actor).where(Notification.public_id == public_id))
    if found is None:
        raise NotFoundError()
    return found


def count_unread(session: orm.Session, *, actor: Any) -> int:
    statement = visible_notifications(actor).where(Notification.read_at.is_(None))
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0
