"""Disputes, freezes and breaches of an agreement in force: who raises and lifts them, what stops, who is told."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.agreements import queries
from marketplace.agreements.errors import EventNotYoursError, EventRefusedError
from marketplace.agreements.services import verification
from marketplace.notifications.models import Notification
from risk.sharing.templates.scenario_a import scenario_a
from tests.conftest import table_counts
from tests.factories import agreements as factory

STORY = scenario_a("success")["events"]
DAY = "2027-01-20"


def stop(name: str, kind: str, **body: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "effective_on": body.pop("on", DAY), "body": {"reason": "said so", **body}}


def paid_states(scene: factory.Scene) -> list[str]:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        rows = queries.list_payments(session, agreement_id=agreement.id)
        return [row.state for row in rows if row.purpose == "deployment"]


def play_call(scene: factory.Scene, *, pay: bool) -> None:
    place = next(index for index, event in enumerate(STORY) if event["kind"] == "drawdown_call")
    factory.play(scene, STORY[:place])
    factory.record(scene, "project", STORY[place])
    if pay:
        factory.pay_all(scene)


def test_money_that_comes_into_a_frozen_agreement_is_held_until_the_release(active: factory.Scene) -> None:
    play_call(active, pay=False)
    factory.record(active, "bank", stop("stop", "freeze", on="2027-01-15"))
    factory.pay_all(active)
    assert set(paid_states(active)) == {"held"}
    with pytest.raises(EventNotYoursError):
        factory.record(active, "angel", stop("go", "release", lifts="stop"))
    factory.record(active, "bank", stop("go", "release", lifts="stop"))
    assert set(paid_states(active)) == {"waiting"}
    factory.pay_all(active)
    assert set(paid_states(active)) == {"paid"}
    with active.transaction() as session:
        agreement = active.agreement(session)
        assert verification.verify_agreement(session, agreement=agreement).problem is None
        kinds = session.execute(
            sa.select(Notification.kind, sa.func.count().label("count")).group_by(Notification.kind)
        )
        told = {row.kind: row.count for row in kinds}
    assert told["agreement_freeze"] >= len(active.members) - 1
    assert told["agreement_release"] >= len(active.members) - 1


def test_a_dispute_stops_what_is_shared_out_and_a_refusal_leaves_nothing(active: factory.Scene) -> None:
    play_call(active, pay=True)
    factory.record(active, "insurer", stop("why", "dispute", about="activate"))
    before = table_counts(active.factory.database)
    share = {"id": "share", "kind": "distribution", "effective_on": "2027-02-01",
             "body": {"source": "project", "amount_minor": 100}}  # fmt: skip
    with pytest.raises(EventRefusedError) as refused:
        factory.record(active, "project", share)
    assert refused.value.details["rule"] == "dispute_open"
    assert table_counts(active.factory.database) == before
    factory.record(active, "insurer", stop("settled", "release", lifts="why"))
    factory.record(active, "project", share | {"effective_on": DAY})


def test_a_breach_is_declared_of_another_and_cured_by_who_declared_it(active: factory.Scene) -> None:
    breach = {"breach": "report", "cure_by": "2027-12-31"}
    with pytest.raises(EventNotYoursError):
        factory.record(active, "project", stop("own", "default", party="project", **breach))
    with pytest.raises(EventNotYoursError):
        factory.record(active, "insurer", stop("not-mine", "default", party="project", **breach))
    factory.record(active, "bank", stop("late", "default", party="project", **breach))
    with pytest.raises(EventRefusedError) as refused:
        factory.record(active, "project", {"id": "call", "kind": "drawdown_call", "effective_on": "2027-01-21",
                                           "body": {"tranche": "T1"}})  # fmt: skip
    assert refused.value.details["rule"] == "in_default"
    with pytest.raises(EventNotYoursError):
        factory.record(active, "industrial", stop("cured", "cure", lifts="late"))
    factory.record(active, "bank", stop("cured", "cure", lifts="late"))
    with active.transaction() as session:
        agreement = active.agreement(session)
        kinds = [row.kind for row in queries.list_events(session, agreement_id=agreement.id)]
        assert kinds == ["activate", "default", "cure"]


def test_who_may_freeze(active: factory.Scene) -> None:
    for party in ("project", "insurer", "centre", "pool"):
        with pytest.raises(EventNotYoursError):
            factory.record(active, party, stop("stop", "freeze"))


def test_freeze_and_release_on_the_pages(active: factory.Scene, browser: Any) -> None:
    browser.sign_in(active.members["bank"].user)
    page = f"/agreements/{active.public_id}"
    forms = set(re.findall(r"/events/new/(\w+)", browser.get(page).get_data(as_text=True)))
    assert {"freeze", "dispute", "default"} <= forms
    assert not {"release", "cure"} & forms, "nothing is open"
    form = f"{page}/events/new/freeze"
    empty = browser.submit(form, {"event_id": "f1", "effective_on": DAY, "reason": ""}, page=form)
    assert empty.status_code == 422
    done = browser.submit(form, {"event_id": "f1", "effective_on": DAY, "reason": "A court order"}, page=form)
    assert done.status_code == 302
    text = browser.get(page).get_data(as_text=True)
    assert "A court order" in text
    assert f"{page}/events/new/release" in text
    for kind in ("dispute", "default", "release"):
        assert browser.get(f"{page}/events/new/{kind}").status_code == 200
    form = f"{page}/events/new/release"
    done = browser.submit(
        form, {"event_id": "r1", "effective_on": DAY, "lifts": "f1", "reason": "lifted by the court"}, page=form
    )
    assert done.status_code == 302
    assert "A court order" not in browser.get(page).get_data(as_text=True)


def test_stops_through_the_api(active: factory.Scene, call: Any) -> None:
    path = f"/{active.public_id}/events"
    bank = active.members["bank"]
    assert call(bank, "POST", path, stop("f", "freeze")).status_code == 201
    again = call(bank, "POST", path, stop("f", "freeze"))
    assert again.get_json()["event"]["number"] == 2
    other = call(bank, "POST", path, stop("f2", "freeze"))
    assert other.get_json()["error"]["details"]["rule"] == "already_frozen"
    assert date.fromisoformat(again.get_json()["event"]["effective_on"]) == date.fromisoformat(DAY)
