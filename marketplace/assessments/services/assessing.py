"""The way of an assessment: asked for, accepted, judged, signed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.models import Organisation, User
from marketplace.accounts.permissions import Permission
from marketplace.assessments import log_queries, queries
from marketplace.assessments.errors import (
    AssessmentInvalidError,
    AssessmentRunningError,
    ManufactureNotJudgedError,
    NothingJudgedError,
)
from marketplace.assessments.models import Assessment
from marketplace.assessments.rules import compute_levels, find_gaps, is_manufacture_judged, needs_manufacture
from marketplace.assessments.services.common import require_assessor, require_independence, require_text, tell
from marketplace.assessments.services.levels import settle_levels
from marketplace.assessments.services.seal import compute_digest
from marketplace.assessments.words import TIES
from marketplace.clock import day_in_zone
from marketplace.events import AssessmentSigned, record_event
from marketplace.projects.fields import clean_text
from marketplace.projects.models import Project
from marketplace.projects.services import grant_access, hold_project
from marketplace.projects.services.listing import require_owner

# The longest that a judgement stands; an assessor may set an earlier day.
VALID_FOR = timedelta(days=365)
OPEN_STATES = ("requested", "accepted", "in_progress")


def request_assessment(
    session: orm.Session, *, actor: Any, project: Project, assessor: Organisation, now: datetime
) -> Assessment:
    """The team asks an independent assessor, and opens its room to it."""
    require_permission(actor, Permission.ASSESSMENT_REQUEST)
    require_owner(actor, project)
    if assessor.kind != "assessor" or assessor.verification_state != "verified":
        raise AssessmentInvalidError(errors={"assessor": "Choose a verified assessor."})
    require_independence(session, organisation_id=assessor.id, project=project)
    hold_project(session, project)
    if not project.elements:
        raise AssessmentInvalidError("Name the critical technology elements first.")
    if queries.find_running_assessment(session, project_id=project.id, assessor_organisation_id=assessor.id):
        raise AssessmentRunningError()
    assessment = Assessment(
        project_id=project.id, assessor_organisation_id=assessor.id, requested_by=actor.user_public_id,
        requested_at=now, state="requested", gaps=[], ties={}, judgements=[], disputes=[],
    )  # fmt: skip
    assessment.project, assessment.assessor = project, assessor
    session.add(assessment)
    session.flush()  # the grant and the notice name it
    grant_access(
        session, actor=actor, project=project, organisation=assessor, level="room", now=now,
        basis=f"assessment {assessment.public_id}",
    )  # fmt: skip
    tell(session, actor=actor, assessment=assessment, act="requested", now=now, organisations=[assessor.id])
    return assessment


def accept_assessment(
    session: orm.Session, *, actor: Any, assessment: Assessment, declaration: str, ties: dict[str, bool], now: datetime
) -> Assessment:
    """The assessor answers for each tie and declares the rest in words, then takes the work; a tie ends it."""
    require_assessor(session, actor=actor, assessment=assessment, states=("requested",))
    errors = {f"ties.{tie}": "Answer for each tie." for tie in TIES if ties.get(tie) not in (True, False)}
    errors |= {f"ties.{tie}": "Whoever has this tie cannot judge; decline the work." for tie in TIES if ties.get(tie)}
    text = clean_text(declaration)
    if not text or len(text) > 2000:
        errors["declaration"] = "Declare your ties to the parties, or that there are none."
    if errors:
        raise AssessmentInvalidError(errors=errors)
    require_independence(session, organisation_id=actor.organisation_id, project=assessment.project)
    assessment.state, assessment.conflict_declaration = "accepted", text or ""
    assessment.ties = dict.fromkeys(TIES, False)
    _tell_team(session, actor=actor, assessment=assessment, act="accepted", now=now)
    return assessment


def decline_assessment(
    session: orm.Session, *, actor: Any, assessment: Assessment, reason: str, now: datetime
) -> Assessment:
    """The assessor does not take the work."""
    require_assessor(session, actor=actor, assessment=assessment, states=OPEN_STATES)
    text = require_text("reason", reason, message="Say why; the team and the history keep it.")
    assessment.state, assessment.conclusion = "declined", text
    _tell_team(session, actor=actor, assessment=assessment, act="declined", now=now)
    return assessment


def sign_assessment(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    now: datetime,
    name: str,
    conclusion: str = "",
    expires_on: date | None = None,
) -> Assessment:
    """Set the levels by the contiguous rule and the lowest element, seal the content, write them to the project."""
    require_assessor(session, actor=actor, assessment=assessment, states=("in_progress",))
    require_independence(session, organisation_id=actor.organisation_id, project=assessment.project)
    project, today = assessment.project, day_in_zone(now)
    ids = [element.id for element in project.elements]
    levels = compute_levels(ids, assessment.judgements)
    if levels.trl is None:
        raise NothingJudgedError()
    if needs_manufacture(project) and not is_manufacture_judged(ids, assessment.judgements):
        raise ManufactureNotJudgedError()
    last_day = expires_on or today + VALID_FOR
    signed_name, text = _check_signature(
        session.get_one(User, actor.user_id), name=name, conclusion=conclusion, last_day=last_day, today=today
    )
    public_ids = {element.id: element.public_id for element in project.elements}
    gaps = find_gaps(ids, assessment.judgements, target_trl=project.target_trl, target_mrl=project.target_mrl)
    assessment.gaps = [{**gap, "element": public_ids[gap["element"]]} for gap in gaps]
    assessment.trl_result, assessment.mrl_result, assessment.conclusion = levels.trl, levels.mrl, text
    assessment.state, assessment.signed_by, assessment.signed_at = "signed", actor.user_public_id, now
    assessment.signed_name, assessment.expires_on = signed_name, last_day
    for earlier in log_queries.list_unreplaced_assessments(session, project_id=project.id):
        if earlier.id != assessment.id:
            earlier.superseded_at = now
    assessment.content_digest = compute_digest(session, assessment)
    project.assessed_on = today
    settle_levels(session, project=project, assessment=assessment, cause="assessment", now=now)
    _tell_team(
        session, actor=actor, assessment=assessment, act="signed", now=now,
        details={"trl": levels.trl, "mrl": levels.mrl, "sha256": assessment.content_digest},
    )  # fmt: skip
    record_event(session, AssessmentSigned(project_id=project.id, assessment_id=assessment.id))
    return assessment


def _check_signature(user: User, *, name: str, conclusion: str, last_day: date, today: date) -> tuple[str, str]:
    """The name and the conclusion as they are kept; the name is the person's own, in either language."""
    errors = {}
    typed = " ".join((clean_text(name) or "").split())
    own = {" ".join(known.split()).casefold() for known in (user.name_zh, user.name_en) if known.strip()}
    if typed.casefold() not in own:
        errors["name"] = "Sign with your own name, as your account has it."
    if not today < last_day <= today + VALID_FOR:
        errors["expires_on"] = "A judgement stands for at least a day and for at most a year."
    text = clean_text(conclusion)
    if text is None or len(text) > 4000:
        errors["conclusion"] = "This text is too long."
    if errors:
        raise AssessmentInvalidError(errors=errors)
    return typed, text or ""


def _tell_team(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    act: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    tell(
        session, actor=actor, assessment=assessment, act=act, now=now, details=details,
        organisations=[assessment.project.organisation_id],
    )  # fmt: skip
