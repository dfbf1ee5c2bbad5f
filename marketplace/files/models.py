"""Stored files: what they are by content, their hash, and where they lie outside the web root."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import Base, PublicId, UtcDateTime, words_check

SCAN_STATES = ("not_scanned", "clean", "infected")


class StoredFile(Base, PublicId):
    """One uploaded or made file; the domain that links it decides who may read it."""

    PREFIX = "fil"
    __tablename__ = "stored_file"
    __table_args__ = (words_check("scan_state", SCAN_STATES),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    media_type: orm.Mapped[str] = orm.mapped_column(sa.String(100))
    size_bytes: orm.Mapped[int] = orm.mapped_column(sa.BigInteger)
    sha256: orm.Mapped[str] = orm.mapped_column(sa.String(64), index=True)
    storage_key: orm.Mapped[str] = orm.mapped_column(sa.String(100), unique=True)
    scan_state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="not_scanned")
    owner_organisation_id: orm.Mapped[int | None]
    uploaded_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
