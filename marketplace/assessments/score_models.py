"""What stands around a score: contests of it, the models that make scores, outcomes of pilots, checks of a model."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.assessments.models import StoredScore
from marketplace.assessments.words import CHECK_STATES, DISPUTE_STATES, MODEL_STATES, PROMOTION_STATES
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.money import EXPONENTS
from marketplace.projects.models import Project


class ScoreContest(Base, PublicId):
    """The team's objection to a score, and the operator's answer; both stay beside the score for good."""

    PREFIX = "sct"
    __tablename__ = "score_contest"
    __table_args__ = (
        words_check("state", DISPUTE_STATES),
        sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered_once"),
        sa.Index(
            "uq_score_contest_open", "score_id", unique=True,
            sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    score_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("stored_score.id"), index=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="open")
    ground: orm.Mapped[str] = orm.mapped_column(sa.Text)
    raised_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    raised_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    # The last day for the answer.
    due_on: orm.Mapped[date]
    answer: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    answered_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    answered_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    score: orm.Mapped[StoredScore] = orm.relationship(lazy="raise")


class RiskModelVersion(Base, PublicId):
    """One fitted model: its vector, its file with digest, its measures, and whether it makes the scores."""

    PREFIX = "mdl"
    __tablename__ = "risk_model"
    __table_args__ = (
        words_check("state", MODEL_STATES),
        sa.Index(
            "uq_risk_model_champion", "state", unique=True,
            sqlite_where=sa.text("state = 'champion'"), postgresql_where=sa.text("state = 'champion'"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    version: orm.Mapped[str] = orm.mapped_column(sa.String(60), unique=True)
    # SHA-256 of the vector, which a stored score names; the vector itself as hexadecimal floats.
    coefficients_digest: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    coefficients: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    file_name: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    file_sha256: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    table_version: orm.Mapped[str] = orm.mapped_column(sa.String(60))
    # prior_only | supported | validated: what scores of this model say of themselves.
    support: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    own_outcomes: orm.Mapped[int]
    own_events: orm.Mapped[int]
    libraries: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    # Measures of the fit (Brier, log loss, calibration ...) as the trainer gave them; empty for a prior alone.
    metrics: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="candidate")
    registered_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    registered_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    champion_from: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    retired_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)


class ModelPromotion(Base, PublicId):
    """A proposal that a candidate make the scores: proposed by one person, decided by another."""

    PREFIX = "prm"
    __tablename__ = "risk_model_promotion"
    __table_args__ = (
        words_check("state", PROMOTION_STATES),
        sa.CheckConstraint("decided_by = '' OR decided_by <> proposed_by", name="two_people"),
        sa.Index(
            "uq_risk_model_promotion_open", "model_id", unique=True,
            sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    model_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("risk_model.id"), index=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="open")
    ground: orm.Mapped[str] = orm.mapped_column(sa.Text)
    proposed_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    proposed_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    decided_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    decided_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    note: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")

    model: orm.Mapped[RiskModelVersion] = orm.relationship(lazy="raise")


class ModelCheck(Base, PublicId):
    """How the model in use stood against the outcomes and the projects of a day."""

    PREFIX = "mck"
    __tablename__ = "risk_model_check"
    __table_args__ = (words_check("state", CHECK_STATES),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    model_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("risk_model.id"), index=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    outcomes: orm.Mapped[int]
    # What was measured, and which of it breaks its limit.
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    checked_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)


class PilotOutcome(Base, PublicId):
    """How a pilot ended, recorded by somebody who gains nothing from it; a correction supersedes, never overwrites."""

    PREFIX = "out"
    __tablename__ = "pilot_outcome"
    __table_args__ = (
        words_check("currency", tuple(EXPONENTS)),
        amount_check("cost_minor"),
        amount_check("planned_cost_minor"),
        amount_check("loss_minor"),
        sa.CheckConstraint("started_on <= ended_on", name="dates_in_order"),
        sa.CheckConstraint("loss_minor <= cost_minor", name="loss_within_cost"),
        sa.CheckConstraint("trl_reached BETWEEN 0 AND 9", name="level_range"),
        sa.Index(
            "uq_pilot_outcome_standing", "project_id", unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"), postgresql_where=sa.text("superseded_at IS NULL"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"))
    completed: orm.Mapped[bool]
    target_reached: orm.Mapped[bool]
    trl_reached: orm.Mapped[int]
    started_on: orm.Mapped[date]
    ended_on: orm.Mapped[date]
    # A decimal figure: the plan as it stood when the outcome was recorded.
    planned_months: orm.Mapped[str | None] = orm.mapped_column(sa.String(8))
    cost_minor: orm.Mapped[int] = amount_column()
    planned_cost_minor: orm.Mapped[int] = amount_column()
    # What of the cost was lost for good: not covered by assets, buyers or rights that remain.
    loss_minor: orm.Mapped[int] = amount_column()
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    grounds: orm.Mapped[str] = orm.mapped_column(sa.Text)
    # The last score before the start; without one the outcome says nothing about a model.
    score_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("stored_score.id"))
    recorded_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    superseded_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    project: orm.Mapped[Project] = orm.relationship(lazy="raise")
    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")
    score: orm.Mapped[StoredScore | None] = orm.relationship(lazy="raise")
