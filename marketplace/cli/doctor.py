"""`flask doctor`: settings, database, schema, disk, worker, clock; and what is switched off."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import sqlalchemy as sa
import sqlalchemy.exc
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask.cli import with_appcontext

from marketplace import clock
from marketplace.audit.queries import find_last_line
from marketplace.config import PROJECT_ROOT
from marketplace.db import READ
from marketplace.jobs.health import read_job_health
from marketplace.ledger.services import check_ledger

if TYPE_CHECKING:
    from marketplace.app import Marketplace

OK, OFF, WARNING, PROBLEM = "ok", "off", "warning", "problem"
Finding = tuple[str, str]
LEAST_FREE_BYTES = 500 * 1024 * 1024
CLOCK_TOLERANCE = timedelta(seconds=5)


def check_settings(app: Marketplace) -> Iterator[Finding]:
    """Which installation this is, and what is switched off for want of a setting."""
    settings = app.settings
    yield OK, f"environment {settings.environment}, instance {settings.instance_path}, address {settings.base_url}"
    if settings.demo_mode:
        yield WARNING, "the demonstration market is on: its passwords are public (PILOTAGE_DEMO)"
    if settings.production and not settings.base_url.startswith("https:"):
        yield PROBLEM, "production without https: cookies would travel in the clear (BASE_URL)"
    yield from _switch("mail", bool(settings.mail_server), "MAIL_SERVER", "mails are files under instance/mail")
    yield from _switch(
        "Stripe", bool(settings.stripe_secret_key), "STRIPE_SECRET_KEY", "only bank transfers are offered"
    )
    yield from _switch("metrics", settings.metrics_enabled, "METRICS_ENABLED", "/metrics answers 404")
    yield from _switch("rate limits", settings.rate_limits_enabled, "RATE_LIMITS_ENABLED", "nothing is throttled")
    yield from _switch(
        "second factor for all", settings.second_factor_required, "SECOND_FACTOR_REQUIRED", "each member may choose"
    )


def _switch(name: str, is_on: bool, variable: str, otherwise: str) -> Iterator[Finding]:
    yield (OK, f"{name} is on") if is_on else (OFF, f"{name} is switched off: {otherwise} ({variable})")


def check_database(app: Marketplace) -> Iterator[Finding]:
    """Whether the database answers, and by which engine."""
    engine = app.database.engine
    with engine.connect() as connection:
        query = "SELECT sqlite_version()" if engine.dialect.name == "sqlite" else "SHOW server_version"
        version = connection.exec_driver_sql(query).scalar_one()
        yield OK, f"{engine.dialect.name} {version} at {engine.url.render_as_string(hide_password=True)}"
        if engine.dialect.name == "sqlite":
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
            yield (OK, "write-ahead log is on") if mode == "wal" else (PROBLEM, f"journal mode is {mode}, not wal")


def check_schema(app: Marketplace) -> Iterator[Finding]:
    """Whether the schema is the one of this code, and the ledger adds to zero."""
    script = ScriptDirectory(str(PROJECT_ROOT / "migrations"))
    with app.database.engine.connect() as connection:
        present = set(sa.inspect(connection).get_table_names())
        found = MigrationContext.configure(connection).get_current_heads()
    missing = sorted(set(app.database.metadata.tables) - present)
    if missing:
        yield PROBLEM, f"{len(missing)} tables are missing ({missing[0]} …): run flask db upgrade"
        return
    heads = set(script.get_heads())
    if not found:
        yield WARNING, "the tables are there, but no migration is recorded"
    elif set(found) != heads:
        yield PROBLEM, f"the database is at {', '.join(found)}, the code at {', '.join(sorted(heads))}"
    else:
        yield OK, f"schema at {', '.join(found)}"
    with app.database.transaction(READ) as session:
        result = check_ledger(session)
    yield (
        (OK if result.sound else PROBLEM),
        f"ledger of {result.entries} entries is {'' if result.sound else 'not '}sound",
    )


def check_disk(app: Marketplace) -> Iterator[Finding]:
    """Whether the instance folder can be written and has room."""
    folder = app.settings.instance_path
    probe = folder / ".doctor"
    try:
        probe.write_text("probe")
        probe.unlink()
    except OSError as error:
        yield PROBLEM, f"{folder} cannot be written: {error.strerror}"
        return
    free = shutil.disk_usage(folder).free
    state = OK if free >= LEAST_FREE_BYTES else PROBLEM
    yield state, f"{folder} can be written, {free // 1024**2} MiB free"


def check_worker(app: Marketplace) -> Iterator[Finding]:
    """Whether jobs are run: an overdue one means that no worker is."""
    with app.database.transaction(READ) as session:
        health = read_job_health(session, now=clock.now())
    last = health.last_finished_at.isoformat(timespec="seconds") if health.last_finished_at else "never"
    if health.overdue:
        yield PROBLEM, f"{health.overdue} jobs are overdue: start flask worker (last job ended {last})"
    else:
        yield OK, f"{health.waiting} jobs wait, none is overdue; last job ended {last}"
    if health.parked:
        yield WARNING, f"{health.parked} jobs are parked: see Operation, jobs"


def check_clock(app: Marketplace) -> Iterator[Finding]:
    """Whether the clock agrees with the database's and does not stand before the last act."""
    now = clock.now()
    engine = app.database.engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            there = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        away = abs(there - clock.now())
        state = OK if away <= CLOCK_TOLERANCE else PROBLEM
        yield state, f"the database's clock is {away.total_seconds():.1f} s away"
    with app.database.transaction(READ) as session:
        last = find_last_line(session)
    if last is not None and last.occurred_at > now + CLOCK_TOLERANCE:
        yield WARNING, f"the last act is dated {last.occurred_at.isoformat(timespec='seconds')}, after the clock"
    yield OK, f"{now.isoformat(timespec='seconds')}, {clock.day_in_zone(now).isoformat()} in {clock.DEFAULT_ZONE}"


CHECKS: dict[str, Callable[[Marketplace], Iterator[Finding]]] = {
    "settings": check_settings,
    "database": check_database,
    "schema": check_schema,
    "disk": check_disk,
    "worker": check_worker,
    "clock": check_clock,
}


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Look at settings, database, schema, disk, worker and clock; exit 1 when something is wrong."""
    app: Marketplace = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy
    problems = 0
    for name, check in CHECKS.items():
        try:
            findings = list(check(app))
        except sqlalchemy.exc.SQLAlchemyError as error:
            findings = [(PROBLEM, f"the database refuses: {str(getattr(error, 'orig', error)).splitlines()[0]}")]
        for state, text in findings:
            problems += state == PROBLEM
            click.echo(f"{name:9} {state:8} {text}")
    if problems:
        raise click.ClickException(f"{problems} problems")


def register(app: Flask) -> None:
    app.cli.add_command(doctor)
