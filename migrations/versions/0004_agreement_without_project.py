"""An agreement may belong to a fund instead of one project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_agreement_without_project"
down_revision = "0003_coinsurance"
branch_labels = None
depends_on = None

FILLED, EMPTY = "project_id INTEGER NOT NULL", "project_id INTEGER"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        rewrite(FILLED, EMPTY)
    else:
        op.alter_column("agreement", "project_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.exec_driver_sql("SELECT count(*) FROM agreement WHERE project_id IS NULL").scalar_one():
        raise RuntimeError("there are agreements without a project; they have no place in the schema before this one")
    if connection.dialect.name == "sqlite":
        rewrite(EMPTY, FILLED)
    else:
        op.alter_column("agreement", "project_id", existing_type=sa.Integer(), nullable=False)


def rewrite(before: str, after: str) -> None:
    # SQLite changes a column by making its table anew, which rows that point to it forbid; a NOT NULL may be taken from
    # the stored definition instead (sqlite.org/lang_altertable.html, section 7).
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'agreement'",
        (before, after),
    )
    assert changed.rowcount == 1
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
