"""One move of a quote, a policy or a claim: the state is part of the condition, so one of two wins."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import changed_rows, lock_rows
from marketplace.insurance.errors import ClaimStateError, PolicyStateError, QuoteStateError
from marketplace.insurance.models import Claim, Policy, Quote, QuoteRequest
from marketplace.insurance.states import check_claim_move, check_policy_move, check_quote_move


def lock_request(session: orm.Session, quote: Quote) -> QuoteRequest:
    """Lock the one place of a request and read the states again: who binds, answers or shares waits for the other."""
    session.execute(lock_rows(session, sa.select(QuoteRequest.id).where(QuoteRequest.id == quote.request_id)))
    session.refresh(quote.request, ["state"])
    session.refresh(quote, ["state"])
    return quote.request


def move_quote(session: orm.Session, quote: Quote, after: str, **values: Any) -> None:
    """Raise QuoteStateError when the table, or somebody who was faster, does not allow it."""
    check_quote_move(quote.state, after)
    if not _move(session, quote, after, values):
        raise QuoteStateError(state=quote.state, wanted=after)


def move_policy(session: orm.Session, policy: Policy, after: str, **values: Any) -> None:
    """Raise PolicyStateError when the table, or somebody who was faster, does not allow it."""
    check_policy_move(policy.state, after)
    if not _move(session, policy, after, values):
        raise PolicyStateError(state=policy.state, wanted=after)


def move_claim(session: orm.Session, claim: Claim, after: str, **values: Any) -> None:
    """Raise ClaimStateError when the table, or somebody who was faster, does not allow it."""
    check_claim_move(claim.state, after)
    if not _move(session, claim, after, values):
        raise ClaimStateError(state=claim.state, wanted=after)


def _move(session: orm.Session, row: Quote | Policy | Claim, after: str, values: dict[str, Any]) -> bool:
    kind = type(row)
    moved = changed_rows(
        session,
        sa.update(kind)
        .where(kind.id == row.id, kind.state == row.state)
        .values(state=after, **values)
        .execution_options(synchronize_session=False),
    )
    session.refresh(row, ["state", *values])
    return moved == 1
