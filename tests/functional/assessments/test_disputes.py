"""Objections: who, against what, until when, and what an outcome does to the levels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.accounts.models import Membership
from marketplace.assessments import log_queries, queries
from marketplace.assessments.errors import AssessmentInvalidError, GainsFromDisputeError, NotTheAssessorError
from marketplace.assessments.services import answer_dispute, raise_dispute, remind_of_disputes, state_on_dispute
from marketplace.assessments.services.seal import is_sealed
from marketplace.clock import day_in_zone
from marketplace.notifications.models import Notification
from tests.conftest import table_counts
from tests.factories import MOMENT


@pytest.fixture
def scene(make: Any, projects: Any) -> dict[str, Any]:
    """A published project at TRL 6 / MRL 5, with everybody who may have a word."""
    team, assessor, operator, bank = (make.member(kind) for kind in ("project_team", "assessor", "operator", "bank"))
    project = projects.published(team, operator=operator)
    assessment = projects.assessed(project, team, assessor)
    return {"team": team, "assessor": assessor, "operator": operator, "bank": bank, "project": project,
            "assessment": assessment}  # fmt: skip


def load(session: Any, scene: dict[str, Any], who: str = "assessor") -> Any:
    return queries.get_assessment(session, actor=scene[who].actor, public_id=scene["assessment"].public_id)


def object_to(database: Any, scene: dict[str, Any], criterion: str = "trl-5-problems", **values: Any) -> str:
    with database.transaction() as session:
        held = load(session, scene, "bank")
        element = held.project.elements[1].public_id if criterion else ""
        given = {
            "ground": "sample",
            "reason": "Another catalyst.",
            "element": element,
            "criterion": criterion,
            **values,
        }
        return str(raise_dispute(session, actor=scene["bank"].actor, assessment=held, now=MOMENT, **given).public_id)


def decide(database: Any, scene: dict[str, Any], dispute_id: str, *, upheld: bool) -> None:
    with database.transaction() as session:
        held = load(session, scene, "operator")
        dispute = next(row for row in held.disputes if row.public_id == dispute_id)
        answer_dispute(session, actor=scene["operator"].actor, assessment=held, dispute=dispute, upheld=upheld,
                       answer="Two experts were heard.", now=MOMENT)  # fmt: skip


def levels(projects: Any, scene: dict[str, Any]) -> tuple[Any, ...]:
    found = projects.reload(scene["project"], scene["team"])
    return (
        found.trl_assessed,
        found.mrl_assessed,
        found.trl_disputed,
        found.trl_disputed_from,
        found.mrl_disputed_from,
    )


def test_an_objection_disputes_the_level_of_its_item_only(database: Any, projects: Any, scene: Any) -> None:
    object_to(database, scene)
    assert levels(projects, scene) == (6, 5, True, 5, None)
    object_to(database, scene, "")
    assert levels(projects, scene) == (6, 5, True, 1, 1)


def test_upheld_against_one_judgement_it_no_longer_counts(database: Any, projects: Any, scene: Any) -> None:
    decide(database, scene, object_to(database, scene), upheld=True)
    assert levels(projects, scene) == (4, 5, False, None, None)
    found = projects.reload(scene["project"], scene["team"])
    assert [row.trl_assessed for row in found.elements] == [6, 4]
    with database.transaction("read") as session:
        held = load(session, scene)
        assert (held.state, held.trl_result, is_sealed(session, held)) == ("signed", 6, True)


def test_upheld_against_the_whole_the_level_is_gone(database: Any, projects: Any, scene: Any) -> None:
    decide(database, scene, object_to(database, scene, ""), upheld=True)
    assert levels(projects, scene) == (None, None, False, None, None)


def test_dismissed_the_level_stands_and_the_log_stays(database: Any, projects: Any, scene: Any) -> None:
    first, second = object_to(database, scene), object_to(database, scene, "mrl-4-cost-drivers")
    decide(database, scene, first, upheld=False)
    assert levels(projects, scene) == (6, 5, True, None, 4)
    decide(database, scene, second, upheld=False)
    assert levels(projects, scene) == (6, 5, False, None, None)
    with database.transaction("read") as session:
        rows = log_queries.list_disputes(session, actor=scene["team"].actor, project_id=scene["project"].id)
        assert [(row.public_id, row.state, row.answer_due_on) for row in rows] == [
            (second, "dismissed", day_in_zone(MOMENT) + timedelta(days=15)),
            (first, "dismissed", day_in_zone(MOMENT) + timedelta(days=15)),
        ]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"ground": "envy"}, "ground"), ({"reason": "  "}, "reason"), ({"criterion": "trl-9-full-range"}, "item"),
     ({"element": "elm_other"}, "item"), ({"reason": "x" * 2001}, "reason")],
)  # fmt: skip
def test_a_wrong_objection_writes_nothing(database: Any, scene: Any, values: dict[str, Any], field: str) -> None:
    before = table_counts(database)
    with pytest.raises(AssessmentInvalidError) as caught:
        object_to(database, scene, **values)
    assert list(caught.value.errors) == [field]
    assert table_counts(database) == before


def test_whoever_gains_does_not_decide(database: Any, make: Any, projects: Any, scene: Any) -> None:
    dispute_id = object_to(database, scene)
    with database.transaction() as session:
        session.add(Membership(user_id=scene["operator"].user.id, organisation_id=scene["assessor"].organisation.id,
                               role="viewer", created_at=MOMENT))  # fmt: skip
    with pytest.raises(GainsFromDisputeError):
        decide(database, scene, dispute_id, upheld=False)
    assert levels(projects, scene)[2] is True


def test_the_assessor_has_a_word_and_others_have_not(database: Any, make: Any, scene: Any) -> None:
    dispute_id = object_to(database, scene)
    other, regulator = make.member("assessor"), make.member("regulator")
    with database.transaction() as session:
        held = load(session, scene)
        dispute = held.disputes[0]
        state_on_dispute(session, actor=scene["assessor"].actor, assessment=held, dispute=dispute,
                         statement="It was the same batch.", now=MOMENT)  # fmt: skip
        with pytest.raises(NotTheAssessorError):
            state_on_dispute(session, actor=other.actor, assessment=held, dispute=dispute, statement="x", now=MOMENT)
        with pytest.raises(NotTheAssessorError):
            raise_dispute(session, actor=scene["assessor"].actor, assessment=held, reason="x", now=MOMENT)
        with pytest.raises(NotTheAssessorError):
            raise_dispute(session, actor=regulator.actor, assessment=held, reason="x", now=MOMENT)
        assert (dispute.public_id, dispute.state) == (dispute_id, "open")


def test_operators_learn_once_of_what_is_late(database: Any, scene: Any) -> None:
    object_to(database, scene)
    counts = []
    for days in (15, 16, 17):
        with database.transaction() as session:
            remind_of_disputes(session, now=MOMENT + timedelta(days=days))
            counts.append(session.query(Notification).filter_by(kind="assessment.dispute_late").count())
    assert counts == [0, 1, 1]


def test_an_objection_walks_through_its_pages(new_browser: Any, projects: Any, scene: Any) -> None:
    page = f"/assessments/{scene['assessment'].public_id}"
    element = scene["project"].elements[0].public_id
    bank, judge, operator = (new_browser().sign_in(scene[who].user) for who in ("bank", "assessor", "operator"))
    wrong = bank.submit(f"{page}/dispute", {"item": f"{element}|trl-6-expectation", "objection": ""}, page=page)
    assert (wrong.status_code, 'href="#field-objection"' in wrong.get_data(as_text=True)) == (422, True)
    sent = {"item": f"{element}|trl-6-expectation", "ground": "evidence_wrong", "objection": "The table is of 2019."}
    assert bank.submit(f"{page}/dispute", sent, page=page).status_code == 302
    log = new_browser().sign_in(scene["team"].user).get("/objections?lang=en").get_data(as_text=True)
    assert "The table is of 2019." in log
    assert "compared with the expectation item by item" in log
    dispute_id = log_id(projects, scene)
    stated = {f"statement-{dispute_id}": "The table of 2026 is appended."}
    assert judge.submit(f"{page}/disputes/{dispute_id}/statement", stated, page=page).status_code == 302
    url = f"{page}/disputes/{dispute_id}"
    half = operator.submit(url, {f"answer-{dispute_id}": "Heard both."}, page=page)
    text = half.get_data(as_text=True)
    assert (half.status_code, "Heard both." in text, f'href="#field-outcome-{dispute_id}"' in text) == (422, True, True)
    done = {f"outcome-{dispute_id}": "dismissed", f"answer-{dispute_id}": "Heard both."}
    assert operator.submit(url, done, page=page).status_code == 302
    assert operator.submit(url, done, page=page).status_code == 409
    assert levels(projects, scene) == (6, 5, False, None, None)
    assert bank.get("/objections?state=nonsense").status_code == 422


def log_id(projects: Any, scene: dict[str, Any]) -> str:
    with projects.database.transaction("read") as session:
        return str(load(session, scene).disputes[0].public_id)
