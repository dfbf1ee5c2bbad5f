"""Triggers: the ledger balances, and what was written once stays."""

from __future__ import annotations

from alembic import op

revision = "0002_triggers"
down_revision = "0001_foundation"
branch_labels = None
depends_on = None

APPEND_ONLY = ['agreement_event', 'agreement_signature', 'agreement_version', 'audit_line', 'ledger_entry', 'ledger_posting', 'linkage_report', 'round_report']

SQLITE = (
    """CREATE TRIGGER agreement_event_no_update BEFORE UPDATE ON agreement_event BEGIN SELECT RAISE(ABORT, 'agreement_event is append-only'); END""",
    """CREATE TRIGGER agreement_event_no_delete BEFORE DELETE ON agreement_event BEGIN SELECT RAISE(ABORT, 'agreement_event is append-only'); END""",
    """CREATE TRIGGER agreement_signature_no_update BEFORE UPDATE ON agreement_signature BEGIN SELECT RAISE(ABORT, 'agreement_signature is append-only'); END""",
    """CREATE TRIGGER agreement_signature_no_delete BEFORE DELETE ON agreement_signature BEGIN SELECT RAISE(ABORT, 'agreement_signature is append-only'); END""",
    """CREATE TRIGGER agreement_version_no_update BEFORE UPDATE ON agreement_version BEGIN SELECT RAISE(ABORT, 'agreement_version is append-only'); END""",
    """CREATE TRIGGER agreement_version_no_delete BEFORE DELETE ON agreement_version BEGIN SELECT RAISE(ABORT, 'agreement_version is append-only'); END""",
    """CREATE TRIGGER audit_line_no_update BEFORE UPDATE ON audit_line BEGIN SELECT RAISE(ABORT, 'audit_line is append-only'); END""",
    """CREATE TRIGGER audit_line_no_delete BEFORE DELETE ON audit_line BEGIN SELECT RAISE(ABORT, 'audit_line is append-only'); END""",
    """CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END""",
    """CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END""",
    """CREATE TRIGGER ledger_posting_no_update BEFORE UPDATE ON ledger_posting BEGIN SELECT RAISE(ABORT, 'ledger_posting is append-only'); END""",
    """CREATE TRIGGER ledger_posting_no_delete BEFORE DELETE ON ledger_posting BEGIN SELECT RAISE(ABORT, 'ledger_posting is append-only'); END""",
    """CREATE TRIGGER linkage_report_no_update BEFORE UPDATE ON linkage_report BEGIN SELECT RAISE(ABORT, 'linkage_report is append-only'); END""",
    """CREATE TRIGGER linkage_report_no_delete BEFORE DELETE ON linkage_report BEGIN SELECT RAISE(ABORT, 'linkage_report is append-only'); END""",
    """CREATE TRIGGER round_report_no_update BEFORE UPDATE ON round_report BEGIN SELECT RAISE(ABORT, 'round_report is append-only'); END""",
    """CREATE TRIGGER round_report_no_delete BEFORE DELETE ON round_report BEGIN SELECT RAISE(ABORT, 'round_report is append-only'); END""",
    """CREATE TRIGGER ledger_entry_balanced BEFORE INSERT ON ledger_entry BEGIN
    SELECT RAISE(ABORT, 'ledger: entry has no postings')
      WHERE NOT EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id);
    SELECT RAISE(ABORT, 'ledger: entry is not balanced')
      WHERE EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id
                    GROUP BY currency, pair HAVING sum(amount_minor) <> 0);
    END""",
    """CREATE TRIGGER ledger_posting_sealed BEFORE INSERT ON ledger_posting BEGIN
    SELECT RAISE(ABORT, 'ledger: entry is sealed')
      WHERE EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.entry_id);
    END""",
)

