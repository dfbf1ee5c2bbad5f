"""The register of a risk-compensation pool that several agreements share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_compensation_pool"
down_revision = "0004_agreement_without_project"
branch_labels = None
depends_on = None

SQLITE = (
    """CREATE TRIGGER compensation_pool_movement_no_update BEFORE UPDATE ON compensation_pool_movement BEGIN SELECT RAISE(ABORT, 'compensation_pool_movement is append-only'); END""",
    """CREATE TRIGGER compensation_pool_movement_no_delete BEFORE DELETE ON compensation_pool_movement BEGIN SELECT RAISE(ABORT, 'compensation_pool_movement is append-only'); END""",
)
POSTGRESQL = (
    """CREATE FUNCTION compensation_pool_movement_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'compensation_pool_movement is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER compensation_pool_movement_append_only BEFORE UPDATE OR DELETE ON compensation_pool_movement FOR EACH ROW EXECUTE FUNCTION compensation_pool_movement_append_only()""",
    """CREATE TRIGGER compensation_pool_movement_no_truncate BEFORE TRUNCATE ON compensation_pool_movement FOR EACH STATEMENT EXECUTE FUNCTION compensation_pool_movement_append_only()""",
)


def upgrade() -> None:
    op.create_table('compensation_pool',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('name_zh', sa.String(length=120), nullable=False),
    sa.Column('name_en', sa.String(length=120), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('year_limit_minor', sa.BigInteger(), nullable=False),
    sa.Column('filing_days', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("currency IN ('CNY', 'USD', 'EUR', 'HKD', 'JPY')", name=op.f('ck_compensation_pool_currency_known')),
    sa.CheckConstraint('year_limit_minor BETWEEN 1 AND 9000000000000000', name=op.f('ck_compensation_pool_year_limit_minor_bound')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_compensation_pool_organisation_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_compensation_pool')),
    sa.UniqueConstraint('code', name=op.f('uq_compensation_pool_code')),
    sa.UniqueConstraint('public_id', name=op.f('uq_compensation_pool_public_id'))
    )
    with op.batch_alter_table('compensation_pool', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_compensation_pool_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('compensation_pool_bank',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('pool_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('year_limit_minor', sa.BigInteger(), nullable=False),
    sa.Column('joined_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('year_limit_minor BETWEEN 1 AND 9000000000000000', name=op.f('ck_compensation_pool_bank_year_limit_minor_bound')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_compensation_pool_bank_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['pool_id'], ['compensation_pool.id'], name=op.f('fk_compensation_pool_bank_pool_id_compensation_pool')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_compensation_pool_bank')),
    sa.UniqueConstraint('pool_id', 'organisation_id', name=op.f('uq_compensation_pool_bank_pool_id_organisation_id'))
    )
    with op.batch_alter_table('compensation_pool_bank', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_compensation_pool_bank_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_compensation_pool_bank_pool_id'), ['pool_id'], unique=False)

    op.create_table('compensation_pool_filing',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('pool_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('agreement', sa.String(length=40), nullable=False),
    sa.Column('bank_organisation_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('filed_on', sa.Date(), nullable=False),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('filed_by', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.String(length=400), nullable=False),
    sa.Column('decided_by', sa.String(length=40), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'compensated', 'refused', 'withdrawn')", name=op.f('ck_compensation_pool_filing_state_known')),
    sa.ForeignKeyConstraint(['bank_organisation_id'], ['organisation.id'], name=op.f('fk_compensation_pool_filing_bank_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['pool_id'], ['compensation_pool.id'], name=op.f('fk_compensation_pool_filing_pool_id_compensation_pool')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_compensation_pool_filing')),
    sa.UniqueConstraint('pool_id', 'number', name=op.f('uq_compensation_pool_filing_pool_id_number')),
    sa.UniqueConstraint('public_id', name=op.f('uq_compensation_pool_filing_public_id'))
    )
    with op.batch_alter_table('compensation_pool_filing', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_compensation_pool_filing_agreement'), ['agreement'], unique=False)
        batch_op.create_index(batch_op.f('ix_compensation_pool_filing_bank_organisation_id'), ['bank_organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_compensation_pool_filing_pool_id'), ['pool_id'], unique=False)
        batch_op.create_index('uq_compensation_pool_filing_agreement', ['agreement'], unique=True, sqlite_where=sa.text("state IN ('waiting', 'compensated')"), postgresql_where=sa.text("state IN ('waiting', 'compensated')"))

    op.create_table('compensation_pool_movement',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('pool_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('bank_organisation_id', sa.Integer(), nullable=True),
    sa.Column('filing_id', sa.Integer(), nullable=True),
    sa.Column('agreement', sa.String(length=40), nullable=False),
    sa.Column('reference', sa.String(length=160), nullable=False),
    sa.Column('balance_minor', sa.BigInteger(), nullable=False),
    sa.Column('used_minor', sa.BigInteger(), nullable=False),
    sa.Column('moved_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.String(length=40), nullable=False),
    sa.Column('document', sa.String(length=200), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("kind IN ('contribution', 'opening_use', 'compensation', 'reversal', 'return')", name=op.f('ck_compensation_pool_movement_kind_known')),
    sa.CheckConstraint('balance_minor BETWEEN -9000000000000000 AND 9000000000000000', name=op.f('ck_compensation_pool_movement_balance_minor_bound')),
    sa.CheckConstraint('used_minor BETWEEN -9000000000000000 AND 9000000000000000', name=op.f('ck_compensation_pool_movement_used_minor_bound')),
    sa.ForeignKeyConstraint(['bank_organisation_id'], ['organisation.id'], name=op.f('fk_compensation_pool_movement_bank_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['filing_id'], ['compensation_pool_filing.id'], name=op.f('fk_compensation_pool_movement_filing_id_compensation_pool_filing')),
    sa.ForeignKeyConstraint(['pool_id'], ['compensation_pool.id'], name=op.f('fk_compensation_pool_movement_pool_id_compensation_pool')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_compensation_pool_movement')),
    sa.UniqueConstraint('pool_id', 'reference', name=op.f('uq_compensation_pool_movement_pool_id_reference')),
    sa.UniqueConstraint('public_id', name=op.f('uq_compensation_pool_movement_public_id'))
    )
    with op.batch_alter_table('compensation_pool_movement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_compensation_pool_movement_pool_id'), ['pool_id'], unique=False)

    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table('compensation_pool_movement', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_compensation_pool_movement_pool_id'))

    op.drop_table('compensation_pool_movement')
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION compensation_pool_movement_append_only()")
    with op.batch_alter_table('compensation_pool_filing', schema=None) as batch_op:
        batch_op.drop_index('uq_compensation_pool_filing_agreement', sqlite_where=sa.text("state IN ('waiting', 'compensated')"), postgresql_where=sa.text("state IN ('waiting', 'compensated')"))
        batch_op.drop_index(batch_op.f('ix_compensation_pool_filing_pool_id'))
        batch_op.drop_index(batch_op.f('ix_compensation_pool_filing_bank_organisation_id'))
        batch_op.drop_index(batch_op.f('ix_compensation_pool_filing_agreement'))

    op.drop_table('compensation_pool_filing')
    with op.batch_alter_table('compensation_pool_bank', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_compensation_pool_bank_pool_id'))
        batch_op.drop_index(batch_op.f('ix_compensation_pool_bank_organisation_id'))

    op.drop_table('compensation_pool_bank')
    with op.batch_alter_table('compensation_pool', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_compensation_pool_organisation_id'))

    op.drop_table('compensation_pool')
