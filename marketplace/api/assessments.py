"""Assessments: asked for, accepted, judged, signed; objections to them; milestones from their gaps."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation
from marketplace.api.assessment_schemas import (
    AcceptBodySchema,
    AnswerBodySchema,
    AskBodySchema,
    AssessmentDetailSchema,
    AssessmentPageSchema,
    DisputeBodySchema,
    DisputePageSchema,
    JudgementsBodySchema,
    PlanBodySchema,
    PlanSchema,
    ReasonBodySchema,
    SignBodySchema,
    StatementBodySchema,
)
from marketplace.api.maturity import present_step
from marketplace.assessments import log_queries, queries
from marketplace.assessments.errors import AssessmentInvalidError, DisputeNotFoundError
from marketplace.assessments.models import Assessment, AssessmentDispute
from marketplace.assessments.services import (
    accept_assessment,
    answer_dispute,
    decline_assessment,
    plan_milestones,
    raise_dispute,
    record_judgements,
    request_assessment,
    sign_assessment,
    state_on_dispute,
)
from marketplace.assessments.words import ASSESSMENT_STATES, DISPUTE_STATES
from marketplace.db import current_session
from marketplace.errors import NotFoundError
from marketplace.projects.queries import get_project
from marketplace.schemas import StrictSchema

blueprint = Blueprint("api_assessments", __name__, description="Independent assessments of maturity")

_FIELDS = (
    "state", "conflict_declaration", "ties", "trl_result", "mrl_result", "conclusion", "requested_at", "signed_at",
    "signed_name", "content_digest", "expires_on", "superseded_at",
)  # fmt: skip
_DISPUTE_FIELDS = (
    "state", "element", "criterion", "ground", "reason", "raised_by", "raised_at", "answer_due_on", "statement",
    "answer", "answered_at",
)  # fmt: skip


class AssessmentQuerySchema(StrictSchema):
    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(ASSESSMENT_STATES))


class DisputeQuerySchema(StrictSchema):
    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(DISPUTE_STATES))


def _present(assessment: Assessment) -> dict[str, Any]:
    shown = {name: getattr(assessment, name) for name in _FIELDS}
    gaps = [{"note": "", **gap} for gap in assessment.gaps]
    return {
        "id": assessment.public_id, "project_id": assessment.project.public_id,
        "assessor_id": assessment.assessor.public_id, "gaps": gaps, **shown,
    }  # fmt: skip


def _present_dispute(row: AssessmentDispute, assessment: Assessment) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in _DISPUTE_FIELDS}
    return {"id": row.public_id, "assessment_id": assessment.public_id, **shown}


def _show(assessment_id: str) -> dict[str, Any]:
    session, actor = current_session(), current_actor()
    assessment = _get(assessment_id)
    elements = {row.id: row.public_id for row in assessment.project.elements}
    # Which piece of evidence met a criterion is named to those in the room only.
    evidence = {
        row.id: row.public_id for row in queries.list_evidence(session, actor=actor, project_id=assessment.project_id)
    }
    return {
        **_present(assessment),
        "judgements": [
            {"element": elements[row.element_id], "criterion": row.criterion, "judgement": row.judgement,
             "evidence": evidence.get(row.evidence_id or 0), "note": row.note}
            for row in assessment.judgements
        ],
        "disputes": [_present_dispute(row, assessment) for row in assessment.disputes],
    }  # fmt: skip


def _get(assessment_id: str) -> Assessment:
    return queries.get_assessment(current_session(), actor=current_actor(), public_id=assessment_id)


def _find_dispute(assessment: Assessment, dispute_id: str) -> AssessmentDispute:
    found = next((row for row in assessment.disputes if row.public_id == dispute_id), None)
    if found is None:
        raise DisputeNotFoundError()
    return found


@blueprint.get("/assessments")
@blueprint.arguments(AssessmentQuerySchema, location="query", unknown=ma.RAISE)
@blueprint.response(200, AssessmentPageSchema)
@requires(Permission.ASSESSMENT_READ)
def list_assessments(query: dict[str, Any]) -> dict[str, Any]:
    """The latest 200 assessments that you asked for, make or may read."""
    rows = queries.list_assessments(current_session(), actor=current_actor(), state=query["state"])
    return {"data": [_present(row) for row in rows], "page": {"next_cursor": None, "total": len(rows)}}


@blueprint.post("/projects/<project_id>/assessments")
@blueprint.arguments(AskBodySchema)
@blueprint.response(201, AssessmentDetailSchema)
@requires(Permission.ASSESSMENT_REQUEST)
def ask(body: dict[str, Any], project_id: str) -> dict[str, Any]:
    """Ask an independent assessor, and open your room to it."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    try:
        assessor = get_organisation(session, actor=actor, public_id=body["assessor_id"])
    except NotFoundError as error:
        raise AssessmentInvalidError(errors={"assessor_id": "Choose a verified assessor."}) from error
    assessment = request_assessment(session, actor=actor, project=project, assessor=assessor, now=clock.now())
    return _show(assessment.public_id)


@blueprint.get("/assessments/<assessment_id>")
@blueprint.response(200, AssessmentDetailSchema)
@requires(Permission.ASSESSMENT_READ)
def show(assessment_id: str) -> dict[str, Any]:
    """One assessment with its judgements and objections."""
    return _show(assessment_id)


