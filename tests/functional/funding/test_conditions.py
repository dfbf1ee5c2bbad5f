"""A conditional instrument: acknowledged with the commitment, soft until level or evidence meets it, on every door."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.services.keys import create_api_key
from marketplace.audit.queries import list_lines_of
from marketplace.errors import MarketplaceError
from marketplace.funding import queries
from marketplace.funding.services import acknowledge_condition, harden_commitment, meet_condition
from tests.conftest import table_counts

MILLION = 100_000_000
LOAN = "loan-trl-6-7-mrl-5-10"
EVIDENCE = {
    "document_number": "备〔2026〕118",
    "document_on": "2026-11-20",
    "ground": "Filed with the pool",
}


def text_of(response: Any) -> str:
    return str(response.get_data(as_text=True))


@pytest.fixture
def market(make: Any, projects: Any, deals: Any) -> dict[str, Any]:
    """A bank before a project at TRL 6 and MRL 5, where a loan is conditional and equity is open."""
    team = make.member("project_team")
    project = projects.published(team)
    projects.levels(project, 6, 5)
    return {"team": team, "project": project, "round": deals.round(team, project), "bank": make.member("bank"),
            "angel": make.member("angel")}  # fmt: skip


def act(database: Any, service: Any, member: Any, public_id: str, **values: Any) -> Any:
    with database.transaction() as session:
        held = queries.get_commitment(session, actor=member.actor, public_id=public_id)
        return service(session, actor=member.actor, commitment=held, now=clock.now(), **values)


def read(database: Any, member: Any, public_id: str) -> Any:
    with database.transaction("read") as session:
        return queries.get_commitment(session, actor=member.actor, public_id=public_id)


def test_the_page_asks_for_the_acknowledgement_and_writes_nothing_without(
    new_browser: Any, market: Any, database: Any
) -> None:
    bank = new_browser().sign_in(market["bank"].user)
    page = f"/rounds/{market['round'].public_id}"
    shown = text_of(bank.get(f"{page}?lang=en"))
    assert "In the pilot band a loan needs a compensation pool" in shown
    assert "中试阶段贷款须有风险补偿" in text_of(bank.get(f"{page}?lang=zh_Hans_CN"))
    bank.get(f"{page}?lang=en")
    form = {"instrument": "loan", "amount": "2000000", f"condition_{'loan'}": LOAN}
    before = table_counts(database)
    refused = bank.submit(f"{page}/commit", form, page=page)
    assert refused.status_code == 422
    assert 'id="error-acknowledged"' in text_of(refused)
    assert 'value="2000000"' in text_of(refused)
    other = bank.submit(f"{page}/commit", {**form, "acknowledged": "1", "condition_loan": "loan-trl-8-9"}, page=page)
    assert other.status_code == 422, "what is acknowledged is what stands today"
    assert table_counts(database) == before
    assert bank.submit(f"{page}/commit", {**form, "acknowledged": "1"}, page=page).status_code == 302
    shown = text_of(bank.get(f"{page}?lang=en"))
    assert "Soft commitment" in shown


def test_a_conditional_commitment_is_firm_only_by_evidence_that_the_funder_names(
    new_browser: Any, market: Any, deals: Any, database: Any
) -> None:
    made = deals.commit(market["bank"], market["round"], 2 * MILLION, "loan")
    (row,) = made.conditions
    assert (row["code"], row["state"], row["trl"], row["mrl"]) == (LOAN, "open", 6, 5)
    assert (row["acknowledged_by"], row["valid_from"]) == (market["bank"].user.public_id, "2024-01-01")
    assert "PBoC Guangdong" in row["source"]
    with pytest.raises(MarketplaceError) as caught:
        act(database, harden_commitment, market["bank"], made.public_id)
    assert caught.value.code == "condition_open"
    assert read(database, market["bank"], made.public_id).state == "soft"

    bank, team = new_browser().sign_in(market["bank"].user), new_browser().sign_in(market["team"].user)
    page = f"/commitments/{made.public_id}/condition"
    seen = text_of(team.get(f"{page}?lang=en"))
    assert "compensation pool" in seen
    assert 'name="ground"' not in seen, "the team reads it and does not decide it"
    assert team.submit(f"{page}/meet", {"code": LOAN, **EVIDENCE}, page=page).status_code == 403
    for wrong, field in (
        ({"document_number": ""}, "document_number"), ({"document_on": "soon"}, "document_on"),
        ({"document_on": "2090-01-01"}, "document_on"), ({"ground": " "}, "ground"),
    ):  # fmt: skip
        before = table_counts(database)
        answer = bank.submit(f"{page}/meet", {"code": LOAN, **EVIDENCE, **wrong}, page=page)
        assert answer.status_code == 422
        assert f'id="error-{field}"' in text_of(answer)
        assert table_counts(database) == before
    assert bank.submit(f"{page}/meet", {"code": LOAN, **EVIDENCE}, page=page).status_code == 302
    assert bank.submit(f"{page}/meet", {"code": LOAN, **EVIDENCE}, page=page).status_code == 409
    assert act(database, harden_commitment, market["bank"], made.public_id).state == "hard"
    with database.transaction("read") as session:
        lines = list_lines_of(session, subject_kind="round", subject_id=market["round"].public_id)
        acts = {line.action: line.details for line in lines}
    assert acts["commitment.condition_met"]["document_number"] == EVIDENCE["document_number"]
    assert "commitment.hardened" in acts
    for language, words in (("en", "Fulfilled"), ("zh_Hans_CN", "备〔2026〕118")):
        assert words in text_of(bank.get(f"{page}?lang={language}"))


def test_a_level_that_opens_the_instrument_meets_the_condition(
    market: Any, deals: Any, projects: Any, database: Any
) -> None:
    projects.levels(market["project"], None, None)
    made = deals.commit(market["angel"], market["round"], 2 * MILLION)
    assert made.conditions[0]["code"] == "equity-not-assessed"
    with pytest.raises(MarketplaceError) as caught:
        act(database, meet_condition, market["angel"], made.public_id, code="equity-not-assessed", ground="Known",
            document_number="1", document_on=date(2026, 11, 1))  # fmt: skip
    assert caught.value.code == "condition_state", "no document stands for an assessment"
    with pytest.raises(MarketplaceError):
        act(database, harden_commitment, market["angel"], made.public_id)
    projects.levels(market["project"], 5, 4)
    assert act(database, harden_commitment, market["angel"], made.public_id).state == "hard"
    (row,) = read(database, market["angel"], made.public_id).conditions
    assert (row["state"], row["met_by"]) == ("met", "level")


def test_a_changed_level_brings_another_condition_to_acknowledge(
    market: Any, deals: Any, projects: Any, database: Any
) -> None:
    bank = market["bank"]
    made = deals.commit(bank, market["round"], 2 * MILLION, "loan")
    evidence = {"code": LOAN, "ground": "Filed", "document_number": "1", "document_on": date(2026, 11, 1)}
    act(database, meet_condition, bank, made.public_id, **evidence)
    projects.levels(market["project"], 5, 4)
    with pytest.raises(MarketplaceError) as caught:
        act(database, harden_commitment, bank, made.public_id)
    assert (caught.value.code, caught.value.details["condition"]) == ("condition_changed", "loan-trl-3-5")
    act(database, acknowledge_condition, bank, made.public_id, code="loan-trl-3-5")
    with pytest.raises(MarketplaceError) as caught:
        act(database, harden_commitment, bank, made.public_id)
    assert caught.value.code == "condition_open"
    act(database, meet_condition, bank, made.public_id, **{**evidence, "code": "loan-trl-3-5"})
    assert act(database, harden_commitment, bank, made.public_id).state == "hard"
    projects.levels(market["project"], 1, 1)
    other = deals.round(market["team"], market["project"])
    with pytest.raises(MarketplaceError) as caught:
        deals.commit(bank, other, MILLION, "loan")
    assert caught.value.code == "instrument_closed"


def test_the_api_carries_the_condition_and_takes_the_evidence(new_browser: Any, market: Any, database: Any) -> None:
    with database.transaction() as session:
        _key, secret = create_api_key(
            session, actor=market["bank"].actor, name="k", scopes=["read", "write"], days=365, now=clock.now()
        )
    client, headers = new_browser().client, {"Authorization": f"Bearer {secret}"}
    listed = client.get(f"/api/v1/projects/{market['project'].public_id}/eligibility", headers=headers).get_json()
    loan = next(row for row in listed["data"] if row["instrument"] == "loan")
    assert (loan["code"], loan["opened_by"]) == (LOAN, ["evidence", "pool", "guarantee", "policy"])
    base = f"/api/v1/rounds/{market['round'].public_id}/commitments"
    body = {"instrument": "loan", "amount": {"amount_minor": MILLION, "currency": "CNY"}}
    refused = client.post(base, json=body, headers=headers)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (422, "condition_not_acknowledged")
    made = client.post(base, json={**body, "acknowledged_condition": LOAN}, headers=headers)
    assert made.status_code == 201, made.get_json()
    one = f"{base}/{made.get_json()['id']}"
    assert client.post(f"{one}/harden", headers=headers).get_json()["error"]["code"] == "condition_open"
    met = client.post(f"{one}/conditions/meet", json={"code": LOAN, **EVIDENCE}, headers=headers)
    assert met.get_json()["conditions"][0]["met_by"] == "evidence"
    again = client.post(f"{one}/conditions/acknowledge", json={"code": "loan-trl-8-9"}, headers=headers)
    assert again.status_code == 409
    assert client.post(f"{one}/harden", headers=headers).get_json()["state"] == "hard"
