"""Requests and quotes; `visible_requests` and `readable_quotes` are the scopes of all doors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.insurance.errors import InsuranceNotFoundError
from marketplace.insurance.models import (
    Quote,
    QuoteRequest,
)
from marketplace.insurance.queries.panels import OVERSEERS, followed_quotes, panel_lines
from marketplace.projects.queries import list_score_read_ids

# Quotes that still wait for something.
OPEN_QUOTES = ("draft", "priced", "referred", "offered")


def visible_requests(actor: Any) -> sa.Select[QuoteRequest]:
    """The applicant, the insurers that were asked, the named broker, and the overseers."""
    statement = sa.select(QuoteRequest)
    if actor.organisation_kind in OVERSEERS:
        return statement
    asked = sa.select(Quote.request_id).where(Quote.insurer_organisation_id == actor.organisation_id)
    return statement.where(
        sa.or_(
            QuoteRequest.organisation_id == actor.organisation_id,
            QuoteRequest.broker_organisation_id == actor.organisation_id,
            QuoteRequest.id.in_(asked),
        )
    )


def _with_project(statement: sa.Select[QuoteRequest]) -> sa.Select[QuoteRequest]:
    return statement.options(orm.joinedload(QuoteRequest.project), orm.joinedload(QuoteRequest.organisation))


def get_request(session: orm.Session, *, actor: Any, public_id: str) -> QuoteRequest:
    found = session.scalar(_with_project(visible_requests(actor)).where(QuoteRequest.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def list_requests(
    session: orm.Session, *, actor: Any, project_id: int | None = None, after_id: int | None = None, limit: int = 100
) -> Sequence[QuoteRequest]:
    """Newest first."""
    statement = _with_project(visible_requests(actor)).order_by(QuoteRequest.id.desc()).limit(limit)
    if project_id is not None:
        statement = statement.where(QuoteRequest.project_id == project_id)
    if after_id is not None:
        statement = statement.where(QuoteRequest.id < after_id)
    return session.scalars(statement).all()


def count_requests(session: orm.Session, *, actor: Any) -> int:
    statement = visible_requests(actor).with_only_columns(QuoteRequest.id)
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


def visible_quotes(actor: Any) -> sa.Select[Quote]:
    """Sealed: an insurer sees its own; the applicant and the named broker all of a request once they say something.

    The operator and the regulator see all, so that refusals and adverse selection show.
    """
    statement = sa.select(Quote).join(Quote.request)
    if actor.organisation_kind in OVERSEERS:
        return statement
    said = Quote.state.not_in(("draft", "priced"))
    return statement.where(
        sa.or_(
            Quote.insurer_organisation_id == actor.organisation_id,
            sa.and_(
                said,
                sa.or_(
                    QuoteRequest.organisation_id == actor.organisation_id,
                    QuoteRequest.broker_organisation_id == actor.organisation_id,
                ),
            ),
        )
    )


def readable_quotes(actor: Any) -> sa.Select[Quote]:
    """What `visible_quotes` holds, and the quote of a panel for its followers.

    A follower whose own quote for the same cover is still open does not see the lead's: prices stay sealed.
    """
    if actor.organisation_kind in OVERSEERS:
        return visible_quotes(actor)
    own = orm.aliased(Quote)
    rival = sa.exists().where(
        own.request_id == Quote.request_id,
        own.insurer_organisation_id == actor.organisation_id,
        own.state.in_(OPEN_QUOTES),
        own.id != Quote.id,
    )
    listed = visible_quotes(actor).with_only_columns(Quote.id)
    followed = sa.and_(Quote.id.in_(followed_quotes(actor)), ~rival)
    return sa.select(Quote).join(Quote.request).where(sa.or_(Quote.id.in_(listed), followed))


def reads_probability(session: orm.Session, *, actor: Any, quote: Quote) -> bool:
    """Whether the probability behind a quote may be shown: to its two sides, and by the team's consent.

    A follower reads the lead's trail without being asked by the team: the score's lines open by consent only.
    """
    request = quote.request
    sides = (quote.insurer_organisation_id, request.organisation_id, request.broker_organisation_id)
    if actor.organisation_id in sides or actor.organisation_kind in OVERSEERS:
        return True
    return bool(list_score_read_ids(session, actor=actor, project_ids=[request.project_id]))


def has_open_quote(session: orm.Session, *, request_id: int, insurer_id: int) -> bool:
    """Whether an insurer still has an answer of its own to a request in play."""
    statement = sa.select(Quote.id).where(
        Quote.request_id == request_id, Quote.insurer_organisation_id == insurer_id, Quote.state.in_(OPEN_QUOTES)
    )
    return session.scalar(statement.limit(1)) is not None


def _whole(statement: sa.Select[Quote]) -> sa.Select[Quote]:
    return statement.options(
        *panel_lines(Quote.panel),
        orm.contains_eager(Quote.request).joinedload(QuoteRequest.project),
        orm.contains_eager(Quote.request).joinedload(QuoteRequest.organisation),
        orm.joinedload(Quote.insurer),
        orm.joinedload(Quote.product),
        orm.joinedload(Quote.score),
        orm.joinedload(Quote.disclosure),
    )


def get_quote(session: orm.Session, *, actor: Any, public_id: str) -> Quote:
    found = session.scalar(_whole(readable_quotes(actor)).where(Quote.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def list_quotes(
    session: orm.Session,
    *,
    actor: Any,
    request_id: int | None = None,
    state: str | None = None,
    after_id: int | None = None,
    limit: int = 100,
) -> Sequence[Quote]:
    """Newest first; the quotes of one request in the order in which the insurers were asked."""
    statement = _whole(visible_quotes(actor)).limit(limit)
    statement = statement.order_by(Quote.id.desc() if request_id is None else Quote.id)
    if request_id is not None:
        statement = statement.where(Quote.request_id == request_id)
    if state is not None:
        statement = statement.where(Quote.state == state)
    if after_id is not None:
        statement = statement.where(Quote.id < after_id)
    return session.scalars(statement).all()


def count_quotes(session: orm.Session, *, actor: Any, state: str | None = None) -> int:
    statement = visible_quotes(actor)
    if state is not None:
        statement = statement.where(Quote.state == state)
    rows = statement.with_only_columns(Quote.id).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


def list_insurers_asked(session: orm.Session, *, request_id: int) -> Sequence[Organisation]:
    """Who was asked: the applicant may know that even before an answer."""
    asked = sa.select(Quote.insurer_organisation_id).where(Quote.request_id == request_id)
    return session.scalars(sa.select(Organisation).where(Organisation.id.in_(asked)).order_by(Organisation.id)).all()


def list_open_quotes(session: orm.Session, *, request_id: int) -> Sequence[Quote]:
    """The quotes of a request that still wait for something, for the house's own moves."""
    return session.scalars(sa.select(Quote).where(Quote.request_id == request_id, Quote.state.in_(OPEN_QUOTES))).all()


def find_accepted_quote(session: orm.Session, *, request_id: int) -> Quote | None:
    return session.scalar(
        sa.select(Quote).where(Quote.request_id == request_id, Quote.state.in_(("accepted", "bound")))
    )


def list_lapsed_quotes(session: orm.Session, *, today: date) -> Sequence[Quote]:
    """Offered or accepted quotes whose last day is over."""
    return session.scalars(
        sa.select(Quote).where(Quote.state.in_(("offered", "accepted")), Quote.valid_until < today)
    ).all()
