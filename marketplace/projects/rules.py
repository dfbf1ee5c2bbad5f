"""Pure decisions about a listing: what contradicts itself, what is missing before it may be submitted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Gap:
    """Something missing: the section of the form, the field, and the sentence for the team."""

    section: str
    field: str
    message: str


def find_contradictions(project: Any) -> dict[str, str]:
    """Entries that cannot stand beside each other, at any time."""
    errors: dict[str, str] = {}
    if project.planned_start and project.planned_end and project.planned_end <= project.planned_start:
        errors["planned_end"] = "The pilot must end after it starts."
    elif project.planned_start and project.planned_end and not _months_fit(project):
        errors["planned_end"] = "A pilot lasts from one month to twenty years."
    if project.trl_claimed and project.target_trl and project.target_trl < project.trl_claimed:
        errors["target_trl"] = "The target lies below the claimed level."
    if project.mrl_claimed and project.target_mrl and project.target_mrl < project.mrl_claimed:
        errors["target_mrl"] = "The target lies below the claimed level."
    return errors


def count_months(start: date, end: date) -> float:
    """The length of the pilot in months of 30.44 days, to one decimal."""
    return round((end - start).days / 30.4375, 1)


def find_lowest_level(levels: Iterable[int | None]) -> int | None:
    """The level of a project: that of its lowest element, none while one of them has none."""
    known = list(levels)
    return None if None in known else min((level for level in known if level is not None), default=None)


def list_unassessed(elements: Iterable[Any]) -> list[Any]:
    """The elements without an assessed level beside others that have one; they hold the project back."""
    rows = list(elements)
    if all(row.trl_assessed is None for row in rows):
        return []
    return [row for row in rows if row.trl_assessed is None]


def _months_fit(project: Any) -> bool:
    return 1 <= count_months(project.planned_start, project.planned_end) <= 240


def find_row_contradictions(values: dict[str, Any]) -> dict[str, str]:
    """Rows of one list that exclude each other."""
    errors: dict[str, str] = {}
    errors |= _doubles(values.get("budget_lines", ()), "budget_lines", "kind", "Each kind of cost stands once.")
    errors |= _doubles(values.get("milestones", ()), "milestones", "code", "Each code stands once.")
    milestones = values.get("milestones", ())
    if sum((Decimal(row.get("budget_share", "0")) for row in milestones), Decimal(0)) > 1:
        errors["milestones"] = "The shares of the budget add to more than the whole."
    for index, row in enumerate(values.get("elements", ())):
        if not row.get("name_zh") and not row.get("name_en"):
            errors[f"elements.{index}.name_zh"] = "Name the element in at least one language."
    for index, row in enumerate(milestones):
        if not row.get("name_zh") and not row.get("name_en"):
            errors[f"milestones.{index}.name_zh"] = "Name the milestone in at least one language."
    return errors


def _doubles(rows: Iterable[dict[str, Any]], name: str, key: str, message: str) -> dict[str, str]:
    seen: set[str] = set()
    errors = {}
    for index, row in enumerate(rows):
        if row[key] in seen:
            errors[f"{name}.{index}.{key}"] = message
        seen.add(row[key])
    return errors


def find_gaps(project: Any) -> list[Gap]:
    """What a listing still lacks before it can be submitted, in the order of the form."""
    wanted = (
        ("basics", "title_zh", project.title_zh or project.title_en, "Give the project a title."),
        ("basics", "summary_zh", project.summary_zh or project.summary_en, "Describe the project in a summary."),
        ("basics", "region_code", project.region_code, "Say where the pilot will stand."),
        ("process", "scale_up_step_zh", project.scale_up_step_zh or project.scale_up_step_en,
         "Say what is scaled up, from which size to which."),
        ("levels", "trl_claimed", project.trl_claimed, "State the technology level that you claim."),
        ("levels", "target_trl", project.target_trl, "State the level that the pilot is to reach."),
        ("levels", "planned_start", project.planned_start, "State when the pilot starts."),
        ("levels", "planned_end", project.planned_end, "State when the pilot ends."),
        ("levels", "elements", project.elements, "Name at least one critical technology element."),
        ("budget", "budget_lines", project.budget_lines, "Enter at least one budget line."),
        ("needs", "funding_needs", project.funding_needs, "Enter at least one funding need."),
        ("milestones", "milestones", project.milestones, "Enter at least one milestone."),
    )  # fmt: skip
    gaps = [Gap(section, field, message) for section, field, value, message in wanted if not value]
    if project.trl_claimed and project.target_trl == project.trl_claimed:
        gaps.append(Gap("levels", "target_trl", "The pilot must gain at least one level."))
    if sum(need.amount_minor for need in project.funding_needs) > project.total_budget_minor:
        gaps.append(Gap("needs", "funding_needs", "The needs add to more than the budget."))
    late = project.planned_end and any(row.planned_on > project.planned_end for row in project.milestones)
    if late:
        gaps.append(Gap("milestones", "milestones", "A milestone lies after the end of the pilot."))
    return gaps
