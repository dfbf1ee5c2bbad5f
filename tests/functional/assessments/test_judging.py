"""Judging and signing: what is refused, what is kept, what is sealed, what comes after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.assessments import queries
from marketplace.assessments.errors import (
    AssessmentInvalidError,
    AssessmentStateError,
    EvidenceDoesNotCountError,
    ManufactureNotJudgedError,
)
from marketplace.assessments.models import Evidence
from marketplace.assessments.services import (
    accept_assessment,
    ask_eligibility,
    expire_assessments,
    raise_dispute,
    record_judgements,
    remind_of_expiry,
    request_assessment,
    sign_assessment,
)
from marketplace.assessments.services.seal import is_sealed
from marketplace.clock import day_in_zone
from marketplace.notifications.models import Notification
from marketplace.projects.queries import find_project, list_level_changes
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories.projects import NO_TIES
from tests.functional.assessments.helpers import NO_TIES_FORM

TODAY = day_in_zone(MOMENT)


@pytest.fixture
def people(make: Any) -> Any:
    return make.member("project_team"), make.member("assessor")


def load(session: Any, assessor: Any, assessment: Any) -> Any:
    return queries.get_assessment(session, actor=assessor.actor, public_id=assessment.public_id)


@pytest.mark.parametrize("tie", sorted(NO_TIES))
def test_a_tie_ends_the_work_and_an_answer_is_owed_for_each(
    database: Any, new_browser: Any, projects: Any, people: Any, tie: str
) -> None:
    team, assessor = people
    project = projects.published(team)
    with database.transaction() as session:
        organisation = session.merge(assessor.organisation, load=False)
        found = find_project(session, project_id=project.id)
        asked = request_assessment(session, actor=team.actor, project=found, assessor=organisation, now=MOMENT)
    page = f"/assessments/{asked.public_id}"
    browser = new_browser().sign_in(assessor.user)
    before = table_counts(database)
    for answer in ({f"ties.{tie}": "yes"}, {f"ties.{tie}": ""}):
        response = browser.submit(
            f"{page}/accept", {"declaration": "We know nobody.", **NO_TIES_FORM, **answer}, page=page
        )
        text = response.get_data(as_text=True)
        assert response.status_code == 422
        assert f'href="#field-ties.{tie}"' in text
        assert "We know nobody." in text
    assert table_counts(database) == before


def test_every_wrong_row_is_named_and_nothing_typed_is_lost(
    database: Any, new_browser: Any, projects: Any, people: Any
) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, trl=3, mrl=2, sign=False)
    browser = new_browser().sign_in(assessor.user)
    element = project.elements[0].public_id
    url = f"/assessments/{assessment.public_id}/elements/{element}/trl"
    before = table_counts(database)
    typed = {
        "trl-4-breadboard-judgement": "not_met", "trl-4-breadboard-note": "",
        "trl-4-gap-to-goal-judgement": "not_applicable", "trl-4-gap-to-goal-note": " ",
        "trl-5-problems-judgement": "", "trl-5-problems-note": "Pump seized twice <b>",
        "trl-6-prototype-judgement": "met", "trl-6-prototype-evidence": "",
        "trl-6-expectation-judgement": "not_met", "trl-6-expectation-note": "No comparison was made.",
    }  # fmt: skip
    response = browser.submit(url, typed)
    text = response.get_data(as_text=True)
    assert response.status_code == 422
    for field in ("trl-4-breadboard-note", "trl-4-gap-to-goal-note", "trl-5-problems-judgement",
                  "trl-6-prototype-evidence"):  # fmt: skip
        assert f'href="#field-{field}"' in text
    assert 'href="#field-trl-6-expectation-note"' not in text
    assert "Pump seized twice &lt;b&gt;" in text
    assert "No comparison was made." in text
    assert table_counts(database) == before


def test_what_was_typed_after_another_signed_is_shown(
    database: Any, new_browser: Any, projects: Any, people: Any
) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, trl=3, mrl=2, sign=False)
    browser = new_browser().sign_in(assessor.user)
    url = f"/assessments/{assessment.public_id}/elements/{project.elements[0].public_id}/trl"
    page = f"/assessments/{assessment.public_id}"
    token = browser.get(url)
    assert token.status_code == 200
    with database.transaction() as session:
        sign_assessment(session, actor=assessor.actor, assessment=load(session, assessor, assessment), now=MOMENT,
                        name=assessor.actor.user_name)  # fmt: skip
    late = browser.submit(url, {"trl-4-breadboard-judgement": "not_met", "trl-4-breadboard-note": "Leak at flange 3."})
    assert (late.status_code, "Leak at flange 3." in late.get_data(as_text=True)) == (409, True)
    again = browser.submit(f"{page}/sign", {"conclusion": "Two hours of work."}, page=page)
    assert (again.status_code, "Two hours of work." in again.get_data(as_text=True)) == (409, True)


def test_an_answer_set_back_to_open_is_taken_back(database: Any, new_browser: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, trl=3, mrl=2, sign=False)
    browser = new_browser().sign_in(assessor.user)
    url = f"/assessments/{assessment.public_id}/elements/{project.elements[0].public_id}/trl"
    assert browser.submit(url, {"trl-3-lab-result-judgement": ""}).status_code == 302
    with database.transaction("read") as session:
        held = load(session, assessor, assessment)
        criteria = {row.criterion for row in held.judgements if row.element_id == project.elements[0].id}
    assert "trl-3-lab-result" not in criteria
    assert "trl-3-lab-sample" in criteria


@pytest.mark.parametrize(
    ("change", "criterion"),
    [({"environment": "laboratory"}, "trl-5-integrated-bench"),
     ({"environment": "relevant"}, "trl-7-operational-result"),
     ({"environment": ""}, "mrl-5-cost-model"), ({"file_id": None}, "trl-1-principle"),
     ({"evidence_type": "vendor_claim"}, "trl-1-principle")],
)  # fmt: skip
def test_evidence_counts_by_kind_environment_and_file(
    database: Any, projects: Any, people: Any, change: dict[str, Any], criterion: str
) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, trl=1, mrl=1, sign=False)
    with database.transaction() as session:
        evidence = session.query(Evidence).one()
        public_id = evidence.public_id
        for name, value in change.items():
            setattr(evidence, name, value)
    rows = [{"element": project.elements[0].public_id, "criterion": criterion, "judgement": "met",
             "evidence": public_id}]  # fmt: skip
    with pytest.raises(EvidenceDoesNotCountError) as caught, database.transaction() as session:
        record_judgements(
            session, actor=assessor.actor, assessment=load(session, assessor, assessment), rows=rows, now=MOMENT
        )
    assert list(caught.value.errors) == ["0.evidence"]


def test_a_process_pilot_needs_its_manufacture_judged(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, trl=4, mrl=0, sign=False)
    with pytest.raises(ManufactureNotJudgedError), database.transaction() as session:
        sign_assessment(session, actor=assessor.actor, assessment=load(session, assessor, assessment), now=MOMENT,
                        name=assessor.actor.user_name)  # fmt: skip
    rows = [{"element": row.public_id, "criterion": "mrl-1-feasibility", "judgement": "not_met", "note": "No study."}
            for row in project.elements]  # fmt: skip
    with database.transaction() as session:
        held = load(session, assessor, assessment)
        record_judgements(session, actor=assessor.actor, assessment=held, rows=rows, now=MOMENT)
        sign_assessment(session, actor=assessor.actor, assessment=held, now=MOMENT, name=assessor.actor.user_name)
    found = projects.reload(project, team)
    assert (found.trl_assessed, found.mrl_assessed) == (4, None)
    notes = [gap["note"] for gap in held.gaps if gap["criterion"] == "mrl-1-feasibility"]
    assert notes == ["No study.", "No study."]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": "Somebody Else"}, "name"), ({"name": ""}, "name"), ({"expires_on": TODAY}, "expires_on"),
     ({"expires_on": TODAY + timedelta(days=366)}, "expires_on"), ({"conclusion": "x" * 4001}, "conclusion")],
)  # fmt: skip
def test_a_signature_is_refused_at_its_field(
    database: Any, projects: Any, people: Any, values: dict[str, Any], field: str
) -> None:
    team, assessor = people
    assessment = projects.assessed(projects.draft(team), team, assessor, sign=False)
    given = {"name": assessor.actor.user_name, **values}
    with pytest.raises(AssessmentInvalidError) as caught, database.transaction() as session:
        sign_assessment(
            session, actor=assessor.actor, assessment=load(session, assessor, assessment), now=MOMENT, **given
        )
    assert list(caught.value.errors) == [field]


@pytest.mark.parametrize("tamper", ["note", "level", "file"])
def test_the_seal_finds_what_was_changed(database: Any, projects: Any, people: Any, tamper: str) -> None:
    team, assessor = people
    assessment = projects.assessed(projects.draft(team), team, assessor)
    with database.transaction() as session:
        held = load(session, assessor, assessment)
        assert is_sealed(session, held)
        if tamper == "note":
            held.judgements[0].note = "changed"
        elif tamper == "level":
            held.trl_result = 7
        else:
            evidence = queries.list_evidence(session, actor=assessor.actor, project_id=held.project_id)[0]
            evidence.file.sha256 = "0" * 64
        session.flush()
        assert is_sealed(session, held) is False
        session.rollback()


def test_a_later_assessment_replaces_the_earlier(database: Any, make: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    first = projects.assessed(project, team, assessor, trl=6, mrl=5)
    second = projects.assessed(project, team, make.member("assessor"), trl=5, mrl=5)
    with database.transaction() as session:
        held = load(session, assessor, first)
        assert (held.state, held.superseded_at is not None) == ("signed", True)
        with pytest.raises(AssessmentStateError):
            raise_dispute(session, actor=team.actor, assessment=held, reason="Too low.", now=MOMENT)
        standing = queries.find_signed_assessment(session, project_id=project.id)
        assert standing is not None
        assert standing.id == second.id
    assert projects.reload(project, team).trl_assessed == 5


def test_a_lapsed_level_opens_nothing_even_before_the_daily_job(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, trl=8, mrl=8)
    found = projects.reload(project, team)
    last = assessment.expires_on
    assert ask_eligibility(found, instrument="loan", on=last).answer == "open"
    after = ask_eligibility(found, instrument="loan", on=last + timedelta(days=1))
    assert (after.answer, after.reason_en) == (
        "conditional", "The technology level is not assessed, and the level decides which instrument fits."
    )  # fmt: skip
    with database.transaction() as session:
        assert expire_assessments(session, now=MOMENT + timedelta(days=367)) == 1
        causes = [(row.status, row.scale, row.level, row.cause) for row in list_level_changes(
            session, project_id=project.id)]  # fmt: skip
    assert causes == [
        ("claimed", "trl", 6, "listing"), ("claimed", "mrl", 5, "listing"), ("assessed", "trl", 8, "assessment"),
        ("assessed", "mrl", 8, "assessment"), ("assessed", "trl", None, "lapse"), ("assessed", "mrl", None, "lapse"),
    ]  # fmt: skip


def test_the_end_is_announced_once_for_each_step(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    projects.assessed(projects.draft(team), team, assessor)
    for days, expected in ((300, 0), (310, 1), (320, 1), (352, 2), (360, 2)):
        with database.transaction() as session:
            remind_of_expiry(session, now=MOMENT + timedelta(days=days))
            session.flush()
            count = session.query(Notification).filter_by(kind="assessment.expires_soon").count()
        assert count == expected, days


def test_accepting_again_is_refused(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    assessment = projects.assessed(projects.draft(team), team, assessor)
    with pytest.raises(AssessmentStateError), database.transaction() as session:
        accept_assessment(session, actor=assessor.actor, assessment=load(session, assessor, assessment),
                          declaration="None.", ties=NO_TIES, now=MOMENT)  # fmt: skip
