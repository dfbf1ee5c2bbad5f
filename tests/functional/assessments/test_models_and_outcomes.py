"""The registry of models with its two people, outcomes of pilots by those who gain nothing, and checks that break."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from marketplace.accounts.models import Organisation
from marketplace.assessments import score_queries
from marketplace.assessments.errors import ModelStateError, SamePersonError
from marketplace.assessments.model_store import load_registered_model
from marketplace.assessments.models import StoredScore
from marketplace.assessments.monitoring import check_calibration
from marketplace.assessments.score_models import ModelCheck, PilotOutcome, RiskModelVersion
from marketplace.assessments.services import (
    check_champion,
    decide_promotion,
    describe_champion,
    engage_decider,
    list_training_rows,
    propose_promotion,
    register_model,
    score_now,
)
from marketplace.assessments.services.checking import list_outcome_pairs
from marketplace.audit.models import AuditLine
from marketplace.jobs.services import run_due_jobs
from marketplace.notifications.models import Notification
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from risk.errors import RiskError
from tests.conftest import table_counts
from tests.factories import MOMENT

ENDED = {
    "completed": "yes", "trl_reached": "6", "started_on": "2026-11-24", "ended_on": "2026-11-24",
    "cost_minor": "8,000,000", "loss_minor": "5000000.50", "grounds": "Yield 71 % against 82 %, three runs.",
}  # fmt: skip


@pytest.fixture
def registered(app: Any, database: Any) -> Any:
    """The prior model in use, and a candidate that differs from it in one coefficient."""
    model = load_registered_model(app.settings.models_directory, None)
    with database.transaction() as session:
        register_model(session, facts=model.facts, now=MOMENT)
        other = {**model.facts, "version": "supported-000000000000", "coefficients_digest": "0" * 64}
        register_model(session, facts=other, now=MOMENT)
    return model


def candidate(session: Any) -> RiskModelVersion:
    return session.query(RiskModelVersion).filter_by(state="candidate").one()


def test_the_first_model_is_in_use_and_later_ones_are_candidates(database: Any, registered: Any) -> None:
    with database.transaction() as session:
        states = {row.version: row.state for row in score_queries.list_models(session)}
        assert states == {registered.model.version: "champion", "supported-000000000000": "candidate"}
        assert register_model(session, facts=registered.facts, now=MOMENT).state == "champion"
        assert describe_champion(session) == registered.facts


def test_promotion_takes_two_people_and_leaves_one_champion(
    database: Any, new_browser: Any, make: Any, registered: Any
) -> None:
    first = make.member("operator")
    second = make.member("operator", organisation=first.organisation)
    with database.transaction("read") as session:
        page = f"/risk-models/{candidate(session).public_id}"
    maker, checker = new_browser().sign_in(first.user), new_browser().sign_in(second.user)
    assert maker.submit(f"{page}/propose", {"ground": ""}, page=page).status_code == 422
    assert maker.submit(f"{page}/propose", {"ground": "Lower log loss on 60 outcomes."}, page=page).status_code == 302
    assert maker.submit(f"{page}/decide", {"decision": "confirm", "note": "x"}, page=page).status_code == 403
    assert checker.submit(f"{page}/decide", {"decision": "confirm", "note": " "}, page=page).status_code == 422
    seen = {"decision": "confirm", "note": "Report and reliability table."}
    assert checker.submit(f"{page}/decide", seen, page=page).status_code == 302
    with database.transaction("read") as session:
        states = {row.version: row.state for row in score_queries.list_models(session)}
        acts = [line.action for line in session.query(AuditLine).filter(AuditLine.action.like("model.promotion%"))]
    assert states == {registered.model.version: "retired", "supported-000000000000": "champion"}
    assert acts == ["model.promotion_proposed", "model.promotion_confirmed"]
    assert new_browser().sign_in(make.member("bank").user).get(page).status_code == 200
    assert (
        new_browser().sign_in(make.member("bank").user).submit(f"{page}/propose", {}, page="/account").status_code
        == 403
    )


def test_a_refused_candidate_stays_one_and_nobody_decides_alone(database: Any, make: Any, registered: Any) -> None:
    first = make.member("operator")
    second = make.member("operator", organisation=first.organisation)
    with database.transaction() as session:
        model = candidate(session)
        propose_promotion(session, actor=first.actor, model=model, ground="Try.", now=MOMENT)
        with pytest.raises(ModelStateError):
            propose_promotion(session, actor=second.actor, model=model, ground="Again.", now=MOMENT)
        with pytest.raises(SamePersonError):
            decide_promotion(session, actor=first.actor, model=model, confirmed=True, note="Me.", now=MOMENT)
        decide_promotion(session, actor=second.actor, model=model, confirmed=False, note="Too few.", now=MOMENT)
        assert model.state == "candidate"
        champion = score_queries.find_champion(session)
        assert champion is not None
        with pytest.raises(ModelStateError):
            propose_promotion(session, actor=first.actor, model=champion, ground="Once more.", now=MOMENT)


def test_an_altered_model_file_scores_nothing(app: Any, registered: Any) -> None:
    path = app.settings.models_directory / registered.facts["file_name"]
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RiskError, match="SHA-256"):
        load_registered_model(app.settings.models_directory, registered.facts)
    path.unlink()
    again = load_registered_model(app.settings.models_directory, registered.facts)
    assert again.model.digest == registered.facts["coefficients_digest"], "the evidence tables give the same vector"
    with pytest.raises(RiskError):
        load_registered_model(app.settings.models_directory, {**registered.facts, "coefficients_digest": "1" * 64})


def test_a_trained_model_is_registered_by_its_digest(app: Any, registered: Any) -> None:
    runner = app.test_cli_runner()
    path = app.settings.models_directory / registered.facts["file_name"]
    wrong = runner.invoke(args=["risk", "register", str(path), "--digest", "0" * 64])
    assert (wrong.exit_code, "model_file_altered" in wrong.output) == (1, True)
    right = runner.invoke(args=["risk", "register", str(path), "--digest", registered.facts["file_sha256"]])
    assert right.exit_code == 0, right.output
    assert "(champion)" in right.output, "the same vector keeps its one row"
    assert "candidate" in runner.invoke(args=["risk", "models"]).output


def test_a_model_that_outcomes_support_shows_its_measures_and_grades_its_scores(
    app: Any, database: Any, new_browser: Any, make: Any, projects: Any, registered: Any
) -> None:
    team = make.member("project_team")
    project = projects.published(team)
    supported = replace(registered.model, state="supported", own_outcomes=60, own_events=18)
    measures = {"brier": {"value": 0.171, "low": 0.12, "high": 0.22}}
    with database.transaction() as session:
        model = candidate(session)
        model.metrics = {"measures": measures, "measures_prior": {"brier": {"value": 0.2, "low": 0.1, "high": 0.3}}}
        page = f"/risk-models/{model.public_id}?lang=en"
        found = find_project(session, project_id=project.id)
        score = score_now(session, project=found, model=replace(registered, model=supported), now=MOMENT)
        grade = score.content["grade"]
    browser = new_browser().sign_in(team.user)
    shown = browser.get(page).get_data(as_text=True)
    for word in ("Measures on rows held out", "0.171", "0.120 – 0.220", "0.200"):
        assert word in shown
    assert grade in "ABCDE"
    text = browser.get(f"/projects/{project.public_id}/score?lang=en").get_data(as_text=True)
    assert "A below 10%, B below 20%" in text
    assert f'<p class="figure-value">{grade}</p>' in text


@pytest.fixture
def begun(app: Any, database: Any, make: Any, projects: Any, registered: Any) -> dict[str, Any]:
    """A funded project with a score, and an engaged testing body."""
    team, tester = make.member("project_team"), make.member("testing_body")
    project = projects.published(team)
    with database.transaction() as session:
        found = find_project(session, project_id=project.id)
        score_now(session, project=found, model=registered, now=MOMENT)
        organisation = session.get_one(Organisation, tester.organisation.id)
        engage_decider(session, actor=team.actor, project=found, organisation=organisation, now=MOMENT)
        session.get_one(Project, project.id).state = "in_pilot"
    return {"team": team, "tester": tester, "project": project, "url": f"/projects/{project.public_id}/outcome"}


def later(monkeypatch: Any) -> None:
    from marketplace import clock

    monkeypatch.setattr(clock, "now", lambda: MOMENT + timedelta(days=2))


def test_an_outcome_is_recorded_by_who_gains_nothing_and_superseded_never_overwritten(
    app: Any, database: Any, new_browser: Any, make: Any, begun: dict[str, Any], monkeypatch: Any
) -> None:
    later(monkeypatch)
    tester, url = new_browser().sign_in(begun["tester"].user), begun["url"]
    team = new_browser().sign_in(begun["team"].user)
    assert team.submit(url, ENDED, page="/account").status_code == 403
    stranger = new_browser().sign_in(make.member("testing_body").user)
    assert stranger.submit(url, ENDED, page="/account").status_code == 403
    assert tester.submit(url, ENDED).status_code == 302
    assert tester.submit(url, {**ENDED, "trl_reached": "7"}).status_code == 302
    with database.transaction("read") as session:
        rows = session.query(PilotOutcome).order_by(PilotOutcome.id).all()
        facts = [(row.target_reached, row.superseded_at is not None, row.loss_minor) for row in rows]
        assert facts == [(False, True, 500_000_050), (True, False, 500_000_050)]
        assert rows[1].score_id == session.query(StoredScore).one().id
        (row,) = list_training_rows(session)
    assert (row["trl_start"], row["trl_target"], row["target_reached"], row["cost_minor"]) == (6, 7, True, 800_000_000)
    assert "Yield 71 %" in team.get(url).get_data(as_text=True)
    printed = app.test_cli_runner().invoke(args=["risk", "outcomes"])
    assert json.loads(printed.output) == [row]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"ended_on": "2026-11-20"}, "ended_on"), ({"ended_on": "2099-01-01"}, "ended_on"),
     ({"started_on": ""}, "started_on"), ({"started_on": "2026-11-26"}, "started_on"),
     ({"cost_minor": "ten"}, "cost_minor"),
     ({"loss_minor": "9,000,000"}, "loss_minor"), ({"trl_reached": "10"}, "trl_reached"),
     ({"trl_reached": "6.5"}, "trl_reached"), ({"completed": ""}, "completed"), ({"grounds": " "}, "grounds")],
)  # fmt: skip
def test_a_wrong_outcome_is_named_at_its_field(
    database: Any, new_browser: Any, begun: dict[str, Any], monkeypatch: Any, change: dict[str, str], field: str
) -> None:
    later(monkeypatch)
    before = table_counts(database)
    answer = new_browser().sign_in(begun["tester"].user).submit(begun["url"], {**ENDED, **change})
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.get_data(as_text=True)
    assert table_counts(database) == before


def test_no_outcome_before_the_pilot_and_no_score_from_after_its_start(
    database: Any, new_browser: Any, begun: dict[str, Any], monkeypatch: Any
) -> None:
    later(monkeypatch)
    tester = new_browser().sign_in(begun["tester"].user)
    assert tester.submit(begun["url"], {**ENDED, "started_on": "2026-11-01"}).status_code == 302
    with database.transaction() as session:
        assert session.query(PilotOutcome).one().score_id is None
        assert list_training_rows(session) == []
        session.get_one(Project, begun["project"].id).state = "published"
    assert tester.submit(begun["url"], ENDED, page="/account").status_code == 409


def test_a_score_of_the_first_day_is_not_one_from_before_the_start(
    database: Any, new_browser: Any, begun: dict[str, Any], monkeypatch: Any
) -> None:
    """MOMENT is in the afternoon of the 23rd in Shanghai: on that day something may be known of the pilot already."""
    later(monkeypatch)
    tester = new_browser().sign_in(begun["tester"].user)
    for day, used in (("2026-11-23", 0), ("2026-11-24", 1)):
        assert tester.submit(begun["url"], {**ENDED, "started_on": day}).status_code == 302
        with database.transaction("read") as session:
            assert len(list_training_rows(session)) == used


def test_a_row_is_judged_by_the_target_of_its_score(
    database: Any, new_browser: Any, begun: dict[str, Any], monkeypatch: Any
) -> None:
    later(monkeypatch)
    with database.transaction() as session:
        session.get_one(Project, begun["project"].id).target_trl = 6  # lowered after the decision, from 7
    assert new_browser().sign_in(begun["tester"].user).submit(begun["url"], ENDED).status_code == 302
    with database.transaction("read") as session:
        (row,) = list_training_rows(session)
        champion = score_queries.find_champion(session)
        assert champion is not None
        ((_probability, missed),) = list_outcome_pairs(session, model=champion)
    assert (row["trl_target"], row["trl_reached"], row["target_reached"], missed) == (7, 6, False, 1)


def test_from_few_outcomes_only_their_number_is_told(
    database: Any, new_browser: Any, make: Any, begun: dict[str, Any], monkeypatch: Any
) -> None:
    """One outcome and a mean probability would be the score of one project."""
    later(monkeypatch)
    with database.transaction("read") as session:
        page = f"/risk-models/{score_queries.find_champion(session).public_id}?lang=en"
    bank, operator = (new_browser().sign_in(make.member(kind).user) for kind in ("bank", "operator"))
    assert "has not been checked yet" in bank.get(page).get_data(as_text=True)
    new_browser().sign_in(begun["tester"].user).submit(begun["url"], ENDED)
    run_due_jobs(database)
    with database.transaction("read") as session:
        check = session.query(ModelCheck).order_by(ModelCheck.id.desc()).first()
        assert (check.outcomes, check.content["calibration"]["n"]) == (1, 1)
    told = bank.get(page).get_data(as_text=True)
    assert "Below 20 outcomes only their number is shown" in told
    for word in ("Targets missed", "Brier score", "reliability", "Observed"):
        assert word not in told
    assert "Brier score" in operator.get(page).get_data(as_text=True)


def test_groups_of_the_reliability_table_hold_at_least_five_pilots() -> None:
    found = check_calibration([(0.02 * index, index % 2) for index in range(23)])
    assert [row["n"] for row in found["reliability"]] == [6, 5, 6, 6]
    assert sum(row["events"] for row in found["reliability"]) == found["events"] == 11
    first = found["reliability"][0]
    assert (first["predicted"], first["observed"]) == (0.05, 0.5)
    assert first["low"] < 0.5 < first["high"]
    assert [row["n"] for row in check_calibration([(0.5, 1)] * 3)["reliability"]] == [3]


def test_drift_reads_each_project_once_on_each_side(database: Any, begun: dict[str, Any]) -> None:
    with database.transaction() as session:
        (score,) = session.query(StoredScore).all()
        values = {column.name: getattr(score, column.name) for column in StoredScore.__table__.columns
                  if column.name not in ("id", "public_id", "computed_at")}  # fmt: skip
        for days in (-400, -300, -20, -10):
            session.add(StoredScore(**values, computed_at=MOMENT + timedelta(days=days)))
            session.flush()
        found = score_queries.list_scores_around(session, since=MOMENT - timedelta(days=180))
        assert [(row.computed_at - MOMENT).days for row in found] == [-300, -10]
        assert len(list(score_queries.iterate_scores(session, size=2))) == 5


def test_a_model_that_breaks_is_told_to_the_operator_once(database: Any, make: Any, begun: dict[str, Any]) -> None:
    operator = make.member("operator")
    with database.transaction() as session:
        score = session.query(StoredScore).one()
        for index in range(24):
            copy = Project(
                **{column.name: getattr(begun["project"], column.name) for column in Project.__table__.columns
                   if column.name not in ("id", "public_id", "code")},
                code=f"COPY-{index}",
            )  # fmt: skip
            session.add(copy)
            session.flush()
            session.add(PilotOutcome(
                project_id=copy.id, organisation_id=begun["tester"].organisation.id, completed=True,
                target_reached=False, trl_reached=5, started_on=date(2026, 11, 24), ended_on=date(2026, 11, 24),
                cost_minor=1, planned_cost_minor=1, loss_minor=0, currency="CNY", grounds="x", score_id=score.id,
                recorded_at=MOMENT,
            ))  # fmt: skip
        session.flush()
        first = check_champion(session, now=MOMENT)
        second = check_champion(session, now=MOMENT + timedelta(days=1))
        assert first is not None
        assert second is not None
        assert (first.state, second.state, first.content["breaches"]) == ("breaks", "breaks", ["calibration"])
        told = session.query(Notification).filter_by(kind="model.check_broke", organisation_id=operator.organisation.id)
        assert told.count() == 1


def test_an_outcome_asks_for_a_check(database: Any, new_browser: Any, begun: dict[str, Any], monkeypatch: Any) -> None:
    later(monkeypatch)
    new_browser().sign_in(begun["tester"].user).submit(begun["url"], ENDED)
    run_due_jobs(database)
    with database.transaction("read") as session:
        check = session.query(ModelCheck).order_by(ModelCheck.id.desc()).first()
        assert (check.outcomes, check.state) == (1, "not_enough_data")
        page = f"/risk-models/{score_queries.find_champion(session).public_id}?lang=en"
    shown = new_browser().sign_in(begun["team"].user).get(page).get_data(as_text=True)
    assert "There are fewer than 20 outcomes" in shown


def test_a_retrained_model_is_a_candidate_with_its_report(app: Any, registered: Any, tmp_path: Any) -> None:
    from risk import retrain, save_model

    rows = [
        {"id": f"invented-{index}", "trl_start": 4 + index % 3, "trl_target": 7, "planned_months": 12.0 + index % 9,
         "started_on": f"2024-{1 + index % 12:02}-01", "ended_on": f"2025-{1 + index % 12:02}-15", "completed": True,
         "target_reached": index * 7 % 10 > 2, "trl_reached": 7 if index * 7 % 10 > 2 else 4,
         "planned_cost_minor": 1000, "cost_minor": 1100, "loss_minor": 0 if index * 7 % 10 > 2 else 400}
        for index in range(60)
    ]  # fmt: skip
    model, report = retrain(rows)
    path = tmp_path / "retrained.skops"
    digest = save_model(model, path)
    done = app.test_cli_runner().invoke(args=["risk", "register", str(path), "--digest", digest])
    assert (done.exit_code, "(candidate)" in done.output) == (0, True), done.output
    with app.database.transaction("read") as session:
        row = score_queries.find_model_by_digest(session, digest=model.digest)
        assert row is not None
        assert (row.own_outcomes, row.own_events, row.metrics["measures"]) == (60, 18, report["measures"])
        facts = {"file_name": row.file_name, "file_sha256": row.file_sha256, "coefficients_digest": model.digest}
    assert load_registered_model(app.settings.models_directory, facts).model.digest == model.digest
