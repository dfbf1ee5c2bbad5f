"""Daily checkpoints over the heads of all agreements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_checkpoints"
down_revision = "0009_amendments"
branch_labels = None
depends_on = None

TABLES = ("agreement_checkpoint", "agreement_checkpoint_leaf")


def upgrade() -> None:
    op.create_table('agreement_checkpoint',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('made_at', sa.String(length=40), nullable=False),
    sa.Column('agreements', sa.Integer(), nullable=False),
    sa.Column('root', sa.String(length=64), nullable=False),
    sa.Column('previous_hash', sa.String(length=64), nullable=True),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_checkpoint')),
    sa.UniqueConstraint('day', name=op.f('uq_agreement_checkpoint_day')),
    sa.UniqueConstraint('public_id', name=op.f('uq_agreement_checkpoint_public_id'))
    )
    op.create_table('agreement_checkpoint_leaf',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('checkpoint_id', sa.Integer(), nullable=False),
    sa.Column('agreement_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('version_number', sa.Integer(), nullable=False),
    sa.Column('terms_hash', sa.String(length=64), nullable=False),
    sa.Column('event_count', sa.Integer(), nullable=False),
    sa.Column('head_hash', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_agreement_checkpoint_leaf_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['checkpoint_id'], ['agreement_checkpoint.id'], name=op.f('fk_agreement_checkpoint_leaf_checkpoint_id_agreement_checkpoint')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_checkpoint_leaf')),
    sa.UniqueConstraint('agreement_id', 'checkpoint_id', name=op.f('uq_agreement_checkpoint_leaf_agreement_id_checkpoint_id')),
    sa.UniqueConstraint('checkpoint_id', 'place', name=op.f('uq_agreement_checkpoint_leaf_checkpoint_id_place'))
    )
    for table in TABLES:
        for statement in _append_only(table, op.get_bind().dialect.name):
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
        if op.get_bind().dialect.name != "sqlite":
            op.get_bind().exec_driver_sql(f"DROP FUNCTION {table}_append_only()")


def _append_only(table: str, dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()",
    ]
