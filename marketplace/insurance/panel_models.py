"""Tables of co-insurance: the proposals of a lead, and the line of each insurer."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import Base, PublicId, UtcDateTime, words_check
from marketplace.insurance.models import Quote
from marketplace.insurance.rules import WHOLE_BPS, PanelPart, split_premium
from marketplace.insurance.states import LINE_STATES, PANEL_STATES
from marketplace.money import Money
from marketplace.payments.models import PaymentIntent


class CoinsurancePanel(Base, PublicId):
    """One proposal of the lead insurer to share a quote with following insurers; a new one supersedes it."""

    PREFIX = "cop"
    __tablename__ = "coinsurance_panel"
    __table_args__ = (
        words_check("state", PANEL_STATES),
        sa.UniqueConstraint("quote_id", "number"),
        sa.Index(
            "uq_coinsurance_panel_standing", "quote_id", unique=True,
            sqlite_where=sa.text("state = 'standing'"), postgresql_where=sa.text("state = 'standing'"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    quote_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("quote.id"), index=True)
    number: orm.Mapped[int]
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="standing")
    # What the followers give the lead of their premium; a decimal string.
    lead_fee: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    proposed_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    quote: orm.Mapped[Quote] = orm.relationship(lazy="raise")
    # The lead first, then the followers in the order of the proposal.
    lines: orm.Mapped[list[CoinsuranceLine]] = orm.relationship(order_by="CoinsuranceLine.id", lazy="raise")

    @property
    def complete(self) -> bool:
        return all(line.state == "accepted" for line in self.lines)

    def premium_parts(self, *, premium: Money, subsidy_minor: int) -> list[tuple[CoinsuranceLine, PanelPart]]:
        """Each line with what its insurer takes of the premium."""
        shares = [line.share_bps for line in self.lines]
        parts = split_premium(shares, premium=premium, subsidy_minor=subsidy_minor, lead_fee=self.lead_fee)
        return list(zip(self.lines, parts, strict=True))


class CoinsuranceLine(Base, PublicId):
    """The share of one insurer of a panel: it owes this share only, and only it can accept it."""

    PREFIX = "col"
    __tablename__ = "coinsurance_line"
    __table_args__ = (
        words_check("state", LINE_STATES),
        sa.CheckConstraint(f"share_bps BETWEEN 1 AND {WHOLE_BPS - 1}", name="share_bps_part"),
        sa.UniqueConstraint("panel_id", "organisation_id"),
        sa.Index(
            "uq_coinsurance_line_lead", "panel_id", unique=True,
            sqlite_where=sa.text("is_lead"), postgresql_where=sa.text("is_lead"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    panel_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("coinsurance_panel.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    is_lead: orm.Mapped[bool] = orm.mapped_column(default=False)
    share_bps: orm.Mapped[int]
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="asked")
    reason: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    decided_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    decided_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    # Its part of the premium, made when the policy is bound.
    premium_payment_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("payment_intent.id"), unique=True)

    panel: orm.Mapped[CoinsurancePanel] = orm.relationship(lazy="raise", viewonly=True)
    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")
    premium_payment: orm.Mapped[PaymentIntent | None] = orm.relationship(lazy="raise")
