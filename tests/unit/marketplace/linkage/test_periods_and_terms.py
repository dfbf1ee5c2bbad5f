"""Periods and the contingent public money that signed terms name."""

from __future__ import annotations

from datetime import date

import pytest

from marketplace.linkage.contingent import pool_room, premium_subsidy
from marketplace.linkage.definitions import NAMES, TEXTS
from marketplace.linkage.errors import PeriodError
from marketplace.linkage.periods import parse_period
from risk.sharing.templates.scenario_a import scenario_a_terms


@pytest.mark.parametrize(
    ("text", "name", "first", "last"),
    [
        ("2026", "2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2028q1", "2028Q1", date(2028, 1, 1), date(2028, 3, 31)),
        ("2028-Q2", "2028Q2", date(2028, 4, 1), date(2028, 6, 30)),
        ("2026Q4", "2026Q4", date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_a_year_or_a_quarter(text: str, name: str, first: date, last: date) -> None:
    period = parse_period(text)
    assert (period.name, period.first, period.last) == (name, first, last)


@pytest.mark.parametrize("text", ["", "26", "2026Q5", "2026-13", "２０２６", "2026Q", "1926", "2026Q1Q2", "now"])
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(PeriodError):
        parse_period(text)


def test_the_tightest_limit_of_a_pool_counts_and_a_policy_limit_does_not() -> None:
    assert pool_room(scenario_a_terms()) == {"pool": 1_100_000 * 100}


def test_what_the_treasury_pays_of_the_premium_is_a_subsidy() -> None:
    assert premium_subsidy(scenario_a_terms()) == 300_000 * 100


def test_every_named_figure_has_its_definition() -> None:
    assert set(NAMES) == set(TEXTS)
