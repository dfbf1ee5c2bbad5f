"""Maturity made whole: history of levels, superseded and sealed assessments, objections by item, maturation steps."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006_maturity"
down_revision = "0005_compensation_pool"
branch_labels = None
depends_on = None

GROUNDS = "'evidence_missing', 'evidence_wrong', 'environment', 'sample', 'independence', 'procedure', 'other'"
NEW_COLUMNS = {
    "project": ("trl_disputed_from", "mrl_disputed_from", "levels_expire_on"),
    "assessment": ("ties", "signed_name", "content_digest", "superseded_at"),
    "assessment_dispute": (
        "element", "criterion", "ground", "statement", "stated_at", "answer_due_on", "answered_by",
    ),
}  # fmt: skip


def upgrade() -> None:
    add_columns()
    create_tables()
    connection = op.get_bind()
    tables = {
        name: sa.Table(name, sa.MetaData(), autoload_with=connection)
        for name in ("project", "assessment", "assessment_dispute", "project_level_change")
    }
    mark_superseded(connection, tables["assessment"], tables["project"])
    set_answer_days(connection, tables["assessment_dispute"])
    write_history(connection, tables)


def add_columns() -> None:
    text = sa.Text
    for table, column in (
        ("project", sa.Column("trl_disputed_from", sa.Integer(), nullable=True)),
        ("project", sa.Column("mrl_disputed_from", sa.Integer(), nullable=True)),
        ("project", sa.Column("levels_expire_on", sa.Date(), nullable=True)),
        ("assessment", sa.Column("ties", sa.JSON(), server_default="{}", nullable=False)),
        ("assessment", sa.Column("signed_name", sa.String(120), server_default="", nullable=False)),
        ("assessment", sa.Column("content_digest", sa.String(64), server_default="", nullable=False)),
        ("assessment", sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True)),
        ("assessment_dispute", sa.Column("element", sa.String(40), server_default="", nullable=False)),
        ("assessment_dispute", sa.Column("criterion", sa.String(60), server_default="", nullable=False)),
        ("assessment_dispute", sa.Column("statement", text(), server_default="", nullable=False)),
        ("assessment_dispute", sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True)),
        ("assessment_dispute", sa.Column("answer_due_on", sa.Date(), nullable=True)),
        ("assessment_dispute", sa.Column("answered_by", sa.String(40), server_default="", nullable=False)),
    ):
        op.add_column(table, column)
    # With its check in the column's own definition the table need not be made anew on SQLite.
    op.execute(
        "ALTER TABLE assessment_dispute ADD COLUMN ground VARCHAR(20) DEFAULT 'other' NOT NULL "
        f"CONSTRAINT ck_assessment_dispute_ground_known CHECK (ground IN ({GROUNDS}))"
    )


def create_tables() -> None:
    op.create_table(
        "project_level_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("scale", sa.String(3), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scale IN ('trl', 'mrl')", name=op.f("ck_project_level_change_scale_known")),
        sa.CheckConstraint("status IN ('claimed', 'assessed')", name=op.f("ck_project_level_change_status_known")),
        sa.CheckConstraint("cause IN ('listing', 'assessment', 'lapse', 'objection')",
                           name=op.f("ck_project_level_change_cause_known")),
        sa.CheckConstraint("level IS NULL OR level BETWEEN 1 AND 10",
                           name=op.f("ck_project_level_change_level_range")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_level_change_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_level_change")),
    )  # fmt: skip
    op.create_index(op.f("ix_project_level_change_project_id"), "project_level_change", ["project_id"])
    op.create_table(
        "maturation_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("milestone_id", sa.Integer(), nullable=False),
        sa.Column("scale", sa.String(3), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("planned_by", sa.String(40), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_id", sa.String(32), nullable=False),
        sa.CheckConstraint("scale IN ('trl', 'mrl')", name=op.f("ck_maturation_step_scale_known")),
        sa.CheckConstraint("level BETWEEN 1 AND 10", name=op.f("ck_maturation_step_level_range")),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name=op.f("fk_maturation_step_assessment_id_assessment")),
        sa.ForeignKeyConstraint(["milestone_id"], ["project_milestone.id"], ondelete="CASCADE",
                                name=op.f("fk_maturation_step_milestone_id_project_milestone")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maturation_step")),
        sa.UniqueConstraint("milestone_id", name=op.f("uq_maturation_step_milestone_id")),
        sa.UniqueConstraint("assessment_id", "scale", "level", name=op.f("uq_maturation_step_assessment_id_scale_level")),
        sa.UniqueConstraint("public_id", name=op.f("uq_maturation_step_public_id")),
    )  # fmt: skip


def mark_superseded(connection: Any, assessment: sa.Table, project: sa.Table) -> None:
    """Of several standing assessments of a project only the latest decided; its last day is that of the levels."""
    standing = connection.execute(
        assessment.select().where(assessment.c.state.in_(("signed", "disputed")))
        .order_by(assessment.c.signed_at.desc(), assessment.c.id.desc())
    ).mappings().all()  # fmt: skip
    latest: dict[int, Any] = {}
    for row in standing:
        newer = latest.setdefault(row["project_id"], row)
        if newer is not row:
            connection.execute(
                assessment.update().where(assessment.c.id == row["id"]).values(superseded_at=newer["signed_at"])
            )
    for project_id, row in latest.items():
        connection.execute(
            project.update().where(project.c.id == project_id, project.c.trl_assessed.is_not(None))
            .values(levels_expire_on=row["expires_on"])
        )  # fmt: skip
    connection.execute(
        project.update().where(project.c.trl_disputed)
        .values(trl_disputed_from=project.c.trl_assessed, mrl_disputed_from=project.c.mrl_assessed)
    )  # fmt: skip


def set_answer_days(connection: Any, dispute: sa.Table) -> None:
    """Every objection has its day now: 15 days after it was raised."""
    for row in connection.execute(dispute.select()).mappings().all():
        due = row["raised_at"].date() + timedelta(days=15)
        connection.execute(dispute.update().where(dispute.c.id == row["id"]).values(answer_due_on=due))


def write_history(connection: Any, tables: dict[str, sa.Table]) -> None:
    """What is known of the past: the claim as it stands, each signed result, and what lapsed."""
    project, assessment, change = tables["project"], tables["assessment"], tables["project_level_change"]
    rows: list[dict[str, Any]] = []

    def add(number: int, scale: str, status: str, level: int | None, cause: str, at: Any, reference: str = "") -> None:
        rows.append({
            "project_id": number, "scale": scale, "status": status, "level": level, "cause": cause,
            "recorded_at": at, "reference": reference,
        })  # fmt: skip

    assessed_now = {}
    for row in connection.execute(project.select()).mappings():
        assessed_now[row["id"]] = row["trl_assessed"]
        for scale in ("trl", "mrl"):
            if row[f"{scale}_claimed"] is not None:
                add(row["id"], scale, "claimed", row[f"{scale}_claimed"], "listing", row["created_at"])
    lapsed = {}
    for row in connection.execute(assessment.select().order_by(assessment.c.signed_at)).mappings():
        for scale in ("trl", "mrl"):
            if row["signed_at"] is not None and row[f"{scale}_result"] is not None:
                add(row["project_id"], scale, "assessed", row[f"{scale}_result"], "assessment", row["signed_at"],
                    row["public_id"])  # fmt: skip
        if row["state"] == "expired" and row["expires_on"] is not None and assessed_now[row["project_id"]] is None:
            lapsed[row["project_id"]] = row
    for row in lapsed.values():
        at = min(datetime.combine(row["expires_on"], time(16), UTC), datetime.now(UTC))
        for scale in ("trl", "mrl"):
            if row[f"{scale}_result"] is not None:
                add(row["project_id"], scale, "assessed", None, "lapse", at, row["public_id"])
    if rows:
        connection.execute(change.insert(), rows)


def downgrade() -> None:
    op.drop_table("maturation_step")
    op.drop_index(op.f("ix_project_level_change_project_id"), table_name="project_level_change")
    op.drop_table("project_level_change")
    for table, columns in NEW_COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
