"""For the machine that watches: is the process alive, can it serve, and a few figures where they are switched on."""

from __future__ import annotations

from typing import Any

import sqlalchemy.exc
from flask import Blueprint, Response, current_app

from marketplace import clock
from marketplace.accounts.access import public
from marketplace.db import current_session
from marketplace.errors import NotFoundError
from marketplace.jobs.health import read_job_health
from marketplace.ledger.queries import count_entries

blueprint = Blueprint("health", __name__)


def _plain(text: str, status: int = 200) -> Response:
    response = Response(text, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/healthz")
@public
def show_life() -> Any:
    """The process answers; nothing else is asked."""
    return _plain("ok\n")


@blueprint.get("/readyz")
@public
def show_readiness() -> Any:
    """The database answers and has the schema; 503 until it does."""
    try:
        read_job_health(current_session(), now=clock.now())
    except sqlalchemy.exc.SQLAlchemyError:
        return _plain("the database does not answer or has no schema\n", 503)
    return _plain("ready\n")


@blueprint.get("/metrics")
@public
def show_metrics() -> Any:
    """A few figures in the text format of Prometheus; off unless METRICS_ENABLED is set."""
    if not current_app.settings.metrics_enabled:  # type: ignore[attr-defined]  # Marketplace
        raise NotFoundError()
    session = current_session()
    health = read_job_health(session, now=clock.now())
    figures = {
        "pilotage_jobs_waiting": (health.waiting, "background jobs that wait"),
        "pilotage_jobs_overdue": (health.overdue, "background jobs that should have run"),
        "pilotage_jobs_parked": (health.parked, "background jobs that failed for good"),
        "pilotage_ledger_entries": (count_entries(session), "entries of the ledger"),
    }
    lines = [
        line
        for name, (value, meaning) in figures.items()
        for line in (f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value}")
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")
