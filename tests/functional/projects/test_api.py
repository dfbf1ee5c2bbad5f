"""Projects and scores through the API: one scope, strict input, absent fields, cursors, jobs."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from marketplace.accounts.models import ApiKey
from marketplace.jobs.services import run_due_jobs
from tests.conftest import table_counts
from tests.factories import MOMENT

CNY = {"currency": "CNY"}


def money(amount_minor: Any) -> dict[str, Any]:
    return {"amount_minor": amount_minor, **CNY}


BODY: dict[str, Any] = {
    "title_en": "Pilot", "sector": "chemicals", "region_code": "370300", "trl_claimed": 6, "target_trl": 7,
    "budget_lines": [{"kind": "equipment", "amount": money(100)}],
    "funding_needs": [{"instrument": "equity", "amount": money(100), "smallest_ticket": money(10),
                       "deadline": "2027-01-01"}],
}  # fmt: skip


class Caller:
    """A program that calls with the bearer key of one member."""

    def __init__(self, app: Any, database: Any, member: Any) -> None:
        secret = f"secret-{member.user.id}-{member.membership.id}"
        with database.transaction() as session:
            session.add(
                ApiKey(
                    membership_id=member.membership.id, name="test", scopes=["read", "write"], created_at=MOMENT,
                    key_hash=hashlib.sha256(secret.encode()).hexdigest(),
                )
            )  # fmt: skip
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {secret}"}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        options = {} if body is None else {"json": body}
        return self.client.open(f"/api/v1{path}", method=method, headers={**self.headers, **headers}, **options)


@pytest.fixture
def caller(app: Any, database: Any) -> Any:
    return lambda member: Caller(app, database, member)


def test_fields_beyond_the_access_are_absent(caller: Any, make: Any, projects: Any) -> None:
    team, bank, rival = make.member("project_team"), make.member("bank"), make.member("project_team")
    project = projects.published(team)
    path = f"/projects/{project.public_id}"
    own = caller(team).call("GET", path).get_json()
    qualified = caller(bank).call("GET", path).get_json()
    teaser = caller(rival).call("GET", path).get_json()
    assert (own["access"], qualified["access"], teaser["access"]) == ("own", "qualified", "teaser")
    assert own["confidential_en"] == "The first order is forty tonnes"
    assert "confidential_en" not in qualified
    assert qualified["funding_needs"][0]["amount"] == money(1_100_000_000)
    for name in ("funding_needs", "budget_lines", "milestones", "elements", "ip", "score_band", "scale_up_factor"):
        assert name not in teaser, name
    assert teaser["total_budget"] == money(1_600_000_000)
    for shown in (own, qualified, teaser):
        assert not {"id_", "organisation_id", "search_text", "submitted_by"} & set(shown)


def test_a_draft_is_written_and_submitted(caller: Any, make: Any) -> None:
    api = caller(make.member("project_team"))
    created = api.call("POST", "/projects", BODY)
    assert created.status_code == 201, created.get_json()
    path = f"/projects/{created.get_json()['id']}"
    refused = api.call("POST", f"{path}/submit")
    assert refused.status_code == 422
    assert set(refused.get_json()["error"]["details"]["errors"]) >= {"summary_zh", "planned_end", "milestones"}
    more = {
        "summary_en": "What it is", "scale_up_step_en": "from 5 L to 2 m3", "planned_start": "2027-01-01",
        "planned_end": "2028-01-01", "elements": [{"name_en": "Reactor", "trl_claimed": 6}],
        "milestones": [{"code": "M1", "name_en": "Run", "planned_on": "2027-06-01",
                        "threshold": {"quantity": "yield", "operator": "ge", "value": "0.82"}}],
    }  # fmt: skip
    changed = api.call("PATCH", path, more)
    assert changed.status_code == 200, changed.get_json()
    assert changed.get_json()["milestones"][0]["threshold"]["value"] == "0.82"
    kept = changed.get_json()["elements"][0]["id"]
    again = api.call("PATCH", path, {"elements": [{"id": kept, "name_en": "Reactor 2"}, {"name_en": "Pump"}]})
    assert [row["name_en"] for row in again.get_json()["elements"]] == ["Reactor 2", "Pump"]
    assert again.get_json()["elements"][0]["id"] == kept
    assert api.call("POST", f"{path}/submit").get_json()["state"] == "submitted"
    assert api.call("PATCH", path, {"title_en": "Late"}).status_code == 409


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"budget_lines": [{"kind": "equipment", "amount": money(value)}]}, "budget_lines.0.amount.amount_minor")
    for value in (2.0, "100", True, None, -1, 10**30, "１００", " 5 ", "1_000")
] + [
    ({"budget_lines": [{"kind": "equipment", "amount": money(0)}]}, "budget_lines.0.amount_minor"),
    ({"budget_lines": [{"kind": "equipment", "amount": {"amount_minor": 5, "currency": "USD"}}]}, "amount"),
    ({"budget_lines": [{"kind": "equipment", "amount": {"amount_minor": 5, "currency": "XXX"}}]},
     "budget_lines.0.amount.currency"),
    ({"budget_lines": [{"kind": "x", "amount": money(5)}]}, "budget_lines.0.kind"),
    ({"budget_lines": {}}, "budget_lines"),
    ({"trl_claimed": 0}, "trl_claimed"), ({"trl_claimed": "6"}, "trl_claimed"), ({"trl_claimed": 6.5}, "trl_claimed"),
    ({"solids_handling": "yes"}, "solids_handling"), ({"unproven_equipment_share": "1.01"}, "unproven_equipment_share"),
    ({"unproven_equipment_share": 0.5}, "unproven_equipment_share"),
    ({"scale_up_factor": "Infinity"}, "scale_up_factor"),
    ({"planned_start": "2027-13-01"}, "planned_start"), ({"planned_start": 20270101}, "planned_start"),
    ({"title_zh": "\x00"}, "title_zh"), ({"title_zh": ["a"]}, "title_zh"), ({"title_zh": "字" * 161}, "title_zh"),
    ({"sector": "gold"}, "sector"), ({"currency": "DOGE"}, "currency"),
    ({"state": "published"}, "state"), ({"organisation_id": 1}, "organisation_id"),
    ({"trl_assessed": 9}, "trl_assessed"),
    ({"id": "prj_x"}, "id"), ({"total_budget_minor": 1}, "total_budget_minor"),
    ({"created_at": "2020-01-01"}, "created_at"),
    ({"elements": [{"name_en": "x", "trl_assessed": 9}]}, "elements.0.trl_assessed"),
    ({"milestones": [{"code": "M1", "name_en": "x", "planned_on": "2027-01-01", "state": "passed"}]},
     "milestones.0.state"),
    ({"ip": [{"owner": "x", "kind": "patent"}] * 61}, "ip"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_wrong_json_names_its_field_and_writes_nothing(
    caller: Any, database: Any, make: Any, change: dict[str, Any], field: str
) -> None:
    api = caller(make.member("project_team"))
    before = table_counts(database)
    response = api.call("POST", "/projects", {**BODY, **change})
    error = response.get_json()["error"]
    assert response.status_code == 422, error
    assert error["field"] == field or field in error["details"].get("errors", {}), error
    assert error["request_id"]
    assert table_counts(database) == before


def test_foreign_rows_cannot_be_moved_in(caller: Any, make: Any, projects: Any) -> None:
    team, rival = make.member("project_team"), make.member("project_team")
    mine, other = projects.draft(team), projects.draft(rival)
    body = {"elements": [{"id": other.elements[0].public_id, "name_en": "Taken"}]}
    api = caller(team)
    assert api.call("PATCH", f"/projects/{mine.public_id}", body).status_code == 422
    assert api.call("PATCH", f"/projects/{other.public_id}", {"title_en": "x"}).status_code == 404
    published = projects.published(rival)
    assert api.call("PATCH", f"/projects/{published.public_id}", {"title_en": "x"}).status_code == 403


def test_the_same_key_makes_one_project(caller: Any, database: Any, make: Any) -> None:
    api = caller(make.member("project_team"))
    first = api.call("POST", "/projects", BODY, **{"Idempotency-Key": "k1"})
    second = api.call("POST", "/projects", BODY, **{"Idempotency-Key": "k1"})
    assert first.data == second.data
    assert second.headers["Idempotent-Replayed"] == "true"
    assert api.call("POST", "/projects", {**BODY, "title_en": "B"}, **{"Idempotency-Key": "k1"}).status_code == 409
    assert table_counts(database)["project"] == 1


def test_the_list_pages_by_cursor_and_filters(caller: Any, make: Any, projects: Any) -> None:
    team, operator, bank = make.member("project_team"), make.member("operator"), make.member("bank")
    ids = [projects.published(team, operator).public_id for _ in range(3)]
    hidden = projects.published(team, operator, visibility="qualified").public_id
    api = caller(bank)
    first = api.call("GET", "/projects?limit=3&sort=-amount").get_json()
    rest = api.call("GET", f"/projects?limit=3&sort=-amount&cursor={first['page']['next_cursor']}").get_json()
    assert first["page"]["total"] == 4
    assert rest["page"]["next_cursor"] is None
    assert {row["id"] for row in first["data"] + rest["data"]} == {*ids, hidden}
    assert api.call("GET", f"/projects?sort=amount&cursor={first['page']['next_cursor']}").status_code == 422
    assert api.call("GET", "/projects?sector=medicine&sector=chemicals").get_json()["page"]["total"] == 4
    for query in ("nonsense=1", "limit=0", "limit=1e3", "trl_from=x", "sort=id", "amount_from_minor=-1"):
        assert api.call("GET", f"/projects?{query}").status_code == 422, query
    rival = caller(make.member("project_team"))
    assert {row["id"] for row in rival.call("GET", "/projects").get_json()["data"]} == set(ids)


def test_a_score_is_asked_for_and_read(caller: Any, database: Any, make: Any, projects: Any) -> None:
    team, bank, rival = make.member("project_team"), make.member("bank"), make.member("project_team")
    project = projects.published(team)
    path = f"/projects/{project.public_id}"
    api = caller(bank)
    given = caller(team).call("POST", f"{path}/score/consents", {"organisation": bank.organisation.public_id})
    assert given.status_code == 201
    assert api.call("GET", f"{path}/score").status_code == 404
    asked = api.call("POST", f"{path}/scores")
    assert asked.status_code == 202
    assert asked.get_json()["state"] == "waiting"
    run_due_jobs(database)
    score = api.call("GET", f"{path}/score").get_json()
    assert score["state"] == "prior_only"
    assert score["definition"] == "target_level_not_reached"
    assert score["score"]["grade"] is None
    assert api.call("GET", f"/scores/{score['id']}").get_json() == score
    other = caller(rival)
    for call in (("GET", f"{path}/score"), ("GET", f"/scores/{score['id']}"), ("POST", f"{path}/scores")):
        assert other.call(*call).status_code == 404
    assert caller(make.member("insurer")).call("POST", f"{path}/scores").status_code == 403
