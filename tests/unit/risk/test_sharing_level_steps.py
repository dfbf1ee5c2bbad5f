"""Tables by assessed level: what holds now, what holds once a level is proved, and what is refused."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import InvalidParameterError
from risk.sharing import joint_pilot
from risk.sharing.level_steps import apply_level_table, loan_steps
from risk.sharing.scenario_a import parameters

TABLE = [{"trl": 5, "value": "0.05"}, {"trl": 6, "value": "0.04"}, {"trl": 7, "value": "0.036"},
         {"trl": 9, "value": "0.03"}]  # fmt: skip
MILESTONES = {"M1": (None, date(2027, 6, 21)), "M3": (7, date(2028, 9, 20)), "M4": (8, date(2029, 6, 1))}


def test_the_assessed_level_picks_the_value_and_milestones_the_rest() -> None:
    found = apply_level_table(TABLE, trl=6, milestones=MILESTONES)
    assert found.value == "0.04"
    assert [(step.trl, step.milestone, step.since, step.value) for step in found.steps] == [
        (7, "M3", date(2028, 9, 20), "0.036")
    ]
    assert found.unreachable == (9,)


def test_the_steps_are_terms_that_the_engine_accepts() -> None:
    given_parameters = copy.deepcopy(parameters())
    found = apply_level_table(TABLE, trl=6, milestones={**MILESTONES, "M2": (9, date(2027, 12, 20))})
    bank = {**given_parameters["bank"], "rate": found.value, "step_down": loan_steps(found)}
    terms = joint_pilot({**given_parameters, "bank": bank})
    loan = next(row for row in terms["instruments"] if row["kind"] == "loan")
    assert loan["rate"]["value"] == "0.04"
    assert [(step["milestone"], step["rate"]["value"]) for step in loan["steps"]] == [("M2", "0.036"), ("M2", "0.03")]


def test_one_step_given_as_before_is_the_same_terms() -> None:
    plain = parameters()
    listed = copy.deepcopy(plain)
    listed["bank"]["step_down"] = [plain["bank"]["step_down"]]
    assert joint_pilot(listed) == joint_pilot(plain)


@pytest.mark.parametrize(
    ("rows", "trl", "code", "field"),
    [
        ([], 6, "bad_level_table", "level_table"),
        ([{"trl": 6, "value": "0.04"}, {"trl": 6, "value": "0.03"}], 6, "bad_level_table", "level_table[1].trl"),
        ([{"trl": 6, "value": "0.04"}, {"trl": 7, "value": "0.04"}], 6, "bad_level_table", "level_table[1].value"),
        ([{"trl": 6, "value": 0.04}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "1.5"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "1."}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": ".5"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "٠.5"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "0.5\n"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "1e-2"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "0.0000000000001"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6}], 6, "bad_level_table", "level_table[0]"),
        ([{"trl": 10, "value": "0.1"}], 6, "level_out_of_range", "level_table[0].trl"),
        ([{"trl": 7, "value": "0.1"}], 6, "level_below_table", "trl"),
        ([{"trl": 7, "value": "0.1"}], None, "level_not_assessed", "trl"),
        ([{"trl": 7, "value": "0.1"}], 12, "level_out_of_range", "trl"),
    ],
)
def test_a_wrong_table_is_refused_by_name(rows: list[Any], trl: int | None, code: str, field: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        apply_level_table(rows, trl=trl, milestones=MILESTONES)
    assert (caught.value.code, caught.value.field) == (code, field)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9, unique=True), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=150)
def test_a_higher_level_never_costs_more(levels: list[int], first: int, second: int) -> None:
    rows = [{"trl": level, "value": f"0.{90 - index:02d}"} for index, level in enumerate(sorted(levels))]
    low, high = sorted((first, second))
    if low < min(levels):
        return
    values = [float(apply_level_table(rows, trl=level, milestones={}).value) for level in (low, high)]
    assert values[1] <= values[0]
