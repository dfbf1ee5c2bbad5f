"""Fund first, equity later through the services: who decides, what moves, what the pages offer, what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from marketplace.agreements import queries
from marketplace.agreements.errors import EventNotYoursError, EventRefusedError
from marketplace.agreements.overview import list_balances
from marketplace.agreements.services.drafting import make_terms
from marketplace.agreements.services.verification import verify_agreement
from marketplace.ledger.services import check_ledger
from tests.conftest import table_counts
from tests.factories import agreements as factory
from tests.worked_examples import fund_first_story as story

SEATS = {"project": "project_team", "guidance": "guidance_fund", "auditor": "auditor"}
ACTS = {"conversion", "grant_audit", "grant_return", "grant_close"}


def funded(make: Any, **more: Any) -> factory.Scene:
    return factory.make_active(make, terms=make_terms(story.parameters(), template="fund_first"), kinds=SEATS, **more)


def balances_of(scene: factory.Scene) -> dict[str, int]:
    with scene.transaction() as session:
        rows = list_balances(session, agreement=scene.agreement(session), locale="en")
        return {row["name"]: row["amount_minor"] for row in rows}


def is_sound(scene: factory.Scene) -> bool:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        return check_ledger(session).sound and verify_agreement(session, agreement=agreement).problem is None


@pytest.mark.parametrize("name", story.STORIES)
def test_each_ending_runs_through_the_services_and_the_ledger_is_sound(make: Any, name: str) -> None:
    scene = funded(make)
    factory.play(scene, story.STORIES[name]())
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        assert agreement.state == "completed"
        names = {party.id: party.party for party in agreement.parties}
        paid = [row for row in queries.list_payments(session, agreement_id=agreement.id) if row.state == "paid"]
        to_funder = sum(row.amount_minor for row in paid if names[row.payee_party_id] == "guidance")
    golden = story.GOLDEN
    expected = {
        "converted": golden["converted"]["sale_paid"]["guidance"],
        "failed": golden["failed"]["returned_minor"],
        "ineligible": golden["ineligible"]["due_minor"],
        "lost": golden["lost"]["repaid"]["amount_minor"] + golden["lost"]["liquidation_paid"]["guidance"],
    }
    assert to_funder == expected[name]
    assert is_sound(scene)


def test_what_comes_in_after_the_write_off_is_paid_to_the_funder_first(make: Any, browser: Any) -> None:
    scene = funded(make)
    golden = story.GOLDEN["lost"]
    events = story.story_lost()[:-1]
    factory.play(scene, events)
    lost = golden["lost_minor"]
    assert balances_of(scene) == {"grant_due:grant": lost, "grant_lost:grant": lost}
    page = browser.sign_in(scene.members["guidance"].user).get(f"/agreements/{scene.public_id}?lang=en")
    assert "Of it written off, claim kept" in page.get_data(as_text=True)
    proceeds = golden["late"]["proceeds_minor"]
    factory.play(scene, [story.row("2028-01-25", "exit", kind="liquidation", proceeds_minor=proceeds)])
    assert balances_of(scene) == {}
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        names = {party.id: party.party for party in agreement.parties}
        paid = [row for row in queries.list_payments(session, agreement_id=agreement.id) if row.state == "paid"]
        to_funder = [row.amount_minor for row in paid if names[row.payee_party_id] == "guidance"]
    assert to_funder[-1] == lost
    assert is_sound(scene)


def test_whoever_gains_does_not_decide(make: Any) -> None:
    scene = funded(make)
    rows = {event["kind"]: event for event in story.story_failed()}
    factory.play(scene, story.story_failed()[:7])
    audit, closing = rows["grant_audit"], rows["grant_close"]
    for party in ("project", "guidance"):
        with pytest.raises(EventNotYoursError):
            factory.record(scene, party, audit)
    with pytest.raises(EventRefusedError):
        factory.agree(scene, closing, proposer="project", confirmer="auditor")  # nothing is audited yet
    factory.record(scene, "auditor", audit)
    for proposer, confirmer in (("project", "guidance"), ("guidance", "project"), ("auditor", "auditor")):
        with pytest.raises(EventNotYoursError):
            factory.agree(scene, {**closing, "id": f"{proposer}-{confirmer}"}, proposer=proposer, confirmer=confirmer)
    assert balances_of(scene)["grant:grant"] == audit["body"]["eligible_minor"]
    factory.agree(scene, {**closing, "id": "closed"}, proposer="guidance", confirmer="auditor")
    assert "grant:grant" not in balances_of(scene)


def test_only_the_team_gives_back_early(make: Any) -> None:
    scene = funded(make)
    factory.play(scene, story.drawn("T1"))
    early = story.row("2027-03-01", "grant_return", instrument="grant", early=True, amount_minor=100_000_000)
    with pytest.raises(EventNotYoursError):
        factory.record(scene, "guidance", early)
    factory.record(scene, "project", early)
    back = story.row("2027-03-02", "distribution", source="project", collect=["grant_due:grant"])
    factory.record(scene, "project", back)
    factory.pay_all(scene)
    assert balances_of(scene) == {"grant:grant": 500_000_000}
    assert is_sound(scene)


def test_a_conversion_above_the_cap_is_refused_when_it_is_proposed(make: Any) -> None:
    scene = funded(make)
    factory.play(scene, story.drawn("T1", "T2"))
    before = table_counts(make.database)
    with pytest.raises(EventRefusedError) as refusal:
        factory.agree(scene, story.conversion(**story.ABOVE), confirmer="auditor")
    assert refusal.value.details["rule"] == "above_holding_cap"
    assert table_counts(make.database) == before


def form(**changes: str) -> dict[str, str]:
    return {
        "event_id": "c1", "effective_on": "2029-03-15", "grant": "grant", "amount": "10,000,000.00",
        "pre_money": "70,000,000.00", "shares_before": "11000000", "new_money": "20,000,000.00",
        "largest_other_shares": "6600000", "evidence": "领投协议 2029-17", **changes,
    }  # fmt: skip


def test_the_team_proposes_on_the_page_and_the_auditor_confirms(make: Any, new_browser: Any) -> None:
    scene = funded(make)
    factory.play(scene, [*story.drawn("T1", "T2")])
    team, auditor = (new_browser().sign_in(scene.members[name].user) for name in ("project", "auditor"))
    here = f"/agreements/{scene.public_id}"
    before = table_counts(make.database)
    for changes, field in (
        ({"pre_money": "30,000,000.00", "new_money": "5,000,000.00"}, "amount"),
        ({"amount": "10,000,000.01"}, "amount"),
        ({"largest_other_shares": "1746031"}, "largest_other_shares"),
        ({"shares_before": ""}, "shares_before"),
        ({"shares_before": "many"}, "shares_before"),
        ({"effective_on": "2030-01-01"}, "effective_on"),
        ({"evidence": ""}, "evidence"),
    ):
        answer = team.submit(f"{here}/events/new/conversion", form(**changes))
        assert answer.status_code == 422, changes
        assert f'id="error-{field}"' in answer.get_data(as_text=True), changes
    assert table_counts(make.database) == before
    assert team.submit(f"{here}/events/new/conversion", form()).status_code == 302
    funder = new_browser().sign_in(scene.members["guidance"].user).get(f"{here}?lang=en").get_data(as_text=True)
    assert "/confirm" not in funder
    page = auditor.get(f"{here}?lang=en").get_data(as_text=True)
    assert "11,000,000" in page
    assert '<span class="written" lang="zh-CN">领投协议 2029-17</span>' in page
    (confirm,) = set(re.findall(rf"{here}/proposals/[^\"]+/confirm", page))
    assert auditor.submit(confirm, {}, page=here).status_code == 302
    page = team.get(f"{here}?lang=en").get_data(as_text=True)
    assert "1,746,031" in page
    assert "Shares held" in page
    shown = re.findall(r'href="(/agreements/[^"]+/events/aev_[^"]+)">Conversion into equity', page)
    event = team.get(f"{shown[0]}?lang=en").get_data(as_text=True)
    assert "1,746,031 of 15,888,888 shares" in event
    assert "Conditional grant, not yet converted" in event
    assert balances_of(scene)["shares:guidance"] == 1_746_031


def test_the_page_offers_acts_on_a_grant_only_where_the_terms_hold_one(make: Any, new_browser: Any) -> None:
    scene = funded(make)
    offered = {}
    for name in SEATS:
        page = new_browser().sign_in(scene.members[name].user).get(f"/agreements/{scene.public_id}?lang=en")
        offered[name] = set(re.findall(r"/events/new/([a-z_]+)", page.get_data(as_text=True)))
    assert offered["auditor"] == {"grant_audit"}
    assert offered["guidance"] & ACTS == {"conversion", "grant_return", "grant_close"}
    assert offered["project"] & ACTS == {"conversion", "grant_return", "grant_close"}


def test_an_agreement_without_a_grant_offers_none_of_its_acts(active: factory.Scene, browser: Any) -> None:
    page = browser.sign_in(active.members["project"].user).get(f"/agreements/{active.public_id}?lang=en")
    assert not ACTS & set(re.findall(r"/events/new/([a-z_]+)", page.get_data(as_text=True)))


def test_the_auditor_records_its_audit_on_the_page(make: Any, browser: Any) -> None:
    scene = funded(make)
    factory.play(scene, story.story_failed()[:7])
    browser.sign_in(scene.members["auditor"].user)
    address = f"/agreements/{scene.public_id}/events/new/grant_audit"
    values = {"event_id": "a1", "effective_on": "2028-08-20", "grant": "grant", "eligible": "8765432.10",
              "ineligible": "0", "unspent": "1234567.89", "evidence": "Special audit 2028-6"}  # fmt: skip
    before = table_counts(make.database)
    wrong = browser.submit(address, values)
    assert wrong.status_code == 422
    assert 'id="error-eligible"' in wrong.get_data(as_text=True)
    assert table_counts(make.database) == before
    assert browser.submit(address, {**values, "unspent": "1234567.90"}).status_code == 302
    assert balances_of(scene)["grant_due:grant"] == 123_456_790


def test_the_template_is_drafted_by_the_api(make: Any, call: Any) -> None:
    members = {party: make.member(kind) for party, kind in SEATS.items()}
    project = factory.make_project(make, members["project"])
    organisations = {party: member.organisation.public_id for party, member in members.items()}
    organisations |= {"shareholders": None, "creditors": None}
    draft = {
        "project": project.public_id, "title_zh": "先投后股", "title_en": "Fund first", "template": "fund_first",
        "parameters": story.parameters(), "organisations": organisations,
    }  # fmt: skip
    made = call(members["project"], "POST", "", draft)
    assert made.status_code == 201, made.get_json()
    assert {row["role"] for row in made.get_json()["parties"]} >= {"project", "guidance_fund", "auditor"}
    friend = {**organisations, "auditor": make.member("angel").organisation.public_id}
    assert call(members["project"], "POST", "", {**draft, "organisations": friend}).status_code == 422
    wrong = {**draft, "parameters": {**story.parameters(), "holding_cap": "1"}}
    refused = call(members["project"], "POST", "", wrong)
    assert refused.status_code == 422
    assert "holding_cap" in refused.get_data(as_text=True)


def test_a_conversion_by_the_api_is_a_proposal_and_the_funder_does_not_audit(make: Any, call: Any) -> None:
    scene = funded(make)
    factory.play(scene, story.drawn("T1", "T2"))
    address = f"/{scene.public_id}/events"
    audit = {"id": "a", "kind": "grant_audit", "effective_on": "2028-01-05",
             "body": {"instrument": "grant", "eligible_minor": 1_000_000_000, "ineligible_minor": 0,
                      "unspent_minor": 0}}  # fmt: skip
    refused = call(scene.members["guidance"], "POST", address, audit)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "event_not_yours")
    assert call(scene.members["auditor"], "POST", address, audit).status_code in (200, 201)
    asked = call(scene.members["guidance"], "POST", address, story.conversion())
    assert asked.status_code in (201, 202)
    assert balances_of(scene) == {"grant:grant": 1_000_000_000}
