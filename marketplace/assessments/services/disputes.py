"""The log of objections: who objects to what on which ground, what the assessor says, how and when it was decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_operator_ids
from marketplace.assessments import log_queries
from marketplace.assessments.errors import (
    AssessmentInvalidError,
    AssessmentStateError,
    GainsFromDisputeError,
    NotTheAssessorError,
)
from marketplace.assessments.models import Assessment, AssessmentDispute
from marketplace.assessments.services.common import hold_assessment, require_no_gain, require_text, tell
from marketplace.assessments.services.levels import clear_levels, settle_levels
from marketplace.assessments.words import DISPUTE_GROUNDS
from marketplace.clock import day_in_zone
from marketplace.notifications.services import notify

# An objection is decided within so many days.
ANSWER_WITHIN = timedelta(days=15)


def raise_dispute(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    reason: str,
    now: datetime,
    element: str = "",
    criterion: str = "",
    ground: str = "other",
) -> AssessmentDispute:
    """Object to one judgement or to the whole; the level stays and is marked as disputed from there on."""
    require_permission(actor, Permission.ASSESSMENT_READ)
    hold_assessment(session, assessment)
    if assessment.state not in ("signed", "disputed") or assessment.superseded_at is not None:
        raise AssessmentStateError(state="superseded" if assessment.superseded_at else assessment.state)
    voiceless = actor.role == "viewer" or actor.organisation_kind == "regulator"
    if voiceless or actor.organisation_id == assessment.assessor_organisation_id:
        raise NotTheAssessorError("The assessor and readers without a voice cannot object.")
    errors = {}
    if ground not in DISPUTE_GROUNDS:
        errors["ground"] = "Choose one of the options."
    if not _names_judgement(assessment, element=element, criterion=criterion):
        errors["item"] = "Choose one of the options."
    if errors:
        raise AssessmentInvalidError(errors=errors)
    text = require_text("reason", reason, message="Say what you object to.")
    dispute = AssessmentDispute(
        element=element, criterion=criterion, ground=ground, reason=text, raised_by=actor.organisation_public_id,
        raised_at=now, answer_due_on=day_in_zone(now) + ANSWER_WITHIN, state="open", statement="", answer="",
        answered_by="",
    )  # fmt: skip
    assessment.disputes.append(dispute)
    assessment.state = "disputed"
    session.flush()  # the answer names its id
    settle_levels(session, project=assessment.project, assessment=assessment, cause="objection", now=now)
    _tell_both(session, actor=actor, assessment=assessment, dispute=dispute, act="disputed", now=now)
    return dispute


def _names_judgement(assessment: Assessment, *, element: str, criterion: str) -> bool:
    """Whether this is a judgement of the assessment, or with both empty all of it."""
    if not element and not criterion:
        return True
    ids = {row.public_id: row.id for row in assessment.project.elements}
    return any(row.element_id == ids.get(element) and row.criterion == criterion for row in assessment.judgements)


def state_on_dispute(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    dispute: AssessmentDispute,
    statement: str,
    now: datetime,
) -> AssessmentDispute:
    """The assessor's own word on an objection; it decides nothing."""
    require_permission(actor, Permission.ASSESSMENT_DECIDE)
    if actor.organisation_id != assessment.assessor_organisation_id:
        raise NotTheAssessorError()
    hold_assessment(session, assessment)
    if dispute.state != "open" or dispute.assessment_id != assessment.id:
        raise AssessmentStateError(state=dispute.state)
    dispute.statement = require_text("statement", statement, message="Write what you say to the objection.")
    dispute.stated_at = now
    _tell_both(session, actor=actor, assessment=assessment, dispute=dispute, act="dispute_stated", now=now)
    return dispute


def answer_dispute(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    dispute: AssessmentDispute,
    upheld: bool,
    answer: str,
    now: datetime,
) -> AssessmentDispute:
    """The operator records how an objection ended.

    Upheld against one judgement, that judgement no longer counts and the levels are those of the rest; upheld against
    the whole, the assessed level is gone. Levels that a later assessment has set are not touched, and the signed
    assessment itself is never written over.
    """
    require_permission(actor, Permission.PROJECT_VERIFY)
    hold_assessment(session, assessment)
    if dispute.state != "open" or dispute.assessment_id != assessment.id:
        raise AssessmentStateError(state=dispute.state)
    require_no_gain(
        session, actor=actor, project=assessment.project, also=(assessment.assessor_organisation_id,),
        error=GainsFromDisputeError,
    )  # fmt: skip
    text = require_text("answer", answer, message="Say how it was decided, and why.")
    dispute.state, dispute.answer, dispute.answered_at = "upheld" if upheld else "dismissed", text, now
    dispute.answered_by = actor.user_public_id
    if upheld and not dispute.criterion:
        assessment.state = "expired"
    elif all(row.state != "open" for row in assessment.disputes) and assessment.state == "disputed":
        assessment.state = "signed"
    if log_queries.is_last_signed(session, assessment=assessment):
        if assessment.state == "expired":
            clear_levels(
                session, project=assessment.project, cause="objection", now=now, reference=assessment.public_id
            )
        else:
            settle_levels(session, project=assessment.project, assessment=assessment, cause="objection", now=now)
    _tell_both(session, actor=actor, assessment=assessment, dispute=dispute, act="dispute_answered", now=now)
    return dispute


def remind_of_disputes(session: orm.Session, *, now: datetime) -> int:
    """Tell the operators once of each objection whose day has passed without a decision."""
    late = log_queries.list_late_disputes(session, today=day_in_zone(now))
    operators = list_operator_ids(session) if late else []
    for dispute in late:
        project = dispute.assessment.project
        notify(
            session, organisation_ids=operators, kind="assessment.dispute_late", now=now,
            parameters={"title_zh": project.title("zh"), "title_en": project.title("en")},
            url=f"/assessments/{dispute.assessment.public_id}", dedupe_key=f"{dispute.public_id}:late",
        )  # fmt: skip
    return len(late)


def _tell_both(
    session: orm.Session, *, actor: Any, assessment: Assessment, dispute: AssessmentDispute, act: str, now: datetime
) -> None:
    tell(
        session, actor=actor, assessment=assessment, act=act, now=now,
        organisations=[assessment.assessor_organisation_id, assessment.project.organisation_id],
        details={"dispute": dispute.public_id, "criterion": dispute.criterion, "state": dispute.state},
    )  # fmt: skip
