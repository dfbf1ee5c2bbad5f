"""Pilot projects and what is listed with them: budget, needs, milestones, elements, approvals, grants of access."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.money import EXPONENTS
from marketplace.projects.words import (
    APPROVAL_KINDS,
    BUDGET_KINDS,
    CONSENT_BASES,
    GRANT_LEVELS,
    INSTRUMENTS,
    LEVEL_CAUSES,
    LEVEL_STATUSES,
    MILESTONE_STATES,
    ORGANISATION_SIZES,
    PROJECT_STATES,
    SCORE_READER_KINDS,
    SECTORS,
    VISIBILITIES,
)


def _level_check(column: str, highest: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IS NULL OR {column} BETWEEN 1 AND {highest}", name=f"{column}_range")


class Project(Base, PublicId):
    """One pilot project of one team; text in two languages, levels claimed and assessed apart."""

    PREFIX = "prj"
    __tablename__ = "project"
    __table_args__ = (
        words_check("sector", SECTORS),
        words_check("state", PROJECT_STATES),
        words_check("visibility", VISIBILITIES),
        words_check("currency", tuple(EXPONENTS)),
        words_check("lead_organisation_size", ("", *ORGANISATION_SIZES)),
        amount_check("total_budget_minor"),
        *(_level_check(column, 9) for column in ("trl_claimed", "trl_assessed", "target_trl")),
        *(_level_check(column, 10) for column in ("mrl_claimed", "mrl_assessed", "target_mrl")),
        sa.Index("ix_project_listing", "state", "published_at", "id"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    code: orm.Mapped[str] = orm.mapped_column(sa.String(60), unique=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    title_zh: orm.Mapped[str] = orm.mapped_column(sa.String(160), default="")
    title_en: orm.Mapped[str] = orm.mapped_column(sa.String(200), default="")
    summary_zh: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    summary_en: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    search_text: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    sector: orm.Mapped[str] = orm.mapped_column(sa.String(24), index=True)
    industry_code: orm.Mapped[str] = orm.mapped_column(sa.String(4), default="")
    region_code: orm.Mapped[str] = orm.mapped_column(sa.String(6), default="", index=True)
    # Process facts that drive scale-up risk; null or empty means not known.
    scale_up_step_zh: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    scale_up_step_en: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    scale_up_factor: orm.Mapped[str | None] = orm.mapped_column(sa.String(24))
    new_process_steps: orm.Mapped[int | None]
    unproven_equipment_share: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    solids_handling: orm.Mapped[bool | None]
    recycle_streams: orm.Mapped[int | None]
    lead_organisation_size: orm.Mapped[str] = orm.mapped_column(sa.String(8), default="")
    trl_claimed: orm.Mapped[int | None]
    trl_assessed: orm.Mapped[int | None]
    mrl_claimed: orm.Mapped[int | None]
    mrl_assessed: orm.Mapped[int | None]
    trl_disputed: orm.Mapped[bool] = orm.mapped_column(default=False)
    # The lowest level that a standing objection reaches; empty where nothing is disputed.
    trl_disputed_from: orm.Mapped[int | None]
    mrl_disputed_from: orm.Mapped[int | None]
    assessed_on: orm.Mapped[date | None]
    # The last day of the assessed levels: afterwards they decide nothing, whether or not the daily job has run.
    levels_expire_on: orm.Mapped[date | None]
    target_trl: orm.Mapped[int | None]
    target_mrl: orm.Mapped[int | None]
    planned_start: orm.Mapped[date | None]
    planned_end: orm.Mapped[date | None]
    pilot_centre_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3), default="CNY")
    # Kept equal to the sum of the budget lines by the service that writes them.
    total_budget_minor: orm.Mapped[int] = amount_column(default=0)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="draft")
    state_reason: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    visibility: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="teaser")
    submitted_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    verified_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    published_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    confidential_zh: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    confidential_en: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    # A list of {owner, kind, text_zh, text_en}: who owns which right.
    ip: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    # {first, then, cost_cap_minor, window_days}: what is done when the last milestone fails.
    failure_menu: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    # The latest stored score in brief, for filters of lists; the score itself is in assessments.
    score_probability: orm.Mapped[str | None] = orm.mapped_column(sa.String(10))
    score_band: orm.Mapped[str | None] = orm.mapped_column(sa.String(12))
    score_state: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    updated_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    organisation: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[organisation_id], lazy="raise")
    pilot_centre: orm.Mapped[Organisation | None] = orm.relationship(foreign_keys=[pilot_centre_id], lazy="raise")
    budget_lines: orm.Mapped[list[BudgetLine]] = orm.relationship(order_by="BudgetLine.id", lazy="raise")
    funding_needs: orm.Mapped[list[FundingNeed]] = orm.relationship(order_by="FundingNeed.id", lazy="raise")
    milestones: orm.Mapped[list[Milestone]] = orm.relationship(
        order_by="Milestone.planned_on, Milestone.id", lazy="raise"
    )
    elements: orm.Mapped[list[TechnologyElement]] = orm.relationship(order_by="TechnologyElement.id", lazy="raise")
    approvals: orm.Mapped[list[Approval]] = orm.relationship(order_by="Approval.id", lazy="raise")

    def title(self, locale: str) -> str:
        first, second = (self.title_zh, self.title_en) if locale.startswith("zh") else (self.title_en, self.title_zh)
        return first or second

    def levels_on(self, day: date) -> tuple[int | None, int | None]:
        """The assessed levels (TRL, MRL) that stand on a day: a lapsed level opens nothing."""
        if self.levels_expire_on is not None and self.levels_expire_on < day:
            return None, None
        return self.trl_assessed, self.mrl_assessed

    def deciding_levels(self, day: date) -> tuple[int | None, int | None]:
        """The levels (TRL, MRL) to reckon with on a day: the assessed one that stands, else the claimed one."""
        trl, mrl = self.levels_on(day)
        return trl if trl is not None else self.trl_claimed, mrl if mrl is not None else self.mrl_claimed


class BudgetLine(Base, PublicId):
    """One kind of cost of the pilot."""

    PREFIX = "bud"
    __tablename__ = "project_budget_line"
    __table_args__ = (
        words_check("kind", BUDGET_KINDS),
        amount_check("amount_minor", minimum=1),
        sa.UniqueConstraint("project_id", "kind"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    amount_minor: orm.Mapped[int] = amount_column()
    note_zh: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    note_en: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")


class FundingNeed(Base, PublicId):
    """Money of one kind that the project asks for, in the project's currency."""

    PREFIX = "ned"
    __tablename__ = "project_funding_need"
    __table_args__ = (
        words_check("instrument", INSTRUMENTS),
        amount_check("amount_minor", minimum=1),
        amount_check("smallest_ticket_minor", minimum=1),
        sa.CheckConstraint("smallest_ticket_minor <= amount_minor", name="ticket_within_amount"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    instrument: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    amount_minor: orm.Mapped[int] = amount_column()
    smallest_ticket_minor: orm.Mapped[int] = amount_column()
    use_zh: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    use_en: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    deadline: orm.Mapped[date]


class Milestone(Base, PublicId):
    """A dated test; what it must show is frozen before the run, its result is decided in assessments."""

    PREFIX = "mst"
    __tablename__ = "project_milestone"
    __table_args__ = (
        words_check("state", MILESTONE_STATES),
        sa.UniqueConstraint("project_id", "code"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    code: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    name_zh: orm.Mapped[str] = orm.mapped_column(sa.String(120), default="")
    name_en: orm.Mapped[str] = orm.mapped_column(sa.String(160), default="")
    # The acceptance criterion in words; `threshold` holds its figures where there are any:
    # {quantity, operator: ge|le, value: decimal string, unit, duration_hours}.
    metric_zh: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    metric_en: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    threshold: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    planned_on: orm.Mapped[date]
    # A share of the budget as a decimal string; the shares of one project add to at most 1.
    budget_share: orm.Mapped[str] = orm.mapped_column(sa.String(16), default="0")
    target_trl: orm.Mapped[int | None]
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="planned")
    decided_on: orm.Mapped[date | None]


class TechnologyElement(Base, PublicId):
    """A critical technology element; the lowest of them is the level of the project."""

    PREFIX = "elm"
    __tablename__ = "project_element"
    __table_args__ = (
        *(_level_check(column, 9) for column in ("trl_claimed", "trl_assessed")),
        *(_level_check(column, 10) for column in ("mrl_claimed", "mrl_assessed")),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    name_zh: orm.Mapped[str] = orm.mapped_column(sa.String(120), default="")
    name_en: orm.Mapped[str] = orm.mapped_column(sa.String(160), default="")
    trl_claimed: orm.Mapped[int | None]
    mrl_claimed: orm.Mapped[int | None]
    trl_assessed: orm.Mapped[int | None]
    mrl_assessed: orm.Mapped[int | None]


class Approval(Base, PublicId):
    """One row of the register of approvals and permits, with its dates."""

    PREFIX = "apr"
    __tablename__ = "project_approval"
    __table_args__ = (words_check("kind", APPROVAL_KINDS),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    body: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    number: orm.Mapped[str] = orm.mapped_column(sa.String(80), default="")
    valid_from: orm.Mapped[date]
    valid_to: orm.Mapped[date | None]
    conditions: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")


class ProjectGrant(Base, PublicId):
    """An organisation that the team lets see more than its kind would: qualified fields, or the room."""

    PREFIX = "grt"
    __tablename__ = "project_grant"
    __table_args__ = (
        words_check("level", GRANT_LEVELS),
        sa.UniqueConstraint("project_id", "organisation_id"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    level: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    # Which secrecy text the grant rests on (an agreed text version, or the engagement of an assessor).
    basis: orm.Mapped[str] = orm.mapped_column(sa.String(120), default="")
    granted_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    granted_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    revoked_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)


class ScoreConsent(Base, PublicId):
    """The team's consent that one organisation, or every verified one of a kind, reads the project's scores.

    A row is never changed but to end it, so that who could read what, and when, can be told later.
    """

    PREFIX = "scn"
    __tablename__ = "score_consent"
    __table_args__ = (
        words_check("organisation_kind", SCORE_READER_KINDS),
        words_check("basis", CONSENT_BASES),
        sa.CheckConstraint("(organisation_id IS NULL) <> (organisation_kind IS NULL)", name="one_recipient"),
        sa.Index(
            "uq_score_consent_organisation", "project_id", "organisation_id", unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"), postgresql_where=sa.text("revoked_at IS NULL"),
        ),
        sa.Index(
            "uq_score_consent_kind", "project_id", "organisation_kind", unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"), postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    organisation_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    organisation_kind: orm.Mapped[str | None] = orm.mapped_column(sa.String(24))
    # What the consent was given for: by the team itself, or with a request for a quote.
    basis: orm.Mapped[str] = orm.mapped_column(sa.String(16), default="team")
    granted_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    granted_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    revoked_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    revoked_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    organisation: orm.Mapped[Organisation | None] = orm.relationship(lazy="raise")


class LevelChange(Base):
    """A claimed or assessed level as it became on a day; rows are only added, so the history stays."""

    __tablename__ = "project_level_change"
    __table_args__ = (
        words_check("scale", ("trl", "mrl")),
        words_check("status", LEVEL_STATUSES),
        words_check("cause", LEVEL_CAUSES),
        sa.CheckConstraint("level IS NULL OR level BETWEEN 1 AND 10", name="level_range"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    scale: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(8))
    # Empty: from here on nothing is claimed, or nothing is assessed.
    level: orm.Mapped[int | None]
    cause: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    # The public id of the assessment or objection behind it, where there is one.
    reference: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
