"""Scores: consent per recipient, contests, the registry of models with its promotions and checks, outcomes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_scores"
down_revision = "0006_maturity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('risk_model',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.String(length=60), nullable=False),
    sa.Column('coefficients_digest', sa.String(length=64), nullable=False),
    sa.Column('coefficients', sa.JSON(), nullable=False),
    sa.Column('file_name', sa.String(length=120), nullable=False),
    sa.Column('file_sha256', sa.String(length=64), nullable=False),
    sa.Column('table_version', sa.String(length=60), nullable=False),
    sa.Column('support', sa.String(length=20), nullable=False),
    sa.Column('own_outcomes', sa.Integer(), nullable=False),
    sa.Column('own_events', sa.Integer(), nullable=False),
    sa.Column('libraries', sa.JSON(), nullable=False),
    sa.Column('metrics', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('registered_by', sa.String(length=40), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('champion_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("state IN ('candidate', 'champion', 'retired')", name=op.f('ck_risk_model_state_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_risk_model')),
    sa.UniqueConstraint('coefficients_digest', name=op.f('uq_risk_model_coefficients_digest')),
    sa.UniqueConstraint('public_id', name=op.f('uq_risk_model_public_id')),
    sa.UniqueConstraint('version', name=op.f('uq_risk_model_version'))
    )
    with op.batch_alter_table('risk_model', schema=None) as batch_op:
        batch_op.create_index('uq_risk_model_champion', ['state'], unique=True, sqlite_where=sa.text("state = 'champion'"), postgresql_where=sa.text("state = 'champion'"))

    op.create_table('risk_model_check',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('outcomes', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("state IN ('not_enough_data', 'holds', 'breaks')", name=op.f('ck_risk_model_check_state_known')),
    sa.ForeignKeyConstraint(['model_id'], ['risk_model.id'], name=op.f('fk_risk_model_check_model_id_risk_model')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_risk_model_check')),
    sa.UniqueConstraint('public_id', name=op.f('uq_risk_model_check_public_id'))
    )
    with op.batch_alter_table('risk_model_check', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_risk_model_check_model_id'), ['model_id'], unique=False)

    op.create_table('risk_model_promotion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('ground', sa.Text(), nullable=False),
    sa.Column('proposed_by', sa.String(length=40), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(length=40), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("decided_by = '' OR decided_by <> proposed_by", name=op.f('ck_risk_model_promotion_two_people')),
    sa.CheckConstraint("state IN ('open', 'confirmed', 'refused')", name=op.f('ck_risk_model_promotion_state_known')),
    sa.ForeignKeyConstraint(['model_id'], ['risk_model.id'], name=op.f('fk_risk_model_promotion_model_id_risk_model')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_risk_model_promotion')),
    sa.UniqueConstraint('public_id', name=op.f('uq_risk_model_promotion_public_id'))
    )
    with op.batch_alter_table('risk_model_promotion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_risk_model_promotion_model_id'), ['model_id'], unique=False)
        batch_op.create_index('uq_risk_model_promotion_open', ['model_id'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('score_consent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('organisation_kind', sa.String(length=24), nullable=True),
    sa.Column('basis', sa.String(length=16), nullable=False),
    sa.Column('granted_by', sa.String(length=40), nullable=False),
    sa.Column('granted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_by', sa.String(length=40), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("basis IN ('team', 'quote_request')", name=op.f('ck_score_consent_basis_known')),
    sa.CheckConstraint("organisation_kind IN ('angel', 'venture_fund', 'industrial_fund', 'guidance_fund', 'bank', 'insurer', 'guarantor', 'pool_operator', 'assessor', 'testing_body', 'auditor')", name=op.f('ck_score_consent_organisation_kind_known')),
    sa.CheckConstraint('(organisation_id IS NULL) <> (organisation_kind IS NULL)', name=op.f('ck_score_consent_one_recipient')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_score_consent_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_score_consent_project_id_project')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score_consent')),
    sa.UniqueConstraint('public_id', name=op.f('uq_score_consent_public_id'))
    )
    with op.batch_alter_table('score_consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_score_consent_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_score_consent_project_id'), ['project_id'], unique=False)
        batch_op.create_index('uq_score_consent_kind', ['project_id', 'organisation_kind'], unique=True, sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))
        batch_op.create_index('uq_score_consent_organisation', ['project_id', 'organisation_id'], unique=True, sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))

    op.create_table('pilot_outcome',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('completed', sa.Boolean(), nullable=False),
    sa.Column('target_reached', sa.Boolean(), nullable=False),
    sa.Column('trl_reached', sa.Integer(), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=False),
    sa.Column('planned_months', sa.String(length=8), nullable=True),
    sa.Column('cost_minor', sa.BigInteger(), nullable=False),
    sa.Column('planned_cost_minor', sa.BigInteger(), nullable=False),
    sa.Column('loss_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('grounds', sa.Text(), nullable=False),
    sa.Column('score_id', sa.Integer(), nullable=True),
    sa.Column('recorded_by', sa.String(length=40), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("currency IN ('CNY', 'USD', 'EUR', 'HKD', 'JPY')", name=op.f('ck_pilot_outcome_currency_known')),
    sa.CheckConstraint('cost_minor BETWEEN 0 AND 9000000000000000', name=op.f('ck_pilot_outcome_cost_minor_bound')),
    sa.CheckConstraint('loss_minor <= cost_minor', name=op.f('ck_pilot_outcome_loss_within_cost')),
    sa.CheckConstraint('loss_minor BETWEEN 0 AND 9000000000000000', name=op.f('ck_pilot_outcome_loss_minor_bound')),
    sa.CheckConstraint('planned_cost_minor BETWEEN 0 AND 9000000000000000', name=op.f('ck_pilot_outcome_planned_cost_minor_bound')),
    sa.CheckConstraint('started_on <= ended_on', name=op.f('ck_pilot_outcome_dates_in_order')),
    sa.CheckConstraint('trl_reached BETWEEN 0 AND 9', name=op.f('ck_pilot_outcome_level_range')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_pilot_outcome_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_pilot_outcome_project_id_project')),
    sa.ForeignKeyConstraint(['score_id'], ['stored_score.id'], name=op.f('fk_pilot_outcome_score_id_stored_score')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pilot_outcome')),
    sa.UniqueConstraint('public_id', name=op.f('uq_pilot_outcome_public_id'))
    )
    with op.batch_alter_table('pilot_outcome', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_pilot_outcome_project_id'), ['project_id'], unique=False)
        batch_op.create_index('uq_pilot_outcome_standing', ['project_id'], unique=True, sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))

    op.create_table('score_contest',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('score_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('ground', sa.Text(), nullable=False),
    sa.Column('raised_by', sa.String(length=40), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('answered_by', sa.String(length=40), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name=op.f('ck_score_contest_answered_once')),
    sa.CheckConstraint("state IN ('open', 'upheld', 'dismissed')", name=op.f('ck_score_contest_state_known')),
    sa.ForeignKeyConstraint(['score_id'], ['stored_score.id'], name=op.f('fk_score_contest_score_id_stored_score')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score_contest')),
    sa.UniqueConstraint('public_id', name=op.f('uq_score_contest_public_id'))
    )
    with op.batch_alter_table('score_contest', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_score_contest_score_id'), ['score_id'], unique=False)
        batch_op.create_index('uq_score_contest_open', ['score_id'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))



def downgrade() -> None:
    with op.batch_alter_table('score_contest', schema=None) as batch_op:
        batch_op.drop_index('uq_score_contest_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.drop_index(batch_op.f('ix_score_contest_score_id'))

    op.drop_table('score_contest')
    with op.batch_alter_table('pilot_outcome', schema=None) as batch_op:
        batch_op.drop_index('uq_pilot_outcome_standing', sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_pilot_outcome_project_id'))

    op.drop_table('pilot_outcome')
    with op.batch_alter_table('score_consent', schema=None) as batch_op:
        batch_op.drop_index('uq_score_consent_organisation', sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))
        batch_op.drop_index('uq_score_consent_kind', sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_score_consent_project_id'))
        batch_op.drop_index(batch_op.f('ix_score_consent_organisation_id'))

    op.drop_table('score_consent')
    with op.batch_alter_table('risk_model_promotion', schema=None) as batch_op:
        batch_op.drop_index('uq_risk_model_promotion_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.drop_index(batch_op.f('ix_risk_model_promotion_model_id'))

    op.drop_table('risk_model_promotion')
    with op.batch_alter_table('risk_model_check', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_risk_model_check_model_id'))

    op.drop_table('risk_model_check')
    with op.batch_alter_table('risk_model', schema=None) as batch_op:
        batch_op.drop_index('uq_risk_model_champion', sqlite_where=sa.text("state = 'champion'"), postgresql_where=sa.text("state = 'champion'"))

    op.drop_table('risk_model')
