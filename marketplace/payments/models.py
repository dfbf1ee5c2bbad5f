"""Payment intents and the bank lines that settle them; nothing becomes paid by another door."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.money import EXPONENTS, Money

PURPOSES = (
    "drawdown", "distribution", "interest", "principal", "revenue_share", "exit_proceeds", "premium", "indemnity",
    "pool_compensation", "recovery", "fee", "deployment",
)  # fmt: skip
INTENT_STATES = ("pending", "recorded", "confirmed", "cancelled")
LINE_STATES = ("recorded", "confirmed", "rejected", "anomaly")
RAILS = ("bank_transfer", "stripe")
# Seen from the supervised account of the book: money comes in, goes out, or passes it by.
DIRECTIONS = ("in", "out", "direct")


class PaymentIntent(Base, PublicId):
    """What one party is to pay another, why, and under which remittance code."""

    PREFIX = "pay"
    __tablename__ = "payment_intent"
    __table_args__ = (
        sa.UniqueConstraint("purpose", "subject"),
        words_check("purpose", PURPOSES),
        words_check("state", INTENT_STATES),
        words_check("rail", RAILS),
        words_check("direction", DIRECTIONS),
        words_check("currency", tuple(EXPONENTS)),
        amount_check("amount_minor", minimum=1),
        sa.CheckConstraint("payer_organisation_id <> payee_organisation_id", name="two_parties"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    purpose: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    # What is paid, e.g. `agreement:agr_…:event:…:angel`; with the purpose it is unique.
    subject: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    book: orm.Mapped[str] = orm.mapped_column(sa.String(80), default="", index=True)
    direction: orm.Mapped[str] = orm.mapped_column(sa.String(8), default="direct")
    payer_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    payee_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    amount_minor: orm.Mapped[int] = amount_column()
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    due_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    rail: orm.Mapped[str] = orm.mapped_column(sa.String(16), default="bank_transfer")
    remittance_code: orm.Mapped[str] = orm.mapped_column(sa.String(16), unique=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="pending")
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    confirmed_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    payer: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[payer_organisation_id], lazy="raise")
    payee: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[payee_organisation_id], lazy="raise")

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)


class BankLine(Base, PublicId):
    """One line of a bank statement or receipt: recorded by one person, confirmed by another."""

    PREFIX = "bnk"
    __tablename__ = "bank_line"
    __table_args__ = (
        words_check("state", LINE_STATES),
        words_check("currency", tuple(EXPONENTS)),
        amount_check("amount_minor", minimum=1),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> recorded_by", name="two_people"),
        # A rejected line frees its reference: a mistyped amount must not lock the true line out.
        sa.Index(
            "uq_bank_line_reference", "bank_reference", unique=True,
            sqlite_where=sa.text("state <> 'rejected'"), postgresql_where=sa.text("state <> 'rejected'"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    intent_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("payment_intent.id"), index=True)
    bank_reference: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    amount_minor: orm.Mapped[int] = amount_column()
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    paid_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    anomaly: orm.Mapped[str] = orm.mapped_column(sa.String(200), default="")
    recorded_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    confirmed_by: orm.Mapped[str | None] = orm.mapped_column(sa.String(40))
    confirmed_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    intent: orm.Mapped[PaymentIntent] = orm.relationship(lazy="raise")
