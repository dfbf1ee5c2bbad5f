"""The portfolio: what a holder has in which projects, expected failures, concentration; page, export and API agree."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest

from marketplace import clock
from marketplace.assessments.model_store import load_registered_model
from marketplace.assessments.portfolio import Holding, compose_portfolio
from marketplace.assessments.services import score_now
from marketplace.funding.models import Commitment
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from marketplace.projects.services import grant_score_consent
from tests.factories import MOMENT

DAY = date(2026, 11, 23)


class _Score:
    def __init__(self, probability: float, low: float, high: float, band: str = "elevated") -> None:
        self.content = {"probability": probability, "interval_80": [low, high], "grade": None}
        self.band = band


class _Project:
    def __init__(self, number: int, sector: str, trl: int | None = 6, state: str = "in_pilot") -> None:
        self.id, self.sector, self.region_code, self.trl, self.state = number, sector, "370300", trl, state

    def deciding_levels(self, day: date) -> tuple[int | None, None]:
        assert day == DAY
        return self.trl, None


def test_holdings_of_one_project_are_one_line_and_the_sums_agree() -> None:
    first, second, third = _Project(1, "chemicals"), _Project(2, "chemicals", 5), _Project(3, "medicine", None)
    holdings = [Holding(first, 300, "CNY"), Holding(first, 100, "CNY"), Holding(second, 400, "CNY"),
                Holding(third, 200, "CNY"), Holding(third, 50, "USD"),
                Holding(_Project(4, "chemicals", state="failed"), 700, "CNY")]  # fmt: skip
    scores = {1: _Score(0.5, 0.25, 0.75), 2: _Score(0.5, 0.25, 0.75, "high")}
    portfolio = compose_portfolio(holdings, lambda ids: {key: scores[key] for key in ids if key in scores}, on=DAY)
    assert portfolio.ended == 1, "a pilot that has ended is counted and in nothing else"
    assert portfolio.totals == {"CNY": 1000, "USD": 50}
    assert [line.amounts for line in portfolio.lines] == [{"CNY": 400}, {"CNY": 400}, {"CNY": 200, "USD": 50}]
    assert (portfolio.not_scored, portfolio.failures.projects, portfolio.failures.expected) == (1, 2, 1.0)
    assert portfolio.failures.ranges[0.8] == (0, 2)
    assert [(part.key, part.projects, part.shares["CNY"]) for part in portfolio.by_sector] == [
        ("chemicals", 2, 0.8), ("medicine", 1, 0.2)]  # fmt: skip
    assert [part.key for part in portfolio.by_level] == ["5", "6", ""]
    assert portfolio.sector_concentration == pytest.approx({"CNY": 0.68, "USD": 1.0})
    empty = compose_portfolio([], lambda _ids: {}, on=DAY)
    assert (empty.lines, empty.failures, empty.totals) == ((), None, {})


@pytest.fixture
def held(app: Any, make: Any, new_browser: Any, projects: Any, deals: Any) -> dict[str, Any]:
    """A fund that committed to a project whose team lets funds read its score, and a bank that did not commit."""
    team, fund = make.member("project_team"), make.member("venture_fund")
    round_ = deals.round(team, projects.published(team))
    deals.commit(fund, round_, 500_000_000)
    model = load_registered_model(app.settings.models_directory, None)
    with app.database.transaction() as session:
        project = find_project(session, project_id=round_.project_id)
        score_now(session, project=project, model=model, now=MOMENT)
    return {"team": team, "fund": fund, "project": project, "browser": new_browser().sign_in(fund.user)}


def test_page_export_and_api_show_the_same(app: Any, held: dict[str, Any], make: Any, new_browser: Any) -> None:
    browser, project = held["browser"], held["project"]
    page = browser.get("/portfolio?lang=en").get_data(as_text=True)
    assert "1 project has no score that you may read" in page
    assert browser.get("/api/v1/portfolio").get_json()["failures"] is None
    with app.database.transaction() as session:
        found = find_project(session, project_id=project.id)
        grant_score_consent(
            session, actor=held["team"].actor, project=found, organisation_kind="venture_fund", now=MOMENT
        )
    answer = browser.get("/api/v1/portfolio").get_json()
    (line,) = answer["holdings"]
    assert line["project_id"] == project.public_id
    assert line["amounts"] == [{"amount_minor": 500_000_000, "currency": "CNY"}]
    assert answer["failures"]["expected"] == line["probability"]
    (row,) = list(csv.reader(io.StringIO(browser.get("/portfolio/export.csv?lang=en").get_data(as_text=True))))[1:]
    assert (row[0], row[7], row[8], row[9]) == (project.public_id, "5000000.00", "CNY", line["probability"])
    page = browser.get("/portfolio?lang=en").get_data(as_text=True)
    assert "about 0." in page
    assert project.title_en in page
    stranger = new_browser().sign_in(make.member("bank").user)
    assert "Nothing is held yet" in stranger.get("/portfolio?lang=en").get_data(as_text=True)
    assert new_browser().sign_in(held["team"].user).get("/portfolio").status_code == 403


def test_ended_pilots_defaulted_commitments_and_lapsed_levels_do_not_count(
    app: Any, make: Any, new_browser: Any, projects: Any, deals: Any
) -> None:
    fund, team, operator = make.member("venture_fund"), make.member("project_team"), make.member("operator")
    kept, unpaid, over = (deals.round(team, projects.published(team, operator=operator)) for _ in range(3))
    for round_ in (kept, unpaid, over):
        deals.commit(fund, round_, 500_000_000)
    with app.database.transaction() as session:
        session.query(Commitment).filter_by(round_id=unpaid.id).update({"state": "defaulted"})
        session.query(Project).filter_by(id=over.project_id).update({"state": "failed"})
        # Assessed until yesterday; the daily job has not come by yet.
        yesterday = clock.day_in_zone(clock.now()) - timedelta(days=1)
        levels = {"trl_assessed": 3, "trl_claimed": 6, "levels_expire_on": yesterday}
        session.query(Project).filter_by(id=kept.project_id).update(levels)
        held = session.get_one(Project, kept.project_id).public_id
    browser = new_browser().sign_in(fund.user)
    answer = browser.get("/api/v1/portfolio").get_json()
    assert [line["project_id"] for line in answer["holdings"]] == [held]
    assert (answer["ended"], answer["totals"]) == (1, [{"amount_minor": 500_000_000, "currency": "CNY"}])
    assert [part["key"] for part in answer["by_level"]] == ["6"]
    page = browser.get("/portfolio?lang=en").get_data(as_text=True)
    assert "1 project that you hold has ended." in page
    assert "Pilots that have ended are left out" in page
    (row,) = list(csv.reader(io.StringIO(browser.get("/portfolio/export.csv?lang=en").get_data(as_text=True))))[1:]
    assert (row[0], row[5], row[6]) == (held, "6", "")
