"""Other templates through the services: a guarantee chain pays link by link, a restated royalty is netted."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.services import create_api_key
from marketplace.agreements import queries
from marketplace.agreements.errors import EventNotYoursError, EventRefusedError
from marketplace.agreements.services.drafting import make_terms
from marketplace.agreements.services.proposals import confirm_proposal, propose_event, refuse_proposal
from marketplace.agreements.services.verification import verify_agreement
from marketplace.errors import InvalidInputError
from marketplace.ledger.services import check_ledger
from tests.conftest import table_counts
from tests.factories import agreements as factory
from tests.worked_examples import test_guarantee_chain as chain
from tests.worked_examples import test_licence as licence

CHAIN_SEATS = {
    "project": "project_team", "bank": "bank", "local": "guarantor", "province": "guarantor", "nation": "guarantor",
}  # fmt: skip


def guaranteed(make: Any) -> factory.Scene:
    terms = make_terms(chain.parameters(), template="guaranteed_loan")
    return factory.make_active(make, terms=terms, kinds=CHAIN_SEATS)


def licensed(make: Any) -> factory.Scene:
    terms = make_terms(licence.parameters(), template="licence")
    return factory.make_active(make, terms=terms, kinds={"project": "project_team", "university": "project_team"})


def after(rows: list[dict[str, Any]], *channels: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["body"].get("channel") in channels]


def test_each_link_of_the_chain_records_and_pays_its_own_part(make: Any) -> None:
    scene = guaranteed(make)
    story = chain.story("guarantee", "reguarantee", "national_guarantee")
    factory.play(scene, [row for row in story if row["kind"] != "pool_compensation"])
    (first,), (second,), (third,) = (after(story, name) for name in ("guarantee", "reguarantee", "national_guarantee"))
    for stranger in ("province", "bank", "project"):
        with pytest.raises(EventNotYoursError):
            factory.record(scene, stranger, first)
    with pytest.raises(EventRefusedError):
        factory.record(scene, "province", second)  # the bank is not paid yet
    for party, row in (("local", first), ("nation", third), ("province", second)):
        factory.record(scene, party, row)
        factory.pay_all(scene)
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        names = {party.id: party.party for party in agreement.parties}
        paid = {
            (names[payment.payer_party_id], names[payment.payee_party_id]): payment.amount_minor
            for payment in queries.list_payments(session, agreement_id=agreement.id)
        }
        assert paid["local", "bank"] == 720_000_000
        assert paid["nation", "local"] == 270_000_000
        assert paid["province", "local"] == 180_000_000
        assert check_ledger(session).sound
        assert verify_agreement(session, agreement=agreement).problem is None


def test_the_form_offers_a_guarantor_only_what_it_owes_itself(make: Any, new_browser: Any) -> None:
    scene = guaranteed(make)
    for party, offered in (("local", "guarantee"), ("province", "reguarantee"), ("nation", "national_guarantee")):
        browser = new_browser().sign_in(scene.members[party].user)
        page = browser.get(f"/agreements/{scene.public_id}/events/new/pool_compensation?lang=en").get_data(as_text=True)
        assert [name for name in ("guarantee", "reguarantee", "national_guarantee", "pool")
                if f'value="{name}"' in page] == [offered]  # fmt: skip


def test_a_restated_quarter_is_netted_and_the_ledger_balances(make: Any) -> None:
    scene = licensed(make)
    factory.play(scene, licence.story())
    later = [
        licence.row("2028-01-14", "revenue_report", period=licence.Q4, base_minor=30_000_000),
        licence.row("2028-01-15", "distribution", source="revenue", amount_minor=853_800),
    ]
    with pytest.raises(EventRefusedError):
        factory.record(scene, "project", {**later[1], "id": "too-early"})
    factory.play(scene, later)
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        got = sum(row.amount_minor for row in queries.list_payments(session, agreement_id=agreement.id))
        assert got == 80_000_000 + 505_260 + 679_050 + 900_000
        assert check_ledger(session).sound
        assert verify_agreement(session, agreement=agreement).problem is None


@pytest.fixture
def call(app: Any) -> Any:
    """Ask the API for a member."""

    def ask(member: Any, body: dict[str, Any]) -> Any:
        with app.database.transaction() as session:
            _key, secret = create_api_key(
                session, actor=member.actor, name="test", scopes=["read", "write"], days=30, now=clock.now()
            )
        headers = {"Authorization": f"Bearer {secret}"}
        return app.test_client().post("/api/v1/agreements", json=body, headers=headers)

    return ask


def draft_of(project: Any, seats: dict[str, Any], /, **changes: Any) -> dict[str, Any]:
    return {
        "project": project.public_id, "title_zh": "许可", "title_en": "Licence", "template": "licence",
        "parameters": licence.parameters(),
        "organisations": {party: member.organisation.public_id for party, member in seats.items()}, **changes,
    }  # fmt: skip


def test_the_licensor_confirms_the_close_where_there_is_neither_funder_nor_bank(make: Any) -> None:
    scene = licensed(make)
    factory.play(scene, [row for row in licence.story() if row["kind"] == "activate"])
    close = {"id": "close", "kind": "close", "effective_on": "2027-04-02", "body": {}}
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        proposal = propose_event(
            session, agreement=agreement, actor=scene.members["project"].actor, event_id="close", kind="close",
            effective_on=date.fromisoformat(close["effective_on"]), body={}, now=clock.now(),
        )  # fmt: skip
        with pytest.raises(EventNotYoursError):
            confirm_proposal(
                session, agreement=agreement, actor=scene.members["project"].actor, proposal=proposal, now=clock.now()
            )
        with pytest.raises(InvalidInputError):
            refuse_proposal(
                session, agreement=agreement, actor=scene.members["university"].actor, proposal=proposal,
                reason="x" * 401, now=clock.now(),
            )  # fmt: skip
        confirm_proposal(
            session, agreement=agreement, actor=scene.members["university"].actor, proposal=proposal, now=clock.now()
        )
        assert agreement.state == "completed"


def test_a_team_drafts_a_template_for_its_project_by_the_api(make: Any, call: Any) -> None:
    seats = {"project": make.member("project_team"), "university": make.member("project_team")}
    project = factory.make_project(make, seats["project"])
    answer = call(seats["project"], draft_of(project, seats))
    assert answer.status_code == 201
    assert {row["role"] for row in answer.get_json()["parties"]} == {"project", "university"}


@pytest.mark.parametrize(("who", "changes", "status", "field"), [
    ("project", {"template": "wish"}, 422, "template"),
    ("project", {"terms": {"schema": 1}}, 422, "terms"),
    ("project", {"parameters": {}}, 422, "parameters"),
    ("project", {"parameters": {**licence.parameters(), "milestones": [7]}}, 422, "parameters"),
    ("project", {"parameters": {**licence.parameters(), "licensor": "x"}}, 422, "parameters"),
    ("project", {"project": "prj_nobody"}, 404, None),
    ("project", {"organisations": {}}, 422, "parties"),
    ("university", {}, 404, None),
])  # fmt: skip
def test_a_draft_that_cannot_be_is_refused_at_its_field(
    make: Any, call: Any, who: str, changes: dict[str, Any], status: int, field: str | None
) -> None:
    seats = {"project": make.member("project_team"), "university": make.member("project_team")}
    project = factory.make_project(make, seats["project"], state="draft")
    before = table_counts(make.database)
    answer = call(seats[who], draft_of(project, seats, **changes))
    assert answer.status_code == status
    if field:
        assert field in json.dumps(answer.get_json()["error"])
    after = table_counts(make.database)
    assert after["agreement"] == before["agreement"]
    assert after["agreement_version"] == before["agreement_version"]


def test_the_page_shows_what_is_kept_back_and_only_acts_that_the_terms_know(make: Any, browser: Any) -> None:
    scene = licensed(make)
    factory.play(scene, licence.story())
    shown = browser.sign_in(scene.members["project"].user).get(f"/agreements/{scene.public_id}?lang=en")
    page = shown.get_data(as_text=True)
    assert "Overpaid, kept back from the next distribution" in page
    assert "462.00" in page
    offered = set(re.findall(r"/events/new/([a-z_]+)", page))
    assert offered == {"revenue_report", "distribution", "reversal", "close", "dispute", "default"}


def test_the_report_form_restates_on_request_only(make: Any, browser: Any) -> None:
    scene = licensed(make)
    factory.play(scene, licence.story()[:2])
    browser.sign_in(scene.members["project"].user)
    address = f"/agreements/{scene.public_id}/events/new/revenue_report"
    form = {"event_id": "r1", "effective_on": "2027-07-15", "period_from": "2027-04-01", "period_to": "2027-06-30",
            "base": "168420.00", "due": ""}  # fmt: skip
    assert browser.submit(address, form).status_code == 302
    before = table_counts(make.database)
    again = browser.submit(address, {**form, "event_id": "r2", "base": "160000.00"})
    assert again.status_code == 422
    assert "160000.00" in again.get_data(as_text=True)
    assert table_counts(make.database) == before
    assert browser.submit(address, {**form, "event_id": "r3", "base": "160000.00", "restates": "on"}).status_code == 302
    wrong = browser.submit(address, {**form, "event_id": "r4", "period_from": "2027-07-01", "period_to": "2027-07-14",
                                     "due": "1.00"})  # fmt: skip
    assert wrong.status_code == 422
    assert 'id="error-due"' in wrong.get_data(as_text=True)
