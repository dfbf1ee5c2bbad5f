"""Co-insurance: panels and their lines; a part of an indemnity names the insurer that pays it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_coinsurance"
down_revision = "0002_triggers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('coinsurance_panel',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('quote_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('lead_fee', sa.String(length=16), nullable=False),
    sa.Column('proposed_by', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("state IN ('standing', 'superseded')", name=op.f('ck_coinsurance_panel_state_known')),
    sa.ForeignKeyConstraint(['quote_id'], ['quote.id'], name=op.f('fk_coinsurance_panel_quote_id_quote')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coinsurance_panel')),
    sa.UniqueConstraint('public_id', name=op.f('uq_coinsurance_panel_public_id')),
    sa.UniqueConstraint('quote_id', 'number', name=op.f('uq_coinsurance_panel_quote_id_number'))
    )
    with op.batch_alter_table('coinsurance_panel', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_coinsurance_panel_quote_id'), ['quote_id'], unique=False)
        batch_op.create_index('uq_coinsurance_panel_standing', ['quote_id'], unique=True, sqlite_where=sa.text("state = 'standing'"), postgresql_where=sa.text("state = 'standing'"))

    op.create_table('coinsurance_line',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('panel_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('is_lead', sa.Boolean(), nullable=False),
    sa.Column('share_bps', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('decided_by', sa.String(length=40), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('premium_payment_id', sa.Integer(), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("state IN ('asked', 'accepted', 'declined')", name=op.f('ck_coinsurance_line_state_known')),
    sa.CheckConstraint('share_bps BETWEEN 1 AND 9999', name=op.f('ck_coinsurance_line_share_bps_part')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_coinsurance_line_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['panel_id'], ['coinsurance_panel.id'], name=op.f('fk_coinsurance_line_panel_id_coinsurance_panel')),
    sa.ForeignKeyConstraint(['premium_payment_id'], ['payment_intent.id'], name=op.f('fk_coinsurance_line_premium_payment_id_payment_intent')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coinsurance_line')),
    sa.UniqueConstraint('panel_id', 'organisation_id', name=op.f('uq_coinsurance_line_panel_id_organisation_id')),
    sa.UniqueConstraint('premium_payment_id', name=op.f('uq_coinsurance_line_premium_payment_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_coinsurance_line_public_id'))
    )
    with op.batch_alter_table('coinsurance_line', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_coinsurance_line_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_coinsurance_line_panel_id'), ['panel_id'], unique=False)
        batch_op.create_index('uq_coinsurance_line_lead', ['panel_id'], unique=True, sqlite_where=sa.text('is_lead'), postgresql_where=sa.text('is_lead'))

    # Until now one insurer paid the whole of a claim: the insurer of its policy.
    with op.batch_alter_table('claim_payment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('insurer_organisation_id', sa.Integer(), nullable=True))
    op.execute(
        "UPDATE claim_payment SET insurer_organisation_id = (SELECT insurance_policy.insurer_organisation_id "
        "FROM insurance_claim JOIN insurance_policy ON insurance_policy.id = insurance_claim.policy_id "
        "WHERE insurance_claim.id = claim_payment.claim_id)"
    )
    with op.batch_alter_table('claim_payment', schema=None) as batch_op:
        batch_op.alter_column('insurer_organisation_id', existing_type=sa.Integer(), nullable=False)
        batch_op.drop_constraint(batch_op.f('uq_claim_payment_claim_id_organisation_id'), type_='unique')
        batch_op.create_unique_constraint('uq_claim_payment_parties', ['claim_id', 'organisation_id', 'insurer_organisation_id'])
        batch_op.create_foreign_key(batch_op.f('fk_claim_payment_insurer_organisation_id_organisation'), 'organisation', ['insurer_organisation_id'], ['id'])
        batch_op.create_index(batch_op.f('ix_claim_payment_insurer_organisation_id'), ['insurer_organisation_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('claim_payment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_claim_payment_insurer_organisation_id'))
        batch_op.drop_constraint(batch_op.f('fk_claim_payment_insurer_organisation_id_organisation'), type_='foreignkey')
        batch_op.drop_constraint('uq_claim_payment_parties', type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_claim_payment_claim_id_organisation_id'), ['claim_id', 'organisation_id'])
        batch_op.drop_column('insurer_organisation_id')

    with op.batch_alter_table('coinsurance_line', schema=None) as batch_op:
        batch_op.drop_index('uq_coinsurance_line_lead', sqlite_where=sa.text('is_lead'), postgresql_where=sa.text('is_lead'))
        batch_op.drop_index(batch_op.f('ix_coinsurance_line_panel_id'))
        batch_op.drop_index(batch_op.f('ix_coinsurance_line_organisation_id'))

    op.drop_table('coinsurance_line')
    with op.batch_alter_table('coinsurance_panel', schema=None) as batch_op:
        batch_op.drop_index('uq_coinsurance_panel_standing', sqlite_where=sa.text("state = 'standing'"), postgresql_where=sa.text("state = 'standing'"))
        batch_op.drop_index(batch_op.f('ix_coinsurance_panel_quote_id'))

    op.drop_table('coinsurance_panel')
