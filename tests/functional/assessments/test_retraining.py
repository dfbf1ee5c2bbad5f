"""Retraining in one act: from outcomes recorded through the services to a candidate that waits for two people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.models import Organisation
from marketplace.assessments import score_queries
from marketplace.assessments.model_store import load_registered_model
from marketplace.assessments.score_models import ModelPromotion, RiskModelVersion
from marketplace.assessments.services import (
    engage_decider,
    list_training_rows,
    record_outcome,
    register_model,
    score_now,
)
from marketplace.assessments.tasks import RETRAIN_JOB_NAME
from marketplace.jobs.models import Job
from marketplace.jobs.registry import get_kind
from marketplace.jobs.services import enqueue_job, enqueue_scheduled, run_due_jobs
from marketplace.notifications.models import Notification
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from tests.conftest import table_counts
from tests.factories import MOMENT

LATER = MOMENT + timedelta(days=40)
STARTED = (MOMENT + timedelta(days=1)).date()


@pytest.fixture
def market(app: Any, database: Any, make: Any) -> Any:
    """A market with its prior model in use, and a way to let pilots end there."""
    model = load_registered_model(app.settings.models_directory, None)
    with database.transaction() as session:
        register_model(session, facts=model.facts, now=MOMENT)
    return model


@pytest.fixture
def end_pilots(database: Any, make: Any, projects: Any, market: Any) -> Any:
    """Pilots scored before they began and ended by an engaged testing body, each through its service."""
    team, tester, operator = make.member("project_team"), make.member("testing_body"), make.member("operator")

    def end(count: int, *, first: int = 0) -> None:
        for index in range(first, first + count):
            project = projects.published(
                team, operator, trl_claimed=4 + index % 3, scale_up_factor=str(20 + 15 * (index * 7 % 11)),
                solids_handling=index % 2 == 0, recycle_streams=index % 4,
            )  # fmt: skip
            with database.transaction() as session:
                found = find_project(session, project_id=project.id)
                assert found is not None
                score_now(session, project=found, model=market, now=MOMENT)
                organisation = session.get_one(Organisation, tester.organisation.id)
                engage_decider(session, actor=team.actor, project=found, organisation=organisation, now=MOMENT)
                session.get_one(Project, project.id).state = "in_pilot"
            with database.transaction() as session:
                found = find_project(session, project_id=project.id)
                assert found is not None
                record_outcome(
                    session, actor=tester.actor, project=found, now=LATER,
                    values={
                        "completed": True, "trl_reached": 6 if index * 7 % 10 < 3 else 7,
                        "started_on": STARTED.isoformat(),
                        "ended_on": (STARTED + timedelta(days=5 + index)).isoformat(), "cost_minor": 800_000_000,
                        "loss_minor": 500_000_000 if index * 7 % 10 < 3 else 0, "grounds": "Three runs.",
                    },
                )  # fmt: skip

    return end


@pytest.fixture
def retrain(app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(clock, "now", lambda: LATER)
    return lambda *options: app.test_cli_runner().invoke(args=["risk", "retrain", *options])


def files(app: Any) -> list[str]:
    return sorted(path.name for path in app.settings.models_directory.iterdir())


def test_too_few_outcomes_are_refused_by_name_and_nothing_is_stored(
    app: Any, database: Any, end_pilots: Any, retrain: Any
) -> None:
    before, kept = table_counts(database), files(app)
    none = retrain()
    assert (none.exit_code, "empty_input" in none.output) == (1, True)
    assert (table_counts(database), files(app)) == (before, kept)
    end_pilots(3)
    before = table_counts(database)
    few = retrain()
    assert few.exit_code == 1
    assert "too_few_outcomes: There are 3 outcomes; at least 20 are needed." in few.output
    assert (table_counts(database), files(app)) == (before, kept)
    assert "waiver_without_reason" in retrain("--waive", "leak_missingness").output


def test_recorded_outcomes_become_one_candidate_that_two_people_promote(
    app: Any, database: Any, make: Any, new_browser: Any, end_pilots: Any, retrain: Any
) -> None:
    end_pilots(24)
    operator = make.member("operator")
    with database.transaction("read") as session:
        assert len(list_training_rows(session)) == 24
        champion = score_queries.find_champion(session)
        assert champion is not None
    done = retrain()
    assert done.exit_code == 0, done.output
    assert "(candidate), 24 outcomes, 8 failures, supported" in done.output
    assert "on own outcomes alone" in done.output
    with database.transaction("read") as session:
        candidate = session.query(RiskModelVersion).filter_by(state="candidate").one()
        assert score_queries.find_champion(session).id == champion.id  # type: ignore[union-attr]
        assert session.query(ModelPromotion).count() == 0
        assert (candidate.own_outcomes, candidate.own_events, candidate.metrics["n"]) == (24, 8, 24)
        assert candidate.metrics["comparison"]["champion"] in ("logistic", "boosting")
        told = session.query(Notification).filter_by(kind="model.retrained", organisation_id=operator.organisation.id)
        assert told.count() == 1
        facts = {name: getattr(candidate, name) for name in ("file_name", "file_sha256", "coefficients_digest")}
        page = f"/risk-models/{candidate.public_id}"
    assert candidate.file_name in files(app)
    loaded = load_registered_model(app.settings.models_directory, facts)
    assert loaded.model.digest == candidate.coefficients_digest

    again, kept = retrain(), files(app)
    assert again.output.strip() == f"already registered: {candidate.public_id}: {candidate.version} (candidate)"
    assert files(app) == kept
    with database.transaction("read") as session:
        assert session.query(RiskModelVersion).count() == 2

    second = make.member("operator", organisation=operator.organisation)
    maker, checker = new_browser().sign_in(operator.user), new_browser().sign_in(second.user)
    assert "waits as a candidate" in maker.get("/inbox?lang=en").get_data(as_text=True)
    assert maker.submit(f"{page}/propose", {"ground": "24 outcomes."}, page=page).status_code == 302
    seen = {"decision": "confirm", "note": "Report read."}
    assert checker.submit(f"{page}/decide", seen, page=page).status_code == 302
    with database.transaction("read") as session:
        assert score_queries.find_champion(session).id == candidate.id  # type: ignore[union-attr]


def test_the_monthly_job_only_makes_a_candidate_and_is_quiet_while_outcomes_are_few(
    app: Any, database: Any, end_pilots: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATER)
    kind = get_kind(RETRAIN_JOB_NAME)
    assert kind is not None
    assert kind.every_seconds == 30 * 86_400

    def run() -> Any:
        with database.transaction() as session:
            job = enqueue_job(session, name=RETRAIN_JOB_NAME, now=LATER)
        run_due_jobs(database, now=LATER)
        with database.transaction("read") as session:
            return session.get_one(Job, job.id)

    kept = files(app)
    assert [(job.state, job.result_url) for job in [run()]] == [("done", None)]
    assert files(app) == kept
    end_pilots(21)
    first, second = run(), run()
    assert (first.state, second.state) == ("done", "done"), first.last_error
    assert first.result_url == second.result_url
    with database.transaction("read") as session:
        states = sorted(model.state for model in score_queries.list_models(session))
        assert states == ["candidate", "champion"]
    enqueue_scheduled(database, now=LATER)
    with database.transaction("read") as session:
        assert session.query(Job).filter_by(name=RETRAIN_JOB_NAME, state="waiting").count() == 1


def test_the_first_model_of_a_market_is_no_champion_by_retraining_alone(database: Any, session: Any) -> None:
    facts = {
        "version": "supported-1", "coefficients_digest": "1" * 64, "coefficients": {}, "file_name": "x.skops",
        "file_sha256": "2" * 64, "table_version": "t", "support": "supported", "own_outcomes": 20, "own_events": 5,
        "libraries": {}, "metrics": {},
    }  # fmt: skip
    assert register_model(session, facts=facts, now=MOMENT, as_candidate=True).state == "candidate"
    assert score_queries.find_champion(session) is None
