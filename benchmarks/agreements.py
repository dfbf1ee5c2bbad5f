"""Agreements: one distribution, one event over HTTP, a batch of entries on both databases, a long chain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from benchmarks.agreement_market import make_agreement, postgresql_url
from benchmarks.chains import measure_verification
from benchmarks.durable import durable_commit
from benchmarks.entries import measure_entries
from benchmarks.market import make_headers, running_app
from benchmarks.measure import Figure, compare
from risk.sharing.engine import Engine
from risk.sharing.templates.scenario_a import scenario_a

# The events of scenario A until the loan is drawn: from there the project shares out what it earns.
UNTIL_LOAN = 13
FIRST_DAY = date(2027, 6, 22)


def run() -> Iterator[Figure]:
    with durable_commit() as commit:
        yield compare("agreements.distribution", _distribution(), commit, bound=2, repeats=50)
    with _event_over_http() as (event, me):
        yield compare("agreements.event_http", event, me, bound=5, repeats=40)
    with running_app() as app:
        yield measure_entries(app, "agreements.entries_sqlite")
    with postgresql_url() as url, running_app(url) as app:
        yield measure_entries(app, "agreements.entries_postgresql")
    with running_app() as app:
        yield measure_verification(app)


def _distribution() -> Callable[[], object]:
    """The sale at the end of scenario A: five tiers, three more for the guidance fund's part, 41 events before it."""
    document = scenario_a("success")
    engine = Engine(document["terms"])
    state, events = engine.open(), document["events"]
    place = next(index for index, event in enumerate(events) if event["kind"] == "exit")
    for event in events[:place]:
        state = engine.apply(state, event).state
    return lambda: engine.apply(state, events[place])


@contextmanager
def _event_over_http() -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    with running_app() as app:
        headers, client = make_headers(app), app.test_client()
        _id, public_id = make_agreement(app, events=UNTIL_LOAN)
        days = itertools.count()

        def event() -> None:
            number = next(days)
            body = {"id": f"share-{number}", "kind": "distribution", "body": {"source": "project", "amount_minor": 700},
                    "effective_on": (FIRST_DAY + timedelta(days=number)).isoformat()}  # fmt: skip
            answer = client.post(f"/api/v1/agreements/{public_id}/events", json=body, headers=headers)
            assert answer.status_code == 201, answer.get_data(as_text=True)

        def me() -> None:
            assert client.get("/api/v1/me", headers=headers).status_code == 200

        yield event, me
