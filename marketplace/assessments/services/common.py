"""What every act on an assessment does: ask who acts, write it down, tell those it concerns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_memberships_of
from marketplace.assessments import log_queries, queries
from marketplace.assessments.errors import (
    AssessmentInvalidError,
    AssessmentStateError,
    AssessorNotIndependentError,
    NotTheAssessorError,
)
from marketplace.assessments.models import Assessment
from marketplace.audit.services import record_act
from marketplace.errors import NotAllowedError
from marketplace.notifications.services import notify
from marketplace.projects.fields import clean_text
from marketplace.projects.models import Project
from marketplace.projects.services import hold_project

_COLUMNS = tuple(attribute.key for attribute in sa.inspect(Assessment).column_attrs)


def hold_assessment(session: orm.Session, assessment: Assessment) -> None:
    """Lock the project, then read it, the assessment, its judgements and its objections anew.

    Whatever changes levels takes this one lock first, so of two acts at once the second sees what the first left.
    """
    hold_project(session, assessment.project)
    session.refresh(assessment, _COLUMNS)
    judgements, disputes = log_queries.list_parts(session, assessment_id=assessment.id)
    orm.attributes.set_committed_value(assessment, "judgements", judgements)
    orm.attributes.set_committed_value(assessment, "disputes", disputes)
    for dispute in disputes:
        orm.attributes.set_committed_value(dispute, "assessment", assessment)


def require_assessor(session: orm.Session, *, actor: Any, assessment: Assessment, states: tuple[str, ...]) -> None:
    """Raise unless the actor's organisation was asked and the assessment, now held, is in one of the states."""
    require_permission(actor, Permission.ASSESSMENT_DECIDE)
    if actor.organisation_id != assessment.assessor_organisation_id:
        raise NotTheAssessorError()
    hold_assessment(session, assessment)
    if assessment.state not in states:
        raise AssessmentStateError(state=assessment.state)


def require_independence(session: orm.Session, *, organisation_id: int, project: Project) -> None:
    """Nobody of the team or of its pilot centre judges the project."""
    interested = [project.organisation_id, *([project.pilot_centre_id] if project.pilot_centre_id else [])]
    if organisation_id in interested or queries.share_members(session, first=organisation_id, others=interested):
        raise AssessorNotIndependentError()


def require_no_gain(
    session: orm.Session, *, actor: Any, project: Project, also: Iterable[int], error: type[NotAllowedError]
) -> None:
    """Raise where the person belongs to the team, to its pilot centre or to another organisation that gains."""
    interested = {project.organisation_id, project.pilot_centre_id, *also}
    mine = {membership.organisation_id for membership in list_memberships_of(session, user_id=actor.user_id)}
    if interested & mine:
        raise error()


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
