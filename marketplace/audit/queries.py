"""Every SELECT of the audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.audit.models import AuditLine


def find_last_line(session: orm.Session) -> AuditLine | None:
    return session.scalar(sa.select(AuditLine).order_by(AuditLine.id.desc()).limit(1))


def iterate_lines(session: orm.Session) -> Iterator[AuditLine]:
    yield from session.scalars(sa.select(AuditLine).order_by(AuditLine.id).execution_options(yield_per=1000))


def list_lines_of(session: orm.Session, *, subject_kind: str, subject_id: str) -> Sequence[AuditLine]:
    """The history of one object, oldest first."""
    return session.scalars(
        sa.select(AuditLine)
        .where(AuditLine.subject_kind == subject_kind, AuditLine.subject_id == subject_id)
        .order_by(AuditLine.id)
    ).all()


def list_recent_lines(session: orm.Session, *, before: int | None = None, limit: int = 100) -> Sequence[AuditLine]:
    statement = sa.select(AuditLine).order_by(AuditLine.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditLine.id < before)
    return session.scalars(statement).all()


def list_lines_filtered(
    session: orm.Session,
    *,
    before: int | None = None,
    limit: int = 100,
    action: str = "",
    subject_kind: str = "",
    subject_id: str = "",
) -> Sequence[AuditLine]:
    """Lines newest first; `action` is matched from its start."""
    statement = sa.select(AuditLine).order_by(AuditLine.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditLine.id < before)
    if action:
        statement = statement.where(AuditLine.action.startswith(action, autoescape=True))
    if subject_kind:
        statement = statement.where(AuditLine.subject_kind == subject_kind)
    if subject_id:
        statement = statement.where(AuditLine.subject_id == subject_id)
    return session.scalars(statement).all()
