"""Mandates of funders, the matches kept for them, what a commitment took, and which projects are covered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.dealflow.words import BANDS, MANDATE_STATES, ROLES, VISIBILITIES
from marketplace.money import EXPONENTS
from marketplace.projects.models import Project


class Mandate(Base, PublicId):
    """What one funder looks for; an empty list of sectors or regions means all of them."""

    PREFIX = "mdt"
    __tablename__ = "mandate"
    __table_args__ = (
        words_check("state", MANDATE_STATES),
        words_check("visibility", VISIBILITIES),
        words_check("role", ROLES),
        words_check("max_band", BANDS),
        words_check("currency", tuple(EXPONENTS)),
        amount_check("ticket_min_minor", minimum=1),
        amount_check("ticket_max_minor", minimum=1),
        amount_check("round_size_max_minor", minimum=1),
        amount_check("budget_minor", minimum=1),
        amount_check("budget_remaining_minor", minimum=None),
        sa.CheckConstraint("trl_from BETWEEN 1 AND trl_to AND trl_to <= 9", name="trl_range"),
        sa.CheckConstraint("mrl_from BETWEEN 1 AND mrl_to AND mrl_to <= 10", name="mrl_range"),
        sa.CheckConstraint("ticket_min_minor <= ticket_max_minor", name="ticket_range"),
        sa.CheckConstraint("budget_from <= budget_to AND valid_from <= valid_to", name="dates_in_order"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    name_zh: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    name_en: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    instruments: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    sectors: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    region_prefixes: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    trl_from: orm.Mapped[int]
    trl_to: orm.Mapped[int]
    mrl_from: orm.Mapped[int]
    mrl_to: orm.Mapped[int]
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3), default="CNY")
    ticket_min_minor: orm.Mapped[int] = amount_column()
    ticket_max_minor: orm.Mapped[int] = amount_column()
    # Null: no bound on the size of the round.
    round_size_max_minor: orm.Mapped[int | None] = amount_column()
    stages: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    # Shares as decimal strings; shown to the team, decided in the round.
    ownership_min_fraction: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    ownership_max_fraction: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    role: orm.Mapped[str] = orm.mapped_column(sa.String(8), default="either")
    needs_co_investor: orm.Mapped[bool] = orm.mapped_column(default=False)
    must_have: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    # A list of {field, operator, value, reason_zh, reason_en}: hard limits with the funder's own reason.
    exclusions: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    # The highest band of the probability of failure that is taken; null: any, and no score is needed.
    max_band: orm.Mapped[str | None] = orm.mapped_column(sa.String(12))
    target_zh: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    target_en: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    budget_from: orm.Mapped[date]
    budget_to: orm.Mapped[date]
    budget_minor: orm.Mapped[int] = amount_column()
    # A counter moved by commitments only; below zero where more was committed than was planned.
    budget_remaining_minor: orm.Mapped[int] = amount_column()
    valid_from: orm.Mapped[date]
    valid_to: orm.Mapped[date]
    # Weights of the score by part, as decimal strings.
    weights: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    visibility: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="verified")
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="active", index=True)
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    updated_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")

    def name(self, locale: str) -> str:
        first, second = (self.name_zh, self.name_en) if locale.startswith("zh") else (self.name_en, self.name_zh)
        return first or second


class StoredMatch(Base, PublicId):
    """A project that met every hard constraint of a mandate, with its score and every part of it."""

    PREFIX = "mch"
    __tablename__ = "mandate_match"
    __table_args__ = (
        sa.UniqueConstraint("mandate_id", "project_id"),
        sa.Index("ix_mandate_match_rank", "mandate_id", "score", "project_id"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    mandate_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("mandate.id"))
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    # A decimal string of six places, so that words sort as the figures do.
    score: orm.Mapped[str] = orm.mapped_column(sa.String(10))
    # {version, checks, parts}: the whole answer of `match_project`, as it was computed.
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    first_seen_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    computed_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    mandate: orm.Mapped[Mandate] = orm.relationship(lazy="raise")
    project: orm.Mapped[Project] = orm.relationship(lazy="raise")


class BudgetUse(Base):
    """What one commitment took from a mandate's budget; what is released goes back to the same mandate."""

    __tablename__ = "mandate_budget_use"
    __table_args__ = (amount_check("amount_minor"),)

    # The commitment belongs to a domain above this one, so its number is kept without a key.
    commitment_id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    mandate_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("mandate.id"), index=True)
    amount_minor: orm.Mapped[int] = amount_column()


class ProjectCover(Base):
    """That a project's pilot-failure policy was bound, as insurance has told."""

    __tablename__ = "mandate_project_cover"

    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), primary_key=True, autoincrement=False)
    policy_id: orm.Mapped[int]
    bound_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
