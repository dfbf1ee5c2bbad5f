"""Every SELECT of deal flow; `visible_mandates` and `visible_matches` are the scopes of all doors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.dealflow.errors import MandateNotFoundError
from marketplace.dealflow.models import BudgetUse, Mandate, ProjectCover, StoredMatch
from marketplace.dealflow.words import FUNDABLE_STATES
from marketplace.projects.models import Project
from marketplace.projects.queries import is_qualified, visible_projects, with_children


def visible_mandates(actor: Any) -> sa.Select[Mandate]:
    """One's own in every state; of others the active ones, as far as each says; the regulator reads all."""
    statement = sa.select(Mandate)
    if actor.organisation_kind == "regulator":
        return statement
    open_to = ("public", "verified") if actor.verified else ("public",)
    return statement.where(
        sa.or_(
            Mandate.organisation_id == actor.organisation_id,
            sa.and_(Mandate.state == "active", Mandate.visibility.in_(open_to)),
        )
    )


def reads_matches(actor: Any, mandate: Mandate) -> bool:
    """Matches, budget and weights are the funder's own; the regulator reads them too."""
    return mandate.organisation_id == actor.organisation_id or actor.organisation_kind == "regulator"


def get_mandate(session: orm.Session, *, actor: Any, public_id: str) -> Mandate:
    found = session.scalar(
        visible_mandates(actor).options(orm.joinedload(Mandate.organisation)).where(Mandate.public_id == public_id)
    )
    if found is None:
        raise MandateNotFoundError()
    return found


def find_mandate(session: orm.Session, *, mandate_id: int) -> Mandate | None:
    """One mandate by its database id, for handlers and jobs that act for the house."""
    return session.scalar(
        sa.select(Mandate).options(orm.joinedload(Mandate.organisation)).where(Mandate.id == mandate_id)
    )


def _listed(actor: Any, state: str | None, own: bool | None) -> sa.Select[Mandate]:
    """`own`: True for one's own only, False for those of others, None for both."""
    statement = visible_mandates(actor)
    if own is not None:
        mine = Mandate.organisation_id == actor.organisation_id
        statement = statement.where(mine if own else sa.not_(mine))
    return statement if state is None else statement.where(Mandate.state == state)


def list_mandates(
    session: orm.Session,
    *,
    actor: Any,
    state: str | None = None,
    own: bool | None = None,
    after_id: int | None = None,
    limit: int = 50,
) -> Sequence[Mandate]:
    statement = _listed(actor, state, own).options(orm.joinedload(Mandate.organisation))
    if after_id is not None:
        statement = statement.where(Mandate.id < after_id)
    return session.scalars(statement.order_by(Mandate.id.desc()).limit(limit)).all()


def count_mandates(session: orm.Session, *, actor: Any, state: str | None = None, own: bool | None = None) -> int:
    statement = _listed(actor, state, own).with_only_columns(Mandate.id)
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


def list_active_mandates(session: orm.Session) -> Sequence[Mandate]:
    """Every mandate that takes projects, for the jobs that act for the house."""
    statement = sa.select(Mandate).options(orm.joinedload(Mandate.organisation)).where(Mandate.state == "active")
    return session.scalars(statement.order_by(Mandate.id)).all()


def list_lapsed_mandates(session: orm.Session, *, today: date) -> Sequence[Mandate]:
    return session.scalars(
        sa.select(Mandate).where(Mandate.state.in_(("active", "paused")), Mandate.valid_to < today)
    ).all()


def list_fundable_projects(session: orm.Session) -> Sequence[Project]:
    """Every project that looks for money, with what matching reads."""
    statement = with_children(sa.select(Project).where(Project.state.in_(FUNDABLE_STATES)))
    return session.scalars(statement.order_by(Project.id)).unique().all()


def list_covered_ids(session: orm.Session, *, project_ids: Iterable[int]) -> set[int]:
    """Those of some projects whose policy was bound."""
    statement = sa.select(ProjectCover.project_id).where(ProjectCover.project_id.in_(list(project_ids)))
    return set(session.scalars(statement))


def visible_matches(actor: Any) -> sa.Select[StoredMatch]:
    """Matches of mandates whose matches the actor reads, with projects that it may see in full and that still look
    for money."""
    statement = sa.select(StoredMatch).join(StoredMatch.mandate).join(StoredMatch.project)
    if not is_qualified(actor):
        return statement.where(sa.false())
    if actor.organisation_kind != "regulator":
        statement = statement.where(Mandate.organisation_id == actor.organisation_id)
    seen = visible_projects(actor).with_only_columns(Project.id)
    return statement.where(
        Mandate.state == "active", Project.state.in_(FUNDABLE_STATES), StoredMatch.project_id.in_(seen)
    )


