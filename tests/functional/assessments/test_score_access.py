"""Who reads a score: by consent at every door; contests with their answers; recomputation by the registry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.accounts.models import Membership, Organisation
from marketplace.assessments import score_queries
from marketplace.assessments.errors import ContestStateError, GainsFromContestError
from marketplace.assessments.models import StoredScore
from marketplace.assessments.services import answer_contest, remind_of_contests
from marketplace.audit.models import AuditLine
from marketplace.dealflow.facts import build_facts
from marketplace.jobs.services import run_due_jobs
from marketplace.notifications.models import Notification
from marketplace.projects.errors import ConsentInvalidError
from marketplace.projects.queries import find_project, list_consents, list_standing_consents
from marketplace.projects.services import grant_score_consent
from tests.conftest import table_counts
from tests.factories import MOMENT


@pytest.fixture
def scored(database: Any, new_browser: Any, make: Any, projects: Any) -> dict[str, Any]:
    """A published project with a score, its team, a bank and an operator."""
    people = {kind: make.member(kind) for kind in ("project_team", "bank", "operator")}
    project = projects.published(people["project_team"])
    team = new_browser().sign_in(people["project_team"].user)
    team.submit(f"/projects/{project.public_id}/scores", {}, page=f"/projects/{project.public_id}/score")
    run_due_jobs(database)
    return {**people, "project": project, "team": team, "url": f"/projects/{project.public_id}/score"}


def doors(browser: Any, project: Any) -> dict[str, bool]:
    """Where a reader meets the score."""
    page = browser.get(f"/projects/{project.public_id}/score").get_data(as_text=True)
    one = browser.get(f"/api/v1/projects/{project.public_id}", headers={"X-CSRFToken": "x"})
    listed = browser.get("/projects?lang=en").get_data(as_text=True)
    export = browser.get("/projects/export.csv?lang=en").get_data(as_text=True)
    return {
        "page": "prior-only-" in page,
        "api": one.get_json().get("score_state") is not None,
        "api score": browser.get(f"/api/v1/projects/{project.public_id}/score").status_code == 200,
        "list": "badge--vermilion" in listed,
        "export": "Published evidence only" in export,
        "filter": project.public_id in browser.get("/projects?band=high&lang=en").get_data(as_text=True),
    }


def test_a_score_is_read_by_consent_and_no_longer_once_it_is_taken_back(
    database: Any, new_browser: Any, scored: Any
) -> None:
    reader = new_browser().sign_in(scored["bank"].user)
    project, team, page = scored["project"], scored["team"], f"{scored['url']}/readers"
    assert set(doors(reader, project).values()) == {False}
    own = doors(team, project)
    assert {name for name, seen in own.items() if not seen} == {"list", "export"}, "teams have no risk column there"
    given = team.submit(page, {"recipient": scored["bank"].organisation.public_id})
    assert given.status_code == 302
    assert set(doors(reader, project).values()) == {True}
    assert team.submit(page, {"recipient": scored["bank"].organisation.public_id}).status_code == 302
    with database.transaction("read") as session:
        (consent,) = list_consents(session, project_id=project.id)
        notices = session.query(Notification).filter_by(kind="score.opened").count()
    assert notices == 1
    assert team.submit(f"{page}/{consent.public_id}/revoke", {}, page=page).status_code == 302
    assert set(doors(reader, project).values()) == {False}
    with database.transaction("read") as session:
        acts = [line.action for line in session.query(AuditLine).filter(AuditLine.action.like("score.consent%"))]
        (kept,) = list_consents(session, project_id=project.id)
    assert acts == ["score.consent_granted", "score.consent_revoked"]
    assert (kept.public_id, kept.revoked_at is not None) == (consent.public_id, True)


def test_a_kind_is_let_in_with_its_verified_members_only(
    database: Any, new_browser: Any, make: Any, scored: Any
) -> None:
    scored["team"].submit(f"{scored['url']}/readers", {"recipient": "kind:bank"})
    fund, pending = make.member("venture_fund"), make.member("bank", verification_state="pending")
    seen = {
        name: "prior-only-" in new_browser().sign_in(member.user).get(scored["url"]).get_data(as_text=True)
        for name, member in (("bank", scored["bank"]), ("fund", fund), ("pending", pending))
    }
    assert seen == {"bank": True, "fund": False, "pending": False}


@pytest.mark.parametrize("recipient", ["", "kind:project_team", "kind:", "org_nothing"])
def test_a_wrong_recipient_is_named_at_its_field(database: Any, scored: Any, recipient: str) -> None:
    before = table_counts(database)
    answer = scored["team"].submit(f"{scored['url']}/readers", {"recipient": recipient})
    assert answer.status_code == 422
    assert 'href="#field-recipient"' in answer.get_data(as_text=True)
    assert table_counts(database) == before


def test_nobody_else_opens_a_score(new_browser: Any, make: Any, database: Any, scored: Any) -> None:
    rival = make.member("project_team")
    browser = new_browser().sign_in(rival.user)
    page = f"{scored['url']}/readers"
    assert browser.get(page).status_code == 403
    with database.transaction() as session:
        project = find_project(session, project_id=scored["project"].id)
        own = session.get_one(Organisation, project.organisation_id)
        with pytest.raises(ConsentInvalidError):
            grant_score_consent(
                session, actor=scored["project_team"].actor, project=project, organisation=own, now=MOMENT
            )


def test_a_contest_is_answered_once_and_stays_beside_the_score(database: Any, new_browser: Any, scored: Any) -> None:
    team, url = scored["team"], scored["url"]
    with database.transaction("read") as session:
        before = session.query(StoredScore).one().content
    assert team.submit(f"{url}/contest", {"ground": " "}, page=url).status_code == 422
    assert team.submit(f"{url}/contest", {"ground": "The plan is 24 months, not 20."}, page=url).status_code == 302
    assert team.submit(f"{url}/contest", {"ground": "Again."}, page=f"{url}/readers").status_code == 409
    operator = new_browser().sign_in(scored["operator"].user)
    with database.transaction("read") as session:
        (contest,) = score_queries.list_contests(session, actor=scored["operator"].actor)
    page = f"/score-contests/{contest.public_id}"
    assert team.get(page).status_code == 403
    assert "The plan is 24 months" in operator.get(page).get_data(as_text=True)
    assert operator.submit(f"{page}/answer", {"outcome": "upheld"}, page=page).status_code == 422
    answered = {"outcome": "upheld", "answer": "The listing said 20; it is mended."}
    assert operator.submit(f"{page}/answer", answered, page=page).status_code == 302
    shown = team.get(url).get_data(as_text=True)
    assert "The plan is 24 months" in shown
    assert "The listing said 20" in shown
    with database.transaction() as session:
        held = score_queries.get_contest(session, actor=scored["operator"].actor, public_id=contest.public_id)
        with pytest.raises(ContestStateError):
            answer_contest(session, actor=scored["operator"].actor, contest=held, outcome="dismissed", answer="No.",
                           now=MOMENT)  # fmt: skip
        assert session.query(StoredScore).one().content == before


def test_an_overdue_contest_is_told_to_the_operator_each_day(database: Any, scored: Any) -> None:
    scored["team"].submit(f"{scored['url']}/contest", {"ground": "Wrong level."}, page=scored["url"])
    with database.transaction() as session:
        assert remind_of_contests(session, now=MOMENT + timedelta(days=14)) == 0
        assert remind_of_contests(session, now=MOMENT + timedelta(days=15)) == 1
        assert remind_of_contests(session, now=MOMENT + timedelta(days=15)) == 1
        told = [row.organisation_id for row in session.query(Notification).filter_by(kind="score.contest_overdue")]
        assert len(told) == len(set(told)) == 2, "once to each operator"


def test_scores_are_computed_again_from_the_registry(app: Any, database: Any, scored: Any) -> None:
    runner = app.test_cli_runner()
    with database.transaction("read") as session:
        score_id = session.query(StoredScore).one().public_id
    good = runner.invoke(args=["risk", "recompute", score_id])
    assert (good.exit_code, "as stored" in good.output) == (0, True)
    with database.transaction() as session:
        held = session.query(StoredScore).one()
        held.content = {**held.content, "probability": 0.123456}
    wrong = runner.invoke(args=["risk", "recompute", "--all"])
    assert wrong.exit_code == 1
    for word in ("probability_column", "probability: stored 0.123456, computed 0.", "1 differ"):
        assert word in wrong.output
    with database.transaction() as session:
        held = session.query(StoredScore).one()
        held.content = {**held.content, "features": {**held.content["features"], "trl_start": 5}}
    assert "features_mismatch" in runner.invoke(args=["risk", "recompute", score_id]).output
    with database.transaction() as session:
        session.query(StoredScore).one().model_digest = "0" * 64
    assert "model_unknown" in runner.invoke(args=["risk", "recompute", score_id]).output
    assert runner.invoke(args=["risk", "recompute"]).exit_code == 2


def test_the_api_gives_and_takes_consent_and_contests(new_browser: Any, scored: Any) -> None:
    team, path = scored["team"], f"/api/v1/projects/{scored['project'].public_id}/score"
    token = team.get("/account").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    headers = {"X-CSRFToken": token}
    wrong = team.client.post(f"{path}/consents", json={}, headers=headers)
    assert (wrong.status_code, wrong.get_json()["error"]["code"]) == (422, "consent_invalid")
    given = team.client.post(f"{path}/consents", json={"organisation_kind": "bank"}, headers=headers)
    assert (given.status_code, given.get_json()["revoked_at"]) == (201, None)
    reader = new_browser().sign_in(scored["bank"].user)
    assert reader.get(path).status_code == 200
    made = team.client.post(f"{path}/contests", json={"ground": "Too short a plan."}, headers=headers)
    assert made.status_code == 201
    assert reader.get(f"{path}/contests").get_json()["data"][0]["ground"] == "Too short a plan."
    consent = given.get_json()["id"]
    assert team.client.post(f"{path}/consents/{consent}/revoke", json={}, headers=headers).status_code == 200
    assert reader.get(f"{path}/contests").get_json()["data"] == []


def test_a_frozen_organisation_reads_no_score_and_is_matched_without_it(
    database: Any, new_browser: Any, scored: Any
) -> None:
    bank, project = scored["bank"], scored["project"]
    scored["team"].submit(f"{scored['url']}/readers", {"recipient": bank.organisation.public_id})
    reader = new_browser().sign_in(bank.user)
    assert reader.get(f"/api/v1/projects/{project.public_id}/score").status_code == 200

    def known(session: Any) -> Any:
        found = find_project(session, project_id=project.id)
        organisation = session.get_one(Organisation, bank.organisation.id)
        facts = build_facts(found, insured=False, today=MOMENT.date(),
                            consents=list_standing_consents(session, project_ids=[found.id]))  # fmt: skip
        return facts.seen_by(organisation).probability

    with database.transaction() as session:
        assert known(session) is not None
        session.get_one(Organisation, bank.organisation.id).verification_state = "frozen"
        session.flush()
        assert known(session) is None
    assert reader.get(f"/api/v1/projects/{project.public_id}/score").status_code in (403, 404)
    assert set(doors(reader, project).values()) == {False}


def test_whoever_gains_does_not_answer_a_contest(database: Any, new_browser: Any, make: Any, scored: Any) -> None:
    scored["team"].submit(f"{scored['url']}/contest", {"ground": "Wrong level."}, page=scored["url"])
    scored["team"].submit(f"{scored['url']}/readers", {"recipient": scored["bank"].organisation.public_id})
    with database.transaction("read") as session:
        (contest,) = score_queries.list_contests(session, actor=scored["operator"].actor)
    page, answered = f"/score-contests/{contest.public_id}", {"outcome": "dismissed", "answer": "It holds."}
    for tied in ("project_team", "bank"):
        member = make.member("operator", organisation=scored["operator"].organisation)
        with database.transaction() as session:
            session.add(Membership(user_id=member.user.id, organisation_id=scored[tied].organisation.id, role="owner",
                                   created_at=MOMENT))  # fmt: skip
            held = score_queries.get_contest(session, actor=member.actor, public_id=contest.public_id)
            with pytest.raises(GainsFromContestError):
                answer_contest(session, actor=member.actor, contest=held, now=MOMENT, **answered)
    assert (
        new_browser().sign_in(scored["operator"].user).submit(f"{page}/answer", answered, page=page).status_code == 302
    )
