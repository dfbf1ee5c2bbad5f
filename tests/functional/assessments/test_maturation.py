"""From the gaps of an assessment to milestones, the page of maturity, and the scales."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from marketplace.assessments import log_queries, queries
from marketplace.assessments.errors import MaturationInvalidError, MaturationStateError
from marketplace.assessments.services import list_open_steps, plan_milestones
from marketplace.clock import day_in_zone
from marketplace.projects.queries import find_project
from marketplace.projects.services import edit_project
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories.projects import project_values

TODAY = day_in_zone(MOMENT)


@pytest.fixture
def scene(make: Any, projects: Any) -> dict[str, Any]:
    """A published project at TRL 6 / MRL 6, aiming at 7 / 8."""
    team, assessor = make.member("project_team"), make.member("assessor")
    project = projects.published(team)
    return {"team": team, "assessor": assessor, "project": project,
            "assessment": projects.assessed(project, team, assessor, trl=6, mrl=6)}  # fmt: skip


def load(session: Any, scene: dict[str, Any]) -> Any:
    return queries.get_assessment(session, actor=scene["team"].actor, public_id=scene["assessment"].public_id)


def plan(database: Any, scene: dict[str, Any], *steps: tuple[str, int, Any], who: str = "team") -> list[str]:
    with database.transaction() as session:
        rows = [{"scale": scale, "level": level, "planned_on": str(day)} for scale, level, day in steps]
        made = plan_milestones(session, actor=scene[who].actor, assessment=load(session, scene), steps=rows, now=MOMENT)
        return [row.milestone.code for row in made]


def test_the_gaps_become_milestones_and_keep_their_link(database: Any, projects: Any, scene: Any) -> None:
    day = TODAY + timedelta(days=200)
    assert plan(database, scene, ("mrl", 7, day), ("trl", 7, day)) == ["TRL7", "MRL7"]
    found = {row.code: row for row in projects.reload(scene["project"], scene["team"]).milestones}
    assert found["TRL7"].target_trl == 7
    assert "operational environment" in found["TRL7"].metric_en
    assert (found["MRL7"].planned_on, found["MRL7"].budget_share) == (day, "0")
    with database.transaction("read") as session:
        steps = log_queries.list_steps(session, project_id=scene["project"].id)
        assert [(row.scale, row.level, row.milestone.code, row.assessment_id) for row in steps] == [
            ("trl", 7, "TRL7", scene["assessment"].id), ("mrl", 7, "MRL7", scene["assessment"].id)
        ]  # fmt: skip
        assert {gap["criterion"] for gap in steps[0].gaps} == {
            "trl-7-operational-result", "trl-7-operational-expectation", "trl-7-operational-problems"
        }  # fmt: skip
        rest = list_open_steps(session, assessment=load(session, scene))
        assert [(row["scale"], row["level"]) for row in rest] == [("mrl", 8)]


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([("trl", 8, TODAY + timedelta(days=9))], "trl-8-planned_on"), ([("trl", 7, TODAY)], "trl-7-planned_on"),
        ([("trl", 7, "soon")], "trl-7-planned_on"), ([("trl", 7, "2099-01-01")], "trl-7-planned_on"),
        ([("mrl", 7, TODAY + timedelta(days=90)), ("mrl", 8, TODAY + timedelta(days=80))], "mrl-8-planned_on"),
        ([("trl", 7, TODAY + timedelta(days=9)), ("trl", 7, TODAY + timedelta(days=9))], "trl-7-planned_on"),
        ([], None),
    ],
)  # fmt: skip
def test_a_wrong_step_writes_nothing(database: Any, scene: Any, steps: list[Any], field: str | None) -> None:
    before = table_counts(database)
    with pytest.raises(MaturationInvalidError) as caught:
        plan(database, scene, *steps)
    assert list(caught.value.errors) == ([field] if field else [])
    assert table_counts(database) == before


def test_a_step_is_planned_once_and_only_from_what_stands(database: Any, make: Any, projects: Any, scene: Any) -> None:
    day = TODAY + timedelta(days=30)
    plan(database, scene, ("trl", 7, day))
    plan(database, scene, ("mrl", 7, day))
    with pytest.raises(MaturationInvalidError):
        plan(database, scene, ("trl", 7, day))
    with pytest.raises(MaturationInvalidError) as early:
        plan(database, scene, ("mrl", 8, day - timedelta(days=1)))
    assert early.value.errors == {"mrl-8-planned_on": "A higher level is not reached before a lower one."}
    projects.assessed(scene["project"], scene["team"], make.member("assessor"), trl=6, mrl=6)
    with pytest.raises(MaturationStateError):
        plan(database, scene, ("mrl", 8, day))


def test_a_dropped_milestone_takes_its_step_along(database: Any, make: Any, projects: Any) -> None:
    team, assessor = make.member("project_team"), make.member("assessor")
    project = projects.draft(team)
    scene = {"team": team, "project": project, "assessment": projects.assessed(project, team, assessor)}
    assert plan(database, scene, ("trl", 7, TODAY + timedelta(days=30))) == ["TRL7"]
    with database.transaction() as session:
        held = load(session, scene)
        project = held.project
        edit_project(session, actor=team.actor, project=find_project(session, project_id=project.id), now=MOMENT,
                     values={"milestones": project_values()["milestones"]})  # fmt: skip
    with database.transaction("read") as session:
        assert log_queries.list_steps(session, project_id=project.id) == []


def test_the_plan_and_the_page_of_maturity(new_browser: Any, make: Any, scene: Any) -> None:
    page = f"/assessments/{scene['assessment'].public_id}"
    maturity = f"/projects/{scene['project'].public_id}/maturity"
    browser = new_browser().sign_in(scene["team"].user)
    wrong = browser.submit(f"{page}/plan", {"step": "trl-7", "trl-7-planned_on": "2020-01-01"}, page=page)
    text = wrong.get_data(as_text=True)
    assert (wrong.status_code, 'href="#field-trl-7-planned_on"' in text, 'value="2020-01-01"' in text) == (
        422, True, True,
    )  # fmt: skip
    done = browser.submit(f"{page}/plan", {"step": "trl-7", "trl-7-planned_on": "2027-06-01"}, page=page)
    assert (done.status_code, done.headers["Location"]) == (302, maturity)
    shown = browser.get(f"{maturity}?lang=en").get_data(as_text=True)
    assert "TRL7" in shown
    specs = [json.loads(each) for each in re.findall(r"data-chart-spec>(.*?)</script>", shown, re.DOTALL)]
    assert [spec["kind"] for spec in specs] == ["levels", "levels"]
    assert [(row["name"], [point[1] for point in row["points"]]) for row in specs[0]["series"]] == [
        ("Claimed", [6, 6]), ("Assessed", [6, 6])
    ]  # fmt: skip
    bank = new_browser().sign_in(make.member("bank").user)
    assert bank.get(maturity).status_code == 200
    assert bank.submit(f"{page}/plan", {"step": "mrl-7"}, page=page).status_code == 403
    rival = new_browser().sign_in(make.member("project_team").user)
    assert rival.get(maturity).status_code == 404


@pytest.mark.parametrize("level", ["7" * 5000, "٧", "7.0", "", "-7", "99"])
def test_a_level_that_is_no_level_is_an_error_at_its_field(
    database: Any, new_browser: Any, scene: Any, level: str
) -> None:
    before = table_counts(database)
    page = f"/assessments/{scene['assessment'].public_id}"
    browser = new_browser().sign_in(scene["team"].user)
    typed = {"step": f"trl-{level}", f"trl-{level}-planned_on": "2027-06-01"}
    answer = browser.submit(f"{page}/plan", typed, page=page)
    assert (answer.status_code, f'href="#field-trl-{level}' in answer.get_data(as_text=True)) == (422, True)
    assert table_counts(database) == before


def test_an_element_that_holds_the_project_back_is_named(
    database: Any, new_browser: Any, make: Any, projects: Any
) -> None:
    team = make.member("project_team")
    project = projects.published(team, elements=[
        {"name_zh": "膜", "name_en": "Membrane", "trl_claimed": 4},
        {"name_zh": "泵", "name_en": "Pump", "trl_claimed": 6},
    ])  # fmt: skip
    text = (
        new_browser().sign_in(team.user).get(f"/projects/{project.public_id}/maturity?lang=en").get_data(as_text=True)
    )
    assert "TRL is held back by Membrane." in text
    assert "No independent assessment yet" in text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Pilot line capability demonstrated"), ("zh", "中试线能力得到演示")]
)
def test_the_scales_are_open_to_everybody(new_browser: Any, language: str, words: str) -> None:
    text = new_browser().get(f"/maturity-levels?lang={language}").get_data(as_text=True)
    assert words in text
    assert text.count('<tr id="trl-') == 9
    assert text.count('<tr id="mrl-') == 10
