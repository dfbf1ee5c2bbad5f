"""Which fields of a project an actor is given: what may not be seen is absent, never null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.projects.models import Project
from marketplace.projects.queries import find_grant, is_qualified, list_score_read_ids

TEASER, QUALIFIED, ROOM, OWN = "teaser", "qualified", "room", "own"

_TEASER_FIELDS = (
    "code", "title_zh", "title_en", "summary_zh", "summary_en", "sector", "industry_code", "region_code",
    "scale_up_step_zh", "scale_up_step_en", "trl_claimed", "mrl_claimed",
    "trl_disputed", "trl_disputed_from", "mrl_disputed_from", "assessed_on", "levels_expire_on",
    "target_trl", "target_mrl", "planned_start", "planned_end", "state", "published_at",
    "visibility",
)  # fmt: skip
_QUALIFIED_FIELDS = (
    "scale_up_factor", "new_process_steps", "unproven_equipment_share", "solids_handling", "recycle_streams",
    "lead_organisation_size", "state_reason",
)  # fmt: skip
# Read only by whom the team lets: see `queries.reads_score`.
_SCORE_FIELDS = ("score_probability", "score_band", "score_state")
_ROOM_FIELDS = ("confidential_zh", "confidential_en")
_OWN_FIELDS = ("created_at", "updated_at")


def get_access(session: orm.Session, *, project: Project, actor: Any) -> str:
    """teaser, qualified, room or own: how far this actor sees into this project."""
    if actor is None:
        return TEASER
    if actor.organisation_id == project.organisation_id:
        return OWN
    grant = find_grant(session, project_id=project.id, organisation_id=actor.organisation_id)
    if grant is not None and grant.revoked_at is None:
        return str(grant.level)
    if is_qualified(actor) or project.pilot_centre_id == actor.organisation_id:
        return QUALIFIED
    return TEASER


def present_project(session: orm.Session, *, project: Project, actor: Any) -> dict[str, Any]:
    """The project as this actor may know it; its children must be loaded."""
    return present_projects(session, projects=[project], actor=actor)[0]


def present_projects(session: orm.Session, *, projects: Sequence[Project], actor: Any) -> list[dict[str, Any]]:
    """The rows of a list, each as this actor may know it."""
    scores = list_score_read_ids(session, actor=actor, project_ids=[project.id for project in projects])
    return [
        present_fields(
            project, access=get_access(session, project=project, actor=actor), reads_score=project.id in scores
        )
        for project in projects
    ]


def present_fields(project: Project, *, access: str, reads_score: bool) -> dict[str, Any]:
    """The fields of one level of access; those of the score by the team's consent."""
    shown: dict[str, Any] = {"id": project.public_id, "access": access}
    shown |= {name: getattr(project, name) for name in _TEASER_FIELDS}
    # As they stand today: between the last day of an assessment and the daily job a row still has its levels.
    shown["trl_assessed"], shown["mrl_assessed"] = project.levels_on(clock.day_in_zone(clock.now()))
    shown["team"] = _organisation(project.organisation)
    shown["total_budget"] = money(project.total_budget_minor, project.currency)
    if access == TEASER:
        return shown
    shown |= {name: getattr(project, name) for name in _QUALIFIED_FIELDS}
    if reads_score:
        shown |= {name: getattr(project, name) for name in _SCORE_FIELDS}
    shown |= _present_children(project)
    shown["pilot_centre"] = _organisation(project.pilot_centre) if project.pilot_centre else None
    shown["ip"] = list(project.ip)
    if project.failure_menu:
        menu = dict(project.failure_menu)
        menu["cost_cap"] = money(menu.pop("cost_cap_minor"), project.currency)
        shown["failure_menu"] = menu
    if access in (ROOM, OWN):
        shown |= {name: getattr(project, name) for name in _ROOM_FIELDS}
    if access == OWN:
        shown |= {name: getattr(project, name) for name in _OWN_FIELDS}
    return shown


def money(amount_minor: int, currency: str) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": currency}


def _organisation(organisation: Any) -> dict[str, str]:
    return {
        "id": organisation.public_id,
        "kind": organisation.kind,
        "name_zh": organisation.name_zh,
        "name_en": organisation.name_en,
    }


def _present_children(project: Project) -> dict[str, list[dict[str, Any]]]:
    currency = project.currency
    return {
        "budget_lines": [
            {"id": row.public_id, "kind": row.kind, "amount": money(row.amount_minor, currency),
             "note_zh": row.note_zh, "note_en": row.note_en}
            for row in project.budget_lines
        ],
        "funding_needs": [
            {"id": row.public_id, "instrument": row.instrument, "amount": money(row.amount_minor, currency),
             "smallest_ticket": money(row.smallest_ticket_minor, currency), "use_zh": row.use_zh,
             "use_en": row.use_en, "deadline": row.deadline}
            for row in project.funding_needs
        ],
        "milestones": [
            {"id": row.public_id, "code": row.code, "name_zh": row.name_zh, "name_en": row.name_en,
             "metric_zh": row.metric_zh, "metric_en": row.metric_en, "threshold": row.threshold,
             "planned_on": row.planned_on, "budget_share": row.budget_share, "target_trl": row.target_trl,
             "state": row.state, "decided_on": row.decided_on}
            for row in project.milestones
        ],
        "elements": [
            {"id": row.public_id, "name_zh": row.name_zh, "name_en": row.name_en, "trl_claimed": row.trl_claimed,
             "trl_assessed": row.trl_assessed, "mrl_claimed": row.mrl_claimed, "mrl_assessed": row.mrl_assessed}
            for row in project.elements
        ],
        "approvals": [
            {"id": row.public_id, "kind": row.kind, "body": row.body, "number": row.number,
             "valid_from": row.valid_from, "valid_to": row.valid_to, "conditions": row.conditions}
            for row in project.approvals
        ],
    }  # fmt: skip
