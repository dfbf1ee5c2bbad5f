"""The market that the builders work on, and the two steps that all of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from marketplace import clock
from marketplace.assessments.model_store import load_registered_model
from marketplace.config import Settings
from marketplace.db import Database
from marketplace.demo.content import load_content
from marketplace.demo.deal import Deal
from marketplace.demo.deal_records import Round as RoundRecord
from marketplace.demo.financing import end_round, fill_round, open_recorded_round, record_schemes
from marketplace.demo.people import Cast, build_cast
from marketplace.demo.records import Content
from marketplace.files.services import FileStore
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project_by_code
from marketplace.schemes.models import SchemeRule

ASSESSORS = ("chidu-assessors", "liangheng-assessors")
TESTING_BODY = "mingjing-testing"
OPENED = datetime(2025, 9, 1, 2, tzinfo=UTC)
# The day on which the content is told: covers asked for, rounds open and calls to come lie after it. A market that is
# built later tells the same story; what is over by then ends by itself.
TOLD_ON = date(2026, 11, 23)


@dataclass
class Market:
    """What the builders need: the database, the files, the content, and who is who."""

    database: Database
    store: FileStore
    content: Content
    cast: Cast
    schemes: dict[str, SchemeRule]
    model: Any
    today: date
    say: Callable[[str], None]

    def project(self, code: str) -> Project:
        with self.database.transaction("read") as session:
            project = find_project_by_code(session, code=code)
        assert project is not None, code
        return project

    def deal(self, seats: dict[str, str], *, team: str = "project") -> Deal:
        return Deal(self.database, self.store, self.cast, seats, TESTING_BODY, ASSESSORS[0], team=team)


def prepare_market(
    database: Database, store: FileStore, settings: Settings, *, password_hash: str, say: Callable[[str], None]
) -> Market:
    """Organisations, people and scheme rules."""
    content = load_content()
    with database.transaction() as session:
        cast = build_cast(session, content=content, password_hash=password_hash, now=OPENED)
    with database.transaction() as session:
        schemes = record_schemes(session, content=content, cast=cast, now=OPENED)
    say(f"{len(cast.organisations)} organisations, {len(schemes)} scheme rules")
    model = load_registered_model(settings.models_directory, None)
    today = min(clock.day_in_zone(clock.now()), TOLD_ON)
    return Market(database, store, content, cast, schemes, model, today, say)


def hold_round(market: Market, record: RoundRecord, *, project_code: str) -> int:
    """Open, fill and end one round, each step in a transaction of its own."""
    with market.database.transaction() as session:
        project = find_project_by_code(session, code=project_code)
        assert project is not None
        round_id = open_recorded_round(
            session, record=record, project=project, cast=market.cast, schemes=market.schemes
        ).id
    with market.database.transaction() as session:
        fill_round(session, record=record, round_id=round_id, cast=market.cast)
    with market.database.transaction() as session:
        end_round(session, record=record, round_id=round_id, cast=market.cast)
    return round_id
