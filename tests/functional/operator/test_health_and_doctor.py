"""What the machine that watches and the operator's shell are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketplace import clock
from marketplace.app import create_app
from marketplace.audit.services import record_act
from marketplace.config import Settings
from marketplace.jobs.models import Job


def test_a_living_process_with_its_database_is_ready(browser: Any) -> None:
    assert browser.get("/healthz").get_data(as_text=True) == "ok\n"
    assert browser.get("/readyz").get_data(as_text=True) == "ready\n"


def test_a_process_without_its_schema_lives_and_is_not_ready(settings: Settings, empty_database_url: str) -> None:
    app = create_app(replace(settings, database_url=empty_database_url))
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    app.database.engine.dispose()


def test_metrics_are_off_until_switched_on(settings: Settings, browser: Any) -> None:
    assert browser.get("/metrics").status_code == 404
    app = create_app(replace(settings, metrics_enabled=True))
    text = app.test_client().get("/metrics").get_data(as_text=True)
    assert "pilotage_jobs_waiting 0\n" in text
    app.database.engine.dispose()


@pytest.fixture
def present(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor compares with the database's own clock, so its tests run on the real day, not on the factories'."""
    monkeypatch.undo()


def test_the_doctor_names_what_is_switched_off_and_finds_the_ledger_sound(app: Any, present: None) -> None:
    printed = app.test_cli_runner().invoke(args=["doctor"])
    assert printed.exit_code == 0, printed.output
    for text in ("MAIL_SERVER", "STRIPE_SECRET_KEY", "ledger of 0 entries is sound", "Asia/Shanghai"):
        assert text in printed.output
    assert app.settings.secret_key not in printed.output


def test_the_doctor_finds_a_clock_that_disagrees(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    early = datetime.now(UTC) - timedelta(hours=1)
    with app.database.transaction() as session:
        record_act(session, actor=None, action="test.act", subject_kind="test", subject_id="1", now=datetime.now(UTC))
    monkeypatch.setattr(clock, "now", lambda: early)
    printed = app.test_cli_runner().invoke(args=["doctor"])
    assert "the last act is dated" in printed.output
    if app.database.engine.dialect.name == "postgresql":
        assert printed.exit_code == 1
        assert "the database's clock is 3600" in printed.output


def test_the_doctor_reports_jobs_that_nobody_runs(app: Any, present: None) -> None:
    long_ago = clock.now() - timedelta(hours=1)
    with app.database.transaction() as session:
        session.add(Job(name="mail.send", run_after=long_ago, created_at=long_ago))
    printed = app.test_cli_runner().invoke(args=["doctor"])
    assert printed.exit_code == 1
    assert "1 jobs are overdue: start flask worker" in printed.output


def test_the_doctor_says_when_the_schema_is_missing(settings: Settings, empty_database_url: str) -> None:
    app = create_app(replace(settings, database_url=empty_database_url))
    printed = app.test_cli_runner().invoke(args=["doctor"])
    assert printed.exit_code == 1
    assert "run flask db upgrade" in printed.output
    assert "Traceback" not in printed.output
    app.database.engine.dispose()
