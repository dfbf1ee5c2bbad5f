"""The pages of agreements, through the door: drafting, simulating, signing, recording, reading."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from marketplace.agreements import queries
from marketplace.agreements.models import Agreement
from marketplace.jobs.services import run_due_jobs
from marketplace.projects.models import Milestone, Project
from risk.sharing.templates.scenario_a import scenario_a
from risk.simulation import scenario_a_drivers
from tests.conftest import table_counts
from tests.factories import agreements as factory

CHINESE = re.compile(r"[\u4e00-\u9fff]")
STORY = scenario_a("success")["events"]


def counts(scene: factory.Scene) -> dict[str, int]:
    """Rows of every table but what a refused act may leave behind."""
    kept = table_counts(scene.factory.database)
    return {name: number for name, number in kept.items() if name != "audit_line"}


def deal(members: dict[str, factory.Member]) -> dict[str, str]:
    """The form of the template filled in with the parties and amounts of scenario A."""
    return {
        "title_zh": "联合中试协议", "title_en": "Joint pilot", "founders_zh": "创始人", "founders_en": "Founders",
        "investors_share": "44", "preference_rate": "6",
        "call1_on": "2027-01-15", "call1_milestone": "M0", "call2_on": "2027-06-21", "call2_milestone": "M1",
        "call3_on": "2027-12-21", "call3_milestone": "M2",
        **{f"investor{number}_organisation": members[party].organisation.public_id
           for number, party in enumerate(("angel", "industrial", "guidance"), start=1)},
        "investor1_T1": "800,000", "investor1_T2": "600000", "investor1_T3": "600000",
        "investor2_T1": "2000000", "investor2_T2": "1500000", "investor2_T3": "1500000",
        "investor3_T1": "1600000", "investor3_T2": "1200000", "investor3_T3": "1200000",
        "bank_organisation": members["bank"].organisation.public_id, "bank_rate": "4",
        "bank_T2": "3000000", "bank_T3": "2000000",
        "bank_repay1_on": "2029-06-20", "bank_repay1": "2500000", "bank_repay2_on": "2029-12-20",
        "bank_repay2": "2500000", "bank_step_milestone": "M3", "bank_step_from": "2028-09-20", "bank_step_rate": "3.6",
        "insurer_organisation": members["insurer"].organisation.public_id, "insurer_premium": "680657",
        "insurer_subsidy": "300000", "insurer_deductible": "930000", "insurer_share": "50", "insurer_limit": "4000000",
        "insurer_assigned": "40",
        "pool_organisation": members["pool"].organisation.public_id, "pool_share": "40", "pool_loan_limit": "1500000",
        "pool_year_limit": "1100000",
        "centre_organisation": members["centre"].organisation.public_id, "centre_fee": "600000",
        "centre_milestone": "M3", "centre_contract": "A-1",
        "approval_number": "A-2026-11", "approval_body_zh": "投委会", "approval_body_en": "Committee",
        "approval_on": "2026-12-20", "subordinated": "1", "kept_rate": "3", "concession_cap": "100",
    }  # fmt: skip


@pytest.fixture
def team(make: Any) -> dict[str, factory.Member]:
    return {party: make.member(kind) for party, kind in factory.ORGANISATIONS.items()}


def test_form_of_the_template_becomes_the_terms_that_settle_scenario_a(make: Any, team: Any, browser: Any) -> None:
    project = factory.make_project(make, team["project"])
    browser.sign_in(team["project"].user)
    answer = browser.submit(f"/projects/{project.public_id}/agreements/new", deal(team))
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    with make.database.transaction("read") as session:
        agreement = session.query(Agreement).one()
        terms = queries.load_terms(queries.get_version(session, agreement=agreement))
    expected = scenario_a("success")["terms"]
    assert [item["commitment_minor"] for item in terms["instruments"]] == [
        item["commitment_minor"] for item in expected["instruments"]
    ]
    assert terms["tranches"][0]["amounts"] == {
        "investor1-equity": 80_000_000, "investor2-equity": 200_000_000, "investor3-equity": 160_000_000,
    }  # fmt: skip
    assert {party["kind"] for party in terms["parties"]} == {party["kind"] for party in expected["parties"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title_en", ""), ("title_zh", "x" * 201), ("investors_share", "101"), ("investors_share", "NaN"),
        ("call1_on", "2027-02-30"), ("investor1_organisation", "org_unknown"), ("investor1_T1", "1.001"),
        ("investor1_T1", "-5"), ("bank_rate", "four"), ("bank_repay1", "1"), ("insurer_subsidy", "900000"),
        ("approval_on", ""),
    ],
)  # fmt: skip
def test_wrong_field_of_the_draft_answers_422_keeps_the_input_and_writes_nothing(
    make: Any, team: Any, browser: Any, field: str, value: str
) -> None:
    project = factory.make_project(make, team["project"])
    browser.sign_in(team["project"].user)
    before = table_counts(make.database)
    answer = browser.submit(f"/projects/{project.public_id}/agreements/new", {**deal(team), field: value})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "error-summary" in page
    assert "A-2026-11" in page
    after = table_counts(make.database)
    assert {**after, "audit_line": 0} == {**before, "audit_line": 0}


def test_other_team_cannot_draft_for_a_project(make: Any, team: Any, browser: Any) -> None:
    project = factory.make_project(make, team["project"])
    browser.sign_in(make.member("project_team").user)
    answer = browser.submit(f"/projects/{project.public_id}/agreements/new", deal(team), page="/agreements")
    assert answer.status_code in (403, 404)


def test_terms_with_a_wrong_clause_name_it_and_keep_the_text(scene: factory.Scene, browser: Any) -> None:
    browser.sign_in(scene.members["project"].user)
    address = f"/agreements/{scene.public_id}/terms"
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        terms = queries.load_terms(queries.get_version(session, agreement=agreement))
    terms["accruals"][0]["rate"] = "0.06"
    before = counts(scene)
    answer = browser.submit(address, {"terms": json.dumps(terms), "based_on": "1", "note": "my note"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "accruals[0].rate" in page
    assert "my note" in page
    assert counts(scene) == before


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"schema": 1.5}', '{"a": 1, "a": 2}', "[" * 20_000])
def test_document_that_is_no_terms_is_refused(scene: factory.Scene, browser: Any, text: str) -> None:
    browser.sign_in(scene.members["project"].user)
    answer = browser.submit(f"/agreements/{scene.public_id}/terms", {"terms": text, "based_on": "1"})
    assert answer.status_code == 422


def test_simulation_runs_in_the_worker_and_shows_every_party(scene: factory.Scene, browser: Any) -> None:
    browser.sign_in(scene.members["angel"].user)
    page = f"/agreements/{scene.public_id}/simulations/new"
    answer = browser.submit(
        f"/agreements/{scene.public_id}/simulations",
        {"drivers": json.dumps(scenario_a_drivers()), "scenarios": "1000", "seed": "7"}, page=page,
    )  # fmt: skip
    assert answer.status_code == 302
    waiting = browser.get(answer.location + "?lang=en").get_data(as_text=True)
    assert "Waiting for the worker" in waiting
    assert run_due_jobs(scene.factory.database) >= 1
    shown = browser.get(answer.location + "?lang=en").get_data(as_text=True)
    assert "Probability of a loss" in shown
    assert "Guidance fund" in shown
    assert "Drawn from 1,000 scenarios with seed 7" in shown
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        version = queries.get_version(session, agreement=agreement)
        run = queries.find_latest_simulation(session, agreement=agreement, terms_hash=version.terms_hash)
        assert run is not None
        assert run.result is not None
        assert run.result["parties"]["angel"]["expected_profit"]["standard_error_minor"] > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("drivers", "{}"), ("drivers", "nonsense"), ("scenarios", "10"), ("scenarios", "-1"), ("seed", "x")],
)
def test_assumptions_that_cannot_be_used_are_refused_before_any_job(
    scene: factory.Scene, browser: Any, field: str, value: str
) -> None:
    browser.sign_in(scene.members["angel"].user)
    before = counts(scene)
    data = {"drivers": json.dumps(scenario_a_drivers()), "scenarios": "1000", "seed": "7", field: value}
    answer = browser.submit(
        f"/agreements/{scene.public_id}/simulations", data, page=f"/agreements/{scene.public_id}/simulations/new"
    )
    assert answer.status_code == 422
    assert counts(scene) == before


def sign_on_page(scene: factory.Scene, browser: Any, party: str, **changes: str) -> Any:
    browser.sign_in(scene.members[party].user)
    address = f"/agreements/{scene.public_id}/sign"
    page = browser.get(address + "?lang=en").get_data(as_text=True)
    hidden = dict(re.findall(r'name="(version|statement)" value="([^"]+)"', page))
    return browser.submit(address, {**hidden, "passphrase": factory.PASSPHRASE, **changes})


def make_key_on_page(scene: factory.Scene, browser: Any, party: str, second: str = factory.PASSPHRASE) -> Any:
    browser.sign_in(scene.members[party].user)
    return browser.submit("/signing-key", {"passphrase": factory.PASSPHRASE, "repeated": second})


def test_signatory_makes_a_key_reads_and_signs(scene: factory.Scene, browser: Any) -> None:
    factory.add_simulation(scene)
    assert make_key_on_page(scene, browser, "angel").status_code == 302
    answer = sign_on_page(scene, browser, "angel")
    assert answer.status_code == 302
    page = browser.get(f"/agreements/{scene.public_id}?lang=en").get_data(as_text=True)
    assert "Receipt: sig_" in page
    assert sign_on_page(scene, browser, "angel").status_code == 409


def test_wrong_passphrase_answers_at_its_field(scene: factory.Scene, browser: Any) -> None:
    factory.add_simulation(scene)
    make_key_on_page(scene, browser, "angel")
    before = counts(scene)
    answer = sign_on_page(scene, browser, "angel", passphrase="something else entirely")
    assert answer.status_code == 422
    assert 'id="error-passphrase"' in answer.get_data(as_text=True)
    assert counts(scene) == before


@pytest.mark.parametrize("changes", [{"statement": "0" * 64}, {"version": "2"}, {"version": "one"}, {"statement": ""}])
def test_signing_something_else_than_was_shown_is_refused(scene: factory.Scene, browser: Any, changes: Any) -> None:
    factory.add_simulation(scene)
    make_key_on_page(scene, browser, "angel")
    assert sign_on_page(scene, browser, "angel", **changes).status_code == 409


def test_two_different_passphrases_make_no_key(scene: factory.Scene, browser: Any) -> None:
    assert make_key_on_page(scene, browser, "angel", "another passphrase").status_code == 422


def test_call_by_form_makes_its_payments_and_a_second_submit_adds_nothing(active: factory.Scene, browser: Any) -> None:
    factory.record_by_house(active, STORY[1])
    browser.sign_in(active.members["project"].user)
    address = f"/agreements/{active.public_id}/events/new/drawdown_call"
    page = browser.get(address).get_data(as_text=True)
    hidden = dict(re.findall(r'name="(event_id|form_key|csrf_token)" value="([^"]+)"', page))
    data = {**hidden, "effective_on": "2027-01-15", "tranche": "T1"}
    first = browser.client.post(address, data=data)
    assert first.status_code == 302
    before = counts(active)
    again = browser.client.post(address, data=data)
    assert (again.status_code, again.location) == (302, first.location)
    # Another form with the same event id is the same event as well.
    assert browser.submit(address, {**data, "form_key": "another"}).status_code == 302
    after = counts(active)
    assert after["agreement_event"] == before["agreement_event"]
    assert after["payment_intent"] == before["payment_intent"]
    assert after["ledger_entry"] == before["ledger_entry"]


def test_event_that_the_terms_refuse_is_shown_at_its_field(active: factory.Scene, browser: Any) -> None:
    browser.sign_in(active.members["project"].user)
    before = counts(active)
    answer = browser.submit(
        f"/agreements/{active.public_id}/events/new/drawdown_call",
        {"event_id": "call-1", "effective_on": "2027-01-15", "tranche": "T1"},
    )
    assert answer.status_code == 422
    assert 'id="error-tranche"' in answer.get_data(as_text=True)
    assert counts(active) == before


def test_party_opens_only_the_forms_of_its_own_events(active: factory.Scene, browser: Any) -> None:
    address = f"/agreements/{active.public_id}/events/new/"
    browser.sign_in(active.members["bank"].user)
    assert browser.get(address + "interest_due").status_code == 200
    assert browser.get(address + "drawdown_call").status_code == 403
    assert browser.get(address + "milestone").status_code == 404


@pytest.mark.parametrize(
    "path", ["", "/terms", "/sign", "/verify", "/bundle.json", "/versions/1", "/simulations/new", "/statements/bank"]
)
def test_stranger_finds_nothing_at_any_address(active: factory.Scene, browser: Any, path: str) -> None:
    browser.sign_in(active.factory.member("project_team").user)
    assert browser.get(f"/agreements/{active.public_id}{path}").status_code == 404


def test_party_reads_its_own_statement_and_no_other(active: factory.Scene, browser: Any) -> None:
    factory.play(active, STORY[:8])
    address = f"/agreements/{active.public_id}/statements/"
    browser.sign_in(active.members["angel"].user)
    assert "800,000.00" in browser.get(address + "angel").get_data(as_text=True)
    assert browser.get(address + "bank").status_code == 403
    rows = browser.get(address + "angel?format=csv").get_data(as_text=True)
    assert "-800000.00" in rows
    browser.sign_in(active.operator.user)
    assert browser.get(address + "bank").status_code == 200


def test_regulator_reads_and_changes_nothing(active: factory.Scene, browser: Any) -> None:
    browser.sign_in(active.factory.member("regulator").user)
    assert browser.get(f"/agreements/{active.public_id}").status_code == 200
    before = counts(active)
    for path in ("terms", "share", "terminate", "sign", "simulations", "events/new/drawdown_call"):
        answer = browser.submit(f"/agreements/{active.public_id}/{path}", {}, page="/agreements")
        assert answer.status_code in (403, 409, 422), path
    assert counts(active) == before


def test_pages_in_english_hold_no_chinese_and_reading_writes_nothing(make: Any, browser: Any) -> None:
    scene = factory.make_active(make)
    factory.play(scene, STORY[:12])
    browser.sign_in(scene.members["project"].user)
    with scene.transaction() as session:
        events = queries.list_events(session, agreement_id=scene.agreement(session).id)
        addresses = [f"/events/{event.public_id}" for event in events]
    addresses += ["", "/verify", "/versions/1", "/statements/bank", "/events/new/exit", "/events/new/distribution"]
    before = table_counts(make.database)
    for address in addresses:
        answer = browser.get(f"/agreements/{scene.public_id}{address}?lang=en")
        assert answer.status_code == 200, address
        main = answer.get_data(as_text=True).split("<main", 1)[1].split("</main>", 1)[0]
        text = re.sub(r"<pre.*?</pre>", "", main, flags=re.DOTALL)
        assert not CHINESE.search(text), (address, CHINESE.search(text))
    assert table_counts(make.database) == before


def test_titles_of_markup_are_shown_as_text(make: Any, team: Any, browser: Any) -> None:
    project = factory.make_project(make, team["project"])
    browser.sign_in(team["project"].user)
    marker = "<script>alert('x')</script>{{7*7}}"
    answer = browser.submit(f"/projects/{project.public_id}/agreements/new", {**deal(team), "title_en": marker})
    page = browser.get(answer.location + "?lang=en").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "{{7*7}}" in page


def test_team_finds_the_way_to_a_draft_on_its_list(make: Any, team: Any, browser: Any) -> None:
    project = factory.make_project(make, team["project"])
    browser.sign_in(team["project"].user)
    assert f"/projects/{project.public_id}/agreements/templates" in browser.get("/agreements").get_data(as_text=True)
    browser.sign_in(team["bank"].user)
    assert "/agreements/templates" not in browser.get("/agreements").get_data(as_text=True)


def test_rates_by_assessed_level_become_steps_on_the_milestones_that_prove_them(
    make: Any, team: Any, browser: Any
) -> None:
    project = factory.make_project(make, team["project"])
    with make.database.transaction() as session:
        found = session.get_one(Project, project.id)
        found.trl_assessed, found.mrl_assessed = 6, 5
        session.query(Milestone).filter_by(project_id=project.id, code="M3").one().target_trl = 8
    browser.sign_in(team["project"].user)
    url = f"/projects/{project.public_id}/agreements/new"
    assert 'name="bank_rate_trl8"' in browser.get(url).get_data(as_text=True)
    by_level = {**deal(team), "bank_step_milestone": "", "bank_step_from": "", "bank_step_rate": ""}
    for wrong, field in (
        ({"bank_rate_trl7": "4"}, "bank_rate_trl7"),
        ({"bank_rate_trl7": "3.9", "bank_rate_trl8": "3.95"}, "bank_rate_trl8"),
        ({**deal(team), "bank_rate_trl7": "3.9"}, "bank_rate_trl7"),
    ):  # fmt: skip
        refused = browser.submit(url, {**by_level, **wrong})
        assert refused.status_code == 422
        assert f'href="#field-{field}"' in refused.get_data(as_text=True)
    done = browser.submit(url, {**by_level, "bank_rate_trl7": "3.8", "bank_rate_trl8": "3.6"})
    assert done.status_code == 302, done.get_data(as_text=True)[:2000]
    with make.database.transaction("read") as session:
        terms = queries.load_terms(queries.get_version(session, agreement=session.query(Agreement).one()))
    loan = next(row for row in terms["instruments"] if row["kind"] == "loan")
    assert [(step["milestone"], step["rate"]["value"]) for step in loan["steps"]] == [("M3", "0.038"), ("M3", "0.036")]


def test_first_loss_of_the_guidance_fund_ends_with_the_milestone_that_proves_the_level(
    make: Any, team: Any, browser: Any
) -> None:
    project = factory.make_project(make, team["project"])
    with make.database.transaction() as session:
        found = session.get_one(Project, project.id)
        found.trl_assessed, found.mrl_assessed = 6, 5
        session.query(Milestone).filter_by(project_id=project.id, code="M3").one().target_trl = 8
    browser.sign_in(team["project"].user)
    url = f"/projects/{project.public_id}/agreements/new"
    assert 'name="first_loss_until"' in browser.get(url).get_data(as_text=True)
    for wrong in (
        {"first_loss_until": "9"}, {"first_loss_until": "6"}, {"first_loss_until": "eight"},
        {"first_loss_until": "8", "subordinated": ""}, {"first_loss_until": "8", "approval_number": ""},
    ):  # fmt: skip
        refused = browser.submit(url, {**deal(team), **wrong})
        assert refused.status_code == 422, wrong
        assert 'href="#field-first_loss_until"' in refused.get_data(as_text=True), wrong
    with make.database.transaction("read") as session:
        assert session.query(Agreement).count() == 0
    done = browser.submit(url, {**deal(team), "first_loss_until": "7"})
    assert done.status_code == 302, done.get_data(as_text=True)[:2000]
    with make.database.transaction("read") as session:
        terms = queries.load_terms(queries.get_version(session, agreement=session.query(Agreement).one()))
    liquidation = terms["programs"]["exit"]["when"]["then"]
    assert liquidation["when"]["if"] == {"milestone": "M3"}
    assert browser.get(f"{done.location}/versions/1").status_code == 200
