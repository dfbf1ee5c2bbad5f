"""Payments that were confirmed, as events: a batch is chained, booked and written with one insert a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import chain_queries, queries
from marketplace.agreements.chain import canonical, event_text, hash_event_text
from marketplace.agreements.errors import EventIdReusedError
from marketplace.agreements.models import Agreement, AgreementEvent
from marketplace.agreements.services.drafting import tell_parties
from marketplace.agreements.services.events import record_house_event
from marketplace.agreements.services.taking_effect import bring_due_into_force
from marketplace.agreements.settlement import ENTRY_KIND, Posting, net_postings
from marketplace.agreements.states import require_state
from marketplace.audit.services import record_act
from marketplace.db import insert_rows, new_public_id
from marketplace.ledger.services import Draft, Line, post_entries


@dataclass(frozen=True)
class CashEvent:
    """One payment or deployment: what the engine does not run, with the lines that it posts (debit positive)."""

    event_id: str
    kind: str
    effective_on: date
    body: dict[str, Any]
    lines: Sequence[Posting]


def record_cash_events(
    session: orm.Session, *, agreement: Agreement, actor: Any, items: Sequence[CashEvent], now: datetime
) -> list[int]:
    """Record confirmed payments of one agreement, all or none; returns the ids of their events in the given order.

    The same id with the same content is the first event again; other content raises and nothing is written.
    """
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    written = append_cash_events(session, agreement=agreement, actor=actor, items=items, now=now)
    for item in items:
        if item.event_id not in written:
            continue
        record_act(
            session,
            actor=actor,
            action=f"agreement.event.{item.kind}",
            subject_kind="agreement",
            subject_id=agreement.public_id,
            now=now,
            details={"event": item.event_id, "hash": written[item.event_id]},
        )
        tell_parties(
            session,
            agreement=agreement,
            kind="agreement_event",
            now=now,
            key=f"event:{item.event_id}",
            parameters={"kind": item.kind},
            without=getattr(actor, "organisation_id", None),
        )
    ids = chain_queries.map_event_ids(session, agreement_id=agreement.id, event_ids=[item.event_id for item in items])
    return [ids[item.event_id] for item in items]


def append_cash_events(
    session: orm.Session, *, agreement: Agreement, actor: Any, items: Sequence[CashEvent], now: datetime
) -> dict[str, str]:
    """Append to the chain of an agreement that is locked, and post; returns the hash of each new event by its id."""
    fresh = _leave_out_known(session, agreement, items)
    if not fresh:
        return {}
    require_state(agreement.state, ("active",))
    # As in `events.py`: a signed amendment whose day has come takes effect before what is dated on or after that day.
    last_day = max(item.effective_on for item, _body in fresh)
    bring_due_into_force(session, agreement=agreement, on=last_day, actor=actor, now=now, record=record_house_event)
    version = chain_queries.get_version_hash(session, agreement=agreement)
    entries = _post(session, agreement, [item for item, _body in fresh], version=version, now=now)
    number, head = agreement.event_count, agreement.head_hash
    recorded_at = now.isoformat(timespec="microseconds")
    user = getattr(actor, "user_public_id", "") or ""
    organisation = getattr(actor, "organisation_public_id", "") or ""
    rows: list[dict[str, Any]] = []
    hashes: dict[str, str] = {}
    for item, body in fresh:
        text = event_text(
            event_id=item.event_id,
            kind=item.kind,
            effective_on=item.effective_on.isoformat(),
            body=body,
            recorded_at=recorded_at,
            actor_user=user,
            actor_organisation=organisation,
        )
        previous, head, number = head, hash_event_text(text, version, head), number + 1
        hashes[item.event_id] = head
        rows.append(
            {
                "public_id": new_public_id(AgreementEvent.PREFIX),
                "agreement_id": agreement.id,
                "number": number,
                "event_id": item.event_id,
                "kind": item.kind,
                "effective_on": item.effective_on,
                "recorded_at": recorded_at,
                "body": body,
                "version_hash": version,
                "actor_user": user,
                "actor_organisation": organisation,
                "previous_hash": previous,
                "hash": head,
                "ledger_entry_id": entries.get(item.event_id),
                "explanation": [],
            }
        )
    insert_rows(session, AgreementEvent, rows)
    # A payment leaves the engine's state as it was; a state that did not belong to the last event stays of no use.
    if agreement.engine_state_head != agreement.head_hash:
        agreement.engine_state = None
    agreement.event_count, agreement.head_hash, agreement.engine_state_head = number, head, head
    return hashes


def _leave_out_known(
    session: orm.Session, agreement: Agreement, items: Sequence[CashEvent]
) -> list[tuple[CashEvent, str]]:
    """The new items with their bodies' text; an id used before, or twice in the batch, must have the same content."""
    names = [item.event_id for item in items]
    known = chain_queries.map_event_contents(session, agreement_id=agreement.id, event_ids=names)
    fresh = []
    for item in items:
        content = (item.kind, item.effective_on, canonical(item.body))
        if item.event_id not in known:
            known[item.event_id] = content
            fresh.append((item, content[2]))
        elif known[item.event_id] != content:
            raise EventIdReusedError(event_id=item.event_id)
    return fresh


def _post(
    session: orm.Session, agreement: Agreement, items: Sequence[CashEvent], *, version: str, now: datetime
) -> dict[str, int]:
    """One balanced entry for each event, by the event's id; an event that moves nothing posts nothing."""
    names = {party.party: party.ledger_party for party in agreement.parties}
    drafts = {
        item.event_id: Draft(
            f"{agreement.book}:{item.event_id}",
            ENTRY_KIND[item.kind],
            item.effective_on,
            [Line(code, amount, names[party] if party else "") for code, party, amount in kept],
            {"event": item.event_id, "version": version},
        )
        for item in items
        if (kept := net_postings(item.lines))
    }
    if not drafts:
        return {}
    ids = post_entries(
        session, book=agreement.book, currency=agreement.currency, drafts=list(drafts.values()), now=now,
        references_known_new=True,
    )  # fmt: skip
    return dict(zip(drafts, ids, strict=True))
