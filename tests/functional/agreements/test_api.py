"""/api/v1/agreements: the same scope, the same services, one error shape."""

from __future__ import annotations

from typing import Any

import pytest

from risk.sharing.templates.scenario_a import scenario_a
from tests.conftest import table_counts
from tests.factories import agreements as factory

STORY = scenario_a("success")["events"]


def new_call(**changes: Any) -> dict[str, Any]:
    return {"id": "call-1", "kind": "drawdown_call", "effective_on": "2027-01-15", "body": {"tranche": "T1"}, **changes}


def test_party_lists_and_reads_what_it_is_a_party_of(active: factory.Scene, call: Any) -> None:
    bank = active.members["bank"]
    listed = call(bank, "GET", "").get_json()
    assert [row["id"] for row in listed["data"]] == [active.public_id]
    assert listed["page"] == {"next_cursor": None, "total": 1}
    shown = call(bank, "GET", f"/{active.public_id}").get_json()
    assert shown["state"] == "active"
    assert {row["party"] for row in shown["parties"]} >= {"angel", "bank", "project"}
    stranger = active.factory.member("bank")
    assert call(stranger, "GET", "").get_json()["data"] == []
    for path in ("", "/versions", "/events", "/verification", "/bundle", "/statements/bank"):
        assert call(stranger, "GET", f"/{active.public_id}{path}").status_code == 404


def test_event_is_recorded_once_by_key_and_by_id(active: factory.Scene, call: Any) -> None:
    factory.record_by_house(active, STORY[1])
    team, path = active.members["project"], f"/{active.public_id}/events"
    first = call(team, "POST", path, new_call(), **{"Idempotency-Key": "k1"})
    assert first.status_code == 201
    again = call(team, "POST", path, new_call(), **{"Idempotency-Key": "k1"})
    assert (again.data, again.headers["Idempotent-Replayed"]) == (first.data, "true")
    before = table_counts(active.factory.database)
    same = call(team, "POST", path, new_call())
    assert same.get_json()["event"]["hash"] == first.get_json()["event"]["hash"]
    after = table_counts(active.factory.database)
    assert after == before
    other = call(team, "POST", path, new_call(body={"tranche": "T2"}))
    assert (other.status_code, other.get_json()["error"]["code"]) == (409, "event_id_reused")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"id": "bad id"}, 422, "invalid_input"),
        ({"kind": "milestone"}, 422, "invalid_input"),
        ({"kind": "write_off", "body": {}}, 403, "event_not_yours"),
        ({"effective_on": "2027-02-30"}, 422, "invalid_input"),
        ({"body": {"tranche": "T9"}}, 422, "event_refused"),
        ({"body": {"tranche": "T1", "amount_minor": 1}}, 422, "event_refused"),
        ({"body": {"tranche": 1.5}}, 422, "event_refused"),
        ({"body": []}, 422, "invalid_input"),
        ({"state": "active"}, 422, "invalid_input"),
    ],
)
def test_bad_event_is_one_error_shape_and_writes_nothing(
    active: factory.Scene, call: Any, body: Any, status: int, code: str
) -> None:
    team = active.members["project"]
    call(team, "GET", "")
    before = table_counts(active.factory.database)
    answer = call(team, "POST", f"/{active.public_id}/events", new_call(**body))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)
    assert set(answer.get_json()["error"]) == {"code", "message", "field", "details", "request_id"}
    assert table_counts(active.factory.database) == before


def test_exit_by_api_is_a_proposal(active: factory.Scene, call: Any) -> None:
    factory.play(active, [event for event in STORY if event["kind"] not in ("exit", "close")])
    sale = next(event for event in STORY if event["kind"] == "exit")
    answer = call(active.members["project"], "POST", f"/{active.public_id}/events", sale)
    assert answer.status_code == 201
    assert answer.get_json()["event"] is None
    assert answer.get_json()["proposal"]["state"] == "waiting"


def test_statement_and_verification(active: factory.Scene, call: Any) -> None:
    factory.play(active, STORY[:6])
    angel = active.members["angel"]
    statement = call(angel, "GET", f"/{active.public_id}/statements/angel").get_json()
    assert statement["paid"] == {"amount_minor": 80_000_000, "currency": "CNY"}
    assert statement["net"]["amount_minor"] == -80_000_000
    assert call(angel, "GET", f"/{active.public_id}/statements/bank").status_code == 403
    check = call(angel, "GET", f"/{active.public_id}/verification").get_json()
    assert check == {"sound": True, "versions": 1, "signatures": 8, "events": 7, "problem": None}
    events = call(angel, "GET", f"/{active.public_id}/events").get_json()["data"]
    assert [row["number"] for row in events] == list(range(1, 8))
    assert events[2]["body"] == {"tranche": "T1"}


def test_terms_and_simulation_of_an_agreement_in_force_stay_as_they_are(active: factory.Scene, call: Any) -> None:
    team = active.members["project"]
    version = call(team, "GET", f"/{active.public_id}/versions").get_json()["data"][0]
    changed = {"terms": version["terms"], "based_on": 1}
    assert call(team, "POST", f"/{active.public_id}/versions", changed).status_code == 409
    assert call(team, "POST", f"/{active.public_id}/simulations", {}).status_code == 409


def test_bank_cannot_change_the_teams_terms(active: factory.Scene, call: Any) -> None:
    answer = call(active.members["bank"], "POST", f"/{active.public_id}/versions", {"terms": {}, "based_on": 1})
    assert answer.status_code == 403
