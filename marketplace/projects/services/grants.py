"""Letting an organisation see more of a project than its kind would, and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import Permission
from marketplace.audit.services import record_act
from marketplace.notifications.services import notify
from marketplace.projects import queries
from marketplace.projects.errors import ProjectInvalidError
from marketplace.projects.models import Project, ProjectGrant
from marketplace.projects.services.listing import require_owner
from marketplace.projects.words import GRANT_LEVELS


def grant_access(
    session: orm.Session,
    *,
    actor: Any,
    project: Project,
    organisation: Organisation,
    level: str,
    now: datetime,
    basis: str = "",
) -> ProjectGrant:
    """The team opens its qualified fields or its room to one verified organisation."""
    require_permission(actor, Permission.PROJECT_EDIT)
    require_owner(actor, project)
    if level not in GRANT_LEVELS:
        raise ProjectInvalidError(errors={"level": "Choose one of the options."})
    if organisation.verification_state != "verified" or organisation.id == project.organisation_id:
        raise ProjectInvalidError(errors={"organisation": "Choose a verified organisation other than your own."})
    grant = queries.find_grant(session, project_id=project.id, organisation_id=organisation.id)
    if grant is None:
        grant = ProjectGrant(project_id=project.id, organisation_id=organisation.id)
        session.add(grant)
    grant.level, grant.basis, grant.granted_by = level, basis[:120], actor.user_public_id
    grant.granted_at, grant.revoked_at = now, None
    session.flush()  # the scope of the other organisation bites from here on
    _note(session, actor=actor, project=project, organisation=organisation, now=now, act="granted", level=level)
    notify(
        session, organisation_ids=[organisation.id], kind="project.access_granted",
        parameters={"title_zh": project.title("zh"), "title_en": project.title("en"), "level": level},
        url=f"/projects/{project.public_id}", dedupe_key=f"{grant.public_id}:{level}:{now.isoformat()}", now=now,
    )  # fmt: skip
    return grant


def revoke_access(
    session: orm.Session, *, actor: Any, project: Project, organisation: Organisation, now: datetime
) -> None:
    """Take a grant back; it bites on the next request."""
    require_permission(actor, Permission.PROJECT_EDIT)
    require_owner(actor, project)
    grant = queries.find_grant(session, project_id=project.id, organisation_id=organisation.id)
    if grant is None or grant.revoked_at is not None:
        return
    grant.revoked_at = now
    session.flush()  # later reads of this transaction must not see it
    _note(session, actor=actor, project=project, organisation=organisation, now=now, act="revoked", level=grant.level)


def _note(
    session: orm.Session,
    *,
    actor: Any,
    project: Project,
    organisation: Organisation,
    now: datetime,
    act: str,
    level: str,
) -> None:
    record_act(
        session, actor=actor, action=f"project.access_{act}", subject_kind="project", subject_id=project.public_id,
        now=now, details={"organisation": organisation.public_id, "level": level},
    )  # fmt: skip
