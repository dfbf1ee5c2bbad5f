"""Evidence tables: whole rows, honest statuses, figures that agree with each other."""

import math
from datetime import date
from pathlib import Path

import pytest

from risk import tables
from risk.errors import InvalidParameterError
from risk.scoring.features import COLUMNS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", tables.FIGURE_TABLES)
def test_every_figure_has_unit_date_source_and_status(name):
    figures = tables.load_figures(name)
    assert figures
    for figure in figures.values():
        assert figure.unit
        assert figure.source
        assert isinstance(figure.valid_from, date)
        assert figure.status in tables.STATUSES


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({"key": "a", "unit": "share", "valid_from": date(2026, 1, 1), "status": "verified"}, "lacks source"),
        ({"key": "a", "unit": "", "valid_from": date(2026, 1, 1), "source": "s", "status": "verified"}, "lacks unit"),
        ({"key": "a", "unit": "u", "valid_from": date(2026, 1, 1), "source": "s", "status": "sure"}, "unknown status"),
        ({"key": "a", "unit": "u", "valid_from": "2026", "source": "s", "status": "verified"}, "needs a TOML date"),
        (
            {
                "key": "a",
                "unit": "u",
                "valid_from": date(2026, 1, 1),
                "source": "s",
                "status": "verified",
                "value": "1",
            },
            "needs a number",
        ),
    ],
)
def test_a_row_that_is_not_whole_is_refused(row, part):
    with pytest.raises(tables.TableError, match=part):
        tables.build_figure("test", row)


def test_an_unverified_figure_never_feeds_a_default():
    unverified = [figure for figure in tables.list_figures() if figure.status == "unverified"]
    assert unverified
    for figure in unverified:
        with pytest.raises(tables.UnverifiedFigureError) as error:
            tables.get_default(figure.table, figure.key)
        assert error.value.code == "unverified_figure"
        assert figure.key not in {item.key for item in tables.list_defaults(figure.table)}


def test_everything_the_score_reads_may_feed_a_default():
    read = ("base_rates", "technology_groups", "coefficients", "schedule", "cost", "severity", "grades")
    assert not [
        figure for name in read for figure in tables.load_figures(name).values() if figure.status == "unverified"
    ]


def test_the_press_figure_is_shown_as_unverified():
    figure = tables.get_figure("press_and_unverified", "press_success_with_pilot")
    assert figure.status == "unverified"
    assert figure.value == 0.8


@pytest.mark.parametrize("name", ["base_rates", "technology_groups"])
def test_counts_give_the_rate_stated(name):
    for figure in tables.load_figures(name).values():
        if figure.get("events") is not None and figure.value is not None:
            assert figure.value == pytest.approx(figure["events"] / figure["n"], abs=5e-7)


@pytest.mark.parametrize("key", ["target_level_not_reached", "stopped_within_a_year", "terminated", "no_next_stage"])
def test_intervals_of_base_rates_are_wilson_intervals(key):
    figure = tables.get_figure("base_rates", key)
    n, rate, z = figure["n"], figure["events"] / figure["n"], 1.959964
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert figure["low"] == pytest.approx(centre - reach, abs=1e-4)
    assert figure["high"] == pytest.approx(centre + reach, abs=1e-4)


def test_the_groups_add_up_to_the_projects_that_plan_a_gain():
    groups = [
        figure for figure in tables.load_figures("technology_groups").values() if "mean_planned_gain" in figure.extra
    ]
    assert sum(figure["n"] for figure in groups) == 161
    assert sum(figure["events"] for figure in groups) == 46


def test_every_model_column_has_a_prior_with_an_allowed_sign():
    for column in COLUMNS:
        figure = tables.get_default("coefficients", column)
        assert figure["standard_error"] > 0
        assert figure.get("lower", -math.inf) <= figure.value <= figure.get("upper", math.inf)
    assert tables.get_default("coefficients", "trl_start")["upper"] == 0.0
    assert tables.get_default("coefficients", "planned_gain")["lower"] == 0.0


def test_grades_rise_and_reach_one():
    cuts = [figure.value for figure in tables.load_figures("grades").values()]
    assert cuts == [0.10, 0.20, 0.35, 0.50, 1.01]


def test_unknown_tables_and_figures_are_named():
    with pytest.raises(InvalidParameterError) as error:
        tables.load_figures("rumours")
    assert error.value.code == "unknown_table"
    with pytest.raises(InvalidParameterError) as error:
        tables.get_figure("cost", "rumour")
    assert error.value.code == "unknown_figure"


def test_the_table_version_names_the_newest_date_and_a_digest():
    version = tables.get_table_version()
    newest = max(figure.valid_from for figure in tables.list_figures())
    assert version.startswith(f"{newest.isoformat()}-")
    assert len(version) == len("2026-11-23-") + 12


def test_the_evidence_document_is_that_of_the_tables():
    from risk.tables.document import render

    assert (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8") == render(), (
        "run: python -m risk.tables.document > docs/evidence.md"
    )
