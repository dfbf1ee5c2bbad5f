"""What a writer of the chain asks: the version in force by its hash, and which ids are recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.agreements.errors import AgreementNotFoundError
from marketplace.agreements.models import Agreement, AgreementEvent, AgreementVersion


def get_version_hash(session: orm.Session, *, agreement: Agreement) -> str:
    """The hash of the version in force, without its text."""
    found = session.scalar(
        sa.select(AgreementVersion.terms_hash).where(
            AgreementVersion.agreement_id == agreement.id,
            AgreementVersion.number == agreement.active_version_number,
        )
    )
    if found is None:
        raise AgreementNotFoundError("There is no such version of this agreement.")
    return found


def map_event_contents(
    session: orm.Session, *, agreement_id: int, event_ids: Sequence[str]
) -> dict[str, tuple[str, date, str]]:
    """Kind, day and body of those of the events that are recorded, in one query."""
    statement = sa.select(
        AgreementEvent.event_id, AgreementEvent.kind, AgreementEvent.effective_on, AgreementEvent.body
    ).where(AgreementEvent.agreement_id == agreement_id, AgreementEvent.event_id.in_(list(event_ids)))
    return {event_id: (kind, day, body) for event_id, kind, day, body in session.execute(statement)}


def map_event_ids(session: orm.Session, *, agreement_id: int, event_ids: Sequence[str]) -> dict[str, int]:
    statement = sa.select(AgreementEvent.event_id, AgreementEvent.id).where(
        AgreementEvent.agreement_id == agreement_id, AgreementEvent.event_id.in_(list(event_ids))
    )
    return {row[0]: row[1] for row in session.execute(statement)}
