"""Results of milestones: data handed over by those who run the test, decided by two who gain nothing from it."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.errors import (
    GainsFromResultError,
    HashMismatchError,
    MilestoneInvalidError,
    MilestoneStateError,
    NotEngagedError,
)
from marketplace.assessments.models import MilestoneDecision, MilestoneReport
from marketplace.assessments.schemas import MilestoneDecisionSchema, MilestoneReportSchema, read_values
from marketplace.assessments.services.common import require_independence
from marketplace.assessments.words import DECIDER_KINDS
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone
from marketplace.db import lock_rows
from marketplace.events import MilestoneDecided, record_event
from marketplace.files.errors import EmptyFileError, FileTooLargeError
from marketplace.files.services import FileStore
from marketplace.notifications.services import notify
from marketplace.projects.models import Milestone, Project
from marketplace.projects.queries import find_grant
from marketplace.projects.services import grant_access

# In these a run may be reported: the first time, or again after a result that allows a retest.
REPORTABLE = ("planned", "reported", "conditional", "partial", "failed", "void")
# A project whose result counts: before the money is in there is nothing to decide, afterwards it is over.
RUNNING_STATES = ("published", "in_funding", "funded", "in_pilot", "extended", "disputed")


def engage_decider(
    session: orm.Session, *, actor: Any, project: Project, organisation: Organisation, now: datetime
) -> None:
    """The team engages a testing body or an assessor for its milestones, and opens its room to it."""
    if organisation.kind not in DECIDER_KINDS:
        raise MilestoneInvalidError(errors={"organisation": "Choose a testing body or an assessor."})
    require_independence(session, organisation_id=organisation.id, project=project)
    grant_access(
        session, actor=actor, project=project, organisation=organisation, level="room", now=now,
        basis="milestone decider",
    )  # fmt: skip


def report_milestone(
    session: orm.Session,
    *,
    actor: Any,
    project: Project,
    milestone: Milestone,
    values: dict[str, Any],
    store: FileStore,
    stream: BinaryIO,
    file_name: str,
    now: datetime,
) -> MilestoneReport:
    """Hand over sealed data with their hash; it decides nothing. Earlier findings no longer stand."""
    require_permission(actor, Permission.MILESTONE_REPORT)
    if actor.organisation_id not in (project.organisation_id, project.pilot_centre_id):
        raise NotEngagedError("Only the team and its pilot centre hand over data.")
    _lock(session, milestone)
    if milestone.state not in REPORTABLE or project.state not in RUNNING_STATES:
        raise MilestoneStateError(state=milestone.state)
    loaded = read_values(MilestoneReportSchema(), values, MilestoneInvalidError)
    if loaded["run_ended_on"] > day_in_zone(now):
        raise MilestoneInvalidError(errors={"run_ended_on": "The run has not ended yet."})
    content = _read_sealed(stream, store=store, stated=loaded["stated_sha256"])
    stored = store.save(session, stream=io.BytesIO(content), name=file_name, actor=actor, now=now)
    report = MilestoneReport(
        milestone_id=milestone.id, organisation_id=actor.organisation_id, file_id=stored.id,
        reported_by=actor.user_public_id, reported_at=now, **loaded,
    )  # fmt: skip
    session.add(report)
    for decision in queries.list_decisions(session, milestone_id=milestone.id, standing_only=True):
        decision.superseded_at = now
    milestone.state, milestone.decided_on = "reported", None
    session.flush()  # the caller shows the report
    _note(session, actor=actor, project=project, milestone=milestone, act="reported", now=now,
          details={"report": report.public_id, "sha256": stored.sha256})  # fmt: skip
    return report


def _read_sealed(stream: BinaryIO, *, store: FileStore, stated: str) -> bytes:
    """The bytes, once they are known to be those that were sealed."""
    content = stream.read(store.limit_bytes + 1)
    if len(content) > store.limit_bytes:
        raise FileTooLargeError(field="file", limit_bytes=store.limit_bytes)
    if not content:
        raise EmptyFileError(field="file")
    found = hashlib.sha256(content).hexdigest()
    if found != stated:
        raise HashMismatchError(field="stated_sha256", found=found)
    return content


def decide_milestone(
    session: orm.Session, *, actor: Any, project: Project, milestone: Milestone, values: dict[str, Any], now: datetime
) -> MilestoneDecision:
    """The finding of one decider; when the testing body and the assessor find the same, the milestone is decided."""
    require_permission(actor, Permission.MILESTONE_DECIDE)
    require_decider(session, actor=actor, project=project)
    _lock(session, milestone)
    if milestone.state != "reported":
        raise MilestoneStateError(state=milestone.state)
    loaded = read_values(MilestoneDecisionSchema(), values, MilestoneInvalidError)
    reports = queries.list_reports(session, milestone_id=milestone.id)
    if loaded["decided_on"] > day_in_zone(now) or loaded["decided_on"] < reports[0].run_ended_on:
        message = "A result is decided after the run, and not on a day to come."
        raise MilestoneInvalidError(errors={"decided_on": message})
    standing = {row.decider_kind: row for row in queries.list_decisions(
        session, milestone_id=milestone.id, standing_only=True)}  # fmt: skip
    earlier = standing.pop(actor.organisation_kind, None)
    if earlier is not None:
        earlier.superseded_at = now
    quantity = milestone.threshold.get("quantity") if milestone.threshold else None
    measured = loaded.pop("measured_value", None)
    decision = MilestoneDecision(
        milestone_id=milestone.id, organisation_id=actor.organisation_id, decider_kind=actor.organisation_kind,
        decided_by=actor.user_public_id, decided_at=now,
        measured={quantity or "value": measured} if measured is not None else {}, **loaded,
    )  # fmt: skip
    session.add(decision)
    session.flush()  # the other finding is compared with this one
    _note(session, actor=actor, project=project, milestone=milestone, act="finding", now=now,
          details={"result": decision.result})  # fmt: skip
    other = next(iter(standing.values()), None)
    if other is not None and other.result == decision.result:
        _conclude(session, project=project, milestone=milestone, decisions=(other, decision), now=now)
    return decision


def require_decider(session: orm.Session, *, actor: Any, project: Project) -> None:
    """Raise unless the actor's organisation may find on this project's milestones."""
    interested = (project.organisation_id, project.pilot_centre_id)
    if actor.organisation_id in interested or actor.organisation_kind not in DECIDER_KINDS:
        raise GainsFromResultError()
    if queries.share_members(
        session, first=actor.organisation_id, others=[number for number in interested if number is not None]
    ):
        raise GainsFromResultError()
    grant = find_grant(session, project_id=project.id, organisation_id=actor.organisation_id)
    if grant is None or grant.revoked_at is not None or grant.level != "room":
        raise NotEngagedError()


def _conclude(
    session: orm.Session,
    *,
    project: Project,
    milestone: Milestone,
    decisions: tuple[MilestoneDecision, MilestoneDecision],
    now: datetime,
) -> None:
    milestone.state = decisions[0].result
    milestone.decided_on = max(decision.decided_on for decision in decisions)
    session.flush()  # the handlers of the event read the state
    _note(session, actor=None, project=project, milestone=milestone, act=milestone.state, now=now)
    record_event(
        session,
        MilestoneDecided(
            project_id=project.id, milestone_id=milestone.id, result=milestone.state, decided_on=milestone.decided_on
        ),
    )


def _lock(session: orm.Session, milestone: Milestone) -> None:
    """Two findings at once: the second waits and then sees the first."""
    session.execute(lock_rows(session, sa.select(Milestone.id).where(Milestone.id == milestone.id)))
    session.refresh(milestone)


def _note(
    session: orm.Session,
    *,
    actor: Any,
    project: Project,
    milestone: Milestone,
    act: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    for kind, subject in (("milestone", milestone.public_id), ("project", project.public_id)):
        record_act(
            session, actor=actor, action=f"milestone.{act}", subject_kind=kind, subject_id=subject, now=now,
            details={"code": milestone.code, **(details or {})},
        )  # fmt: skip
    tell = {project.organisation_id, *([project.pilot_centre_id] if project.pilot_centre_id else [])}
    notify(
        session, organisation_ids=tell, kind=f"milestone.{act}",
        parameters={"title_zh": project.title("zh"), "title_en": project.title("en"), "code": milestone.code},
        url=f"/projects/{project.public_id}/milestones/{milestone.public_id}",
        dedupe_key=f"{milestone.public_id}:{act}:{now.isoformat()}", now=now,
    )  # fmt: skip
