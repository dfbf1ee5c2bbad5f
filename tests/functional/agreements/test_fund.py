"""The agreement of a fund, which belongs to no project: drafted, simulated, signed, called, distributed, shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from marketplace.agreements import queries
from marketplace.agreements.errors import EventNotYoursError, PartiesDifferError
from marketplace.agreements.services import drafting, simulations
from marketplace.agreements.services.verification import verify_agreement
from marketplace.errors import NotAllowedError
from marketplace.jobs.services import run_due_jobs
from risk.sharing import sub_fund
from risk.sharing.templates.scenario_a import parameters as joint_pilot_parameters
from tests.conftest import table_counts
from tests.factories import MOMENT, sub_funds
from tests.factories import agreements as factory

PARTIES = ("public", "private", "manager", "fund")
CALL = {"id": "call", "kind": "drawdown_call", "effective_on": "2027-01-01", "body": {"tranche": "C1"}}


def distribution(name: str, on: str, proceeds: int, **flags: bool) -> dict[str, Any]:
    body = {"kind": "partnership_distribution", "proceeds_minor": proceeds, "flags": flags}
    return {"id": name, "kind": "exit", "effective_on": on, "body": body}


@pytest.fixture
def fund(make: Any) -> factory.Scene:
    """A partnership agreement that its partners can read."""
    return sub_funds.make_scene(make)


@pytest.fixture
def signed(fund: factory.Scene) -> factory.Scene:
    """Simulated by its own drivers and signed by all."""
    with fund.transaction() as session:
        agreement = fund.agreement(session)
        drivers = simulations.suggest_drivers(session, agreement=agreement, today=MOMENT.date())
        simulations.request_simulation(
            session, agreement=agreement, actor=fund.members["fund"].actor, drivers=drivers, now=MOMENT, scenarios=1_000
        )
    run_due_jobs(fund.factory.database)
    for party in PARTIES:
        factory.sign(fund, party)
    return fund


def test_only_a_fund_drafts_without_a_project_and_for_itself(make: Any) -> None:
    members = sub_funds.make_members(make)
    members["team"] = make.member("project_team")
    with pytest.raises(NotAllowedError):
        sub_funds.draft(make, members, by="team", fund="team")
    with pytest.raises(NotAllowedError):
        sub_funds.draft(make, members, by="public")
    with pytest.raises(PartiesDifferError, match="own organisation acts for the fund"):
        sub_funds.draft(make, members, fund="team")
    pilot = drafting.make_terms(joint_pilot_parameters())
    with pytest.raises(PartiesDifferError, match="Only the agreement of a fund"):
        sub_funds.draft(make, members, terms=pilot)
    assert sub_funds.draft(make, members).startswith("agr_")


def test_a_fund_is_simulated_on_the_page_by_drivers_of_its_own(fund: factory.Scene, browser: Any) -> None:
    browser.sign_in(fund.members["private"].user)
    form = browser.get(f"/agreements/{fund.public_id}/simulations/new?lang=en").get_data(as_text=True)
    assert "All that the fund realises to distribute over its life" in form
    with fund.transaction() as session:
        drivers = simulations.suggest_drivers(session, agreement=fund.agreement(session), today=MOMENT.date())
    answer = browser.submit(
        f"/agreements/{fund.public_id}/simulations",
        {"drivers": json.dumps(drivers), "scenarios": "1000", "seed": "7"},
        page=f"/agreements/{fund.public_id}/simulations/new",
    )
    assert answer.status_code == 302
    run_due_jobs(fund.factory.database)
    shown = browser.get(answer.location + "?lang=en").get_data(as_text=True)
    assert "Probability of a loss" in shown


def test_a_fund_cannot_be_signed_without_a_simulation(fund: factory.Scene, browser: Any) -> None:
    browser.sign_in(fund.members["private"].user)
    assert browser.get(f"/agreements/{fund.public_id}/sign").status_code == 409


def test_calls_and_distributions_settle_and_the_agreement_goes_on(signed: factory.Scene) -> None:
    factory.record(signed, "fund", CALL)
    assert factory.pay_all(signed) == 3
    factory.agree(signed, distribution("first", "2028-01-01", 107_000_000), proposer="fund", confirmer="private")
    factory.agree(
        signed, distribution("second", "2029-01-01", 10_000_000, raised=True), proposer="fund", confirmer="public"
    )
    assert factory.pay_all(signed) == 6
    with signed.transaction() as session:
        agreement = signed.agreement(session)
        assert agreement.state == "active"
        assert agreement.project_id is None
        rows = queries.list_payments(session, agreement_id=agreement.id)
        team = [row for row in rows if row.payee.party == "team"]
        # By hand in tests/unit/risk/sharing/test_sub_fund.py: 1,000,000, then 500,000 + 1,900,000.
        assert [row.amount_minor for row in team] == [1_000_000, 2_400_000]
        assert {row.state for row in team} == {"outside"}
        assert verify_agreement(session, agreement=agreement).problem is None


def test_the_general_partner_does_not_confirm_what_its_fund_proposes(signed: factory.Scene) -> None:
    factory.record(signed, "fund", CALL)
    factory.pay_all(signed)
    with pytest.raises(EventNotYoursError):
        factory.agree(signed, distribution("first", "2028-01-01", 1), proposer="fund", confirmer="manager")


@pytest.mark.parametrize("language", ["en", "zh_Hans_CN"])
def test_every_page_and_file_of_an_agreement_without_a_project(
    signed: factory.Scene, browser: Any, language: str
) -> None:
    factory.record(signed, "fund", CALL)
    factory.pay_all(signed)
    browser.sign_in(signed.members["fund"].user)
    here = f"/agreements/{signed.public_id}"
    paths = ["/agreements", here, f"{here}/versions/1", f"{here}/versions/1/document.pdf", f"{here}/verify",
             f"{here}/bundle.json", f"{here}/statements/private", f"{here}/events/new/exit",
             "/payments", "/"]  # fmt: skip
    with signed.transaction() as session:
        agreement = signed.agreement(session)
        paths += [
            f"{here}/events/{event.public_id}" for event in queries.list_events(session, agreement_id=agreement.id)
        ]
        paths += [f"{here}/simulations/{run.public_id}"
                  for run in queries.list_simulations(session, agreement_id=agreement.id)]  # fmt: skip
    pages = {path: browser.get(f"{path}?lang={language}") for path in paths}
    assert {path: answer.status_code for path, answer in pages.items()} == dict.fromkeys(paths, 200)
    words = {"en": ("Agreement of a fund, not of one project", "General partner", "Partnership of the fund"),
             "zh_Hans_CN": ("基金层面协议，不对应单个项目", "普通合伙人", "合伙企业（基金）")}[language]  # fmt: skip
    for path, word in (("/agreements", words[0]), (here, words[0]), (here, words[1]), (here, words[2])):
        assert word in pages[path].get_data(as_text=True)
    # The fund, like a project's team, reads the statement of every partner.
    assert f"{here}/statements/private" in pages[here].get_data(as_text=True)


def test_the_api_shows_an_agreement_without_a_project(signed: factory.Scene, call: Any) -> None:
    private = signed.members["private"]
    assert [row["id"] for row in call(private, "GET", "").get_json()["data"]] == [signed.public_id]
    for path in ("", "/versions", "/events", "/verification", "/bundle", "/statements/private"):
        assert call(private, "GET", f"/{signed.public_id}{path}").status_code == 200, path


def new_agreement(members: dict[str, Any], **changes: Any) -> dict[str, Any]:
    organisations = {party: members[party].organisation.public_id for party in PARTIES}
    return {
        "title_zh": "子基金合伙协议", "title_en": "Partnership agreement", "terms": sub_fund(sub_funds.parameters()),
        "organisations": {**organisations, "team": None, "creditors": None}, **changes,
    }  # fmt: skip


def test_the_api_drafts_the_agreement_of_a_fund(make: Any, call: Any) -> None:
    members = sub_funds.make_members(make)
    answer = call(members["fund"], "POST", "", new_agreement(members))
    assert answer.status_code == 201
    drafted = answer.get_json()
    assert (drafted["state"], drafted["version"]) == ("draft", 1)
    seats = {row["party"]: row.get("organisation") for row in drafted["parties"]}
    assert seats == new_agreement(members)["organisations"]
    # Nobody else sees it before it is shared.
    assert call(members["private"], "GET", f"/{drafted['id']}").status_code == 404
    assert call(members["fund"], "GET", f"/{drafted['id']}/versions").status_code == 200


@pytest.mark.parametrize(("who", "changes", "status", "code"), [
    ("private", {}, 403, None), ("team", {}, 403, None), ("fund", {"title_en": ""}, 422, "invalid_input"),
    ("fund", {"organisations": {"fund": "org_nobody"}}, 404, None), ("fund", {"organisations": {}}, 422, None),
    ("fund", {"terms": {"schema": 1}}, 422, "terms_refused"), ("manager", {}, 422, None),
])  # fmt: skip
def test_a_bad_draft_of_a_fund_writes_nothing(
    make: Any, call: Any, who: str, changes: Any, status: int, code: str | None
) -> None:
    members = {**sub_funds.make_members(make), "team": make.member("project_team")}
    call(members[who], "GET", "")
    before = table_counts(make.database)
    answer = call(members[who], "POST", "", new_agreement(members, **changes))
    assert answer.status_code == status
    assert code in (None, answer.get_json()["error"]["code"])
    assert {**table_counts(make.database), "audit_line": 0} == {**before, "audit_line": 0}
