"""Writing a listing: a new draft, and changes of a draft."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation
from marketplace.audit.services import record_act
from marketplace.errors import NotFoundError
from marketplace.projects.errors import (
    NotTheOwnerError,
    ProjectChangedError,
    ProjectInvalidError,
    ProjectNotEditableError,
)
from marketplace.projects.models import (
    Approval,
    BudgetLine,
    FundingNeed,
    Milestone,
    Project,
    TechnologyElement,
)
from marketplace.projects.queries import list_cited_ids
from marketplace.projects.rules import find_contradictions, find_lowest_level, find_row_contradictions
from marketplace.projects.schemas import raise_invalid, read_project
from marketplace.projects.search import build_search_text
from marketplace.projects.services.levels import record_levels
from marketplace.projects.services.locking import hold_project
from marketplace.projects.states import EDITABLE

CHILD_CLASSES: dict[str, type[Any]] = {
    "budget_lines": BudgetLine,
    "funding_needs": FundingNeed,
    "milestones": Milestone,
    "elements": TechnologyElement,
    "approvals": Approval,
}
_CODE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def create_project(
    session: orm.Session, *, actor: Any, now: datetime, values: dict[str, Any], code: str | None = None
) -> Project:
    """A new draft of the actor's team; raises ProjectInvalidError naming every wrong field."""
    require_permission(actor, Permission.PROJECT_EDIT)
    loaded = read_project(values)
    if not loaded.get("sector"):
        raise ProjectInvalidError(errors={"sector": "Choose one of the options."})
    if not loaded.get("title_zh") and not loaded.get("title_en"):
        raise ProjectInvalidError(errors={"title_zh": "Give the project a title."})
    project = Project(
        code=code or "p-" + "".join(secrets.choice(_CODE_ALPHABET) for _ in range(8)),
        organisation_id=actor.organisation_id, sector=loaded["sector"], created_at=now, updated_at=now,
        title_zh="", title_en="", summary_zh="", summary_en="", state="draft", currency="CNY", visibility="teaser",
        total_budget_minor=0, budget_lines=[], funding_needs=[], milestones=[], elements=[], approvals=[],
    )  # fmt: skip
    session.add(project)
    _apply(session, actor=actor, project=project, loaded=loaded)
    session.flush()  # the caller needs the public id, and the database its say
    record_levels(session, project=project, cause="listing", now=now)
    record_act(
        session, actor=actor, action="project.created", subject_kind="project", subject_id=project.public_id, now=now,
        details={"code": project.code},
    )  # fmt: skip
    return project


def edit_project(
    session: orm.Session,
    *,
    actor: Any,
    project: Project,
    now: datetime,
    values: dict[str, Any],
    seen_at: datetime | None = None,
) -> Project:
    """Change a draft; only the fields named in `values`. `seen_at` refuses to overwrite a later change."""
    require_permission(actor, Permission.PROJECT_EDIT)
    require_owner(actor, project)
    hold_project(session, project)
    if project.state not in EDITABLE:
        raise ProjectNotEditableError(state=project.state)
    if seen_at is not None and project.updated_at != seen_at:
        raise ProjectChangedError()
    loaded = read_project(values)
    _apply(session, actor=actor, project=project, loaded=loaded)
    project.updated_at = now
    session.flush()  # the ids of new rows
    record_levels(session, project=project, cause="listing", now=now)
    record_act(
        session, actor=actor, action="project.edited", subject_kind="project", subject_id=project.public_id, now=now,
        details={"fields": sorted(loaded)},
    )  # fmt: skip
    return project


def require_owner(actor: Any, project: Project) -> None:
    """Raise NotTheOwnerError for anybody outside the team."""
    if actor.organisation_id != project.organisation_id:
        raise NotTheOwnerError()


def _apply(session: orm.Session, *, actor: Any, project: Project, loaded: dict[str, Any]) -> None:
    raise_invalid(find_row_contradictions(loaded))
    for name, value in loaded.items():
        if name in CHILD_CLASSES:
            _replace_children(session, project=project, name=name, rows=value)
            if name == "elements":
                _settle_elements(project)
        elif name == "pilot_centre":
            project.pilot_centre_id = _find_centre(session, actor=actor, public_id=value)
        elif name == "failure_menu":
            project.failure_menu = dict(value)
        else:
            setattr(project, name, value)
    project.total_budget_minor = sum(line.amount_minor for line in project.budget_lines)
    project.search_text = build_search_text(
        project.title_zh, project.title_en, project.summary_zh, project.summary_en, project.scale_up_step_zh,
        project.scale_up_step_en, project.code,
    )  # fmt: skip
    raise_invalid(find_contradictions(project))


def _settle_elements(project: Project) -> None:
    """An element that nobody assessed leaves the project without an assessed level until it is assessed or dropped."""
    if any(element.trl_assessed is not None for element in project.elements):
        project.trl_assessed = find_lowest_level(element.trl_assessed for element in project.elements)
        project.mrl_assessed = find_lowest_level(element.mrl_assessed for element in project.elements)


def _replace_children(session: orm.Session, *, project: Project, name: str, rows: list[dict[str, Any]]) -> None:
    """Rows with an `id` stay and are changed, rows without are new, rows not named go."""
    held = {child.public_id: child for child in getattr(project, name)}
    kept = []
    for index, row in enumerate(rows):
        public_id = row.get("id")
        if public_id and public_id not in held:
            raise ProjectInvalidError(errors={f"{name}.{index}.id": "This row is not part of the project."})
        child = held.pop(public_id) if public_id else CHILD_CLASSES[name]()
        for key, value in row.items():
            if key != "id":
                setattr(child, key, value)
        kept.append(child)
    _require_droppable(session, name=name, children=held.values())
    for child in held.values():
        getattr(project, name).remove(child)
        session.delete(child)
    session.flush()  # what goes must be gone before a new row takes its unique code
    for child in kept:
        if child not in getattr(project, name):
            getattr(project, name).append(child)


def _require_droppable(session: orm.Session, *, name: str, children: Iterable[Any]) -> None:
    """What others wrote about a row keeps it on the listing."""
    rows = {child.id: child for child in children}
    cited = list_cited_ids(session, table=CHILD_CLASSES[name].__table__, ids=rows)
    if not cited:
        return
    raise ProjectInvalidError(
        errors={
            name: "Judgements, evidence or reports rest on a row that was taken out; it stays, and may be changed."
        },
        rows=[rows[number].public_id for number in sorted(cited)],
    )


def _find_centre(session: orm.Session, *, actor: Any, public_id: str | None) -> int | None:
    if not public_id:
        return None
    try:
        organisation = get_organisation(session, actor=actor, public_id=public_id)
    except NotFoundError:
        organisation = None
    if organisation is None or organisation.kind != "pilot_centre":
        raise ProjectInvalidError(errors={"pilot_centre": "Choose one of the options."})
    return organisation.id
