"""Tables of the register of a risk-compensation pool: its banks, filings by acceptance number, and what it has used."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.ledger.triggers import install_append_only
from marketplace.money import EXPONENTS

FILING_STATES = ("waiting", "compensated", "refused", "withdrawn")
# opening_use: used up under this year's limits before the register came here, already out of the balance.
MOVEMENT_KINDS = ("contribution", "opening_use", "compensation", "reversal", "return")


class CompensationPool(Base, PublicId):
    """One pool, kept by its operator; its money lies on the pool's own bank account, never here."""

    PREFIX = "rcp"
    __tablename__ = "compensation_pool"
    __table_args__ = (words_check("currency", tuple(EXPONENTS)), amount_check("year_limit_minor", minimum=1))

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    # What terms of agreements call this register.
    code: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    name_zh: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    name_en: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    year_limit_minor: orm.Mapped[int] = amount_column()
    # Within how many days of the default a bank files.
    filing_days: orm.Mapped[int]
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    operator: orm.Mapped[Organisation] = orm.relationship(lazy="joined")
    banks: orm.Mapped[list[PoolBank]] = orm.relationship(order_by="PoolBank.id", lazy="raise")

    def name(self, locale: str) -> str:
        return self.name_zh if locale.startswith("zh") else self.name_en


class PoolBank(Base):
    """A bank that lends under the pool, with its own limit of a calendar year."""

    __tablename__ = "compensation_pool_bank"
    __table_args__ = (sa.UniqueConstraint("pool_id", "organisation_id"), amount_check("year_limit_minor", minimum=1))

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    pool_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("compensation_pool.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    year_limit_minor: orm.Mapped[int] = amount_column()
    joined_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="joined")


class PoolFiling(Base, PublicId):
    """A bank's claim on the pool; its acceptance number decides who is served first."""

    PREFIX = "rcf"
    __tablename__ = "compensation_pool_filing"
    __table_args__ = (
        words_check("state", FILING_STATES),
        sa.UniqueConstraint("pool_id", "number"),
        # One agreement stands in the queue, or has been served, once.
        sa.Index(
            "uq_compensation_pool_filing_agreement", "agreement", unique=True,
            sqlite_where=sa.text("state IN ('waiting', 'compensated')"),
            postgresql_where=sa.text("state IN ('waiting', 'compensated')"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    pool_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("compensation_pool.id"), index=True)
    number: orm.Mapped[int]
    # Agreements lie above and are named by their public id only.
    agreement: orm.Mapped[str] = orm.mapped_column(sa.String(40), index=True)
    bank_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="waiting")
    filed_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    filed_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    filed_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    reason: orm.Mapped[str] = orm.mapped_column(sa.String(400), default="")
    decided_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    decided_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    pool: orm.Mapped[CompensationPool] = orm.relationship(lazy="joined")
    bank: orm.Mapped[Organisation] = orm.relationship(lazy="joined")


class PoolMovement(Base, PublicId):
    """One line of the register: what it does to the balance and to the limits of a year; append-only."""

    PREFIX = "rcm"
    __tablename__ = "compensation_pool_movement"
    __table_args__ = (
        words_check("kind", MOVEMENT_KINDS),
        amount_check("balance_minor", minimum=None),
        amount_check("used_minor", minimum=None),
        # The same payment, event or entry is counted once.
        sa.UniqueConstraint("pool_id", "reference"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    pool_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("compensation_pool.id"), index=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    year: orm.Mapped[int]
    bank_organisation_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("organisation.id"))
    filing_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("compensation_pool_filing.id"))
    agreement: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    reference: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    balance_minor: orm.Mapped[int] = amount_column()
    used_minor: orm.Mapped[int] = amount_column()
    moved_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    recorded_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    document: orm.Mapped[str] = orm.mapped_column(sa.String(200), default="")

    bank: orm.Mapped[Organisation | None] = orm.relationship(lazy="joined")
    filing: orm.Mapped[PoolFiling | None] = orm.relationship(lazy="joined")


install_append_only(PoolMovement.__table__)
