"""Reading changes nothing: every page and resource is read as several roles, and the market is as it was."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.app import Marketplace
from marketplace.db import Base, Database
from tests.factories.agreements import make_active
from tests.factories.projects import ProjectFactory

# What a reading request may append, in a transaction of its own after its own has ended.
APART = {
    "audit_line": "refusals and downloads of files are noted there",
    "user_session": "a page with a form puts its token into the session of who opened it",
}
MOST_PAGES = 60
# The simulation of the factory holds only what the signing page shows of it.
LEFT_OUT = r"/static|/login|/agreements/\w+/simulations/sim_"
SAMPLE = "xxx_nothing"


def digest(database: Database) -> dict[str, str]:
    """A hash over every row of every table that reading must leave alone."""
    result = {}
    with database.transaction("read") as session:
        for name, table in Base.metadata.tables.items():
            if name in APART:
                continue
            rows = session.execute(sa.select(*table.columns).order_by(*table.primary_key.columns)).all()
            result[name] = hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()
    return result


def list_paths(app: Marketplace) -> Iterator[str]:
    """The address of every route that can be read, with ids that name nothing."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint.endswith("static"):
            continue
        values: dict[str, Any] = {}
        for name, converter in rule._converters.items():
            items = getattr(converter, "items", None)
            values[name] = next(iter(items)) if items else 1 if converter.regex.startswith("\\d") else SAMPLE
        yield adapter.build(rule.endpoint, {**values, **(rule.defaults or {})}, method="GET")


def walk(browser: Any, start: list[str]) -> dict[str, int]:
    """Follow the links of the pages from the given ones; the status of each address."""
    seen: dict[str, int] = {}
    waiting = list(start)
    while waiting and len(seen) < MOST_PAGES:
        url = waiting.pop(0)
        if url in seen:
            continue
        answer = browser.get(url)
        seen[url] = answer.status_code
        if answer.mimetype == "text/html" and answer.status_code == 200:
            found = map(unescape, re.findall(r'href="(/[^"#]*)', answer.get_data(as_text=True)))
            waiting += [link for link in found if not re.match(LEFT_OUT, link)]
    return seen


@pytest.fixture
def market(make: Any) -> Any:
    """An agreement signed by all with its payments, and a published project with evidence and assessment."""
    scene = make_active(make)
    projects = ProjectFactory(make)
    team = scene.members["project"]
    listed = projects.published(team, scene.operator)
    projects.assessed(listed, team, make.member("assessor"))
    return scene


@pytest.mark.parametrize("role", ["project", "bank", "operator", "regulator", "nobody"])
def test_reading_as_a_role_changes_nothing(app: Marketplace, market: Any, make: Any, browser: Any, role: str) -> None:
    if role == "operator":
        browser.sign_in(market.operator.user)
    elif role == "regulator":
        browser.sign_in(make.member("regulator").user)
    elif role != "nobody":
        browser.sign_in(market.members[role].user)
    before = digest(app.database)
    statuses = walk(browser, ["/", "/projects", f"/agreements/{market.public_id}"])
    for path in dict.fromkeys(list_paths(app)):
        statuses[path] = browser.get(path).status_code
        assert browser.client.head(path).status_code == statuses[path]
        browser.client.options(path)
    faults = {url: status for url, status in statuses.items() if status >= 500}
    assert faults == {}
    assert role == "nobody" or sum(status == 200 for status in statuses.values()) > 10
    after = digest(app.database)
    assert [name for name in before if after[name] != before[name]] == []
