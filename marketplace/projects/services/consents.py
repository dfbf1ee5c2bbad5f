"""Whom a team lets read its scores: by name or by kind, given and taken back, never by anybody else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import Permission
from marketplace.audit.services import record_act
from marketplace.db import lock_rows
from marketplace.events import ScoreConsentChanged, record_event
from marketplace.notifications.services import notify
from marketplace.projects import queries
from marketplace.projects.errors import ConsentInvalidError
from marketplace.projects.models import Project, ScoreConsent
from marketplace.projects.services.listing import require_owner
from marketplace.projects.words import SCORE_READER_KINDS


def grant_score_consent(
    session: orm.Session,
    *,
    actor: Any,
    project: Project,
    now: datetime,
    organisation: Organisation | None = None,
    organisation_kind: str | None = None,
    basis: str = "team",
) -> ScoreConsent:
    """Let one verified organisation, or every verified one of a kind, read the scores; given once however often.

    Raises ConsentInvalidError naming `recipient` where neither or both are named, the organisation is the team's own
    or is not verified, or the kind is not one that reads scores.
    """
    require_permission(actor, Permission.PROJECT_EDIT)
    require_owner(actor, project)
    _check_recipient(project, organisation, organisation_kind)
    # Two acts of one team at once would otherwise both find that nothing stands.
    session.execute(lock_rows(session, queries.select_project_id(project_id=project.id)))
    standing = queries.find_standing_consent(
        session, project_id=project.id, organisation_id=organisation.id if organisation else None,
        organisation_kind=organisation_kind,
    )  # fmt: skip
    if standing is not None:
        return standing
    consent = ScoreConsent(
        project_id=project.id, organisation=organisation, organisation_kind=organisation_kind, basis=basis,
        granted_by=actor.user_public_id, granted_at=now,
    )  # fmt: skip
    session.add(consent)
    session.flush()  # the other side may read from here on
    _note(session, actor=actor, project=project, consent=consent, now=now, act="granted")
    if organisation is not None:
        notify(
            session, organisation_ids=[organisation.id], kind="score.opened", now=now,
            parameters={"title_zh": project.title("zh"), "title_en": project.title("en")},
            url=f"/projects/{project.public_id}/score", dedupe_key=f"score.opened:{consent.public_id}",
        )  # fmt: skip
    return consent


def revoke_score_consent(
    session: orm.Session, *, actor: Any, project: Project, consent: ScoreConsent, now: datetime
) -> None:
    """Take a consent back; it bites on the next request, the row stays as history."""
    require_permission(actor, Permission.PROJECT_EDIT)
    require_owner(actor, project)
    if consent.revoked_at is not None:
        return
    consent.revoked_by, consent.revoked_at = actor.user_public_id, now
    session.flush()  # later reads of this transaction must not see it
    _note(session, actor=actor, project=project, consent=consent, now=now, act="revoked")


def _check_recipient(project: Project, organisation: Organisation | None, organisation_kind: str | None) -> None:
    if (organisation is None) == (organisation_kind is None):
        raise ConsentInvalidError(errors={"recipient": "Choose one organisation, or one kind of organisation."})
    if organisation_kind is not None and organisation_kind not in SCORE_READER_KINDS:
        raise ConsentInvalidError(errors={"recipient": "Choose one of the options."})
    if organisation is not None and (
        organisation.verification_state != "verified" or organisation.id == project.organisation_id
    ):
        raise ConsentInvalidError(errors={"recipient": "Choose a verified organisation other than your own."})


def _note(
    session: orm.Session, *, actor: Any, project: Project, consent: ScoreConsent, now: datetime, act: str
) -> None:
    recipient = consent.organisation.public_id if consent.organisation else consent.organisation_kind
    record_act(
        session, actor=actor, action=f"score.consent_{act}", subject_kind="project", subject_id=project.public_id,
        now=now, details={"consent": consent.public_id, "recipient": recipient, "basis": consent.basis},
    )  # fmt: skip
    record_event(session, ScoreConsentChanged(project_id=project.id))
