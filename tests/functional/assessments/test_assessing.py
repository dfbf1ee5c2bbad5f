"""Assessments: who may judge, what counts, how levels come about and lapse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.accounts.models import Membership, Organisation
from marketplace.assessments import queries
from marketplace.assessments.errors import (
    AssessorNotIndependentError,
    EvidenceDoesNotCountError,
    EvidenceInUseError,
    NothingJudgedError,
    NotTheAssessorError,
)
from marketplace.assessments.services import (
    answer_dispute,
    expire_assessments,
    raise_dispute,
    record_judgements,
    request_assessment,
    sign_assessment,
    withdraw_evidence,
)
from marketplace.errors import NotAllowedError, NotFoundError
from marketplace.projects.queries import find_project
from tests.factories import MOMENT


@pytest.fixture
def people(make: Any) -> Any:
    return make.member("project_team"), make.member("assessor")


def test_signing_sets_the_lowest_level_of_the_elements(projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, trl=6, mrl=5)
    found = projects.reload(project, team)
    assert (found.trl_assessed, found.mrl_assessed, assessment.state) == (6, 5, "signed")
    assert {gap["level"] for gap in assessment.gaps if gap["scale"] == "trl"} == {7}


def test_one_weak_element_holds_the_project_back(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, sign=False)
    with database.transaction() as session:
        held = queries.get_assessment(session, actor=assessor.actor, public_id=assessment.public_id)
        weak = held.project.elements[1].public_id
        record_judgements(session, actor=assessor.actor, assessment=held, now=MOMENT, rows=[
            {"element": weak, "criterion": "trl-3-lab-result", "judgement": "not_met", "note": "None."}])  # fmt: skip
        sign_assessment(session, actor=assessor.actor, assessment=held, now=MOMENT, name=assessor.actor.user_name)
    found = projects.reload(project, team)
    assert found.trl_assessed == 2
    assert [element.trl_assessed for element in found.elements] == [6, 2]


def test_an_assessment_without_judgements_cannot_be_signed(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, sign=False)
    with database.transaction() as session:
        held = queries.get_assessment(session, actor=assessor.actor, public_id=assessment.public_id)
        first = held.project.elements[0].public_id
        record_judgements(session, actor=assessor.actor, assessment=held, now=MOMENT, rows=[
            {"element": first, "criterion": "trl-1-principle", "judgement": "not_met", "note": "None."}])  # fmt: skip
        with pytest.raises(NothingJudgedError):
            sign_assessment(session, actor=assessor.actor, assessment=held, now=MOMENT, name=assessor.actor.user_name)


def test_a_claim_never_meets_a_criterion(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, sign=False)
    with database.transaction() as session:
        held = queries.get_assessment(session, actor=assessor.actor, public_id=assessment.public_id)
        report = queries.list_evidence(session, actor=assessor.actor, project_id=project.id)[0]
        report.evidence_type = "vendor_claim"
        with pytest.raises(EvidenceDoesNotCountError):
            record_judgements(session, actor=assessor.actor, assessment=held, now=MOMENT, rows=[
                {"element": held.project.elements[0].public_id, "criterion": "trl-6-prototype", "judgement": "met",
                 "evidence": report.public_id}])  # fmt: skip
        session.rollback()


def test_an_assessor_who_shares_a_person_with_the_team_is_refused(
    database: Any, make: Any, projects: Any, people: Any
) -> None:
    team, assessor = people
    project = projects.draft(team)
    with database.transaction() as session:
        session.add(Membership(user_id=team.user.id, organisation_id=assessor.organisation.id, role="viewer",
                               created_at=MOMENT))  # fmt: skip
    with pytest.raises(AssessorNotIndependentError), database.transaction() as session:
        organisation = session.get_one(Organisation, assessor.organisation.id)
        found = find_project(session, project_id=project.id)
        request_assessment(session, actor=team.actor, project=found, assessor=organisation, now=MOMENT)


def test_another_assessor_may_not_judge(database: Any, make: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor, sign=False)
    other = make.member("assessor")
    with database.transaction("read") as session:
        with pytest.raises(NotFoundError):
            queries.get_assessment(session, actor=other.actor, public_id=assessment.public_id)
        held = queries.get_assessment(session, actor=assessor.actor, public_id=assessment.public_id)
        with pytest.raises(NotTheAssessorError):
            sign_assessment(session, actor=other.actor, assessment=held, now=MOMENT, name=other.actor.user_name)
        with pytest.raises(NotAllowedError):
            sign_assessment(session, actor=team.actor, assessment=held, now=MOMENT, name=team.actor.user_name)


def test_cited_evidence_stays(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    projects.assessed(project, team, assessor)
    with database.transaction("read") as session:
        found = find_project(session, project_id=project.id)
        evidence = queries.list_evidence(session, actor=team.actor, project_id=project.id)[0]
        with pytest.raises(EvidenceInUseError):
            withdraw_evidence(session, actor=team.actor, project=found, evidence=evidence, now=MOMENT)


def test_an_upheld_objection_takes_the_level_away(database: Any, make: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    operator = make.member("operator")
    project = projects.draft(team)
    assessment = projects.assessed(project, team, assessor)
    with database.transaction() as session:
        held = queries.get_assessment(session, actor=team.actor, public_id=assessment.public_id)
        dispute = raise_dispute(session, actor=team.actor, assessment=held, reason="Wrong sample.", now=MOMENT)
        assert (held.project.trl_disputed, held.project.trl_assessed) == (True, 6)
        session.flush()
        answer_dispute(session, actor=operator.actor, assessment=held, dispute=dispute, upheld=True,
                       answer="The sample was another.", now=MOMENT)  # fmt: skip
    found = projects.reload(project, team)
    assert (found.trl_assessed, found.trl_disputed) == (None, False)


def test_levels_lapse_with_the_assessment(database: Any, projects: Any, people: Any) -> None:
    team, assessor = people
    project = projects.draft(team)
    projects.assessed(project, team, assessor)
    with database.transaction() as session:
        assert expire_assessments(session, now=MOMENT + timedelta(days=365)) == 0
        assert expire_assessments(session, now=MOMENT + timedelta(days=367)) == 1
        assert expire_assessments(session, now=MOMENT + timedelta(days=367)) == 0
    assert projects.reload(project, team).trl_assessed is None
