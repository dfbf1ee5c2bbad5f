"""Listings that contradict themselves or lack something."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from marketplace.projects.errors import ProjectInvalidError
from marketplace.projects.rules import count_months, find_contradictions, find_gaps, find_row_contradictions
from marketplace.projects.schemas import read_project


def project(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "title_zh": "题", "title_en": "", "summary_zh": "摘要", "summary_en": "", "region_code": "370300",
        "scale_up_step_zh": "放大", "scale_up_step_en": "", "trl_claimed": 6, "target_trl": 7, "mrl_claimed": 5,
        "target_mrl": 8, "planned_start": date(2027, 1, 10), "planned_end": date(2028, 9, 30), "elements": [1],
        "budget_lines": [1], "total_budget_minor": 100, "funding_needs": [SimpleNamespace(amount_minor=100)],
        "milestones": [SimpleNamespace(planned_on=date(2028, 9, 30))],
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def test_a_whole_listing_lacks_nothing() -> None:
    assert find_gaps(project()) == []
    assert find_contradictions(project()) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title_zh": ""}, "title_zh"), ({"summary_zh": ""}, "summary_zh"), ({"region_code": ""}, "region_code"),
        ({"trl_claimed": None}, "trl_claimed"), ({"target_trl": 6}, "target_trl"), ({"elements": []}, "elements"),
        ({"budget_lines": []}, "budget_lines"), ({"milestones": []}, "milestones"),
        ({"total_budget_minor": 99}, "funding_needs"), ({"planned_end": date(2028, 9, 29)}, "milestones"),
    ],
)  # fmt: skip
def test_a_gap_names_its_field(change: dict[str, Any], field: str) -> None:
    assert [gap.field for gap in find_gaps(project(**change))] == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"planned_end": date(2027, 1, 10)}, "planned_end"), ({"planned_end": date(2027, 1, 20)}, "planned_end"),
        ({"planned_end": date(2060, 1, 1)}, "planned_end"), ({"target_trl": 5}, "target_trl"),
        ({"target_mrl": 4}, "target_mrl"),
    ],
)  # fmt: skip
def test_a_contradiction_names_its_field(change: dict[str, Any], field: str) -> None:
    assert list(find_contradictions(project(**change))) == [field]


def test_rows_that_exclude_each_other_are_named() -> None:
    lines = [{"kind": "testing"}, {"kind": "testing"}]
    assert find_row_contradictions({"budget_lines": lines}) == {"budget_lines.1.kind": "Each kind of cost stands once."}
    shares = [
        {"code": "M1", "name_zh": "一", "budget_share": "0.6"}, {"code": "M2", "name_en": "b", "budget_share": "0.4"},
    ]  # fmt: skip
    assert find_row_contradictions({"milestones": shares}) == {}
    shares[1]["budget_share"] = "0.400001"
    assert list(find_row_contradictions({"milestones": shares})) == ["milestones"]


def test_months_are_counted_from_days() -> None:
    assert count_months(date(2027, 1, 10), date(2028, 9, 30)) == 20.7


@pytest.mark.parametrize("value", ["1e3", "NaN", "-1", "+1", "1.", ".5", "0x1", "１", "1,000", "1 000", "", "9" * 16])
def test_figures_are_plain(value: str) -> None:
    with pytest.raises(ProjectInvalidError) as refused:
        read_project({"scale_up_factor": value})
    assert list(refused.value.errors) == ["scale_up_factor"]


def test_text_keeps_what_was_typed_but_for_its_edges() -> None:
    assert read_project({"title_zh": "  甲\r\n乙\t "})["title_zh"] == "甲\n乙"
    for text in ("a\x00b", "\ud800", "\x1b[0m"):
        with pytest.raises(ProjectInvalidError):
            read_project({"title_zh": text})
