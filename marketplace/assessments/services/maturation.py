"""The maturation plan: the gaps of the standing assessment become milestones, and the link is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.assessments import log_queries
from marketplace.assessments.errors import MaturationInvalidError, MaturationStateError
from marketplace.assessments.models import Assessment, MaturationStep
from marketplace.assessments.rules import suggest_milestones
from marketplace.assessments.schemas import StepSchema, read_values
from marketplace.assessments.services.common import hold_assessment
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone
from marketplace.projects.models import Milestone, Project
from marketplace.projects.schemas import CHILD_LIMIT
from marketplace.projects.services.listing import require_owner
from risk.maturity import get_level

# While an operator verifies a listing nothing is added to it; after its end there is nothing to mature.
PLANNABLE = ("draft", "published", "in_funding", "funded", "in_pilot", "extended")


def plan_milestones(
    session: orm.Session, *, actor: Any, assessment: Assessment, steps: Iterable[dict[str, Any]], now: datetime
) -> list[MaturationStep]:
    """Make a milestone of each chosen step, all or none; what each must show are the open questions of its level."""
    require_permission(actor, Permission.PROJECT_EDIT)
    project = assessment.project
    require_owner(actor, project)
    hold_assessment(session, assessment)
    if not may_plan(assessment):
        raise MaturationStateError(state=assessment.state, project_state=project.state)
    wanted = _read(steps)
    if not wanted:
        raise MaturationInvalidError("Choose at least one step.")
    open_steps = {(step["scale"], step["level"]): step for step in list_open_steps(session, assessment=assessment)}
    milestones = log_queries.list_milestones(session, project_id=project.id)
    held = [
        {"scale": row.scale, "level": row.level, "planned_on": row.milestone.planned_on}
        for row in log_queries.list_steps(session, assessment_id=assessment.id)
    ]
    _require_room(len(milestones) + len(wanted))
    _check(wanted, held, open_steps, project=project, today=day_in_zone(now))
    codes = {milestone.code for milestone in milestones}
    made = []
    for values in sorted(wanted, key=lambda row: (row["scale"] != "trl", row["level"])):
        step = open_steps[(values["scale"], values["level"])]
        milestone = _build_milestone(step, project=project, planned_on=values["planned_on"], codes=codes)
        codes.add(milestone.code)
        session.add(milestone)
        session.flush()  # the link needs its id
        link = MaturationStep(
            assessment_id=assessment.id, milestone_id=milestone.id, scale=step["scale"], level=step["level"],
            gaps=step["gaps"], planned_by=actor.user_public_id, planned_at=now,
        )  # fmt: skip
        link.milestone = milestone
        session.add(link)
        made.append(link)
    project.updated_at = now
    session.flush()  # the page that follows lists them
    session.expire(project, ["milestones"])
    record_act(
        session, actor=actor, action="project.matured", subject_kind="project", subject_id=project.public_id, now=now,
        details={"assessment": assessment.public_id, "code": ", ".join(link.milestone.code for link in made)},
    )  # fmt: skip
    return made


def _read(steps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every step, or one refusal that names each wrong day at the field of its step."""
    wanted: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    for values in steps:
        try:
            wanted.append(read_values(StepSchema(), values, MaturationInvalidError))
        except MaturationInvalidError as error:
            step = f"{values.get('scale')}-{values.get('level')}"
            errors |= {f"{step}-{field}": message for field, message in error.errors.items()}
    if errors:
        raise MaturationInvalidError(errors=errors)
    return wanted


def may_plan(assessment: Assessment) -> bool:
    """Whether the gaps of this assessment may still become milestones."""
    stands = assessment.state in ("signed", "disputed") and assessment.superseded_at is None
    return stands and assessment.project.state in PLANNABLE


def list_open_steps(session: orm.Session, *, assessment: Assessment) -> list[dict[str, Any]]:
    """The steps of the plan that have no milestone yet, of this assessment."""
    planned = {(row.scale, row.level) for row in log_queries.list_steps(session, assessment_id=assessment.id)}
    return [step for step in suggest_milestones(assessment.gaps) if (step["scale"], step["level"]) not in planned]


def _require_room(count: int) -> None:
    if count > CHILD_LIMIT:
        raise MaturationInvalidError("There are too many rows.")


def _check(
    wanted: list[dict[str, Any]],
    held: list[dict[str, Any]],
    open_steps: Mapping[tuple[str, int], Any],
    *,
    project: Project,
    today: date,
) -> None:
    errors: dict[str, str] = {}
    seen: set[tuple[str, int]] = set()
    for row in wanted:
        key, field = (row["scale"], row["level"]), f"{row['scale']}-{row['level']}-planned_on"
        if key not in open_steps or key in seen:
            errors[field] = "This step is not open in the plan."
        elif row["planned_on"] <= today:
            errors[field] = "A milestone is planned for a day to come."
        elif project.planned_end and row["planned_on"] > project.planned_end:
            errors[field] = "A milestone lies after the end of the pilot."
        elif any(
            other["scale"] == row["scale"] and other["level"] < row["level"]
            and other["planned_on"] > row["planned_on"] for other in (*held, *wanted)
        ):  # fmt: skip
            errors[field] = "A higher level is not reached before a lower one."
        seen.add(key)
    if errors:
        raise MaturationInvalidError(errors=errors)


def _build_milestone(step: Mapping[str, Any], *, project: Project, planned_on: date, codes: set[str]) -> Milestone:
    level = get_level(step["scale"], step["level"])
    name = f"{step['scale'].upper()} {level.level}"
    return Milestone(
        project_id=project.id, code=_free_code(f"{step['scale'].upper()}{level.level}", codes),
        name_zh=f"达到 {name}：{level.name_zh}"[:120], name_en=f"Reach {name}: {level.name_en}"[:160],
        metric_zh=" ".join(criterion.question_zh for criterion in step["criteria"]),
        metric_en=" ".join(criterion.question_en for criterion in step["criteria"]),
        threshold={}, planned_on=planned_on, budget_share="0",
        target_trl=level.level if step["scale"] == "trl" else None, state="planned",
    )  # fmt: skip


def _free_code(base: str, codes: set[str]) -> str:
    candidates = (base, *(f"{base}-{number}" for number in range(2, CHILD_LIMIT + 2)))
    return next(code for code in candidates if code not in codes)
