"""What every act on an assessment does: ask who acts, write it down, tell those it concerns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.errors import (
    AssessmentInvalidError,
    AssessmentStateError,
    AssessorNotIndependentError,
    NotTheAssessorError,
)
from marketplace.assessments.models import Assessment
from marketplace.audit.services import record_act
from marketplace.notifications.services import notify
from marketplace.projects.fields import clean_text
from marketplace.projects.models import Project


def require_assessor(actor: Any, assessment: Assessment, states: tuple[str, ...]) -> None:
    """Raise unless the actor's organisation was asked and the assessment is in one of the states."""
    require_permission(actor, Permission.ASSESSMENT_DECIDE)
    if actor.organisation_id != assessment.assessor_organisation_id:
        raise NotTheAssessorError()
    if assessment.state not in states:
        raise AssessmentStateError(state=assessment.state)


def require_independence(session: orm.Session, *, organisation_id: int, project: Project) -> None:
    """Nobody of the team or of its pilot centre judges the project."""
    interested = [project.organisation_id, *([project.pilot_centre_id] if project.pilot_centre_id else [])]
    if organisation_id in interested or queries.share_members(session, first=organisation_id, others=interested):
        raise AssessorNotIndependentError()


def require_text(field: str, value: str, *, message: str, limit: int = 2000) -> str:
    """The text, or a refusal at its field."""
    text = clean_text(value)
    if not text:
        raise AssessmentInvalidError(errors={field: message})
    if len(text) > limit:
        raise AssessmentInvalidError(errors={field: "This text is too long."})
    return text


def tell(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    act: str,
    now: datetime,
    organisations: list[int],
    details: dict[str, Any] | None = None,
) -> None:
    """Write the act to the histories of assessment and project, and tell the organisations."""
    session.flush()  # ids and states of this act are in the notice
    project = assessment.project
    for kind, subject in (("assessment", assessment.public_id), ("project", project.public_id)):
        record_act(
            session, actor=actor, action=f"assessment.{act}", subject_kind=kind, subject_id=subject, now=now,
            details={"assessment": assessment.public_id, **(details or {})},
        )  # fmt: skip
    notify(
        session, organisation_ids=organisations, kind=f"assessment.{act}",
        parameters={"title_zh": project.title("zh"), "title_en": project.title("en")},
        url=f"/assessments/{assessment.public_id}",
        dedupe_key=f"{assessment.public_id}:{act}:{now.isoformat()}", now=now,
    )  # fmt: skip
