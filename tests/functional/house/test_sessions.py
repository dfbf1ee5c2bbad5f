"""Sessions are written only when they changed, in a transaction of their own, and never show one member to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import flash, jsonify
from flask import session as flask_session

from marketplace.accounts.access import find_actor
from marketplace.accounts.models import UserSession
from marketplace.app import Marketplace
from marketplace.db import Database

Adder = Callable[..., None]


@pytest.fixture
def app(own_app: Marketplace) -> Marketplace:
    """Routes of the test are added to it."""
    return own_app


def stored(database: Database) -> list[tuple[Any, ...]]:
    """Every stored session, whole."""
    columns = UserSession.__table__.columns
    with database.transaction("read") as session:
        return [tuple(row) for row in session.execute(sa.select(*columns).order_by(columns.id_hash))]


def test_reading_leaves_the_stored_session_as_it_was(app: Marketplace, browser: Any, make: Any) -> None:
    browser.sign_in(make.member("bank").user)
    browser.get("/account")  # the first page with a form puts its token into the session
    before = stored(app.database)
    for url in ("/", "/account", "/projects", "/api/v1/me", "/nothing-here", "/schemes/new"):
        browser.get(url)
        browser.client.head(url)
    assert stored(app.database) == before


def test_stranger_who_only_reads_gets_no_session(app: Marketplace, browser: Any) -> None:
    answer = browser.get("/healthz") if "/healthz" in str(app.url_map) else browser.get("/api/v1/openapi.json")
    assert "Set-Cookie" not in answer.headers
    assert stored(app.database) == []


@pytest.mark.parametrize("status", [200, 422])
def test_session_is_kept_whatever_becomes_of_the_act(
    app: Marketplace, add_view: Adder, browser: Any, make: Any, status: int
) -> None:
    """A refused act keeps its message for the next page."""

    def view() -> Any:
        flash("a message")
        return "", status

    add_view("/test", view)
    add_view("/shown", lambda: jsonify(flask_session.get("_flashes")), methods=("GET",))
    browser.sign_in(make.member("bank").user)
    assert browser.client.post("/test").status_code == status
    assert browser.get("/shown").json == [["message", "a message"]]


def test_second_message_is_kept_beside_one_that_waits(add_view: Adder, browser: Any, make: Any) -> None:
    add_view("/test/<text>", lambda text: flash(text) or "")
    add_view("/shown", lambda: jsonify(flask_session.get("_flashes")), methods=("GET",))
    browser.sign_in(make.member("bank").user)
    for text in ("first", "second"):
        browser.client.post(f"/test/{text}")
    assert browser.get("/shown").json == [["message", "first"], ["message", "second"]]


def test_refusal_before_the_member_is_read_shows_nobody(app: Marketplace, new_browser: Any, make: Any) -> None:
    """Threads serve many people: an early refusal must not carry the member of the request before."""
    member = make.member("bank")
    known = new_browser().sign_in(member.user)
    stranger = new_browser()
    assert member.user.name_en in known.get("/account?lang=en").get_data(as_text=True)
    for url in ("/projects?q=%00&lang=en", "/%00?lang=en", "/api/v1/projects?q=%00"):
        answer = stranger.get(url)
        assert answer.status_code in (404, 422)
        text = answer.get_data(as_text=True)
        assert member.user.name_en not in text
        assert member.organisation.name_en not in text
    assert find_actor() is None or find_actor().user_id != member.user.id


def test_session_ended_elsewhere_is_not_written_back(
    app: Marketplace, add_view: Adder, browser: Any, make: Any
) -> None:
    """A session that is ended while a request of it runs stays ended, though that request changed it."""
    member = make.member("bank")

    def view() -> Any:
        from marketplace.accounts.services.users import end_sessions_of
        from marketplace.db import current_session

        end_sessions_of(current_session(), user_id=member.user.id)
        flash("too late")
        return ""

    add_view("/test", view)
    browser.sign_in(member.user)
    browser.client.post("/test")
    assert stored(app.database) == []
    assert browser.client.get("/api/v1/me").status_code == 401
