"""The audit trail: who did what to which object, as a hash chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import Base, UtcDateTime
from marketplace.ledger.triggers import install_append_only


class AuditLine(Base):
    """One act or refusal; `hash` covers the line and the hash before it."""

    __tablename__ = "audit_line"
    __table_args__ = (sa.Index("ix_audit_line_subject", "subject_kind", "subject_id"),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    occurred_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    actor_user: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    actor_organisation: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    action: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    subject_kind: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    subject_id: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    details: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    previous_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    hash: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)


install_append_only(AuditLine.__table__)
