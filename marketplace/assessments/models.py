"""Evidence, assessments of maturity, stored scores, and who decided a milestone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.assessments.words import (
    ASSESSMENT_STATES,
    DECIDER_KINDS,
    DISPUTE_GROUNDS,
    DISPUTE_STATES,
    ENVIRONMENTS,
    EVIDENCE_TYPES,
    JUDGEMENTS,
    SCALES,
)
from marketplace.db import Base, PublicId, UtcDateTime, words_check
from marketplace.files.models import StoredFile
from marketplace.projects.models import Milestone, Project, TechnologyElement
from marketplace.projects.words import MILESTONE_RESULTS


class Evidence(Base, PublicId):
    """What the team lays before an assessor for one criterion of one element."""

    PREFIX = "evi"
    __tablename__ = "evidence"
    __table_args__ = (
        words_check("scale", SCALES),
        words_check("evidence_type", EVIDENCE_TYPES),
        words_check("environment", ENVIRONMENTS),
        sa.CheckConstraint("level BETWEEN 1 AND 10", name="level_range"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    element_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("project_element.id"))
    scale: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    level: orm.Mapped[int]
    criterion: orm.Mapped[str] = orm.mapped_column(sa.String(60))
    evidence_type: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    title: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    made_by: orm.Mapped[str] = orm.mapped_column(sa.String(160), default="")
    place: orm.Mapped[str] = orm.mapped_column(sa.String(160), default="")
    made_on: orm.Mapped[date | None]
    environment: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="")
    file_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("stored_file.id"))
    created_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    withdrawn_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    file: orm.Mapped[StoredFile | None] = orm.relationship(lazy="raise")
    element: orm.Mapped[TechnologyElement | None] = orm.relationship(lazy="raise")


class Assessment(Base, PublicId):
    """One independent judgement of the levels of a project."""

    PREFIX = "asm"
    __tablename__ = "assessment"
    __table_args__ = (words_check("state", ASSESSMENT_STATES),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    assessor_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="requested")
    # What the assessor declares about ties to the parties; empty until it accepts.
    conflict_declaration: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    # {tie: false}: each tie of the list that was denied, one by one.
    ties: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict, server_default="{}")
    trl_result: orm.Mapped[int | None]
    mrl_result: orm.Mapped[int | None]
    # A list of {element, scale, level, criterion}: what is missing for the next level.
    gaps: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    conclusion: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    requested_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    requested_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    signed_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    # The name as the signing person typed it, and the SHA-256 of what was signed (services/seal.py).
    signed_name: orm.Mapped[str] = orm.mapped_column(sa.String(120), default="", server_default="")
    content_digest: orm.Mapped[str] = orm.mapped_column(sa.String(64), default="", server_default="")
    signed_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    expires_on: orm.Mapped[date | None]
    # A later assessment was signed: this one stays readable and decides nothing any more.
    superseded_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    project: orm.Mapped[Project] = orm.relationship(lazy="raise")
    assessor: orm.Mapped[Organisation] = orm.relationship(lazy="raise")
    judgements: orm.Mapped[list[CriterionJudgement]] = orm.relationship(order_by="CriterionJudgement.id", lazy="raise")
    disputes: orm.Mapped[list[AssessmentDispute]] = orm.relationship(
        order_by="AssessmentDispute.id", lazy="raise", back_populates="assessment"
    )


class CriterionJudgement(Base):
    """The assessor's answer to one criterion for one element."""

    __tablename__ = "assessment_judgement"
    __table_args__ = (
        words_check("judgement", JUDGEMENTS),
        sa.UniqueConstraint("assessment_id", "element_id", "criterion"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    assessment_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("assessment.id"), index=True)
    element_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project_element.id"))
    criterion: orm.Mapped[str] = orm.mapped_column(sa.String(60))
    judgement: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    evidence_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("evidence.id"))
    note: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")