@blueprint.post("/assessments/<assessment_id>/accept")
@blueprint.arguments(AcceptBodySchema)
@blueprint.response(200, AssessmentDetailSchema)
@requires(Permission.ASSESSMENT_DECIDE)
def accept(body: dict[str, Any], assessment_id: str) -> dict[str, Any]:
    """Answer for each tie and take the work."""
    accept_assessment(current_session(), actor=current_actor(), assessment=_get(assessment_id), now=clock.now(), **body)
    return _show(assessment_id)


@blueprint.post("/assessments/<assessment_id>/decline")
@blueprint.arguments(ReasonBodySchema)
@blueprint.response(200, AssessmentDetailSchema)
@requires(Permission.ASSESSMENT_DECIDE)
def decline(body: dict[str, Any], assessment_id: str) -> dict[str, Any]:
    """Do not take the work, or give it back."""
    decline_assessment(
        current_session(), actor=current_actor(), assessment=_get(assessment_id), now=clock.now(), **body
    )
    return _show(assessment_id)


@blueprint.post("/assessments/<assessment_id>/judgements")
@blueprint.arguments(JudgementsBodySchema)
@blueprint.response(200, AssessmentDetailSchema)
@requires(Permission.ASSESSMENT_DECIDE)
def judge(body: dict[str, Any], assessment_id: str) -> dict[str, Any]:
    """Write judgements, all or none."""
    record_judgements(
        current_session(), actor=current_actor(), assessment=_get(assessment_id), rows=body["judgements"],
        now=clock.now(),
    )  # fmt: skip
    return _show(assessment_id)


@blueprint.post("/assessments/<assessment_id>/sign")
@blueprint.arguments(SignBodySchema)
@blueprint.response(200, AssessmentDetailSchema)
@requires(Permission.ASSESSMENT_DECIDE)
def sign(body: dict[str, Any], assessment_id: str) -> dict[str, Any]:
    """Sign: the levels are set and the content is sealed."""
    sign_assessment(current_session(), actor=current_actor(), assessment=_get(assessment_id), now=clock.now(), **body)
    return _show(assessment_id)


@blueprint.get("/objections")
@blueprint.arguments(DisputeQuerySchema, location="query", unknown=ma.RAISE)
@blueprint.response(200, DisputePageSchema)
@requires(Permission.ASSESSMENT_READ)
def list_disputes(query: dict[str, Any]) -> dict[str, Any]:
    """The log of objections to the assessments that you may see, the latest 200."""
    rows = log_queries.list_disputes(current_session(), actor=current_actor(), state=query["state"])
    data = [_present_dispute(row, row.assessment) for row in rows]
    return {"data": data, "page": {"next_cursor": None, "total": len(data)}}


@blueprint.post("/assessments/<assessment_id>/disputes")
@blueprint.arguments(DisputeBodySchema)
@blueprint.response(201, AssessmentDetailSchema)
@requires(Permission.ASSESSMENT_READ)
def dispute(body: dict[str, Any], assessment_id: str) -> dict[str, Any]:
    """Object to one judgement (name its element and criterion) or to the whole."""
    raise_dispute(current_session(), actor=current_actor(), assessment=_get(assessment_id), now=clock.now(), **body)
    return _show(assessment_id)


@blueprint.post("/assessments/<assessment_id>/disputes/<dispute_id>/statement")
@blueprint.arguments(StatementBodySchema)
@blueprint.response(200, AssessmentDetailSchema)
@requires(Permission.ASSESSMENT_DECIDE)
def state_on(body: dict[str, Any], assessment_id: str, dispute_id: str) -> dict[str, Any]:
    """The assessor's word on an objection; it decides nothing."""
    assessment = _get(assessment_id)
    state_on_dispute(
        current_session(), actor=current_actor(), assessment=assessment, dispute=_find_dispute(assessment, dispute_id),
        now=clock.now(), **body,
    )  # fmt: skip
    return _show(assessment_id)


@blueprint.post("/assessments/<assessment_id>/disputes/<dispute_id>")
@blueprint.arguments(AnswerBodySchema)
@blueprint.response(200, AssessmentDetailSchema)
@requires(Permission.PROJECT_VERIFY)
def answer(body: dict[str, Any], assessment_id: str, dispute_id: str) -> dict[str, Any]:
    """The operator records how an objection ended."""
    assessment = _get(assessment_id)
    answer_dispute(
        current_session(), actor=current_actor(), assessment=assessment, dispute=_find_dispute(assessment, dispute_id),
        upheld=body["outcome"] == "upheld", answer=body["answer"], now=clock.now(),
    )  # fmt: skip
    return _show(assessment_id)


@blueprint.post("/assessments/<assessment_id>/plan")
@blueprint.arguments(PlanBodySchema)
@blueprint.response(201, PlanSchema)
@requires(Permission.PROJECT_EDIT)
def plan(body: dict[str, Any], assessment_id: str) -> dict[str, Any]:
    """Make milestones of steps of the plan, all or none."""
    session, assessment = current_session(), _get(assessment_id)
    plan_milestones(session, actor=current_actor(), assessment=assessment, steps=body["steps"], now=clock.now())
    return {"data": [present_step(row) for row in log_queries.list_steps(session, assessment_id=assessment.id)]}
