"""The list of projects: filters, allowed sort orders and the cursor of a page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.projects.errors import CursorStaleError, FilterUnknownError, SortUnknownError, TooManyClausesError
from marketplace.projects.models import FundingNeed, Project
from marketplace.projects.queries import (
    granted_projects,
    is_qualified,
    reads_score,
    visible_projects,
    with_children,
)
from marketplace.projects.search import list_query_tokens
from marketplace.projects.words import INSTRUMENTS, PROJECT_STATES, SECTORS

BANDS = ("low", "moderate", "elevated", "high", "very_high")
QUERY_TOKENS_MAX = 20
_FAR = date(9999, 12, 31)


@dataclass(frozen=True)
class ProjectFilter:
    """What a reader asks for: AND between the facets, OR within each."""

    q: str = ""
    sectors: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    trl_from: int | None = None
    trl_to: int | None = None
    instruments: tuple[str, ...] = ()
    amount_from_minor: int | None = None
    amount_to_minor: int | None = None
    bands: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    own: bool = False
    sort: str = "-published"
    # The day whose levels count: an assessed level that has lapsed is none.
    on: date = field(default_factory=lambda: clock.day_in_zone(clock.now()))

    def __post_init__(self) -> None:
        for name, values, known in (
            ("sector", self.sectors, SECTORS), ("instrument", self.instruments, INSTRUMENTS),
            ("band", self.bands, BANDS), ("state", self.states, PROJECT_STATES),
        ):  # fmt: skip
            if any(value not in known for value in values):
                raise FilterUnknownError(field=name)
        if any(not (code.isascii() and code.isdigit() and len(code) in (2, 4, 6)) for code in self.regions):
            raise FilterUnknownError(field="region")
        if self.sort.removeprefix("-") not in _SORTS:
            raise SortUnknownError(field="sort")
        if len(self.tokens) > QUERY_TOKENS_MAX:
            raise TooManyClausesError(field="q")

    @property
    def tokens(self) -> list[str]:
        return list_query_tokens(self.q)


@dataclass(frozen=True)
class ProjectPage:
    """Some rows, how many there are in all, and where the list goes on."""

    rows: Sequence[Project]
    total: int
    next_cursor: str | None


def _nearest_deadline() -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.min(FundingNeed.deadline)).where(FundingNeed.project_id == Project.id).scalar_subquery()


def _ask() -> sa.ScalarSelect[Any]:
    total = sa.func.coalesce(sa.func.sum(FundingNeed.amount_minor), 0)
    return sa.select(total).where(FundingNeed.project_id == Project.id).scalar_subquery()


def _deciding_level(on: date) -> sa.ColumnElement[int | None]:
    """`Project.deciding_levels` in SQL: the assessed TRL that stands on the day, else the claimed one."""
    stands = sa.or_(Project.levels_expire_on.is_(None), Project.levels_expire_on >= on)
    return sa.func.coalesce(sa.case((stands, Project.trl_assessed)), Project.trl_claimed)


def _read_whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**62:
        raise ValueError(value)
    return value


def _read_share(value: Any) -> str:
    if not isinstance(value, str) or not value.replace(".", "", 1).isascii() or not value.replace(".", "", 1).isdigit():
        raise ValueError(value)
    return value


# Sort name: the expression and how its value is read back from a cursor. Nothing else reaches ORDER BY.
_SORTS: dict[str, tuple[Any, Any]] = {
    "published": (
        lambda _actor, _on: sa.func.coalesce(Project.published_at, Project.created_at),
        datetime.fromisoformat,
    ),
    "amount": (lambda _actor, _on: Project.total_budget_minor, _read_whole),
    "deadline": (
        lambda _actor, _on: sa.func.coalesce(_nearest_deadline(), sa.literal(_FAR, sa.Date())),
        date.fromisoformat,
    ),
    "level": (lambda _actor, on: sa.func.coalesce(_deciding_level(on), 0), _read_whole),
    # A score that the reader may not see sorts as one that is not there.
    "risk": (
        lambda actor, _on: sa.case((reads_score(actor), sa.func.coalesce(Project.score_probability, "9")), else_="9"),
        _read_share,
    ),
}
# Orders over fields that a teaser does not show are open only to those who see these fields everywhere.
_QUALIFIED_SORTS = ("deadline", "risk")


def _fields_readable(actor: Any) -> sa.ColumnElement[bool]:
    """Where the actor reads the qualified fields: a filter on them must not tell more than the page."""
    if is_qualified(actor):
        return sa.true()
    if actor is None:
        return sa.false()
    return sa.or_(
        Project.organisation_id == actor.organisation_id,
        Project.pilot_centre_id == actor.organisation_id,
        Project.id.in_(granted_projects(actor.organisation_id)),
    )


def filtered_projects(wanted: ProjectFilter, actor: Any) -> sa.Select[Project]:
    """The visible projects that a filter asks for; access control is part of the statement."""
    statement = visible_projects(actor)
    for token in wanted.tokens:
        # A token is letters and figures only, so nothing in it can act as a pattern.
        statement = statement.where(Project.search_text.contains(f" {token} ", autoescape=True))
    if wanted.sectors:
        statement = statement.where(Project.sector.in_(wanted.sectors))
    if wanted.regions:
        statement = statement.where(sa.or_(*(Project.region_code.startswith(code) for code in wanted.regions)))
    level = _deciding_level(wanted.on)
    if wanted.trl_from is not None:
        statement = statement.where(level >= wanted.trl_from)
    if wanted.trl_to is not None:
        statement = statement.where(level <= wanted.trl_to)
    if wanted.states:
        statement = statement.where(Project.state.in_(wanted.states))
    if wanted.own:
        statement = statement.where(Project.organisation_id == (actor.organisation_id if actor else -1))
    return _filter_qualified(statement, wanted, actor)


def _filter_qualified(statement: sa.Select[Project], wanted: ProjectFilter, actor: Any) -> sa.Select[Project]:
    clauses: list[sa.ColumnElement[bool]] = []
    if wanted.instruments:
        clauses.append(
            sa.exists().where(FundingNeed.project_id == Project.id, FundingNeed.instrument.in_(wanted.instruments))
        )
    if wanted.amount_from_minor is not None:
        clauses.append(_ask() >= wanted.amount_from_minor)
    if wanted.amount_to_minor is not None:
        clauses.append(_ask() <= wanted.amount_to_minor)
    if wanted.bands:
        clauses += [Project.score_band.in_(wanted.bands), reads_score(actor)]
    return statement.where(_fields_readable(actor), *clauses) if clauses else statement


def list_projects(
    session: orm.Session, *, actor: Any, wanted: ProjectFilter, limit: int = 20, cursor: str | None = None
) -> ProjectPage:
    """One page of the filtered projects, with what a list shows of each loaded."""
    name, descending = wanted.sort.removeprefix("-"), wanted.sort.startswith("-")
    if name in _QUALIFIED_SORTS and not is_qualified(actor):
        raise SortUnknownError(field="sort")
    make_key, read = _SORTS[name]
    key = make_key(actor, wanted.on)
    statement = filtered_projects(wanted, actor)
    total = session.scalar(sa.select(sa.func.count()).select_from(statement.order_by(None).subquery())) or 0
    if cursor:
        statement = statement.where(_after(key, descending, *_read_cursor(cursor, wanted.sort, read)))
    order = (key.desc(), Project.id.desc()) if descending else (key.asc(), Project.id.asc())
    loaded = with_children(statement).order_by(*order).limit(limit + 1)
    found = session.execute(loaded.add_columns(key.label("sort_key"))).unique().all()
    more = len(found) > limit
    page = found[:limit]
    return ProjectPage(
        rows=[row[0] for row in page],
        total=total,
        next_cursor=_write_cursor(wanted.sort, page[-1][1], page[-1][0].id) if more else None,
    )


def list_all_projects(session: orm.Session, *, actor: Any, wanted: ProjectFilter, limit: int = 5000) -> list[Project]:
    """Every filtered row in the order of the page, for an export."""
    rows: list[Project] = []
    cursor: str | None = None
    while len(rows) < limit:
        page = list_projects(session, actor=actor, wanted=wanted, limit=500, cursor=cursor)
        rows.extend(page.rows)
        cursor = page.next_cursor
        if cursor is None:
            break
    return rows[:limit]


def _after(key: Any, descending: bool, value: Any, last_id: int) -> sa.ColumnElement[bool]:
    beyond = key < value if descending else key > value
    beyond_id = Project.id < last_id if descending else Project.id > last_id
    return sa.or_(beyond, sa.and_(key == value, beyond_id))


def _write_cursor(sort: str, value: Any, last_id: int) -> str:
    text = value.isoformat() if isinstance(value, (date, datetime)) else value
    return base64.urlsafe_b64encode(json.dumps([sort, text, last_id]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str, read: Any) -> tuple[Any, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, text, last_id = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        if made_for != sort:
            raise ValueError(sort)
        value, last_id = read(text), _read_whole(last_id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise CursorStaleError(field="cursor") from error
    return value, last_id
