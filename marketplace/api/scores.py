"""Risk scores: the latest of a project, one by id, and asking for a new one."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import url_for
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.errors import ScoreNotFoundError
from marketplace.assessments.models import StoredScore
from marketplace.assessments.services import request_score
from marketplace.db import current_session
from marketplace.projects.queries import get_project
from marketplace.schemas import StrictSchema, WholeNumber

blueprint = Blueprint("api_scores", __name__, description="Risk scores")


class ScoreSchema(StrictSchema):
    """A stored score. `score` is the whole answer of the model: definition, horizon, intervals, drivers and sources."""

    id = ma.fields.String()
    project_id = ma.fields.String()
    probability = ma.fields.String(allow_none=True)
    band = ma.fields.String(allow_none=True)
    state = ma.fields.String()
    definition = ma.fields.String()
    horizon_months = ma.fields.Float(allow_none=True)
    model_version = ma.fields.String()
    model_digest = ma.fields.String()
    features_digest = ma.fields.String()
    computed_at = ma.fields.AwareDateTime()
    score = ma.fields.Dict()


class JobSchema(StrictSchema):
    """Work that was asked for."""

    id = ma.fields.String()
    state = ma.fields.String()
    progress_percent = WholeNumber()
    result_url = ma.fields.String()


def _present(score: StoredScore, project_id: str) -> dict[str, Any]:
    return {
        "id": score.public_id, "project_id": project_id, "probability": score.probability, "band": score.band,
        "state": score.state, "definition": score.definition, "horizon_months": score.content["horizon_months"],
        "model_version": score.model_version, "model_digest": score.model_digest,
        "features_digest": score.features_digest, "computed_at": score.computed_at, "score": score.content,
    }  # fmt: skip


@blueprint.get("/projects/<project_id>/score")
@blueprint.response(200, ScoreSchema)
@requires(Permission.SCORE_READ)
def show_latest(project_id: str) -> dict[str, Any]:
    """The latest score of a project that you may read."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    score = queries.find_visible_score(session, actor=actor, project_id=project.id)
    if score is None:
        raise ScoreNotFoundError()
    return _present(score, project.public_id)


@blueprint.post("/projects/<project_id>/scores")
@blueprint.response(202, JobSchema)
@requires(Permission.SCORE_REQUEST)
def ask_for(project_id: str) -> dict[str, Any]:
    """Ask for a new score; it is computed by the worker."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    job = request_score(session, actor=actor, project=project, now=clock.now())
    return {
        "id": job.public_id, "state": job.state, "progress_percent": job.progress_percent,
        "result_url": url_for("api_scores.show_latest", project_id=project_id),
    }  # fmt: skip


@blueprint.get("/scores/<score_id>")
@blueprint.response(200, ScoreSchema)
@requires(Permission.SCORE_READ)
def show(score_id: str) -> dict[str, Any]:
    """One stored score."""
    score = queries.get_score(current_session(), actor=current_actor(), public_id=score_id)
    return _present(score, score.project.public_id)