def _with_project(statement: sa.Select[StoredMatch]) -> sa.Select[StoredMatch]:
    return statement.options(
        orm.contains_eager(StoredMatch.mandate),
        orm.contains_eager(StoredMatch.project).joinedload(Project.organisation),
    )


def list_matches(
    session: orm.Session, *, actor: Any, mandate_id: int, limit: int = 50, offset: int = 0
) -> Sequence[StoredMatch]:
    """The best first; equal scores in the order of the projects."""
    return session.scalars(
        _with_project(visible_matches(actor).where(StoredMatch.mandate_id == mandate_id))
        .order_by(StoredMatch.score.desc(), StoredMatch.project_id)
        .limit(limit)
        .offset(offset)
    ).all()


def count_matches(session: orm.Session, *, actor: Any, mandate_ids: Iterable[int]) -> dict[int, int]:
    """How many matches of each mandate the actor may see."""
    statement = (
        visible_matches(actor)
        .where(StoredMatch.mandate_id.in_(list(mandate_ids)))
        .with_only_columns(StoredMatch.mandate_id, sa.func.count())
        .group_by(StoredMatch.mandate_id)
    )
    return dict(session.execute(statement).all())


def list_new_matches(session: orm.Session, *, actor: Any, limit: int = 6) -> Sequence[StoredMatch]:
    """The projects that entered the matches of the actor's own mandates last; for the home page."""
    return session.scalars(
        _with_project(visible_matches(actor).where(Mandate.organisation_id == actor.organisation_id))
        .order_by(StoredMatch.first_seen_at.desc(), StoredMatch.score.desc(), StoredMatch.id)
        .limit(limit)
    ).all()


def list_stored_of_mandate(session: orm.Session, *, mandate_id: int) -> Sequence[StoredMatch]:
    """The best first, for the jobs that keep them."""
    return session.scalars(
        sa.select(StoredMatch)
        .where(StoredMatch.mandate_id == mandate_id)
        .order_by(StoredMatch.score.desc(), StoredMatch.project_id)
    ).all()


def list_stored_of_project(session: orm.Session, *, project_id: int) -> Sequence[StoredMatch]:
    return session.scalars(sa.select(StoredMatch).where(StoredMatch.project_id == project_id)).all()


def list_unmatched_projects(session: orm.Session, *, actor: Any, mandate_id: int, limit: int = 50) -> Sequence[Project]:
    """Projects that look for money, that the actor sees in full and that are no match of the mandate: the newest."""
    if not is_qualified(actor):
        return []
    matched = sa.select(StoredMatch.project_id).where(StoredMatch.mandate_id == mandate_id)
    statement = with_children(
        visible_projects(actor).where(Project.state.in_(FUNDABLE_STATES), Project.id.not_in(matched))
    )
    return session.scalars(statement.order_by(Project.published_at.desc(), Project.id).limit(limit)).unique().all()


def find_budget_use(session: orm.Session, *, commitment_id: int) -> BudgetUse | None:
    return session.get(BudgetUse, commitment_id)


def find_cover(session: orm.Session, *, project_id: int) -> ProjectCover | None:
    return session.get(ProjectCover, project_id)


def find_paying_mandate(
    session: orm.Session, *, organisation_id: int, instrument: str, currency: str, mandate_id: int | None = None
) -> Mandate | None:
    """The mandate that a commitment draws on: the one it names, else the oldest one that offers its instrument."""
    rows = session.scalars(
        sa.select(Mandate)
        .where(Mandate.organisation_id == organisation_id, Mandate.currency == currency)
        .order_by(Mandate.state != "active", Mandate.id)
    ).all()
    if mandate_id is not None:
        return next((row for row in rows if row.id == mandate_id), None)
    return next((row for row in rows if instrument in row.instruments), None)


def moved_budget(*, mandate_id: int, delta_minor: int) -> sa.Update:
    """The remaining budget moved by a difference, whatever it is now."""
    return (
        sa.update(Mandate)
        .where(Mandate.id == mandate_id)
        .values(budget_remaining_minor=Mandate.budget_remaining_minor + delta_minor)
        .execution_options(synchronize_session=False)
    )


def find_known_match(session: orm.Session, *, actor: Any, project: Project) -> StoredMatch | None:
    """The first match of a project that the actor knows of: the team through visible mandates, a funder by its own."""
    if project.organisation_id == actor.organisation_id:
        seen = visible_mandates(actor).with_only_columns(Mandate.id)
        statement = sa.select(StoredMatch).join(StoredMatch.mandate).where(Mandate.id.in_(seen))
    elif actor.is_funder:
        statement = visible_matches(actor)
    else:
        return None
    return session.scalar(
        statement.options(orm.contains_eager(StoredMatch.mandate))
        .where(StoredMatch.project_id == project.id)
        .order_by(StoredMatch.first_seen_at, StoredMatch.id)
        .limit(1)
    )
