"""The hourly job that clears what has run out: sessions, links, kept answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import AccountToken, KeptAnswer, UserSession
from marketplace.jobs.registry import JobKind, register_job

ANSWERS_KEPT = timedelta(days=7)


def clear_expired(session: orm.Session, *, now: datetime, data: Any = None) -> None:
    """Delete expired sessions and links, and answers whose repeat no client would send any more."""
    session.execute(sa.delete(UserSession).where(UserSession.expires_at <= now))
    session.execute(sa.delete(AccountToken).where(AccountToken.expires_at <= now))
    session.execute(sa.delete(KeptAnswer).where(KeptAnswer.created_at <= now - ANSWERS_KEPT))


def register() -> None:
    register_job(JobKind("accounts.clear_expired", record=clear_expired, every_seconds=3600))
