"""Evidence, milestones and scores through the pages and the API."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest

from marketplace.accounts.models import Organisation
from marketplace.assessments.models import Evidence, StoredScore
from marketplace.assessments.services import engage_decider
from marketplace.events import EVENTS_KEY, MilestoneDecided
from marketplace.jobs.models import Job
from marketplace.jobs.services import run_due_jobs
from marketplace.projects.queries import find_project
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.functional.assessments.helpers import NO_TIES_FORM

REPORT = {
    "criterion": "trl-6-prototype", "evidence_type": "test_report", "title": "Prototype", "made_by": "Institute",
    "made_on": "2026-09-01", "place": "Zibo", "environment": "relevant",
}  # fmt: skip


def upload(content: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def submit_file(browser: Any, url: str, data: dict[str, Any], page: str | None = None) -> Any:
    return browser.submit(url, data, page=page, content_type="multipart/form-data")


def test_evidence_is_stored_by_content_and_read_only_in_the_room(
    database: Any, new_browser: Any, make: Any, projects: Any
) -> None:
    team, bank = make.member("project_team"), make.member("bank")
    project = projects.published(team)
    browser = new_browser().sign_in(team.user)
    url = f"/projects/{project.public_id}/evidence"
    content = b"%PDF-1.7\n" + b"x" * 3000
    sent = submit_file(browser, url, {**REPORT, "file": upload(content, "../../etc/pass<wd>\u202e.exe")})
    assert sent.status_code == 302
    with database.transaction("read") as session:
        evidence = session.query(Evidence).one()
        link = f"/files/evidence/{evidence.public_id}"
    got = browser.get(link)
    assert got.data == content
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert ".pdf" in got.headers["Content-Disposition"]
    assert ".." not in got.headers["Content-Disposition"]
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    part = browser.get(link, headers={"Range": "bytes=0-4"})
    assert (part.status_code, part.data) == (206, b"%PDF-")
    assert browser.client.head(link).status_code == 200
    for other in (new_browser().sign_in(bank.user), new_browser().sign_in(make.member("regulator").user)):
        assert other.get(link).status_code == 404
        assert other.get(url).status_code == 404
    assert new_browser().get(link).status_code in (302, 401)


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"<html><script>alert(1)</script>", "a.pdf"), (b"MZ\x90\x00" + b"\x00" * 100, "a.pdf"), (b"", "a.pdf"),
     (b"PK\x03\x04broken", "a.xlsx"), (b"x" * (20 * 1024 * 1024 + 1), "big.txt"), (b"<?xml version='1.0'?>", "a.svg")],
)  # fmt: skip
def test_a_refused_file_leaves_nothing(
    app: Any, database: Any, new_browser: Any, make: Any, projects: Any, content: bytes, name: str
) -> None:
    team = make.member("project_team")
    project = projects.draft(team)
    browser = new_browser().sign_in(team.user)
    before = table_counts(database)
    response = submit_file(
        browser, f"/projects/{project.public_id}/evidence", {**REPORT, "file": upload(content, name)}
    )
    assert response.status_code == 422
    assert 'href="#field-file"' in response.get_data(as_text=True)
    assert table_counts(database) == before
    assert not [path for path in app.file_store.directory.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"criterion": "trl-99"}, "criterion"), ({"evidence_type": "press"}, "evidence_type"), ({"title": "  "}, "title"),
     ({"title": "x" * 201}, "title"), ({"made_on": "2099-01-01"}, "made_on"), ({"made_on": "yesterday"}, "made_on"),
     ({"element": "elm_other"}, "element"), ({"environment": "moon"}, "environment"), ({"made_by": ""}, "made_by")],
)  # fmt: skip
def test_wrong_evidence_is_named_at_its_field(
    database: Any, new_browser: Any, make: Any, projects: Any, change: dict[str, str], field: str
) -> None:
    team = make.member("project_team")
    project = projects.draft(team)
    before = table_counts(database)
    response = new_browser().sign_in(team.user).submit(f"/projects/{project.public_id}/evidence", {**REPORT, **change})
    assert response.status_code == 422
    assert f'href="#field-{field}"' in response.get_data(as_text=True)
    assert table_counts(database) == before


def test_an_assessment_walks_through_its_pages(new_browser: Any, make: Any, projects: Any) -> None:
    team, assessor, bank = make.member("project_team"), make.member("assessor"), make.member("bank")
    project = projects.published(team)
    evidence = projects.evidence(project, team)
    browser, judge = new_browser().sign_in(team.user), new_browser().sign_in(assessor.user)
    asked = browser.submit(
        f"/projects/{project.public_id}/assessments/new", {"assessor": assessor.organisation.public_id}
    )
    page = asked.headers["Location"]
    assert judge.submit(f"{page}/accept", {"declaration": " "}, page=page).status_code == 422
    assert judge.submit(f"{page}/accept", {"declaration": "None.", **NO_TIES_FORM}, page=page).status_code == 302
    assert browser.submit(f"{page}/sign", {}, page=page).status_code == 403
    for element in project.elements:
        data = {}
        for criterion in ("trl-1-principle", "trl-1-relevance", "trl-2-application", "trl-2-critical-elements"):
            data |= {f"{criterion}-judgement": "met", f"{criterion}-evidence": evidence.public_id}
        mrl = {"mrl-1-feasibility-judgement": "not_met", "mrl-1-feasibility-note": "No study yet."}
        url = f"{page}/elements/{element.public_id}/trl"
        wrong = judge.submit(url, {"trl-3-lab-result-judgement": "met"})
        assert wrong.status_code == 422
        assert 'href="#field-trl-3-lab-result-evidence"' in wrong.get_data(as_text=True)
        assert judge.submit(url, data).status_code == 302
        assert judge.submit(url.replace("/trl", "/mrl"), mrl).status_code == 302
    assert new_browser().sign_in(bank.user).get(page).status_code == 404
    signed = {"conclusion": "Sound.", "name": assessor.actor.user_name}
    assert judge.submit(f"{page}/sign", {**signed, "name": "Somebody"}, page=page).status_code == 422
    assert judge.submit(f"{page}/sign", signed, page=page).status_code == 302
    assert projects.reload(project, team).trl_assessed == 2
    reader = new_browser().sign_in(bank.user)
    assert reader.get(page).status_code == 200
    assert reader.submit(f"{page}/dispute", {"objection": "Too old a sample."}, page=page).status_code == 302
    assert projects.reload(project, team).trl_disputed
    assert judge.submit(f"{page}/dispute", {"objection": "x"}, page=page).status_code == 403


@pytest.fixture
def milestone(database: Any, new_browser: Any, make: Any, projects: Any) -> dict[str, Any]:
    """A published project with its centre and two engaged deciders."""
    centre = make.member("pilot_centre")
    team, tester, assessor = make.member("project_team"), make.member("testing_body"), make.member("assessor")
    project = projects.published(team, pilot_centre=centre.organisation.public_id)
    with database.transaction() as session:
        found = find_project(session, project_id=project.id)
        for member in (tester, assessor):
            organisation = session.get_one(Organisation, member.organisation.id)
            engage_decider(session, actor=team.actor, project=found, organisation=organisation, now=MOMENT)
    url = f"/projects/{project.public_id}/milestones/{project.milestones[0].public_id}"
    people = {"team": team, "centre": centre, "tester": tester, "assessor": assessor, "bank": make.member("bank")}
    browsers = {name: new_browser().sign_in(member.user) for name, member in people.items()}
    return {"project": project, "url": url, "team": team, "browsers": browsers}


def report(scene: dict[str, Any], who: str = "centre", content: bytes = b"t,yield\n1,0.83\n", seal: str = "") -> Any:
    data = {
        "file": upload(content, "run.csv"), "stated_sha256": seal or hashlib.sha256(content).hexdigest(),
        "run_ended_on": "2026-11-20",
    }  # fmt: skip
    return submit_file(scene["browsers"][who], f"{scene['url']}/report", data, page=scene["url"])


def find(scene: dict[str, Any], who: str, result: str) -> Any:
    data = {"result": result, "decided_on": "2026-11-22", "grounds": "As measured.", "measured_value": "0.83"}
    return scene["browsers"][who].submit(f"{scene['url']}/decide", data, page=scene["url"])


def state_of(scene: dict[str, Any], projects: Any) -> str:
    return str(projects.reload(scene["project"], scene["team"]).milestones[0].state)


def test_a_milestone_needs_two_equal_findings(app: Any, milestone: Any, projects: Any) -> None:
    heard: list[MilestoneDecided] = []
    app.database.handlers = {MilestoneDecided: [lambda _session, event: heard.append(event)]}
    assert find(milestone, "tester", "passed").status_code == 409
    assert report(milestone).status_code == 302
    assert find(milestone, "tester", "passed").status_code == 302
    assert (state_of(milestone, projects), heard) == ("reported", [])
    assert find(milestone, "assessor", "failed").status_code == 302
    assert (state_of(milestone, projects), heard) == ("reported", [])
    assert find(milestone, "assessor", "passed").status_code == 302
    assert state_of(milestone, projects) == "passed"
    assert [event.result for event in heard] == ["passed"]
    assert find(milestone, "tester", "failed").status_code == 409
    assert EVENTS_KEY == "recorded_events"


def test_whoever_gains_from_a_result_cannot_decide_it(
    milestone: Any, make: Any, new_browser: Any, projects: Any
) -> None:
    assert report(milestone).status_code == 302
    for who in ("team", "centre", "bank"):
        assert find(milestone, who, "passed").status_code == 403, who
    milestone["browsers"]["stranger"] = new_browser().sign_in(make.member("testing_body").user)
    assert find(milestone, "stranger", "passed").status_code == 403
    assert state_of(milestone, projects) == "reported"


def test_a_broken_seal_is_refused(app: Any, database: Any, milestone: Any, projects: Any) -> None:
    before = table_counts(database)
    assert report(milestone, seal="0" * 64).status_code == 422
    assert report(milestone, seal="xyz").status_code == 422
    assert report(milestone, who="tester").status_code == 403
    assert {name: count for name, count in table_counts(database).items() if name != "audit_line"} == {
        name: count for name, count in before.items() if name != "audit_line"
    }
    assert not [path for path in app.file_store.directory.rglob("*") if path.is_file()]


def test_new_data_sets_earlier_findings_aside(milestone: Any, projects: Any) -> None:
    report(milestone)
    find(milestone, "tester", "failed")
    find(milestone, "assessor", "failed")
    assert state_of(milestone, projects) == "failed"
    assert report(milestone, content=b"retest\n").status_code == 302
    assert find(milestone, "tester", "passed").status_code == 302
    assert state_of(milestone, projects) == "reported"


def test_a_score_is_computed_by_the_worker_and_recomputes(
    app: Any, database: Any, new_browser: Any, make: Any, projects: Any
) -> None:
    team, bank, rival = make.member("project_team"), make.member("bank"), make.member("project_team")
    project = projects.published(team)
    url = f"/projects/{project.public_id}/score"
    browser = new_browser().sign_in(team.user)
    assert browser.submit(f"{url}/readers", {"recipient": bank.organisation.public_id}).status_code == 302
    assert browser.submit(f"/projects/{project.public_id}/scores", {}, page=url).status_code == 302
    assert browser.submit(f"/projects/{project.public_id}/scores", {}, page=url).status_code == 302
    with database.transaction("read") as session:
        assert session.query(Job).filter_by(name="assessments.score").count() == 1
    run_due_jobs(database)
    found = projects.reload(project, team)
    assert (found.score_state, found.score_band) == ("prior_only", "high")
    for language, words in (("en", "Technical maturation risk, not a credit rating"), ("zh", "scale-up factor")):
        page = new_browser().sign_in(bank.user).get(f"{url}?lang={language}").get_data(as_text=True)
        assert (words in page) == (language == "en")
        assert found.score_probability is not None
        assert found.score_probability not in page.split("data-chart-spec")[0]
    hidden = new_browser().sign_in(rival.user).get(url).get_data(as_text=True)
    assert "prior-only-" not in hidden
    with database.transaction("read") as session:
        score_id = session.query(StoredScore).one().public_id
    result = app.test_cli_runner().invoke(args=["risk", "recompute", score_id])
    assert result.exit_code == 0, result.output
    assert "as stored" in result.output


def test_a_project_without_levels_says_that_data_are_missing(
    database: Any, new_browser: Any, make: Any, projects: Any
) -> None:
    team = make.member("project_team")
    project = projects.draft(team, target_trl=None)
    browser = new_browser().sign_in(team.user)
    url = f"/projects/{project.public_id}/score"
    browser.submit(f"/projects/{project.public_id}/scores", {}, page=url)
    run_due_jobs(database)
    assert projects.reload(project, team).score_state == "not_enough_data"
    assert "The target level of the project is not stated." in browser.get(f"{url}?lang=en").get_data(as_text=True)
