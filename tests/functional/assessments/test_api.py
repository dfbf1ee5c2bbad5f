"""Assessments through the API: the whole way, who may, what a refusal names."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.services.keys import create_api_key
from marketplace.assessments.words import TIES
from risk.maturity import list_levels

API = "/api/v1"


def make_key(database: Any, member: Any) -> dict[str, str]:
    with database.transaction() as session:
        _row, secret = create_api_key(
            session, actor=member.actor, name="k", scopes=["read", "write"], days=365, now=clock.now()
        )
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def scene(make: Any, projects: Any, database: Any, new_browser: Any) -> dict[str, Any]:
    members = {kind: make.member(kind) for kind in ("project_team", "assessor", "operator", "bank")}
    project = projects.published(members["project_team"], operator=members["operator"])
    keys = {kind: make_key(database, member) for kind, member in members.items()}
    return {"members": members, "project": project, "keys": keys, "client": new_browser().client,
            "evidence": projects.evidence(project, members["project_team"])}  # fmt: skip


def send(scene: dict[str, Any], who: str, path: str, body: Any = None) -> Any:
    if body is None:
        return scene["client"].get(API + path, headers=scene["keys"][who])
    return scene["client"].post(API + path, json=body, headers=scene["keys"][who])


def rows_up_to(scene: dict[str, Any], trl: int, mrl: int) -> list[dict[str, Any]]:
    return [
        {"element": element.public_id, "criterion": criterion.id, "judgement": "met",
         "evidence": scene["evidence"].public_id}
        for element in scene["project"].elements
        for scale, level in (("trl", trl), ("mrl", mrl))
        for step in list_levels(scale)[:level]
        for criterion in step.criteria
    ]  # fmt: skip


def test_the_whole_way(scene: dict[str, Any]) -> None:
    project, members = scene["project"], scene["members"]
    asked = send(scene, "project_team", f"/projects/{project.public_id}/assessments",
                 {"assessor_id": members["assessor"].organisation.public_id})  # fmt: skip
    assert asked.status_code == 201, asked.json
    path = f"/assessments/{asked.json['id']}"
    owed = send(scene, "assessor", f"{path}/accept", {"declaration": "None.", "ties": {"shares": False}})
    assert owed.status_code == 422
    ties = dict.fromkeys(TIES, False)
    assert send(scene, "assessor", f"{path}/accept", {"declaration": "None.", "ties": ties}).status_code == 200
    wrong = rows_up_to(scene, 1, 1)
    wrong[1] = {**wrong[1], "judgement": "not_met"}
    refused = send(scene, "assessor", f"{path}/judgements", {"judgements": wrong})
    assert refused.status_code == 422
    assert "1.note" in str(refused.json)
    body = {"judgements": rows_up_to(scene, 6, 5)}
    assert send(scene, "project_team", f"{path}/judgements", body).status_code == 403
    assert send(scene, "assessor", f"{path}/judgements", body).status_code == 200
    signed = send(scene, "assessor", f"{path}/sign", {"name": members["assessor"].actor.user_name})
    assert (signed.status_code, signed.json["trl_result"], signed.json["mrl_result"]) == (200, 6, 5)
    assert len(signed.json["content_digest"]) == 64
    seen = send(scene, "bank", path).json
    assert {row["evidence"] for row in seen["judgements"]} == {None}
    assert {row["evidence"] for row in send(scene, "assessor", path).json["judgements"]} == {
        scene["evidence"].public_id
    }  # fmt: skip
    element = project.elements[0].public_id
    objected = send(scene, "bank", f"{path}/disputes", {
        "reason": "Other sample.", "ground": "sample", "element": element, "criterion": "trl-6-prototype"})  # fmt: skip
    assert (objected.status_code, objected.json["state"]) == (201, "disputed")
    dispute = objected.json["disputes"][0]["id"]
    assert send(scene, "bank", f"{path}/disputes/{dispute}", {"outcome": "upheld", "answer": "x"}).status_code == 403
    answered = send(scene, "operator", f"{path}/disputes/{dispute}", {"outcome": "upheld", "answer": "It was another."})
    assert (answered.status_code, answered.json["state"]) == (200, "signed")
    log = send(scene, "project_team", "/objections?state=upheld").json
    assert [row["id"] for row in log["data"]] == [dispute]
    maturity = send(scene, "bank", f"/projects/{project.public_id}/maturity").json
    trl = maturity["levels"][0]
    assert (trl["claimed"], trl["assessed"], trl["disputed_from"], trl["limiting_elements"]) == (6, 5, None, [element])
    assert [row["level"] for row in maturity["history"] if (row["scale"], row["status"]) == ("trl", "assessed")] == [
        6,
        5,
    ]
    planned = send(scene, "project_team", f"{path}/plan", {
        "steps": [{"scale": "trl", "level": 7, "planned_on": "2028-01-01"}]})  # fmt: skip
    assert (planned.status_code, [row["milestone_code"] for row in planned.json["data"]]) == (201, ["TRL7"])


def test_eligibility_is_dated_and_says_what_would_open(scene: dict[str, Any]) -> None:
    path = f"/projects/{scene['project'].public_id}/eligibility"
    answer = send(scene, "bank", path).json
    assert answer["as_of"] == clock.day_in_zone(clock.now()).isoformat()
    assert (answer["trl"], {row["answer"] for row in answer["data"]}) == (None, {"conditional"})
    assert all(row["opens_en"] and row["source"] and row["valid_from"] for row in answer["data"])
    assert send(scene, "bank", f"{path}?on=yesterday").status_code == 422
    assert send(scene, "bank", f"{path}?when=2027-01-01").status_code == 422


def test_rules_before_their_first_day_are_not_made_up(scene: dict[str, Any], projects: Any) -> None:
    members = scene["members"]
    projects.assessed(scene["project"], members["project_team"], members["assessor"])
    answer = send(scene, "bank", f"/projects/{scene['project'].public_id}/eligibility?on=2020-01-01")
    assert (answer.status_code, answer.json["error"]["field"]) == (422, "on")


def test_evidence_is_for_the_room(scene: dict[str, Any]) -> None:
    path = f"/projects/{scene['project'].public_id}/evidence"
    row = send(scene, "project_team", path).json["data"][0]
    assert (row["id"], row["environment"], len(row["sha256"])) == (scene["evidence"].public_id, "operational", 64)
    assert send(scene, "bank", path).json["data"] == []


def test_a_stranger_learns_nothing(database: Any, make: Any, scene: dict[str, Any]) -> None:
    scene["keys"]["rival"] = make_key(database, make.member("project_team"))
    for part in ("maturity", "eligibility", "evidence"):
        assert send(scene, "rival", f"/projects/{scene['project'].public_id}/{part}").status_code == 404


def test_the_scales_are_given_with_their_sources(scene: dict[str, Any]) -> None:
    rows = send(scene, "bank", "/maturity-levels").json["data"]
    assert [(row["scale"], row["level"]) for row in rows] == [
        *(("trl", level) for level in range(1, 10)), *(("mrl", level) for level in range(1, 11))
    ]  # fmt: skip
    assert all(row["source"] and row["criteria"] and row["evidence_types"] for row in rows)