POSTGRESQL = (
    """CREATE FUNCTION agreement_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'agreement_event is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER agreement_event_append_only BEFORE UPDATE OR DELETE ON agreement_event FOR EACH ROW EXECUTE FUNCTION agreement_event_append_only()""",
    """CREATE TRIGGER agreement_event_no_truncate BEFORE TRUNCATE ON agreement_event FOR EACH STATEMENT EXECUTE FUNCTION agreement_event_append_only()""",
    """CREATE FUNCTION agreement_signature_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'agreement_signature is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER agreement_signature_append_only BEFORE UPDATE OR DELETE ON agreement_signature FOR EACH ROW EXECUTE FUNCTION agreement_signature_append_only()""",
    """CREATE TRIGGER agreement_signature_no_truncate BEFORE TRUNCATE ON agreement_signature FOR EACH STATEMENT EXECUTE FUNCTION agreement_signature_append_only()""",
    """CREATE FUNCTION agreement_version_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'agreement_version is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER agreement_version_append_only BEFORE UPDATE OR DELETE ON agreement_version FOR EACH ROW EXECUTE FUNCTION agreement_version_append_only()""",
    """CREATE TRIGGER agreement_version_no_truncate BEFORE TRUNCATE ON agreement_version FOR EACH STATEMENT EXECUTE FUNCTION agreement_version_append_only()""",
    """CREATE FUNCTION audit_line_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit_line is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER audit_line_append_only BEFORE UPDATE OR DELETE ON audit_line FOR EACH ROW EXECUTE FUNCTION audit_line_append_only()""",
    """CREATE TRIGGER audit_line_no_truncate BEFORE TRUNCATE ON audit_line FOR EACH STATEMENT EXECUTE FUNCTION audit_line_append_only()""",
    """CREATE FUNCTION ledger_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ledger_entry is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_entry_append_only()""",
    """CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_append_only()""",
    """CREATE FUNCTION ledger_posting_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ledger_posting is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER ledger_posting_append_only BEFORE UPDATE OR DELETE ON ledger_posting FOR EACH ROW EXECUTE FUNCTION ledger_posting_append_only()""",
    """CREATE TRIGGER ledger_posting_no_truncate BEFORE TRUNCATE ON ledger_posting FOR EACH STATEMENT EXECUTE FUNCTION ledger_posting_append_only()""",
    """CREATE FUNCTION linkage_report_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'linkage_report is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER linkage_report_append_only BEFORE UPDATE OR DELETE ON linkage_report FOR EACH ROW EXECUTE FUNCTION linkage_report_append_only()""",
    """CREATE TRIGGER linkage_report_no_truncate BEFORE TRUNCATE ON linkage_report FOR EACH STATEMENT EXECUTE FUNCTION linkage_report_append_only()""",
    """CREATE FUNCTION round_report_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'round_report is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER round_report_append_only BEFORE UPDATE OR DELETE ON round_report FOR EACH ROW EXECUTE FUNCTION round_report_append_only()""",
    """CREATE TRIGGER round_report_no_truncate BEFORE TRUNCATE ON round_report FOR EACH STATEMENT EXECUTE FUNCTION round_report_append_only()""",
    """CREATE FUNCTION ledger_entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'ledger: entry has no postings' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      IF EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id
                 GROUP BY currency, pair HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'ledger: entry is not balanced' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE TRIGGER ledger_entry_balanced BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_entry_balanced()""",
    """CREATE FUNCTION ledger_posting_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.entry_id) THEN
        RAISE EXCEPTION 'ledger: entry is sealed' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE TRIGGER ledger_posting_sealed BEFORE INSERT ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION ledger_posting_sealed()""",
)


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        names = [f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete")]
        for name in [*names, "ledger_entry_balanced", "ledger_posting_sealed"]:
            op.get_bind().exec_driver_sql(f"DROP TRIGGER {name}")
        return
    for name in [*(f"{table}_append_only" for table in APPEND_ONLY), "ledger_entry_balanced", "ledger_posting_sealed"]:
        op.get_bind().exec_driver_sql(f"DROP FUNCTION {name}() CASCADE")
