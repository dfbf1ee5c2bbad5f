"""The edge of a request: one transaction, committed below 400, and what outlives a refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Response
from flask import session as flask_session

from marketplace.app import Marketplace
from marketplace.audit.models import AuditLine
from marketplace.audit.services import record_act, verify_chain
from marketplace.db import current_session, remember_after_refusal, run_after_commit
from marketplace.errors import ConflictError
from marketplace.events import Event, record_event
from marketplace.notifications.models import Notification
from marketplace.schemes.models import SchemeRule
from tests.conftest import table_counts
from tests.factories import MOMENT

Adder = Callable[..., None]


@pytest.fixture
def app(own_app: Marketplace) -> Marketplace:
    """Routes of the test are added to it."""
    return own_app


def notice(key: str = "a") -> Notification:
    return Notification(organisation_id=1, kind="test", parameters={}, url="", dedupe_key=key, created_at=MOMENT)


def write_and(outcome: Any) -> Callable[[], Any]:
    """A view that writes a row and notes an act, and then answers or raises."""

    def view() -> Any:
        session = current_session()
        session.add(notice())
        session.flush()
        record_act(session, actor=None, action="test.act", subject_kind="test", subject_id="1", now=MOMENT)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return view


def test_answer_below_400_commits_row_and_act(app: Marketplace, add_view: Adder) -> None:
    add_view("/test", write_and(("done", 201)))
    before = table_counts(app.database)
    assert app.test_client().post("/test").status_code == 201
    after = table_counts(app.database)
    assert after["notification"] == before["notification"] + 1
    assert after["audit_line"] == before["audit_line"] + 1


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(("refused", 400), 400), (("refused", 422), 422), (("broken", 503), 503), (ConflictError(), 409),
     (RuntimeError("secret detail"), 500)],
    ids=["400", "422", "503", "conflict", "exception"],
)  # fmt: skip
def test_answer_of_400_and_above_leaves_nothing(app: Marketplace, add_view: Adder, outcome: Any, status: int) -> None:
    add_view("/test", write_and(outcome))
    before = table_counts(app.database)
    assert app.test_client().post("/test").status_code == status
    assert table_counts(app.database) == before


def test_callbacks_after_commit_run_only_after_a_commit(app: Marketplace, add_view: Adder) -> None:
    ran: list[str] = []

    def view(outcome: str) -> Any:
        run_after_commit(current_session(), lambda: ran.append(outcome))
        return outcome, 200 if outcome == "good" else 422

    add_view("/test/<outcome>", view)
    client = app.test_client()
    client.post("/test/bad")
    assert ran == []
    client.post("/test/good")
    assert ran == ["good"]


def test_fact_outlives_the_refusal_and_the_act_does_not(app: Marketplace, add_view: Adder) -> None:
    def view() -> Any:
        session = current_session()
        session.add(notice())
        record_act(session, actor=None, action="test.act", subject_kind="test", subject_id="1", now=MOMENT)
        remember_after_refusal(
            session,
            lambda later: record_act(
                later, actor=None, action="test.refused", subject_kind="test", subject_id="1", now=MOMENT
            ),
        )
        raise ConflictError

    add_view("/test", view)
    assert app.test_client().post("/test").status_code == 409
    with app.database.transaction("read") as session:
        assert list(session.scalars(sa.select(AuditLine.action))) == ["test.refused"]
        assert session.scalar(sa.select(sa.func.count()).select_from(Notification)) == 0
        assert verify_chain(session).broken_at is None


def test_denial_by_permission_leaves_its_line(app: Marketplace, browser: Any, make: Any) -> None:
    member = make.member("bank", "viewer")
    assert browser.sign_in(member.user).get("/schemes/new").status_code == 403
    with app.database.transaction("read") as session:
        line = session.scalars(sa.select(AuditLine)).one()
    assert (line.action, line.actor_user) == ("access.denied", member.user.public_id)


@pytest.mark.parametrize("at", ["flush", "commit"])
@pytest.mark.parametrize("path", ["/test", "/api/v1/test"])
def test_what_a_constraint_refuses_is_answered_409(
    app: Marketplace, add_view: Adder, browser: Any, make: Any, path: str, at: str
) -> None:
    def view() -> Any:
        session = current_session()
        session.add_all([notice("same"), notice("same")])
        flask_session["touched"] = True
        if at == "flush":
            session.flush()
        return "done"

    add_view(path, view)
    browser.sign_in(make.member("bank").user)
    before = table_counts(app.database)
    answer = browser.client.post(path)
    assert answer.status_code == 409
    assert answer.headers["X-Request-ID"]
    assert "default-src" in answer.headers["Content-Security-Policy"]
    if path.startswith("/api/"):
        assert answer.json["error"]["code"] == "conflict"
        assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"]
    assert table_counts(app.database) == before


class SomethingHappened(Event):
    """An event of this module."""


@pytest.mark.parametrize(
    ("error", "status"), [(ConflictError(), 409), (RuntimeError("secret detail"), 500)], ids=["refusal", "fault"]
)
@pytest.mark.parametrize("path", ["/test", "/api/v1/test"])
def test_what_fails_while_events_are_handled_undoes_all(
    app: Marketplace, add_view: Adder, browser: Any, make: Any, error: Exception, status: int, path: str
) -> None:
    def hear(session: Any, event: Any) -> None:
        raise error

    def view() -> Any:
        current_session().add(notice())
        record_event(current_session(), SomethingHappened())
        flask_session["_user_id"] = "somebody else"
        return "done"

    app.database.handlers = {**app.database.handlers, SomethingHappened: (hear,)}
    add_view(path, view)
    member = make.member("bank")
    browser.sign_in(member.user)
    before = table_counts(app.database)
    answer = browser.client.post(path)
    text = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert answer.headers["X-Request-ID"] in text
    assert "secret detail" not in text
    assert table_counts(app.database) == before
    # What the refused act had put into the session is not kept either.
    assert browser.client.get("/api/v1/me").json["user_id"] == member.user.public_id


@pytest.mark.parametrize("path", ["/test", "/api/v1/test"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unexpected_exception_shows_a_number_and_no_inside(
    app: Marketplace, add_view: Adder, browser: Any, make: Any, path: str, method: str
) -> None:
    add_view(path, write_and(RuntimeError("secret detail")) if method == "POST" else fail, methods=(method,))
    browser.sign_in(make.member("bank").user)
    answer = browser.client.open(path, method=method, headers={"X-Request-ID": "number-12345678"})
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (500, "number-12345678")
    assert "number-12345678" in text
    assert not re.search(r"secret detail|Traceback|RuntimeError|sqlalchemy|\.py\b", text)


def fail() -> Any:
    password = "what was typed"
    raise RuntimeError(f"secret detail of {len(password)} characters")


def test_fault_is_one_line_of_the_log_without_the_values_of_variables(
    app: Marketplace, add_view: Adder, capsys: Any
) -> None:
    add_view("/test/<name>", lambda name: fail())
    app.test_client().post("/test/a%0D%0Ab", headers={"X-Request-ID": "number-12345678"})
    lines = [line for line in capsys.readouterr().err.splitlines() if "unexpected_error" in line]
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["request_id"], line["path"]) == ("number-12345678", "/test/a\r\nb")
    assert "secret detail" in line["exception"]
    assert "what was typed" not in line["exception"].replace('password = "what was typed"', "")


@pytest.mark.parametrize("path", ["/test", "/api/v1/test"])
def test_statement_that_the_database_refuses_is_a_500_of_the_house(
    app: Marketplace, add_view: Adder, browser: Any, make: Any, path: str
) -> None:
    """On PostgreSQL the transaction is unusable after it; the error page must not need it."""
    add_view(path, lambda: current_session().execute(sa.text("SELECT * FROM no_such_table")))
    browser.sign_in(make.member("bank").user)
    answer = browser.client.post(path)
    assert answer.status_code == 500
    text = answer.get_data(as_text=True)
    assert answer.headers["X-Request-ID"] in text
    assert "no_such_table" not in text


@pytest.mark.parametrize("path", ["/projects", "/api/v1/me"])
def test_database_that_is_away_gives_a_plain_answer_and_comes_back(
    app: Marketplace, browser: Any, make: Any, path: str
) -> None:
    browser.sign_in(make.member("bank").user)
    away = sa.create_engine("sqlite:////nowhere/at/all.sqlite3")
    present = app.database.make_session.kw["bind"]
    app.database.make_session.configure(bind=away)
    try:
        answer = browser.get(path)
    finally:
        app.database.make_session.configure(bind=present)
    assert answer.status_code >= 500
    assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)
    assert "nowhere" not in answer.get_data(as_text=True)
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_methods_cannot_write(app: Marketplace, add_view: Adder, method: str) -> None:
    def view() -> Any:
        current_session().add(notice())
        current_session().flush()
        return "done"

    add_view("/test", view, methods=("GET", "OPTIONS"))
    before = table_counts(app.database)
    assert app.test_client().open("/test", method=method).status_code == 500
    assert table_counts(app.database) == before


def test_written_bytes_are_there_when_the_answer_is(app: Marketplace, add_view: Adder) -> None:
    """A second connection sees the row as soon as the client has its answer, also for a streamed one."""

    def view() -> Any:
        current_session().add(notice())
        return Response(iter(["a", "b"]))

    add_view("/test", view)
    assert app.test_client().post("/test").get_data() == b"ab"
    assert table_counts(app.database)["notification"] == 1


def test_rules_recorded_at_once_by_two_operators_are_one(app: Marketplace, new_browser: Any, make: Any) -> None:
    """The same version from two people: one is recorded, the other is told, nothing is half."""
    from tests.functional.house.support import at_once, rule_form

    operators = [new_browser().sign_in(make.member("operator").user) for _ in range(4)]
    answers = at_once([lambda who=who: who.submit("/schemes/new", rule_form("race")) for who in operators])
    assert sorted(answer.status_code for answer in answers)[0] == 302
    assert all(answer.status_code in (302, 409, 422) for answer in answers)
    with app.database.transaction("read") as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SchemeRule)) == 1
