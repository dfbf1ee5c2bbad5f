"""Co-insurance: the panel that stands on a quote, and the lines that each insurer answers for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.insurance.errors import InsuranceNotFoundError
from marketplace.insurance.models import (
    Quote,
    QuoteRequest,
)
from marketplace.insurance.panel_models import CoinsuranceLine, CoinsurancePanel

OVERSEERS = ("operator", "regulator")


def followed_quotes(actor: Any) -> sa.Select[int]:
    """Quotes on whose standing panel the actor's organisation has a line."""
    return (
        sa.select(CoinsurancePanel.quote_id)
        .join(CoinsurancePanel.lines)
        .where(CoinsurancePanel.state == "standing", CoinsuranceLine.organisation_id == actor.organisation_id)
    )


def panel_lines(panel: Any) -> tuple[Any, Any]:
    """Options that load the lines of a panel with their insurers and payments."""
    lines = orm.selectinload(panel).selectinload(CoinsurancePanel.lines)
    return lines.joinedload(CoinsuranceLine.organisation), lines.joinedload(CoinsuranceLine.premium_payment)


def find_panel(session: orm.Session, *, quote_id: int) -> CoinsurancePanel | None:
    """The panel that stands on a quote, as the database has it now."""
    return session.scalar(
        sa.select(CoinsurancePanel)
        .options(orm.selectinload(CoinsurancePanel.lines).joinedload(CoinsuranceLine.organisation))
        .where(CoinsurancePanel.quote_id == quote_id, CoinsurancePanel.state == "standing")
        .execution_options(populate_existing=True)
    )


def list_followers(session: orm.Session, *, lead_id: int) -> Sequence[Organisation]:
    """Verified insurers that can be asked to follow a lead."""
    return session.scalars(
        sa.select(Organisation)
        .where(Organisation.kind == "insurer", Organisation.verification_state == "verified")
        .where(Organisation.id != lead_id)
        .order_by(Organisation.id)
    ).all()


def visible_lines(actor: Any) -> sa.Select[CoinsuranceLine]:
    """Followers' lines of standing panels: each insurer its own, the overseers all."""
    quote = orm.joinedload(CoinsuranceLine.panel).joinedload(CoinsurancePanel.quote)
    statement = (
        sa.select(CoinsuranceLine)
        .join(CoinsuranceLine.panel)
        .where(CoinsurancePanel.state == "standing", CoinsuranceLine.is_lead.is_(False))
        .options(
            orm.joinedload(CoinsuranceLine.organisation),
            quote.joinedload(Quote.insurer),
            quote.joinedload(Quote.request).joinedload(QuoteRequest.project),
            quote.joinedload(Quote.request).joinedload(QuoteRequest.organisation),
        )
    )
    if actor.organisation_kind in OVERSEERS:
        return statement
    return statement.where(CoinsuranceLine.organisation_id == actor.organisation_id)


def get_line(session: orm.Session, *, actor: Any, public_id: str) -> CoinsuranceLine:
    found = session.scalar(visible_lines(actor).where(CoinsuranceLine.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def list_lines(session: orm.Session, *, actor: Any, limit: int = 100) -> Sequence[CoinsuranceLine]:
    """Newest first."""
    return session.scalars(visible_lines(actor).order_by(CoinsuranceLine.id.desc()).limit(limit)).all()
