"""Moving a project along its states."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_memberships_of
from marketplace.audit.services import record_act
from marketplace.db import lock_rows
from marketplace.events import ProjectStateChanged, record_event
from marketplace.notifications.services import notify
from marketplace.projects.errors import (
    NotTheOwnerError,
    ProjectIncompleteError,
    ProjectInvalidError,
    ProjectMoveRefusedError,
    SamePersonError,
)
from marketplace.projects.fields import clean_text
from marketplace.projects.models import Project
from marketplace.projects.rules import find_gaps
from marketplace.projects.states import HOUSE, OPERATOR, TEAM, may_move, needs_reason

_REASON_LIMIT = 1000


def find_mover(actor: Any, project: Project) -> str:
    """In which capacity an actor moves this project; None is the house itself, from a handler or a job."""
    if actor is None:
        return HOUSE
    if actor.organisation_id == project.organisation_id:
        require_permission(actor, Permission.PROJECT_EDIT)
        return TEAM
    if actor.can(Permission.PROJECT_VERIFY):
        return OPERATOR
    raise NotTheOwnerError()


def move_project(
    session: orm.Session, *, actor: Any, project: Project, state: str, now: datetime, reason: str = ""
) -> Project:
    """Take the project to a state; raises ProjectMoveRefusedError, ProjectIncompleteError or SamePersonError."""
    mover = find_mover(actor, project)
    _lock(session, project)
    before = project.state
    if not may_move(before, state, mover):
        raise ProjectMoveRefusedError(state=before, wanted=state)
    text = _read_reason(reason, needed=needs_reason(before, state, mover))
    if state == "submitted":
        gaps = find_gaps(project)
        if gaps:
            raise ProjectIncompleteError(errors={gap.field: gap.message for gap in gaps})
        project.submitted_by = actor.user_public_id
    if mover == OPERATOR and before == "submitted":
        _require_second_person(session, actor=actor, project=project)
    if state == "verified":
        project.verified_by = actor.user_public_id
    if state == "published" and project.published_at is None:
        project.published_at = now
    project.state, project.state_reason, project.updated_at = state, text, now
    session.flush()  # the next reader of this transaction sees the state
    record_act(
        session, actor=actor, action=f"project.{state}", subject_kind="project", subject_id=project.public_id, now=now,
        details={"from": before, "reason": text},
    )  # fmt: skip
    record_event(session, ProjectStateChanged(project_id=project.id, state=state))
    if mover != TEAM:
        notify(
            session, organisation_ids=[project.organisation_id], kind=f"project.{state}",
            parameters={"title_zh": project.title("zh"), "title_en": project.title("en"), "reason": text},
            url=f"/projects/{project.public_id}", dedupe_key=f"{project.public_id}:{state}:{now.isoformat()}", now=now,
        )  # fmt: skip
    return project


def _lock(session: orm.Session, project: Project) -> None:
    """Two moves at once: the second reads the state that the first left."""
    statement = sa.select(Project.state).where(Project.id == project.id)
    state = session.scalar(lock_rows(session, statement))
    if state is not None and state != project.state:
        project.state = state


def _read_reason(reason: str, *, needed: bool) -> str:
    text = clean_text(reason)
    if text is None or len(text) > _REASON_LIMIT:
        raise ProjectInvalidError(errors={"reason": "This text is too long."})
    if needed and not text:
        raise ProjectInvalidError(errors={"reason": "Say why; the team and the history keep it."})
    return text


def _require_second_person(session: orm.Session, *, actor: Any, project: Project) -> None:
    """Whoever submitted, or belongs to the team, does not verify."""
    mine = {membership.organisation_id for membership in list_memberships_of(session, user_id=actor.user_id)}
    if actor.user_public_id == project.submitted_by or project.organisation_id in mine:
        raise SamePersonError()
