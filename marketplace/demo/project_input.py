"""From a content record to what the project services read."""

from __future__ import annotations

import dataclasses
from typing import Any

from marketplace.demo.records import Content, Project

_SAME = (
    "title_zh", "title_en", "summary_zh", "summary_en", "sector", "industry_code", "region_code",
    "scale_up_step_zh", "scale_up_step_en", "scale_up_factor", "new_process_steps", "unproven_equipment_share",
    "solids_handling", "recycle_streams", "lead_organisation_size", "trl_claimed", "mrl_claimed", "target_trl",
    "target_mrl", "confidential_zh", "confidential_en",
)  # fmt: skip


def compute_project_input(project: Project, *, content: Content, pilot_centre_id: str | None) -> dict[str, Any]:
    """Return the values that `projects.schemas.read_project` accepts; dates are written as ISO days."""
    values: dict[str, Any] = {name: getattr(project, name) for name in _SAME}
    values |= {
        "planned_start": project.planned_start.isoformat(),
        "planned_end": project.planned_end.isoformat(),
        "pilot_centre": pilot_centre_id,
        "currency": "CNY",
        "budget_lines": [{"kind": kind, "amount_minor": amount} for kind, amount in project.budget.items()],
        "funding_needs": [
            {**dataclasses.asdict(need), "deadline": need.deadline.isoformat()} for need in project.funding_needs
        ],
        "milestones": [_milestone(project, number) for number in range(len(project.milestones))],
        "elements": [
            {"name_zh": each.name_zh, "name_en": each.name_en, "trl_claimed": each.trl, "mrl_claimed": each.mrl}
            for each in project.elements
        ],
        "ip": [
            {**dataclasses.asdict(right), "owner": content.get_organisation(right.owner).name_zh}
            for right in project.rights
        ],
        "failure_menu": dataclasses.asdict(project.failure_menu),
    }
    return values


def _milestone(project: Project, number: int) -> dict[str, Any]:
    milestone = project.milestones[number]
    values: dict[str, Any] = {
        "code": milestone.code,
        "name_zh": milestone.name_zh,
        "name_en": milestone.name_en,
        "metric_zh": milestone.acceptance_zh,
        "metric_en": milestone.acceptance_en,
        "planned_on": milestone.planned_on.isoformat(),
        "budget_share": milestone.budget_share,
    }
    if milestone.threshold is not None:
        values["threshold"] = dataclasses.asdict(milestone.threshold)
    if number == len(project.milestones) - 1:
        values["target_trl"] = project.target_trl
    return values
