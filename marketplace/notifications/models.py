"""The inbox and the outbox of mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import Base, PublicId, UtcDateTime


class Notification(Base, PublicId):
    """One notice to one organisation; the text is a kind with parameters, worded by locale when shown."""

    PREFIX = "ntf"
    __tablename__ = "notification"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "dedupe_key"),
        sa.Index("ix_notification_inbox", "organisation_id", "read_at"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    organisation_id: orm.Mapped[int]
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(60))
    parameters: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    url: orm.Mapped[str] = orm.mapped_column(sa.String(300), default="")
    # One act gives one notice to each party, however often its code runs.
    dedupe_key: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    read_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)


class OutgoingMail(Base, PublicId):
    """A mail to be sent by a job; without a mail server it becomes a file that demonstration mode shows."""

    PREFIX = "eml"
    __tablename__ = "outgoing_mail"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    recipient: orm.Mapped[str] = orm.mapped_column(sa.String(254))
    subject: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    body: orm.Mapped[str] = orm.mapped_column(sa.Text)
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    sent_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
