"""What may change the levels of a project: the last signed assessment only, one act at a time, every element judged."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.models import Organisation
from marketplace.assessments import queries
from marketplace.assessments.errors import AssessmentStateError
from marketplace.assessments.models import Assessment
from marketplace.assessments.services import (
    accept_assessment,
    answer_dispute,
    ask_eligibility,
    expire_assessments,
    judge_up_to,
    raise_dispute,
    record_judgements,
    request_assessment,
    sign_assessment,
)
from marketplace.assessments.services.scoring import build_features
from marketplace.assessments.services.seal import is_sealed
from marketplace.projects.errors import ProjectInvalidError
from marketplace.projects.models import LevelChange, Project
from marketplace.projects.queries import find_project
from marketplace.projects.services import edit_project
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories.projects import NO_TIES

AFTER_A_YEAR = MOMENT + timedelta(days=400)


@pytest.fixture
def scene(make: Any, projects: Any) -> dict[str, Any]:
    """A draft at TRL 6 / MRL 5 by one assessor, an operator, and another assessor."""
    people = {"team": make.member("project_team"), "operator": make.member("operator"),
              "assessor": make.member("assessor"), "other": make.member("assessor")}  # fmt: skip
    project = projects.draft(people["team"])
    return {**people, "project": project, "first": projects.assessed(project, people["team"], people["assessor"])}


def load(session: Any, assessment: Any, member: Any) -> Any:
    return queries.get_assessment(session, actor=member.actor, public_id=assessment.public_id)


def levels(projects: Any, scene: dict[str, Any]) -> tuple[int | None, int | None]:
    found = projects.reload(scene["project"], scene["team"])
    return found.trl_assessed, found.mrl_assessed


def assess_anew(database: Any, scene: dict[str, Any], *, now: Any, trl: int, sign: bool = True) -> Any:
    """Another assessor judges every element on the report that is there."""
    team, other = scene["team"], scene["other"]
    with database.transaction() as session:
        found = find_project(session, project_id=scene["project"].id)
        organisation = session.get_one(Organisation, other.organisation.id)
        made = request_assessment(session, actor=team.actor, project=found, assessor=organisation, now=now)
        accept_assessment(session, actor=other.actor, assessment=made, declaration="None.", ties=NO_TIES, now=now)
        (report,) = queries.list_evidence(session, actor=other.actor, project_id=found.id)
        for element in found.elements:
            for scale, level in (("trl", trl), ("mrl", 4)):
                judge_up_to(session, actor=other.actor, assessment=made, element=element, scale=scale, level=level,
                            evidence=report, now=now)  # fmt: skip
        if sign:
            sign_assessment(session, actor=other.actor, assessment=made, now=now, name=other.actor.user_name)
        return made


def test_an_objection_to_a_lapsed_assessment_leaves_later_levels_alone(
    database: Any, projects: Any, scene: dict[str, Any]
) -> None:
    with database.transaction() as session:
        held = load(session, scene["first"], scene["team"])
        raise_dispute(session, actor=scene["team"].actor, assessment=held, reason="Wrong sample.", now=MOMENT)
    with database.transaction() as session:
        assert expire_assessments(session, now=AFTER_A_YEAR) == 1
    assess_anew(database, scene, now=AFTER_A_YEAR, trl=5)
    assert levels(projects, scene) == (5, 4)
    with database.transaction() as session:
        held = load(session, scene["first"], scene["team"])
        assert held.superseded_at is not None, "a later one replaces a lapsed one too"
        # As rows of before this rule have it: lapsed, and not marked as replaced.
        held.superseded_at = None
        session.flush()
        answer_dispute(session, actor=scene["operator"].actor, assessment=held, dispute=held.disputes[0], upheld=True,
                       answer="Two experts were heard.", now=AFTER_A_YEAR)  # fmt: skip
    assert levels(projects, scene) == (5, 4)
    with database.transaction("read") as session:
        causes = [row.cause for row in session.query(LevelChange).filter_by(status="assessed", scale="trl")]
    assert causes == ["assessment", "lapse", "assessment"]


def test_an_element_that_nobody_assessed_takes_the_level_until_it_goes(
    database: Any, new_browser: Any, projects: Any, scene: dict[str, Any]
) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        with database.transaction() as session:
            edit_project(session, actor=scene["team"].actor, now=MOMENT, values={"elements": rows},
                         project=find_project(session, project_id=scene["project"].id))  # fmt: skip

    held = [{"id": row.public_id, "name_en": row.name_en} for row in scene["project"].elements]
    edit([*held, {"name_zh": "分离", "name_en": "Separation", "trl_claimed": 7}])
    assert levels(projects, scene) == (None, None)
    found = projects.reload(scene["project"], scene["team"])
    assert [row.trl_assessed for row in found.elements] == [6, 6, None]
    answer = ask_eligibility(found, instrument="loan", on=clock.day_in_zone(MOMENT))
    assert answer.answer == "conditional", "not assessed opens nothing"
    browser = new_browser().sign_in(scene["team"].user)
    for url in (f"/projects/{found.public_id}/maturity", f"/assessments/{scene['first'].public_id}"):
        assert "Not assessed for Separation." in browser.get(f"{url}?lang=en").get_data(as_text=True)
    # An objection that ends meanwhile settles the levels by the same rule.
    with database.transaction() as session:
        assessment = load(session, scene["first"], scene["team"])
        dispute = raise_dispute(session, actor=scene["operator"].actor, assessment=assessment, reason="?", now=MOMENT)
        answer_dispute(session, actor=scene["operator"].actor, assessment=assessment, dispute=dispute, upheld=False,
                       answer="It holds.", now=MOMENT)  # fmt: skip
    assert levels(projects, scene) == (None, None)
    edit(held)
    assert levels(projects, scene) == (6, 5)


def test_a_judged_element_cannot_be_dropped_and_the_form_says_so(
    database: Any, new_browser: Any, projects: Any, scene: dict[str, Any]
) -> None:
    first, second = scene["project"].elements
    before = table_counts(database)
    browser = new_browser().sign_in(scene["team"].user)
    page = f"/projects/{scene['project'].public_id}/edit/levels"
    answer = browser.submit(f"{page}?lang=en", {
        "trl_claimed": "6", "mrl_claimed": "5", "target_trl": "7", "target_mrl": "8", "planned_start": "2027-01-10",
        "planned_end": "2028-09-30", "elements-0-id": first.public_id, "elements-0-name_en": first.name_en,
    }, page=page)  # fmt: skip
    shown = answer.get_data(as_text=True)
    assert (answer.status_code, 'href="#field-elements"' in shown, 'id="error-elements"' in shown) == (422, True, True)
    assert "Judgements, evidence or reports rest on a row that was taken out" in shown
    assert table_counts(database) == before
    with database.transaction() as session, pytest.raises(ProjectInvalidError) as caught:
        edit_project(session, actor=scene["team"].actor, now=MOMENT, values={"elements": []},
                     project=find_project(session, project_id=scene["project"].id))  # fmt: skip
    assert caught.value.details["rows"] == [first.public_id, second.public_id]


def test_a_lapsed_level_counts_nowhere_before_the_daily_job(
    database: Any, new_browser: Any, projects: Any, make: Any, scene: dict[str, Any]
) -> None:
    today = clock.day_in_zone(clock.now())
    with database.transaction() as session:
        found = session.get_one(Project, scene["project"].id)
        found.trl_claimed, found.mrl_claimed, found.state = 8, 7, "published"
        found.levels_expire_on = session.get_one(Assessment, scene["first"].id).expires_on = today
    with database.transaction("read") as session:
        found = find_project(session, project_id=scene["project"].id)
        stands, lapsed = (build_features(session, project=found, on=day) for day in (today, today + timedelta(days=1)))
    assert [stands[name] for name in ("trl_start", "mrl_start", "evidence_cover")] == [6, 5, 1.0]
    assert [lapsed[name] for name in ("trl_start", "mrl_start", "evidence_cover")] == [8, 7, None]

    def listed(wanted: str) -> bool:
        return found.public_id in browser.get(f"/projects?trl_from={wanted}&trl_to={wanted}").get_data(as_text=True)

    browser = new_browser().sign_in(make.member("bank").user)
    assert (listed("6"), listed("8")) == (True, False)
    with database.transaction() as session:
        session.get_one(Project, found.id).levels_expire_on = today - timedelta(days=1)
    assert (listed("6"), listed("8")) == (False, True)
    shown = browser.get(f"/api/v1/projects/{found.public_id}").get_json()
    assert (shown["trl_assessed"], shown["trl_claimed"]) == (None, 8)


def at_once(database: Any, first: Any, second: Any, *acts: Any) -> list[Any]:
    """Run two acts on rows that both have read before either acts; only PostgreSQL lets two write at once."""
    barrier = threading.Barrier(2, timeout=60)
    serial = database.engine.dialect.name == "sqlite"

    def run(number: int) -> Any:
        try:
            with database.transaction() as session:
                held = (first, second)[number](session)
                if not serial:
                    barrier.wait()
                return acts[number](session, held)
        except AssessmentStateError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, (0, 1)))


def test_of_two_decisions_of_one_objection_the_second_is_refused(
    database: Any, projects: Any, scene: dict[str, Any]
) -> None:
    with database.transaction() as session:
        held = load(session, scene["first"], scene["team"])
        raise_dispute(session, actor=scene["team"].actor, assessment=held, reason="Wrong sample.", now=MOMENT)

    def read(session: Any) -> Any:
        return load(session, scene["first"], scene["team"])

    def decide(upheld: bool) -> Any:
        return lambda session, held: answer_dispute(
            session, actor=scene["operator"].actor, assessment=held, dispute=held.disputes[0], upheld=upheld,
            answer="Heard.", now=MOMENT,
        ).state  # fmt: skip

    results = at_once(database, read, read, decide(True), decide(False))
    won = [result for result in results if isinstance(result, str)]
    assert len(won) == 1, results
    assert levels(projects, scene) == ((None, None) if won == ["upheld"] else (6, 5))


def test_a_judgement_that_comes_while_the_assessment_is_signed_does_not_break_the_seal(
    database: Any, scene: dict[str, Any]
) -> None:
    made, other = assess_anew(database, scene, now=MOMENT, trl=6, sign=False), scene["other"]

    def read(session: Any) -> Any:
        return load(session, made, other)

    def sign(session: Any, held: Any) -> str:
        return str(sign_assessment(session, actor=other.actor, assessment=held, now=MOMENT,
                                   name=other.actor.user_name).content_digest)  # fmt: skip

    def judge(session: Any, held: Any) -> str:
        row = {"element": held.project.elements[0].public_id, "criterion": "trl-2-application", "judgement": "not_met",
               "note": "The curve is missing."}  # fmt: skip
        record_judgements(session, actor=other.actor, assessment=held, rows=[row], now=MOMENT)
        return "judged"

    at_once(database, read, read, sign, judge)
    with database.transaction("read") as session:
        held = load(session, made, other)
        assert (held.state, is_sealed(session, held)) == ("signed", True)


def test_of_two_assessments_signed_at_once_one_stands(database: Any, scene: dict[str, Any]) -> None:
    second = assess_anew(database, scene, now=MOMENT, trl=5, sign=False)
    with database.transaction() as session:
        first = session.get_one(Assessment, scene["first"].id)
        first.state, first.signed_at, first.content_digest = "in_progress", None, ""

    def sign(member: Any) -> Any:
        return lambda session, held: sign_assessment(
            session, actor=member.actor, assessment=held, now=MOMENT, name=member.actor.user_name,
            expires_on=date(2027, 6, 30),
        ).trl_result  # fmt: skip

    results = at_once(
        database, lambda session: load(session, scene["first"], scene["assessor"]),
        lambda session: load(session, second, scene["other"]), sign(scene["assessor"]), sign(scene["other"]),
    )  # fmt: skip
    assert results == [6, 5]
    with database.transaction("read") as session:
        rows = session.query(Assessment).order_by(Assessment.id).all()
        (standing,) = [row for row in rows if row.superseded_at is None]
        assert session.get_one(Project, scene["project"].id).trl_assessed == standing.trl_result
