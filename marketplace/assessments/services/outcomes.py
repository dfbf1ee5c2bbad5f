"""How a pilot ended: recorded by an engaged assessor or testing body, who gain nothing from it; rows for retraining."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.assessments import score_queries
from marketplace.assessments.errors import OutcomeInvalidError, OutcomeStateError
from marketplace.assessments.monitoring import misses_target
from marketplace.assessments.schemas import OutcomeSchema, read_values
from marketplace.assessments.score_models import PilotOutcome
from marketplace.assessments.services.milestones import require_decider
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone, start_of_day
from marketplace.db import lock_rows
from marketplace.events import OutcomeRecorded, record_event
from marketplace.projects.models import Project
from marketplace.projects.queries import select_project_id
from marketplace.projects.rules import count_months

# A pilot that has begun; what ended before anybody paid for it says nothing about pilots.
BEGUN_STATES = (
    "funded", "in_pilot", "extended", "disputed", "completed", "partially_completed", "failed", "liquidating",
)  # fmt: skip


def record_outcome(
    session: orm.Session, *, actor: Any, project: Project, values: dict[str, Any], now: datetime
) -> PilotOutcome:
    """Record how a pilot ended; an earlier record is superseded and stays.

    Whether the target was reached follows from the level reached. The score of the record is the last one computed
    before the day of the start, so that nothing learned later can enter a model. Raises GainsFromResultError or
    NotEngagedError for others than an engaged, independent decider, OutcomeStateError before the pilot,
    OutcomeInvalidError by field.
    """
    require_permission(actor, Permission.MILESTONE_DECIDE)
    require_decider(session, actor=actor, project=project)
    loaded = read_values(OutcomeSchema(), values, OutcomeInvalidError)
    session.execute(lock_rows(session, select_project_id(project_id=project.id)))
    session.refresh(project, ["state"])
    if project.state not in BEGUN_STATES:
        raise OutcomeStateError(state=project.state)
    _check(project, loaded, now)
    earlier = score_queries.find_standing_outcome(session, project_id=project.id)
    if earlier is not None:
        earlier.superseded_at = now
        session.flush()  # one standing record: the old one ends before the new one begins
    score = score_queries.find_score_at(session, project_id=project.id, before=start_of_day(loaded["started_on"]))
    planned = None
    if project.planned_start and project.planned_end:
        planned = str(count_months(project.planned_start, project.planned_end))
    outcome = PilotOutcome(
        project_id=project.id, organisation_id=actor.organisation_id, recorded_by=actor.user_public_id, recorded_at=now,
        target_reached=loaded["trl_reached"] >= project.target_trl, planned_months=planned, currency=project.currency,
        planned_cost_minor=project.total_budget_minor, score_id=score.id if score else None, **loaded,
    )  # fmt: skip
    session.add(outcome)
    session.flush()  # the page that follows shows it
    record_act(
        session, actor=actor, action="project.outcome_recorded", subject_kind="project", subject_id=project.public_id,
        now=now, details={"outcome": outcome.public_id, "target_reached": outcome.target_reached,
                          "supersedes": earlier.public_id if earlier else None},
    )  # fmt: skip
    record_event(session, OutcomeRecorded(project_id=project.id))
    return outcome


def list_training_rows(session: orm.Session) -> list[dict[str, Any]]:
    """One row for each standing outcome whose pilot was scored before it began: what was known then, and the end.

    Whether the target was reached is judged by the target of that score, whatever the listing says today.

    Keys: `id`, the features of that score, `started_on`, `ended_on`, `completed`, `target_reached`, `trl_reached`,
    `planned_cost_minor`, `cost_minor`, `loss_minor`.
    """
    return [
        {
            "id": outcome.project.public_id, **outcome.score.content["features"],
            "started_on": outcome.started_on.isoformat(), "ended_on": outcome.ended_on.isoformat(),
            "completed": outcome.completed, "target_reached": not misses_target(outcome),
            "trl_reached": outcome.trl_reached, "planned_cost_minor": outcome.planned_cost_minor,
            "cost_minor": outcome.cost_minor, "loss_minor": outcome.loss_minor,
        }
        for outcome in score_queries.list_standing_outcomes(session)
        if outcome.score is not None and outcome.score.content["probability"] is not None
    ]  # fmt: skip


def _check(project: Project, loaded: dict[str, Any], now: datetime) -> None:
    errors = {}
    if project.target_trl is None:
        errors["trl_reached"] = "The project states no target level, so nothing can be reached or missed."
    today = day_in_zone(now)
    if loaded["started_on"] > today:
        errors["started_on"] = "This day is still to come."
    if loaded["ended_on"] > today:
        errors["ended_on"] = "This day is still to come."
    elif loaded["ended_on"] < loaded["started_on"]:
        errors["ended_on"] = "The end cannot lie before the start."
    if loaded["loss_minor"] > loaded["cost_minor"]:
        errors["loss_minor"] = "No more can be lost than was spent."
    if errors:
        raise OutcomeInvalidError(errors=errors)
