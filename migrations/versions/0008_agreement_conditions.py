"""An agreement keeps by which documents conditions of the assessed level were met before it was signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_agreement_conditions"
down_revision = "0007_scores"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agreement", sa.Column("conditions", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("agreement", "conditions")
