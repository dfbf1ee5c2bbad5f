"""Tables of linkage: what reporters say of a round, and reports frozen by a fund's signatory; both append-only."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.funding.models import Round
from marketplace.ledger.triggers import install_append_only
from marketplace.money import EXPONENTS

EVIDENCE_KINDS = ("bank_line", "letter", "lead_table", "statement", "none")


class RoundReport(Base, PublicId):
    """What one reporter says that one investor had paid into a round; a correction is a new row."""

    PREFIX = "rrp"
    __tablename__ = "round_report"
    __table_args__ = (
        amount_check("amount_minor"),
        words_check("currency", tuple(EXPONENTS)),
        words_check("evidence", EVIDENCE_KINDS),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    round_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("funding_round.id"), index=True)
    reporter_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    investor_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"))
    amount_minor: orm.Mapped[int] = amount_column()
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    paid_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    filed_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    evidence: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    recorded_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    round: orm.Mapped[Round] = orm.relationship(lazy="raise")
    reporter: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[reporter_organisation_id], lazy="raise")
    investor: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[investor_organisation_id], lazy="raise")


class LinkageReport(Base, PublicId):
    """A report as a signatory froze it; a later one restates it and the earlier one is kept."""

    PREFIX = "lrp"
    __tablename__ = "linkage_report"
    __table_args__ = (sa.UniqueConstraint("fund_organisation_id", "period", "number"),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    fund_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    period: orm.Mapped[str] = orm.mapped_column(sa.String(8))
    number: orm.Mapped[int]
    # Canonical JSON as text, so that the bytes that were hashed are the bytes that are kept.
    content: orm.Mapped[str] = orm.mapped_column(sa.Text)
    sha256: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    # The same hash over the figures alone, without the day: says whether anything changed since.
    figures_sha256: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    definitions_version: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    signed_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    signed_by_name: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    frozen_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    fund: orm.Mapped[Organisation] = orm.relationship(lazy="raise")


install_append_only(RoundReport.__table__)
install_append_only(LinkageReport.__table__)
