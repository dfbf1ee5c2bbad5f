"""Levels from judgements: contiguous, by element, lowest counts; cover and gaps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.assessments.rules import compute_evidence_cover, compute_levels, find_gaps, suggest_milestones
from risk.maturity import list_levels

TRL = [criterion.id for level in list_levels("trl") for criterion in level.criteria]


def judged(element_id: int, criterion: str, judgement: str = "met", evidence_id: int | None = 1) -> Any:
    return SimpleNamespace(
        element_id=element_id, criterion=criterion, judgement=judgement, evidence_id=evidence_id, note="said"
    )


def up_to(element_id: int, scale: str, level: int) -> list[Any]:
    return [judged(element_id, c.id) for step in list_levels(scale)[:level] for c in step.criteria]


def test_the_lowest_element_is_the_projects_level() -> None:
    levels = compute_levels([1, 2], up_to(1, "trl", 7) + up_to(2, "trl", 5) + up_to(1, "mrl", 4))
    assert (levels.trl, levels.mrl) == (5, None)
    assert levels.by_element == {1: (7, 4), 2: (5, 0)}


def test_a_hole_below_ends_the_climb() -> None:
    rows = [row for row in up_to(1, "trl", 6) if row.criterion != "trl-3-lab-result"]
    assert compute_levels([1], rows).trl == 2
    assert compute_levels([1], [*rows, judged(1, "trl-3-lab-result", "not_applicable")]).trl == 6
    assert compute_levels([1], [*rows, judged(1, "trl-3-lab-result", "not_met")]).trl == 2


def test_an_element_without_judgements_leaves_the_project_unassessed() -> None:
    assert compute_levels([1, 2], up_to(1, "trl", 6)).trl is None
    assert compute_levels([], []).trl is None


@given(st.sets(st.sampled_from(TRL)), st.sampled_from(TRL))
@settings(max_examples=150)
def test_one_more_criterion_never_lowers_a_level(met: set[str], extra: str) -> None:
    before = compute_levels([1], [judged(1, name) for name in met]).by_element[1][0]
    after = compute_levels([1], [judged(1, name) for name in met | {extra}]).by_element[1][0]
    assert after >= before


def test_gaps_reach_to_the_target_and_become_a_plan() -> None:
    gaps = find_gaps([1], up_to(1, "trl", 6), target_trl=7, target_mrl=None)
    assert {gap["level"] for gap in gaps if gap["scale"] == "trl"} == {7}
    plan = suggest_milestones(gaps)
    assert [(step["scale"], step["level"]) for step in plan] == [("trl", 7), ("mrl", 1)]
    assert len(plan[0]["criteria"]) == 3


def test_cover_counts_only_criteria_met_by_evidence() -> None:
    rows = up_to(1, "trl", 2)
    assert compute_evidence_cover([1], rows, level=2) == "1.0000"
    assert compute_evidence_cover([1, 2], rows, level=2) == "0.5000"
    rows[0] = judged(1, rows[0].criterion, "not_applicable", None)
    assert compute_evidence_cover([1], rows, level=2) == "0.7500"
    assert compute_evidence_cover([], rows, level=2) is None


@pytest.mark.parametrize("judgement", ["not_met"])
def test_a_refused_criterion_is_a_gap(judgement: str) -> None:
    gaps = find_gaps([1], [judged(1, "trl-1-principle", judgement)], target_trl=1, target_mrl=None)
    assert {gap["criterion"] for gap in gaps if gap["scale"] == "trl"} == {"trl-1-principle", "trl-1-relevance"}
