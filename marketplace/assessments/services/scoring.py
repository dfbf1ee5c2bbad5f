"""Asking for a risk score, computing it and keeping it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.errors import ScoreNotFoundError
from marketplace.assessments.model_store import LoadedModel
from marketplace.assessments.models import StoredScore
from marketplace.assessments.rules import compute_evidence_cover
from marketplace.assessments.services.registry import register_model
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone
from marketplace.events import ScoreStored, record_event
from marketplace.jobs.models import Job
from marketplace.jobs.services import enqueue_job
from marketplace.projects.models import Project
from marketplace.projects.presentation import TEASER, get_access
from marketplace.projects.rules import count_months

JOB_NAME = "assessments.score"


def request_score(session: orm.Session, *, actor: Any, project: Project, now: datetime) -> Job:
    """Ask for a new score; the same project has one such job open at a time."""
    require_permission(actor, Permission.SCORE_REQUEST)
    if get_access(session, project=project, actor=actor) == TEASER:
        raise ScoreNotFoundError()
    record_act(
        session, actor=actor, action="score.requested", subject_kind="project", subject_id=project.public_id, now=now
    )
    return enqueue_job(
        session, name=JOB_NAME, now=now, dedupe_key=f"score:{project.id}",
        owner_organisation_id=actor.organisation_id,
        arguments={"project_id": project.id, "requested_by": actor.organisation_public_id},
    )  # fmt: skip


def build_features(session: orm.Session, *, project: Project, on: date) -> dict[str, Any]:
    """What the score may know of a project on a day; what is not known stays None, and a lapsed level is not known."""
    start, mrl = project.deciding_levels(on)
    # An assessed level above the target leaves nothing to gain; the score says so itself.
    target = max(project.target_trl, start) if project.target_trl and start else project.target_trl
    signed = queries.find_signed_assessment(session, project_id=project.id)
    stands = signed is not None and (signed.expires_on is None or signed.expires_on >= on)
    cover = None
    if signed is not None and stands and start is not None:
        ids = [element.id for element in project.elements]
        cover = compute_evidence_cover(ids, signed.judgements, level=start)
    months = None
    if project.planned_start and project.planned_end:
        months = count_months(project.planned_start, project.planned_end)
    return {
        "trl_start": start,
        "trl_target": target,
        "mrl_start": mrl,
        "planned_months": months,
        "evidence_cover": _figure(cover),
        "scale_up_factor": _figure(project.scale_up_factor),
        "new_process_steps": project.new_process_steps,
        "unproven_equipment_share": _figure(project.unproven_equipment_share),
        "solids_handling": project.solids_handling,
        "recycle_streams": project.recycle_streams,
        "lead_organisation_size": project.lead_organisation_size or None,
    }


def _figure(text: str | None) -> float | None:
    return None if text is None else float(Decimal(text))


def store_score(
    session: orm.Session, *, project: Project, content: dict[str, Any], now: datetime, requested_by: str = ""
) -> StoredScore:
    """Keep a score as it was computed and its summary on the project."""
    probability = content["probability"]
    text = None if probability is None else f"{probability:.6f}"
    score = StoredScore(
        project_id=project.id, content=content, probability=text, band=content["band"], state=content["state"],
        definition=content["definition"], model_version=content["model_version"],
        model_digest=content["coefficients_digest"], features_digest=content["features_digest"],
        requested_by=requested_by, computed_at=now,
    )  # fmt: skip
    session.add(score)
    project.score_probability, project.score_band, project.score_state = text, content["band"], content["state"]
    session.flush()  # the job's result names it
    record_act(
        session, actor=None, action="score.computed", subject_kind="project", subject_id=project.public_id, now=now,
        details={"score": score.public_id, "model": score.model_version},
    )  # fmt: skip
    record_event(session, ScoreStored(project_id=project.id))
    return score


def score_now(
    session: orm.Session, *, project: Project, model: LoadedModel, now: datetime, requested_by: str = ""
) -> StoredScore:
    """Compute and keep in one step, for commands and builders that already hold the model."""
    from risk import score_projects

    register_model(session, facts=model.facts, now=now)
    content = score_projects([build_features(session, project=project, on=day_in_zone(now))], model=model.model)[0]
    return store_score(session, project=project, content=content, now=now, requested_by=requested_by)
