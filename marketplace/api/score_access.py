"""Who reads a project's score, and contesting it."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation
from marketplace.assessments import queries, score_queries
from marketplace.assessments.score_models import ScoreContest
from marketplace.assessments.services import contest_score
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.projects.models import Project, ScoreConsent
from marketplace.projects.queries import get_consent, get_project, list_consents
from marketplace.projects.services import grant_score_consent, revoke_score_consent
from marketplace.projects.services.listing import require_owner
from marketplace.schemas import StrictSchema

blueprint = Blueprint("api_score_access", __name__, description="Risk scores")


class ConsentBodySchema(StrictSchema):
    """Either one organisation, or every verified one of a kind."""

    organisation = ma.fields.String(validate=ma.validate.Length(max=40))
    organisation_kind = ma.fields.String(validate=ma.validate.Length(max=24))


class ConsentSchema(StrictSchema):
    """A consent; one that was taken back keeps its row."""

    id = ma.fields.String()
    organisation = ma.fields.String(allow_none=True)
    organisation_kind = ma.fields.String(allow_none=True)
    basis = ma.fields.String()
    granted_at = ma.fields.AwareDateTime()
    revoked_at = ma.fields.AwareDateTime(allow_none=True)


class ConsentListSchema(StrictSchema):
    """Every consent of a project, those that stand first."""

    data = ma.fields.List(ma.fields.Nested(ConsentSchema))


class ContestBodySchema(StrictSchema):
    """What is wrong with the score, and why."""

    ground = ma.fields.String(required=True, validate=ma.validate.Length(max=4000))


class ContestSchema(StrictSchema):
    """A contest of a score and its answer."""

    id = ma.fields.String()
    score_id = ma.fields.String()
    state = ma.fields.String()
    ground = ma.fields.String()
    raised_at = ma.fields.AwareDateTime()
    due_on = ma.fields.Date()
    answer = ma.fields.String()
    answered_at = ma.fields.AwareDateTime(allow_none=True)


class ContestListSchema(StrictSchema):
    """Contests of every score of a project, the newest first."""

    data = ma.fields.List(ma.fields.Nested(ContestSchema))


@blueprint.get("/projects/<project_id>/score/consents")
@blueprint.response(200, ConsentListSchema)
@requires(Permission.PROJECT_EDIT)
def list_score_consents(project_id: str) -> dict[str, Any]:
    """Whom your team lets read the scores of a project."""
    project = _get_own(project_id)
    return {"data": [_present_consent(row) for row in list_consents(current_session(), project_id=project.id)]}


@blueprint.post("/projects/<project_id>/score/consents")
@blueprint.arguments(ConsentBodySchema)
@blueprint.response(201, ConsentSchema)
@requires(Permission.PROJECT_EDIT)
def give_consent(body: dict[str, Any], project_id: str) -> dict[str, Any]:
    """Let one organisation, or every verified one of a kind, read the scores of a project."""
    session, actor = current_session(), current_actor()
    organisation = None
    if "organisation" in body:
        try:
            organisation = get_organisation(session, actor=actor, public_id=body["organisation"])
        except NotFoundError as error:
            raise InvalidInputError(errors={"organisation": "Choose one of the options."}) from error
    consent = grant_score_consent(
        session, actor=actor, project=_get_own(project_id), organisation=organisation,
        organisation_kind=body.get("organisation_kind"), now=clock.now(),
    )  # fmt: skip
    return _present_consent(get_consent(session, project_id=consent.project_id, public_id=consent.public_id))


@blueprint.post("/projects/<project_id>/score/consents/<consent_id>/revoke")
@blueprint.response(200, ConsentSchema)
@requires(Permission.PROJECT_EDIT)
def take_back(project_id: str, consent_id: str) -> dict[str, Any]:
    """Take a consent back; it bites on the next request."""
    session, actor = current_session(), current_actor()
    project = _get_own(project_id)
    consent = get_consent(session, project_id=project.id, public_id=consent_id)
    revoke_score_consent(session, actor=actor, project=project, consent=consent, now=clock.now())
    return _present_consent(consent)


@blueprint.get("/projects/<project_id>/score/contests")
@blueprint.response(200, ContestListSchema)
@requires(Permission.SCORE_READ)
def list_score_contests(project_id: str) -> dict[str, Any]:
    """Contests of the scores of a project that you may read, with their answers."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    rows = score_queries.list_contests_of_project(session, actor=actor, project_id=project.id)
    return {"data": [_present_contest(row, row.score.public_id) for row in rows]}


@blueprint.post("/projects/<project_id>/score/contests")
@blueprint.arguments(ContestBodySchema)
@blueprint.response(201, ContestSchema)
@requires(Permission.PROJECT_EDIT)
def contest(body: dict[str, Any], project_id: str) -> dict[str, Any]:
    """Contest the latest score of your project; the operator answers within ten weekdays."""
    session, actor = current_session(), current_actor()
    project = _get_own(project_id)
    score = queries.get_visible_score(session, actor=actor, project_id=project.id)
    made = contest_score(session, actor=actor, project=project, score=score, ground=body["ground"], now=clock.now())
    return _present_contest(made, score.public_id)


def _get_own(project_id: str) -> Project:
    actor = current_actor()
    project = get_project(current_session(), actor=actor, public_id=project_id)
    require_owner(actor, project)
    return project


def _present_consent(consent: ScoreConsent) -> dict[str, Any]:
    return {
        "id": consent.public_id, "organisation": consent.organisation.public_id if consent.organisation else None,
        "organisation_kind": consent.organisation_kind, "basis": consent.basis, "granted_at": consent.granted_at,
        "revoked_at": consent.revoked_at,
    }  # fmt: skip


def _present_contest(contest: ScoreContest, score_id: str) -> dict[str, Any]:
    return {
        "id": contest.public_id, "score_id": score_id, "state": contest.state, "ground": contest.ground,
        "raised_at": contest.raised_at, "due_on": contest.due_on, "answer": contest.answer,
        "answered_at": contest.answered_at,
    }  # fmt: skip
