"""Amendments of agreements in force: what each version amends, the talks about it, the comparison in money."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_amendments"
down_revision = "0008_agreement_conditions"
branch_labels = None
depends_on = None

OPEN = "state IN ('negotiating', 'signing', 'signed')"
STATES = "state IN ('negotiating', 'signing', 'signed', 'in_force', 'withdrawn', 'lapsed')"
COMMENT = "agreement_amendment_comment"
POSTGRESQL = (
    f"""CREATE FUNCTION {COMMENT}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{COMMENT} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    f"""CREATE TRIGGER {COMMENT}_append_only BEFORE UPDATE OR DELETE ON {COMMENT} FOR EACH ROW EXECUTE FUNCTION {COMMENT}_append_only()""",
    f"""CREATE TRIGGER {COMMENT}_no_truncate BEFORE TRUNCATE ON {COMMENT} FOR EACH STATEMENT EXECUTE FUNCTION {COMMENT}_append_only()""",
)
SQLITE = (
    f"""CREATE TRIGGER {COMMENT}_no_update BEFORE UPDATE ON {COMMENT} BEGIN SELECT RAISE(ABORT, '{COMMENT} is append-only'); END""",
    f"""CREATE TRIGGER {COMMENT}_no_delete BEFORE DELETE ON {COMMENT} BEGIN SELECT RAISE(ABORT, '{COMMENT} is append-only'); END""",
)


def upgrade() -> None:
    op.add_column("agreement_version", sa.Column("base_number", sa.Integer(), nullable=True))
    op.add_column("agreement_simulation", sa.Column("base_number", sa.Integer(), nullable=True))
    op.create_table(
        "agreement_amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("base_number", sa.Integer(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("proposed_by_user", sa.String(length=40), nullable=False),
        sa.Column("proposed_by_party_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=400), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_agreement_amendment_state_known")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_amendment_agreement_id_agreement")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_party_id"], ["agreement_party.id"],
            name=op.f("fk_agreement_amendment_proposed_by_party_id_agreement_party"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_amendment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_agreement_amendment_public_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_agreement_amendment_agreement_id"), "agreement_amendment", ["agreement_id"])
    op.create_index(
        "uq_agreement_amendment_open", "agreement_amendment", ["agreement_id"], unique=True,
        sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN),
    )  # fmt: skip
    op.create_table(
        COMMENT,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("amendment_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("clause", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("user_public_id", sa.String(length=40), nullable=False),
        sa.Column("user_name", sa.String(length=160), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["amendment_id"], ["agreement_amendment.id"],
            name=op.f("fk_agreement_amendment_comment_amendment_id_agreement_amendment"),
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["agreement_party.id"], name=op.f("fk_agreement_amendment_comment_party_id_agreement_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_amendment_comment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_agreement_amendment_comment_public_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_agreement_amendment_comment_amendment_id"), COMMENT, ["amendment_id"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.exec_driver_sql("SELECT count(*) FROM agreement_amendment").scalar_one():
        raise RuntimeError("there are amendments of agreements; they have no place in the schema before this one")
    op.drop_table(COMMENT)
    if connection.dialect.name != "sqlite":
        op.execute(f"DROP FUNCTION {COMMENT}_append_only()")
    op.drop_table("agreement_amendment")
    op.drop_column("agreement_simulation", "base_number")
    op.drop_column("agreement_version", "base_number")
