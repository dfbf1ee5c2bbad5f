"""Recording events: one service, one writer, one transaction for chain, engine state, ledger entry and payments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries, rules
from marketplace.agreements.chain import canonical, event_record, hash_event
from marketplace.agreements.errors import (
    AgreementStateError,
    EventIdReusedError,
    EventRefusedError,
    VersionSupersededError,
    from_risk,
)
from marketplace.agreements.models import Agreement, AgreementEvent, AgreementVersion
from marketplace.agreements.running import apply_event, engine_for, load_state
from marketplace.agreements.services import compensations
from marketplace.agreements.services.drafting import tell_parties
from marketplace.agreements.services.money import (
    plan_payments,
    release_held,
    require_nothing_open,
    reverse_payments,
)
from marketplace.agreements.services.taking_effect import bring_due_into_force
from marketplace.agreements.settlement import ENTRY_KIND, Posting, net_postings, plan_event
from marketplace.agreements.states import require_move, require_state
from marketplace.audit.services import record_act
from marketplace.ledger.queries import find_entry_by_reference
from marketplace.ledger.services import Draft, Line, post_entries, reverse_entry

# What cannot be reversed, because signatures were given or money has moved.
MONEY_MOVED = ("activate", "amendment", "drawdown_paid", "premium_paid", "insurance_recovery")


def record_agreement_event(
    session: orm.Session,
    *,
    agreement: Agreement,
    actor: Any,
    event_id: str,
    kind: str,
    effective_on: date,
    body: dict[str, Any],
    now: datetime,
    version_number: int | None = None,
) -> AgreementEvent:
    """Record what a party decides on; the same id and content give the first answer again, other content is refused.

    `version_number` says which terms the party had in mind; where they have been superseded nothing is recorded.
    """
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    party = queries.get_party_of(agreement, actor.organisation_id)
    rules.require_decider(kind, party.role, body)
    if kind == "pool_compensation":
        version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
        engine = engine_for(version)
        rules.require_own_payment(engine.model, body, party.party)
    if kind in rules.CERTIFIED_KINDS:
        version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
        rules.require_certifier(engine_for(version).model, body, party.party)
    if kind in rules.STOPPING_KINDS:
        lifted = queries.find_event(session, agreement_id=agreement.id, event_id=str(body.get("lifts", "")))
        rules.require_stop(
            kind, body, party.party, organisation=actor.organisation_public_id,
            raised_by=lifted.actor_organisation if lifted else "",
        )  # fmt: skip
    return _record(
        session,
        agreement_id=agreement.id,
        actor=actor,
        event_id=event_id,
        kind=kind,
        effective_on=effective_on,
        body=body,
        now=now,
        version_number=version_number,
    )


def record_house_event(
    session: orm.Session,
    *,
    agreement: Agreement,
    actor: Any,
    event_id: str,
    kind: str,
    effective_on: date,
    body: dict[str, Any],
    now: datetime,
    settled_by: Mapping[str, int] | None = None,
) -> AgreementEvent:
    """Record what another domain has decided (a milestone, a claim) or two parties have agreed; payments: cash.py."""
    return _record(
        session,
        agreement_id=agreement.id,
        actor=actor,
        event_id=event_id,
        kind=kind,
        effective_on=effective_on,
        body=body,
        now=now,
        settled_by=settled_by,
    )


def earliest_date(session: orm.Session, *, agreement: Agreement) -> date | None:
    """The day before which the engine takes no further event."""
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    last: date | None = load_state(session, agreement=agreement, version=version).last_date
    return last


def _record(
    session: orm.Session,
    *,
    agreement_id: int,
    actor: Any,
    event_id: str,
    kind: str,
    effective_on: date,
    body: dict[str, Any],
    now: datetime,
    settled_by: Mapping[str, int] | None = None,
    version_number: int | None = None,
) -> AgreementEvent:
    agreement = queries.lock_agreement(session, agreement_id=agreement_id)
    text = _body_text(body)
    known = queries.find_event(session, agreement_id=agreement.id, event_id=event_id)
    if known is not None:
        same = compensations.is_same_request(known, body) if kind == compensations.KIND else known.body == text
        if (known.kind, known.effective_on) != (kind, effective_on) or not same:
            raise EventIdReusedError(event_id=event_id)
        return known
    require_state(agreement.state, ("active",))
    # A signed amendment whose day has come takes effect before anything that is dated on or after that day.
    bring_due_into_force(session, agreement=agreement, on=effective_on, actor=actor, now=now, record=record_house_event)
    if version_number not in (None, agreement.active_version_number):
        raise VersionSupersededError(version=version_number, active_version=agreement.active_version_number)
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    filing = None
    if kind == compensations.KIND:
        body, filing = compensations.add_room(
            session, agreement=agreement, engine=engine_for(version), body=body, on=effective_on, now=now
        )
        text = _body_text(body)
    event = _make_event(agreement, version, actor, event_id, kind, effective_on, body, text, now)
    outcome = _settle(
        session, agreement=agreement, version=version, event=event, body=body, actor=actor, now=now,
        settled_by=settled_by or {},
    )  # fmt: skip
    if filing is not None:
        compensations.use_room(
            session, actor=actor, filing=filing, event=event, engine=engine_for(version), outcome=outcome, now=now
        )
    session.add(event)
    session.flush()  # whoever asked reads the event with its number
    record_act(
        session,
        actor=actor,
        action=f"agreement.event.{kind}",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"event": event.event_id, "hash": event.hash},
    )
    if kind not in ("activate", "amendment"):
        tell_parties(
            session,
            agreement=agreement,
            kind=f"agreement_{kind}" if kind in rules.STOPPING_KINDS else "agreement_event",
            now=now,
            key=f"event:{event.event_id}",
            parameters={"kind": kind},
            without=getattr(actor, "organisation_id", None),
        )
    return event


def _body_text(body: dict[str, Any]) -> str:
    from risk.errors import RiskError

    try:
        return canonical(body)
    except RiskError as error:
        raise from_risk(error, EventRefusedError, field="body") from error


def _make_event(
    agreement: Agreement,
    version: AgreementVersion,
    actor: Any,
    event_id: str,
    kind: str,
    effective_on: date,
    body: dict[str, Any],
    text: str,
    now: datetime,
) -> AgreementEvent:
    recorded_at = now.isoformat(timespec="microseconds")
    user = getattr(actor, "user_public_id", "") or ""
    organisation = getattr(actor, "organisation_public_id", "") or ""
    record = event_record(
        event_id=event_id,
        kind=kind,
        effective_on=effective_on,
        body=body,
        recorded_at=recorded_at,
        actor_user=user,
        actor_organisation=organisation,
    )
    return AgreementEvent(
        agreement_id=agreement.id,
        number=agreement.event_count + 1,
        event_id=event_id,
        kind=kind,
        effective_on=effective_on,
        recorded_at=recorded_at,
        body=text,
        version_hash=version.terms_hash,
        actor_user=user,
        actor_organisation=organisation,
        previous_hash=agreement.head_hash,
        hash=hash_event(record, version.terms_hash, agreement.head_hash),
        explanation=[],
    )


def _settle(
    session: orm.Session,
    *,
    agreement: Agreement,
    version: AgreementVersion,
    event: AgreementEvent,
    body: dict[str, Any],
    actor: Any,
    now: datetime,
    settled_by: Mapping[str, int],
) -> Any:
    """Run the event, and only when the engine takes it: move the head, post its entry, make its payments due."""
    engine = engine_for(version)
    outcome = apply_event(
        engine,
        load_state(session, agreement=agreement, version=version),
        {"id": event.event_id, "kind": event.kind, "effective_on": event.effective_on.isoformat(), "body": body},
    )
    if event.kind == "close":
        require_nothing_open(session, agreement=agreement)
        agreement.state = require_move(agreement.state, "completed")
        agreement.ended_on = event.effective_on
    event.explanation = outcome.explanation
    agreement.engine_state = outcome.state.to_json()
    agreement.event_count, agreement.head_hash, agreement.engine_state_head = event.number, event.hash, event.hash
    if event.kind == "reversal":
        _reverse(session, agreement=agreement, event=event, target=body["target"], actor=actor, now=now)
        return outcome
    payer, payer_kind = _payer(engine, event.kind, body)
    plan = plan_event(
        event.kind,
        outcome.postings,
        project=engine.model.project,
        payer=payer,
        payer_kind=payer_kind,
        supervised=queries.find_custodian(agreement) is not None,
    )
    _post(session, agreement=agreement, event=event, lines=plan.postings, now=now)
    session.add(event)
    session.flush()  # the payments name the event
    plan_payments(
        session, agreement=agreement, event=event, engine=engine, moves=plan.moves, actor=actor, now=now,
        settled_by=settled_by,
    )  # fmt: skip
    if event.kind == "release":
        release_held(session, agreement=agreement, due_on=event.effective_on, actor=actor, now=now)
    return outcome


def _payer(engine: Any, kind: str, body: dict[str, Any]) -> tuple[str | None, str]:
    """Who brings the money of this event: an insurer, a pool, a guarantor, or the project (None)."""
    if kind == "insurance_recovery":
        return engine.model.policies[body["policy"]].party, "insurer"
    if kind == "pool_compensation":
        channel = body.get("channel", "pool")
        return engine.model.recoveries.channels[channel].payer, "pool" if channel == "pool" else "guarantor"
    return None, ""


def _post(
    session: orm.Session, *, agreement: Agreement, event: AgreementEvent, lines: list[Posting], now: datetime
) -> None:
    """One balanced entry for one event; an event that moves nothing posts nothing."""
    kept = net_postings(lines)
    if not kept:
        return
    names = {party.party: party.ledger_party for party in agreement.parties}
    draft = Draft(
        f"{agreement.book}:{event.event_id}",
        ENTRY_KIND[event.kind],
        event.effective_on,
        [Line(code, amount, names[party] if party else "") for code, party, amount in kept],
        {"event": event.event_id, "version": event.version_hash},
    )
    # The event's id was looked up under the lock, and the reference is made of it.
    (event.ledger_entry_id,) = post_entries(
        session, book=agreement.book, currency=agreement.currency, drafts=[draft], now=now, references_known_new=True
    )


def _reverse(
    session: orm.Session, *, agreement: Agreement, event: AgreementEvent, target: str, actor: Any, now: datetime
) -> None:
    """Undo the entry of the target and withdraw its payments; raises when one of them has been paid."""
    undone = queries.find_event(session, agreement_id=agreement.id, event_id=target)
    assert undone is not None, "the engine knows the target, so the log has it"
    if undone.kind in MONEY_MOVED:
        raise AgreementStateError("Money that has moved is not undone by a reversal.", target=target)
    reverse_payments(session, agreement=agreement, event=undone, actor=actor, now=now)
    if undone.kind == compensations.KIND:
        compensations.give_room_back(session, agreement=agreement, target=target, actor=actor, now=now)
    entry = find_entry_by_reference(session, reference=f"{agreement.book}:{target}")
    if entry is not None:
        event.ledger_entry_id = reverse_entry(
            session,
            entry=entry,
            reference=f"{agreement.book}:{event.event_id}",
            effective_on=event.effective_on,
            now=now,
        ).id