class AssessmentDispute(Base, PublicId):
    """An objection to a signed assessment, and how it ended."""

    PREFIX = "dsp"
    __tablename__ = "assessment_dispute"
    __table_args__ = (
        words_check("state", DISPUTE_STATES),
        words_check("ground", DISPUTE_GROUNDS),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    assessment_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("assessment.id"), index=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="open")
    # What is objected to: a criterion of an element (its public id), or with both empty the whole assessment.
    element: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="", server_default="")
    criterion: orm.Mapped[str] = orm.mapped_column(sa.String(60), default="", server_default="")
    ground: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="other", server_default="other")
    reason: orm.Mapped[str] = orm.mapped_column(sa.Text)
    # The assessor's own statement; the operator, who gains nothing, decides.
    statement: orm.Mapped[str] = orm.mapped_column(sa.Text, default="", server_default="")
    stated_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    answer_due_on: orm.Mapped[date | None]
    raised_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    raised_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    answer: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    answered_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="", server_default="")
    answered_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    assessment: orm.Mapped[Assessment] = orm.relationship(lazy="raise", back_populates="disputes")


class MaturationStep(Base, PublicId):
    """The link from a gap of a signed assessment to the milestone that is to close it."""

    PREFIX = "stp"
    __tablename__ = "maturation_step"
    __table_args__ = (
        words_check("scale", SCALES),
        sa.CheckConstraint("level BETWEEN 1 AND 10", name="level_range"),
        sa.UniqueConstraint("assessment_id", "scale", "level"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    assessment_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("assessment.id"))
    # A draft may drop the milestone; the step goes with it.
    milestone_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("project_milestone.id", ondelete="CASCADE"), unique=True
    )
    scale: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    level: orm.Mapped[int]
    # A list of {element, criterion, note}: the gaps that this step is to close.
    gaps: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    planned_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    planned_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    assessment: orm.Mapped[Assessment] = orm.relationship(lazy="raise")
    milestone: orm.Mapped[Milestone] = orm.relationship(lazy="raise")


class StoredScore(Base, PublicId):
    """One risk score as it was computed: the whole answer, the model and the features it rests on."""

    PREFIX = "scr"
    __tablename__ = "stored_score"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    # The answer of risk.scoring for one row, unchanged.
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    probability: orm.Mapped[str | None] = orm.mapped_column(sa.String(10))
    band: orm.Mapped[str | None] = orm.mapped_column(sa.String(12))
    state: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    definition: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    model_version: orm.Mapped[str] = orm.mapped_column(sa.String(60))
    model_digest: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    features_digest: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    requested_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    computed_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    project: orm.Mapped[Project] = orm.relationship(lazy="raise")


class MilestoneReport(Base, PublicId):
    """Sealed data of a milestone, handed over by the centre or the team; it decides nothing."""

    PREFIX = "mrp"
    __tablename__ = "milestone_report"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    milestone_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project_milestone.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"))
    file_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("stored_file.id"))
    # The hash that the centre states for its data; it must be the hash of the file.
    stated_sha256: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    run_ended_on: orm.Mapped[date]
    note: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    reported_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    reported_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    milestone: orm.Mapped[Milestone] = orm.relationship(lazy="raise")
    file: orm.Mapped[StoredFile] = orm.relationship(lazy="raise")
    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")


class MilestoneDecision(Base, PublicId):
    """The finding of one of the two deciders; the milestone moves when both find the same."""

    PREFIX = "mdc"
    __tablename__ = "milestone_decision"
    __table_args__ = (
        words_check("decider_kind", DECIDER_KINDS),
        words_check("result", MILESTONE_RESULTS),
        sa.Index("ix_milestone_decision_standing", "milestone_id", "decider_kind", "superseded_at"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    milestone_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project_milestone.id"))
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"))
    decider_kind: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    result: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    # {quantity: decimal string}: what was measured, where the protocol names a quantity.
    measured: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    grounds: orm.Mapped[str] = orm.mapped_column(sa.Text)
    decided_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    decided_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    decided_on: orm.Mapped[date]
    superseded_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")
