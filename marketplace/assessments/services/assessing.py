"""The way of an assessment: asked for, accepted, judged, signed, disputed, lapsed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.errors import (
    AssessmentInvalidError,
    AssessmentRunningError,
    AssessmentStateError,
    AssessorNotIndependentError,
    EvidenceDoesNotCountError,
    NothingJudgedError,
    NotTheAssessorError,
)
from marketplace.assessments.models import Assessment, AssessmentDispute, CriterionJudgement, Evidence
from marketplace.assessments.rules import compute_levels, find_gaps
from marketplace.assessments.schemas import JudgementSchema, read_values
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone
from marketplace.events import AssessmentSigned, record_event
from marketplace.notifications.services import notify
from marketplace.projects.fields import clean_text
from marketplace.projects.models import Project, TechnologyElement
from marketplace.projects.queries import find_project
from marketplace.projects.services import grant_access
from marketplace.projects.services.listing import require_owner
from risk.errors import RiskError
from risk.maturity import counts_as_evidence, get_criterion, list_levels

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
    if not project.elements:
        raise AssessmentInvalidError("Name the critical technology elements first.")
    if queries.find_running_assessment(session, project_id=project.id, assessor_organisation_id=assessor.id):
        raise AssessmentRunningError()
    assessment = Assessment(
        project_id=project.id, assessor_organisation_id=assessor.id, requested_by=actor.user_public_id,
        requested_at=now, state="requested", gaps=[], judgements=[], disputes=[],
    )  # fmt: skip
    assessment.project, assessment.assessor = project, assessor
    session.add(assessment)
    session.flush()  # the grant and the notice name it
    grant_access(
        session, actor=actor, project=project, organisation=assessor, level="room", now=now,
        basis=f"assessment {assessment.public_id}",
    )  # fmt: skip
    _note(session, actor=actor, assessment=assessment, act="requested", now=now, tell=[assessor.id])
    return assessment


def require_independence(session: orm.Session, *, organisation_id: int, project: Project) -> None:
    """Nobody of the team or of its pilot centre judges the project."""
    interested = [project.organisation_id, *([project.pilot_centre_id] if project.pilot_centre_id else [])]
    if organisation_id in interested or queries.share_members(session, first=organisation_id, others=interested):
        raise AssessorNotIndependentError()


def accept_assessment(
    session: orm.Session, *, actor: Any, assessment: Assessment, declaration: str, now: datetime
) -> Assessment:
    """The assessor declares what ties it has to the parties, then takes the work."""
    _require_assessor(actor, assessment, ("requested",))
    text = clean_text(declaration)
    if not text or len(text) > 2000:
        message = "Declare your ties to the parties, or that there are none."
        raise AssessmentInvalidError(errors={"declaration": message})
    require_independence(session, organisation_id=actor.organisation_id, project=assessment.project)
    assessment.state, assessment.conflict_declaration = "accepted", text
    _note(session, actor=actor, assessment=assessment, act="accepted", now=now, tell=_team(assessment))
    return assessment


def decline_assessment(
    session: orm.Session, *, actor: Any, assessment: Assessment, reason: str, now: datetime
) -> Assessment:
    """The assessor does not take the work."""
    _require_assessor(actor, assessment, OPEN_STATES)
    text = clean_text(reason)
    if not text or len(text) > 2000:
        raise AssessmentInvalidError(errors={"reason": "Say why; the team and the history keep it."})
    assessment.state, assessment.conclusion = "declined", text
    _note(session, actor=actor, assessment=assessment, act="declined", now=now, tell=_team(assessment))
    return assessment


def record_judgements(
    session: orm.Session, *, actor: Any, assessment: Assessment, rows: list[dict[str, Any]], now: datetime
) -> Assessment:
    """Write or replace judgements; "met" needs evidence whose kind counts, "not applicable" a reason."""
    _require_assessor(actor, assessment, ("accepted", "in_progress"))
    project = assessment.project
    elements = {element.public_id: element for element in project.elements}
    evidence = {row.public_id: row for row in queries.list_evidence(session, actor=actor, project_id=project.id)}
    held = {(row.element_id, row.criterion): row for row in assessment.judgements}
    for index, values in enumerate(rows):
        loaded = read_values(JudgementSchema(), values, AssessmentInvalidError)
        element = elements.get(loaded["element"])
        if element is None:
            raise AssessmentInvalidError(errors={f"{index}.element": "Choose one of the options."})
        cited = evidence.get(loaded.get("evidence") or "")
        _check_judgement(loaded, element=element, cited=cited, index=index)
        row = held.get((element.id, loaded["criterion"]))
        if row is None:
            row = CriterionJudgement(element_id=element.id, criterion=loaded["criterion"])
            held[(element.id, loaded["criterion"])] = row
            assessment.judgements.append(row)
        row.judgement, row.note = loaded["judgement"], loaded.get("note", "")
        row.evidence_id = cited.id if cited else None
    assessment.state = "in_progress"
    session.flush()  # the levels so far are read from these rows
    record_act(
        session, actor=actor, action="assessment.judged", subject_kind="assessment", subject_id=assessment.public_id,
        now=now, details={"judgements": len(rows)},
    )  # fmt: skip
    return assessment


def _check_judgement(loaded: dict[str, Any], *, element: TechnologyElement, cited: Evidence | None, index: int) -> None:
    try:
        criterion = get_criterion(loaded["criterion"])
    except RiskError as error:
        raise AssessmentInvalidError(errors={f"{index}.criterion": "Choose one of the options."}) from error
    if loaded["judgement"] == "not_applicable" and not loaded.get("note"):
        raise AssessmentInvalidError(errors={f"{index}.note": "Say why this does not apply."})
    if loaded["judgement"] != "met":
        return
    fits = cited is not None and cited.element_id in (None, element.id)
    if not fits or not counts_as_evidence(criterion, cited.evidence_type if cited else ""):
        raise EvidenceDoesNotCountError(errors={f"{index}.evidence": EvidenceDoesNotCountError.message})


def judge_up_to(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    element: TechnologyElement,
    scale: str,
    level: int,
    evidence: Evidence,
    now: datetime,
    note: str = "",
) -> Assessment:
    """Judge every criterion up to a level as met by one piece of evidence, where its kind counts for each."""
    rows = [
        {"element": element.public_id, "criterion": criterion.id, "judgement": "met",
         "evidence": evidence.public_id, "note": note}
        for step in list_levels(scale)[:level]
        for criterion in step.criteria
    ]  # fmt: skip
    return record_judgements(session, actor=actor, assessment=assessment, rows=rows, now=now)


def sign_assessment(
    session: orm.Session, *, actor: Any, assessment: Assessment, now: datetime, conclusion: str = ""
) -> Assessment:
    """Set the levels by the contiguous rule and the lowest element, and write them to the project."""
    _require_assessor(actor, assessment, ("in_progress",))
    project = assessment.project
    ids = [element.id for element in project.elements]
    levels = compute_levels(ids, assessment.judgements)
    if levels.trl is None:
        raise NothingJudgedError()
    text = clean_text(conclusion)
    if text is None or len(text) > 4000:
        raise AssessmentInvalidError(errors={"conclusion": "This text is too long."})
    names = {element.id: element.public_id for element in project.elements}
    gaps = find_gaps(ids, assessment.judgements, target_trl=project.target_trl, target_mrl=project.target_mrl)
    assessment.gaps = [{**gap, "element": names[gap["element"]]} for gap in gaps]
    assessment.trl_result, assessment.mrl_result, assessment.conclusion = levels.trl, levels.mrl, text
    assessment.state, assessment.signed_by, assessment.signed_at = "signed", actor.user_public_id, now
    assessment.expires_on = day_in_zone(now) + VALID_FOR
    for element in project.elements:
        trl, mrl = levels.by_element[element.id]
        element.trl_assessed, element.mrl_assessed = trl or None, mrl or None
    project.trl_assessed, project.mrl_assessed = levels.trl, levels.mrl
    project.trl_disputed, project.assessed_on = False, day_in_zone(now)
    _note(session, actor=actor, assessment=assessment, act="signed", now=now, tell=_team(assessment),
          details={"trl": levels.trl, "mrl": levels.mrl})  # fmt: skip
    record_event(session, AssessmentSigned(project_id=project.id, assessment_id=assessment.id))
    return assessment


def raise_dispute(
    session: orm.Session, *, actor: Any, assessment: Assessment, reason: str, now: datetime
) -> AssessmentDispute:
    """Object to a signed assessment; the level stays and is marked as disputed."""
    require_permission(actor, Permission.ASSESSMENT_READ)
    if assessment.state not in ("signed", "disputed"):
        raise AssessmentStateError(state=assessment.state)
    if actor.role == "viewer" or actor.organisation_id == assessment.assessor_organisation_id:
        raise NotTheAssessorError("The assessor and readers without a voice cannot object.")
    text = clean_text(reason)
    if not text or len(text) > 2000:
        raise AssessmentInvalidError(errors={"reason": "Say what you object to."})
    dispute = AssessmentDispute(
        assessment_id=assessment.id, reason=text, raised_by=actor.organisation_public_id, raised_at=now, state="open"
    )
    assessment.disputes.append(dispute)
    assessment.state, assessment.project.trl_disputed = "disputed", True
    _note(session, actor=actor, assessment=assessment, act="disputed", now=now,
          tell=[assessment.assessor_organisation_id, assessment.project.organisation_id])  # fmt: skip
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
    """The operator records how an objection ended; an upheld one takes the assessed level away."""
    require_permission(actor, Permission.PROJECT_VERIFY)
    if dispute.state != "open" or dispute.assessment_id != assessment.id:
        raise AssessmentStateError(state=dispute.state)
    text = clean_text(answer)
    if not text or len(text) > 2000:
        raise AssessmentInvalidError(errors={"answer": "Say how it was decided, and why."})
    dispute.state, dispute.answer, dispute.answered_at = "upheld" if upheld else "dismissed", text, now
    if upheld:
        assessment.state = "expired"
        clear_levels(assessment.project)
    elif all(row.state != "open" for row in assessment.disputes):
        assessment.state, assessment.project.trl_disputed = "signed", False
    _note(session, actor=actor, assessment=assessment, act="dispute_answered", now=now,
          tell=[assessment.assessor_organisation_id, assessment.project.organisation_id])  # fmt: skip
    return dispute


def clear_levels(project: Project) -> None:
    """What is no longer assessed is claimed again."""
    project.trl_assessed = project.mrl_assessed = project.assessed_on = None
    project.trl_disputed = False
    for element in project.elements:
        element.trl_assessed = element.mrl_assessed = None


def expire_assessments(session: orm.Session, *, now: datetime) -> int:
    """Let assessments lapse whose last day is over; the levels of their projects lapse with the latest."""
    count = 0
    for assessment in queries.list_lapsed_assessments(session, today=day_in_zone(now)):
        assessment.state = "expired"
        session.flush()  # the query for the one that still stands must not find this one
        count += 1
        project = find_project(session, project_id=assessment.project_id)
        if project is None or queries.find_signed_assessment(session, project_id=project.id) is not None:
            continue
        clear_levels(project)
        notify(
            session, organisation_ids=[project.organisation_id], kind="assessment.expired",
            parameters={"title_zh": project.title("zh"), "title_en": project.title("en")},
            url=f"/assessments/{assessment.public_id}", dedupe_key=f"{assessment.public_id}:expired", now=now,
        )  # fmt: skip
    return count


def _require_assessor(actor: Any, assessment: Assessment, states: tuple[str, ...]) -> None:
    require_permission(actor, Permission.ASSESSMENT_DECIDE)
    if actor.organisation_id != assessment.assessor_organisation_id:
        raise NotTheAssessorError()
    if assessment.state not in states:
        raise AssessmentStateError(state=assessment.state)


def _team(assessment: Assessment) -> list[int]:
    return [assessment.project.organisation_id]


def _note(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    act: str,
    now: datetime,
    tell: list[int],
    details: dict[str, Any] | None = None,
) -> None:
    session.flush()  # ids and states of this act are in the notice
    project = assessment.project
    for kind, subject in (("assessment", assessment.public_id), ("project", project.public_id)):
        record_act(
            session, actor=actor, action=f"assessment.{act}", subject_kind=kind, subject_id=subject, now=now,
            details={"assessment": assessment.public_id, **(details or {})},
        )  # fmt: skip
    notify(
        session, organisation_ids=tell, kind=f"assessment.{act}",
        parameters={"title_zh": project.title("zh"), "title_en": project.title("en")},
        url=f"/assessments/{assessment.public_id}",
        dedupe_key=f"{assessment.public_id}:{act}:{now.isoformat()}", now=now,
    )  # fmt: skip
