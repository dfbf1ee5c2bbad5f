"""The levels of a project as its standing assessment leaves them, and what happens when it lapses."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import orm

from marketplace.assessments import log_queries, queries
from marketplace.assessments.models import Assessment
from marketplace.assessments.rules import compute_levels, find_disputed_levels, list_set_aside
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone, end_of_day
from marketplace.notifications.services import notify
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from marketplace.projects.services import hold_project, record_levels

# How many days before its end an assessment is announced as ending.
REMINDER_DAYS = (60, 14)


def settle_levels(session: orm.Session, *, project: Project, assessment: Assessment, cause: str, now: datetime) -> None:
    """Write the levels that stand: judgements without those set aside by an upheld objection, lowest element."""
    ids = [element.id for element in project.elements]
    public_ids = {element.public_id: element.id for element in project.elements}
    levels = compute_levels(
        ids, assessment.judgements, set_aside=list_set_aside(assessment.disputes, element_ids=public_ids)
    )
    judged = {row.element_id for row in assessment.judgements}
    if levels.trl is None and judged.issuperset(ids):
        clear_levels(session, project=project, cause=cause, now=now, reference=assessment.public_id)
        return
    # An element that came after the judgements leaves the project without a level; the others keep theirs.
    for element in project.elements:
        trl, mrl = levels.by_element[element.id]
        element.trl_assessed, element.mrl_assessed = trl or None, mrl or None
    project.trl_assessed, project.mrl_assessed = levels.trl, levels.mrl
    project.levels_expire_on = assessment.expires_on
    project.trl_disputed_from, project.mrl_disputed_from = find_disputed_levels(
        assessment.disputes, trl=levels.trl, mrl=levels.mrl
    )
    project.trl_disputed = any(row.state == "open" for row in assessment.disputes)
    record_levels(session, project=project, cause=cause, now=now, reference=assessment.public_id)


def clear_levels(session: orm.Session, *, project: Project, cause: str, now: datetime, reference: str) -> None:
    """What is no longer assessed is claimed again."""
    project.trl_assessed = project.mrl_assessed = project.assessed_on = project.levels_expire_on = None
    project.trl_disputed, project.trl_disputed_from, project.mrl_disputed_from = False, None, None
    for element in project.elements:
        element.trl_assessed = element.mrl_assessed = None
    record_levels(session, project=project, cause=cause, now=now, reference=reference)


def expire_assessments(session: orm.Session, *, now: datetime) -> int:
    """Let assessments lapse whose last day is over; the levels of a project lapse with the one that stood."""
    lapsed = queries.list_lapsed_assessments(session, today=day_in_zone(now))
    projects = {
        number: find_project(session, project_id=number) for number in sorted({row.project_id for row in lapsed})
    }
    for project in projects.values():
        if project is not None:
            hold_project(session, project)  # all of them first, in the order of their ids, then the history
    for assessment in lapsed:
        session.refresh(assessment, ["state", "superseded_at"])
        assessment.state = "expired"
        project = projects[assessment.project_id]
        if project is None or not log_queries.is_last_signed(session, assessment=assessment):
            continue
        # The level ended with the assessment's last day, not when the job came to it.
        ended = min(now, end_of_day(assessment.expires_on)) if assessment.expires_on else now
        clear_levels(session, project=project, cause="lapse", now=ended, reference=assessment.public_id)
        for kind, subject in (("assessment", assessment.public_id), ("project", project.public_id)):
            record_act(
                session, actor=None, action="assessment.expired", subject_kind=kind, subject_id=subject, now=now,
                details={"assessment": assessment.public_id},
            )  # fmt: skip
        _announce(session, project=project, assessment=assessment, kind="assessment.expired", key="expired", now=now)
    return len(lapsed)


def remind_of_expiry(session: orm.Session, *, now: datetime) -> int:
    """Tell the teams whose assessment ends soon, once for each of the days before; returns how many are ending."""
    today = day_in_zone(now)
    ending = log_queries.list_ending_assessments(session, today=today, until=today + timedelta(days=max(REMINDER_DAYS)))
    for assessment in ending:
        if assessment.expires_on is None:
            continue
        left = (assessment.expires_on - today).days
        step = min(days for days in REMINDER_DAYS if left <= days)
        _announce(
            session, project=assessment.project, assessment=assessment, kind="assessment.expires_soon",
            key=f"soon:{step}", now=now,
        )  # fmt: skip
    return len(ending)


def _announce(
    session: orm.Session, *, project: Project, assessment: Assessment, kind: str, key: str, now: datetime
) -> None:
    notify(
        session, organisation_ids=[project.organisation_id], kind=kind,
        parameters={
            "title_zh": project.title("zh"), "title_en": project.title("en"),
            "day": assessment.expires_on.isoformat() if assessment.expires_on else "",
        },
        url=f"/assessments/{assessment.public_id}", dedupe_key=f"{assessment.public_id}:{key}", now=now,
    )  # fmt: skip
