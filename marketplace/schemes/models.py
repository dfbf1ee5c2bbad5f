"""Rules of schemes as dated data with their document number, kept by the operator."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import Base, PublicId, UtcDateTime, words_check

RULE_STATUSES = ("verified", "secondary", "judgement", "unverified", "invented")


class SchemeRule(Base, PublicId):
    """One version of one rule; a change is a new row with its own dates."""

    PREFIX = "rul"
    __tablename__ = "scheme_rule"
    __table_args__ = (
        sa.UniqueConstraint("code", "valid_from"),
        words_check("status", RULE_STATUSES),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates_in_order"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    code: orm.Mapped[str] = orm.mapped_column(sa.String(60))
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    document_number: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    title_zh: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    title_en: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    text_zh: orm.Mapped[str] = orm.mapped_column(sa.Text)
    text_en: orm.Mapped[str] = orm.mapped_column(sa.Text)
    source: orm.Mapped[str] = orm.mapped_column(sa.String(300))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    valid_from: orm.Mapped[date] = orm.mapped_column(sa.Date)
    valid_to: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    parameters: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    recorded_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
