"""A signed amendment takes effect on its day: what stands goes over to the new terms, entries before stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import amendment_queries, queries
from marketplace.agreements.errors import EventRefusedError
from marketplace.agreements.models import Agreement, Amendment
from marketplace.agreements.running import load_state
from marketplace.agreements.services.drafting import tell_parties
from marketplace.audit.services import record_act


def bring_due_into_force(
    session: orm.Session, *, agreement: Agreement, on: date, actor: Any, now: datetime, record: Callable[..., Any]
) -> None:
    """Bring a signed amendment into force whose day has come; `record` is the one service that records events.

    Terms that cannot carry what has happened since they were signed lapse: the old ones stay and the parties are told.
    """
    amendment = amendment_queries.find_amendment(session, agreement=agreement)
    if amendment is None or amendment.state != "signed" or amendment.effective_on > on:
        return
    before = agreement.active_version_number
    old = queries.get_version(session, agreement=agreement, number=before)
    last = load_state(session, agreement=agreement, version=old).last_date
    version = queries.get_version(session, agreement=agreement, number=amendment.version_number)
    # Set before the event below, which would otherwise look for due amendments again.
    amendment.state, amendment.ended_at = "in_force", now
    agreement.active_version_number = version.number
    session.flush()  # the event runs under the new version
    try:
        record(
            session,
            agreement=agreement,
            actor=actor,
            event_id=event_id_of(amendment),
            kind="amendment",
            effective_on=max(amendment.effective_on, last) if last else amendment.effective_on,
            body={"version": version.number, "terms_hash": version.terms_hash},
            now=now,
        )
    except EventRefusedError as error:
        agreement.active_version_number = before
        amendment.state, amendment.end_reason = "lapsed", error.message[:400]
        session.flush()  # what comes next runs under the old version again
        _tell(session, agreement=agreement, amendment=amendment, actor=actor, now=now, what="lapsed")
        return
    _tell(session, agreement=agreement, amendment=amendment, actor=actor, now=now, what="in_force")


def event_id_of(amendment: Amendment) -> str:
    """The id of the event that brings an amendment into force."""
    return f"amendment-{amendment.version_number}"


def _tell(
    session: orm.Session, *, agreement: Agreement, amendment: Amendment, actor: Any, now: datetime, what: str
) -> None:
    record_act(
        session,
        actor=actor,
        action=f"agreement.amendment_{what}",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"amendment": amendment.public_id, "version": amendment.version_number, "reason": amendment.end_reason},
    )
    tell_parties(
        session,
        agreement=agreement,
        kind=f"agreement_amendment_{what}",
        now=now,
        key=f"amendment:{amendment.public_id}:{what}",
        parameters={"version": amendment.version_number},
    )
