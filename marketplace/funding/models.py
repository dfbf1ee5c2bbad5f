"""Rounds, commitments, linkage rules of a round, refusals, and the decision file frozen at closing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.funding.states import COMMITMENT_STATES, ROUND_STATES
from marketplace.money import EXPONENTS
from marketplace.projects.models import Project
from marketplace.schemes.models import SchemeRule

EQUITY_INSTRUMENTS = ("equity", "convertible", "invest_first_convert_later", "revenue_share", "grant")
LOAN_INSTRUMENTS = ("loan", "warrant_loan")
CLOSING_RULES = ("all_or_nothing", "minimum", "rolling")
RULE_KINDS = ("private_ratio_min", "guidance_share_max", "equity_before_loan")
READINGS = ("nominal", "look_through")
BASES = ("committed", "paid")
REFUSAL_REASONS = (
    "outside_mandate", "level_too_low", "risk_too_high", "terms", "conflict_of_interest", "budget", "timing", "other",
)  # fmt: skip


class Round(Base, PublicId):
    """One round of a project: equity up to a cap, beside it loans up to theirs."""

    PREFIX = "rnd"
    __tablename__ = "funding_round"
    __table_args__ = (
        words_check("state", ROUND_STATES),
        words_check("closing_rule", CLOSING_RULES),
        words_check("currency", tuple(EXPONENTS)),
        amount_check("target_minor", minimum=1),
        amount_check("minimum_minor"),
        amount_check("cap_minor", minimum=1),
        amount_check("loan_cap_minor"),
        amount_check("ticket_minimum_minor", minimum=1),
        amount_check("pre_money_minor"),
        sa.CheckConstraint("committed_minor BETWEEN 0 AND cap_minor", name="equity_within_cap"),
        sa.CheckConstraint("committed_loan_minor BETWEEN 0 AND loan_cap_minor", name="loan_within_cap"),
        sa.CheckConstraint("minimum_minor <= target_minor AND target_minor <= cap_minor", name="amounts_in_order"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    title_zh: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    title_en: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3), default="CNY")
    target_minor: orm.Mapped[int] = amount_column()
    minimum_minor: orm.Mapped[int] = amount_column(default=0)
    cap_minor: orm.Mapped[int] = amount_column()
    loan_cap_minor: orm.Mapped[int] = amount_column(default=0)
    ticket_minimum_minor: orm.Mapped[int] = amount_column()
    investor_limit_minor: orm.Mapped[int | None] = amount_column()
    pre_money_minor: orm.Mapped[int] = amount_column(default=0)
    # Counters moved by conditional updates only: the last slot cannot be taken twice.
    committed_minor: orm.Mapped[int] = amount_column(default=0)
    committed_loan_minor: orm.Mapped[int] = amount_column(default=0)
    closing_rule: orm.Mapped[str] = orm.mapped_column(sa.String(16), default="minimum")
    deadline: orm.Mapped[date]
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="draft")
    state_reason: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    closed_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    project: orm.Mapped[Project] = orm.relationship(lazy="raise")
    commitments: orm.Mapped[list[Commitment]] = orm.relationship(order_by="Commitment.id", lazy="raise")
    linkage_rules: orm.Mapped[list[LinkageRule]] = orm.relationship(order_by="LinkageRule.id", lazy="raise")

    def title(self, locale: str) -> str:
        return self.title_zh if locale.startswith("zh") else self.title_en


class Commitment(Base, PublicId):
    """What one organisation puts into a round; soft until it is made hard."""

    PREFIX = "cmt"
    __tablename__ = "commitment"
    __table_args__ = (
        words_check("state", COMMITMENT_STATES),
        amount_check("amount_minor", minimum=1),
        amount_check("paid_minor"),
        sa.Index(
            "uq_commitment_open", "round_id", "organisation_id", "instrument", unique=True,
            sqlite_where=sa.text("state NOT IN ('released')"), postgresql_where=sa.text("state NOT IN ('released')"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    round_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("funding_round.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    mandate_id: orm.Mapped[int | None]
    instrument: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    amount_minor: orm.Mapped[int] = amount_column()
    paid_minor: orm.Mapped[int] = amount_column(default=0)
    lead: orm.Mapped[bool] = orm.mapped_column(default=False)
    # Whose money it is, frozen when it was promised; the readings of the linkage rules use it.
    organisation_kind: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    state_owned_bps: orm.Mapped[int] = orm.mapped_column(default=0)
    fiscal_bps: orm.Mapped[int] = orm.mapped_column(default=0)
    # Why the private money came: contract | clause | co_lead | introduced_here | none, with its evidence.
    link_cause: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="none")
    link_evidence: orm.Mapped[str] = orm.mapped_column(sa.String(200), default="")
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="soft")
    committed_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    hardened_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    released_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    # The conditions under which it stands, as `funding.conditions` writes them: none where the instrument is open.
    conditions: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)

    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")
    round: orm.Mapped[Round] = orm.relationship(lazy="raise", overlaps="commitments")

    @property
    def is_loan(self) -> bool:
        return self.instrument in LOAN_INSTRUMENTS

    @property
    def public_bps(self) -> int:
        """The share behind the investor that a look-through takes away: state-owned and fiscal money together."""
        return min(10_000, self.state_owned_bps + self.fiscal_bps)


class LinkageRule(Base, PublicId):
    """A rule between public and private money that this round is tested by, with its document."""

    PREFIX = "lnk"
    __tablename__ = "round_linkage_rule"
    __table_args__ = (
        words_check("kind", RULE_KINDS),
        words_check("reading", READINGS),
        words_check("base", BASES),
        sa.UniqueConstraint("round_id", "kind", "reading", "base"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    round_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("funding_round.id"), index=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    # A decimal string: the least ratio, the largest share, or the least equity in major units.
    threshold: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    reading: orm.Mapped[str] = orm.mapped_column(sa.String(16), default="nominal")
    base: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="committed")
    # A binding rule stops the closing; another is shown beside it.
    binding: orm.Mapped[bool] = orm.mapped_column(default=True)
    document_number: orm.Mapped[str] = orm.mapped_column(sa.String(120), default="")
    source: orm.Mapped[str] = orm.mapped_column(sa.String(300), default="")
    valid_from: orm.Mapped[date | None]
    scheme_rule_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey(SchemeRule.id))


class FundingRefusal(Base, PublicId):
    """A funder that looked and said no, with its reason code: adverse selection shows only here."""

    PREFIX = "ref"
    __tablename__ = "funding_refusal"
    __table_args__ = (words_check("reason", REFUSAL_REASONS),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    round_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("funding_round.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    reason: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    note: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)


class DecisionFile(Base, PublicId):
    """What was known when the round was closed (尽职免责): frozen, hashed, never changed."""

    PREFIX = "dec"
    __tablename__ = "decision_file"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    round_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("funding_round.id"), unique=True)
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    sha256: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    frozen_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
