"""Maturity of a project: levels, history, plan, evidence, and which instruments they open; the scales themselves."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import url_for
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.api.assessment_schemas import (
    EligibilityListSchema,
    EvidencePageSchema,
    MaturitySchema,
    OnDaySchema,
    ScaleSchema,
)
from marketplace.assessments import log_queries, queries
from marketplace.assessments.models import MaturationStep
from marketplace.assessments.rules import find_lowest
from marketplace.assessments.services import list_eligibility
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.projects.models import Project
from marketplace.projects.presentation import TEASER, get_access
from marketplace.projects.queries import get_project, list_level_changes
from risk.errors import RiskError
from risk.maturity import list_levels

blueprint = Blueprint("api_maturity", __name__, description="Levels, evidence and eligibility")
SCALES = ("trl", "mrl")
_CHANGE_FIELDS = ("scale", "status", "level", "cause", "reference", "recorded_at")
_ELIGIBILITY_FIELDS = (
    "instrument", "answer", "code", "reason_zh", "reason_en", "opens_zh", "opens_en", "opened_by", "source", "status",
    "valid_from",
)  # fmt: skip
_EVIDENCE_FIELDS = (
    "scale", "level", "criterion", "evidence_type", "title", "made_by", "place", "made_on", "environment",
)  # fmt: skip


@blueprint.get("/maturity-levels")
@blueprint.response(200, ScaleSchema)
@requires(Permission.PROJECT_READ)
def show_scales() -> dict[str, Any]:
    """TRL 1 to 9 and MRL 1 to 10: the questions of each level and the evidence that it accepts."""
    fields = ("scale", "level", "name_zh", "name_en", "evidence_types", "environments", "criteria", "source", "status")
    return {"data": [{name: getattr(row, name) for name in fields} for scale in SCALES for row in list_levels(scale)]}


@blueprint.get("/projects/<project_id>/maturity")
@blueprint.response(200, MaturitySchema)
@requires(Permission.PROJECT_READ)
def show_maturity(project_id: str) -> dict[str, Any]:
    """Claimed, assessed and disputed levels, the elements that limit them, their history and the plan."""
    session = current_session()
    project = _get_project(project_id)
    standing = queries.find_signed_assessment(session, project_id=project.id)
    changes = list_level_changes(session, project_id=project.id)
    steps = log_queries.list_steps(session, project_id=project.id)
    return {
        "project_id": project.public_id,
        "levels": _present_levels(project),
        "assessed_on": project.assessed_on,
        "levels_expire_on": project.levels_expire_on,
        "standing_assessment_id": standing.public_id if standing else None,
        "history": [{name: getattr(row, name) for name in _CHANGE_FIELDS} for row in changes],
        "plan": [present_step(row) for row in steps],
    }


def _present_levels(project: Project) -> list[dict[str, Any]]:
    standing = dict(zip(SCALES, project.levels_on(clock.day_in_zone(clock.now())), strict=True))
    rows = []
    for scale in SCALES:
        status = "assessed" if standing["trl"] is not None else "claimed"
        lowest = find_lowest({row.public_id: getattr(row, f"{scale}_{status}") for row in project.elements})
        rows.append({
            "scale": scale, "claimed": getattr(project, f"{scale}_claimed"), "assessed": standing[scale],
            "disputed_from": getattr(project, f"{scale}_disputed_from"), "target": getattr(project, f"target_{scale}"),
            "limiting_elements": list(lowest),
        })  # fmt: skip
    return rows


@blueprint.get("/projects/<project_id>/eligibility")
@blueprint.arguments(OnDaySchema, location="query", unknown=ma.RAISE)
@blueprint.response(200, EligibilityListSchema)
@requires(Permission.PROJECT_READ)
def show_eligibility(query: dict[str, Any], project_id: str) -> dict[str, Any]:
    """Which instruments are open at the assessed levels, why, and what would open the others."""
    project = _get_project(project_id)
    day = query["on"] or clock.day_in_zone(clock.now())
    try:
        answers = list_eligibility(current_session(), project, as_of=day)
    except RiskError as error:
        raise InvalidInputError(errors={"on": "No rules are in force on this day."}) from error
    trl, mrl = project.levels_on(day)
    data = [{name: getattr(row, name) for name in _ELIGIBILITY_FIELDS} for row in answers]
    return {"as_of": day, "trl": trl, "mrl": mrl, "data": data}


@blueprint.get("/projects/<project_id>/evidence")
@blueprint.response(200, EvidencePageSchema)
@requires(Permission.PROJECT_READ)
def list_evidence(project_id: str) -> dict[str, Any]:
    """The evidence of a project; empty for those who are not in its room."""
    project = _get_project(project_id)
    rows = queries.list_evidence(current_session(), actor=current_actor(), project_id=project.id)
    data = [
        {
            "id": row.public_id,
            "element": row.element.public_id if row.element else None,
            "sha256": row.file.sha256 if row.file else None,
            "file_url": url_for("files.download_evidence", public_id=row.public_id) if row.file else None,
            **{name: getattr(row, name) for name in _EVIDENCE_FIELDS},
        }
        for row in rows
    ]
    return {"data": data, "page": {"next_cursor": None, "total": len(data)}}


def present_step(row: MaturationStep) -> dict[str, Any]:
    """A step of the plan with the milestone made of it."""
    return {
        "id": row.public_id, "assessment_id": row.assessment.public_id, "milestone_id": row.milestone.public_id,
        "milestone_code": row.milestone.code, "milestone_state": row.milestone.state, "scale": row.scale,
        "level": row.level, "planned_on": row.milestone.planned_on,
    }  # fmt: skip


def _get_project(project_id: str) -> Project:
    """A project whose qualified fields the actor reads; to others its maturity is not there."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    if get_access(session, project=project, actor=actor) == TEASER:
        raise NotFoundError()
    return project
