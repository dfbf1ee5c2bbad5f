"""Evidence that the team lays before an assessor."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.errors import EvidenceInUseError, EvidenceInvalidError
from marketplace.assessments.models import Evidence
from marketplace.assessments.schemas import EvidenceSchema, read_values
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone
from marketplace.files.services import FileStore
from marketplace.projects.models import Project
from marketplace.projects.services.listing import require_owner
from risk.errors import RiskError
from risk.maturity import get_criterion


def add_evidence(
    session: orm.Session,
    *,
    actor: Any,
    project: Project,
    values: dict[str, Any],
    now: datetime,
    store: FileStore | None = None,
    stream: BinaryIO | None = None,
    file_name: str = "",
) -> Evidence:
    """One piece of evidence, with its file where there is one; raises EvidenceInvalidError or a file error."""
    require_permission(actor, Permission.PROJECT_EDIT)
    require_owner(actor, project)
    loaded = read_values(EvidenceSchema(), values, EvidenceInvalidError)
    _check(loaded, project=project, now=now)
    element = loaded.pop("element", None)
    evidence = Evidence(project_id=project.id, created_by=actor.user_public_id, created_at=now, **loaded)
    if element:
        evidence.element_id = next(row.id for row in project.elements if row.public_id == element)
    if store is not None and stream is not None:
        evidence.file_id = store.save(session, stream=stream, name=file_name, actor=actor, now=now).id
    session.add(evidence)
    session.flush()  # the caller shows its id
    record_act(
        session, actor=actor, action="evidence.added", subject_kind="project", subject_id=project.public_id, now=now,
        details={"evidence": evidence.public_id, "criterion": evidence.criterion},
    )  # fmt: skip
    return evidence


def _check(loaded: dict[str, Any], *, project: Project, now: datetime) -> None:
    errors = {}
    try:
        criterion = get_criterion(loaded["criterion"])
        if (criterion.scale, criterion.level) != (loaded["scale"], loaded["level"]):
            errors["criterion"] = "This criterion belongs to another level."
    except RiskError:
        errors["criterion"] = "Choose one of the options."
    if loaded.get("element") and loaded["element"] not in {row.public_id for row in project.elements}:
        errors["element"] = "Choose one of the options."
    if loaded["made_on"] > day_in_zone(now):
        errors["made_on"] = "Evidence cannot be of a day to come."
    if errors:
        raise EvidenceInvalidError(errors=errors)


def withdraw_evidence(session: orm.Session, *, actor: Any, project: Project, evidence: Evidence, now: datetime) -> None:
    """Take evidence back; what an assessment rests on stays."""
    require_permission(actor, Permission.PROJECT_EDIT)
    require_owner(actor, project)
    if evidence.withdrawn_at is not None:
        return
    if queries.is_cited(session, evidence_id=evidence.id):
        raise EvidenceInUseError()
    evidence.withdrawn_at = now
    session.flush()  # the list of this request is without it
    record_act(
        session, actor=actor, action="evidence.withdrawn", subject_kind="project", subject_id=project.public_id,
        now=now, details={"evidence": evidence.public_id},
    )  # fmt: skip
