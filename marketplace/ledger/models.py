"""Tables of the ledger; balance and append-only are enforced by the database (triggers.py)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.ledger.triggers import install_triggers
from marketplace.money import EXPONENTS

ENTRY_KINDS = (
    "commitment", "call", "call_paid", "deployment", "revenue_due", "revenue_received", "interest",
    "distribution", "payment", "loss", "indemnity", "pool_compensation", "recovery", "write_off",
    "exit", "trueup", "milestone", "limit", "activation", "opening", "closing", "premium", "fee",
    "bank_line", "refund", "amendment", "reversal",
)  # fmt: skip

entry_sequence = sa.Sequence("ledger_entry_id_seq", metadata=Base.metadata)


class Account(Base):
    """An account is (book, code, party); its address is `book:code:party`."""

    __tablename__ = "ledger_account"
    __table_args__ = (sa.UniqueConstraint("book", "code", "party"),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    book: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    code: orm.Mapped[str] = orm.mapped_column(sa.String(8))
    party: orm.Mapped[str] = orm.mapped_column(sa.String(80), default="")

    @property
    def address(self) -> str:
        return f"{self.book}:{self.code}" + (f":{self.party}" if self.party else "")


class Posting(Base):
    """One signed amount on one account; debit is positive."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        amount_check("amount_minor", minimum=None),
        words_check("currency", tuple(EXPONENTS)),
        sa.Index("ix_ledger_posting_entry_id", "entry_id"),
        sa.Index("ix_ledger_posting_account_id", "account_id"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    entry_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("ledger_entry.id", deferrable=True, initially="DEFERRED")
    )
    account_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("ledger_account.id"))
    amount_minor: orm.Mapped[int] = amount_column()
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    # Memo pairs (9010/9011 ...) balance among themselves; real money has the empty pair.
    pair: orm.Mapped[str] = orm.mapped_column(sa.String(3), default="")


class Entry(Base, PublicId):
    """One business event; inserting it seals its postings."""

    PREFIX = "ent"
    __tablename__ = "ledger_entry"
    __table_args__ = (words_check("kind", ENTRY_KINDS), sa.Index("ix_ledger_entry_book", "book"))

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    book: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    reference: orm.Mapped[str] = orm.mapped_column(sa.String(200), unique=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    effective_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    reverses_entry_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("ledger_entry.id"), unique=True)
    details: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)


install_triggers(Account.__table__, Posting.__table__, Entry.__table__)
