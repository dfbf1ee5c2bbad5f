"""Events that need two sides: one party proposes, another side confirms, then the event is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries, rules
from marketplace.agreements.errors import AgreementStateError, EventIdReusedError, EventNotYoursError
from marketplace.agreements.models import Agreement, AgreementEvent, EventProposal
from marketplace.agreements.running import apply_event, engine_for, load_state
from marketplace.agreements.services.drafting import tell_parties
from marketplace.agreements.services.events import record_house_event
from marketplace.agreements.states import require_state
from marketplace.audit.services import record_act
from marketplace.errors import InvalidInputError, NotAllowedError

LONGEST_REASON = 400


def propose_event(
    session: orm.Session,
    *,
    agreement: Agreement,
    actor: Any,
    event_id: str,
    kind: str,
    effective_on: date,
    body: dict[str, Any],
    now: datetime,
) -> EventProposal:
    """Propose an exit, a reversal or the close; what the engine would refuse is refused at once."""
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    party = queries.get_party_of(agreement, actor.organisation_id)
    rules.require_proposer(kind, party.role)
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    require_state(agreement.state, ("active",))
    known = queries.find_proposal(session, agreement_id=agreement.id, event_id=event_id)
    if known is not None:
        if (known.kind, known.effective_on, known.body) != (kind, effective_on, body):
            raise EventIdReusedError(event_id=event_id)
        return known
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    apply_event(
        engine_for(version),
        load_state(session, agreement=agreement, version=version),
        {"id": event_id, "kind": kind, "effective_on": effective_on.isoformat(), "body": body},
    )
    proposal = EventProposal(
        agreement_id=agreement.id,
        event_id=event_id,
        kind=kind,
        effective_on=effective_on,
        body=body,
        proposed_by_user=actor.user_public_id,
        proposed_by_party_id=party.id,
        proposed_at=now,
    )
    session.add(proposal)
    session.flush()  # the audit line names the proposal
    record_act(
        session,
        actor=actor,
        action="agreement.event_proposed",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"kind": kind, "proposal": proposal.public_id},
    )
    tell_parties(
        session,
        agreement=agreement,
        kind="agreement_event_proposed",
        now=now,
        key=f"proposal:{proposal.public_id}",
        parameters={"kind": kind},
        without=actor.organisation_id,
    )
    return proposal


def confirm_proposal(
    session: orm.Session, *, agreement: Agreement, actor: Any, proposal: EventProposal, now: datetime
) -> AgreementEvent:
    """The other side confirms; the event is recorded as it was proposed."""
    party = _require_other_side(session, agreement=agreement, actor=actor, proposal=proposal)
    _take(session, agreement=agreement, proposal=proposal)
    event = record_house_event(
        session,
        agreement=agreement,
        actor=actor,
        event_id=proposal.event_id,
        kind=proposal.kind,
        effective_on=proposal.effective_on,
        body=proposal.body,
        now=now,
    )
    proposal.state, proposal.decided_by_user = "recorded", actor.user_public_id
    proposal.decided_by_party_id, proposal.decided_at = party.id, now
    return event


def refuse_proposal(
    session: orm.Session, *, agreement: Agreement, actor: Any, proposal: EventProposal, reason: str, now: datetime
) -> None:
    """The other side refuses and says why; nothing is recorded."""
    party = _require_other_side(session, agreement=agreement, actor=actor, proposal=proposal)
    if not reason.strip():
        raise InvalidInputError("Say why you refuse.", field="reason")
    if len(reason.strip()) > LONGEST_REASON:
        raise InvalidInputError("Give the reason in at most 400 characters.", field="reason")
    _take(session, agreement=agreement, proposal=proposal)
    proposal.state, proposal.reason = "refused", reason.strip()
    proposal.decided_by_user, proposal.decided_by_party_id, proposal.decided_at = actor.user_public_id, party.id, now
    record_act(
        session,
        actor=actor,
        action="agreement.event_refused",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"proposal": proposal.public_id, "reason": proposal.reason},
    )
    tell_parties(
        session,
        agreement=agreement,
        kind="agreement_event_refused",
        now=now,
        key=f"refused:{proposal.public_id}",
        parameters={"kind": proposal.kind},
    )


def _require_other_side(session: orm.Session, *, agreement: Agreement, actor: Any, proposal: EventProposal) -> Any:
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    party = queries.get_party_of(agreement, actor.organisation_id)
    rules.require_confirmer(proposal.kind, party.role, [item.role for item in agreement.parties])
    if party.id == proposal.proposed_by_party_id:
        raise EventNotYoursError("Whoever proposes an event does not confirm it.", kind=proposal.kind)
    if proposal.kind in rules.CERTIFIED_KINDS:
        version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
        rules.require_certifier(engine_for(version).model, proposal.body, party.party)
    return party


def list_decidable(
    session: orm.Session, *, agreement: Agreement, actor: Any, waiting: Iterable[EventProposal]
) -> list[str]:
    """Public ids of the proposals that the actor may confirm or refuse; for the buttons of the page."""
    found = []
    for proposal in waiting:
        with suppress(NotAllowedError):
            _require_other_side(session, agreement=agreement, actor=actor, proposal=proposal)
            found.append(proposal.public_id)
    return found


def _take(session: orm.Session, *, agreement: Agreement, proposal: EventProposal) -> None:
    """Two answers at once: the second finds the proposal decided."""
    queries.lock_agreement(session, agreement_id=agreement.id)
    session.refresh(proposal)
    if proposal.state != "waiting":
        raise AgreementStateError("This proposal has been decided already.", state=proposal.state)
