"""Tables of the daily checkpoints."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import Base, PublicId
from marketplace.ledger.triggers import install_append_only


class Checkpoint(Base, PublicId):
    """One day's Merkle root over the heads of all agreements, chained to the day before; append-only."""

    PREFIX = "ckp"
    __tablename__ = "agreement_checkpoint"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    day: orm.Mapped[date] = orm.mapped_column(sa.Date, unique=True)
    # The instant as it stands in the hashed text.
    made_at: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    agreements: orm.Mapped[int]
    root: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    previous_hash: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    # What the check of that day found wrong; empty where everything held.
    problem: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")


class CheckpointLeaf(Base):
    """Where one agreement stood at a checkpoint; append-only."""

    __tablename__ = "agreement_checkpoint_leaf"
    __table_args__ = (
        sa.UniqueConstraint("checkpoint_id", "place"),
        sa.UniqueConstraint("agreement_id", "checkpoint_id"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    checkpoint_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement_checkpoint.id"))
    agreement_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement.id"))
    place: orm.Mapped[int]
    version_number: orm.Mapped[int]
    terms_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    event_count: orm.Mapped[int]
    head_hash: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))


for _table in (Checkpoint.__table__, CheckpointLeaf.__table__):
    install_append_only(_table)
