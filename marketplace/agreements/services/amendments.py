"""Amendments of an agreement in force: proposed, discussed and changed by its parties, signed, dated."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.agreements import amendment_queries, queries
from marketplace.agreements.chain import canonical
from marketplace.agreements.eligibility import require_open
from marketplace.agreements.errors import (
    AmendmentDateError,
    AmendmentOpenError,
    AmendmentStateError,
    EventNotYoursError,
    TermsRefusedError,
    VersionChangedError,
    from_risk,
)
from marketplace.agreements.models import Agreement, AgreementParty, AgreementVersion, Amendment, AmendmentComment
from marketplace.agreements.running import engine_for, load_state
from marketplace.agreements.services.compensations import require_registers
from marketplace.agreements.services.drafting import append_version, check_terms, require_same_parties, tell_parties
from marketplace.agreements.services.events import record_house_event
from marketplace.agreements.services.taking_effect import bring_due_into_force
from marketplace.agreements.states import require_state
from marketplace.audit.services import record_act
from marketplace.errors import InvalidInputError
from marketplace.projects.queries import find_project

TALKS = ("negotiating", "signing")


def propose_amendment(
    session: orm.Session,
    *,
    actor: Any,
    agreement: Agreement,
    terms: dict[str, Any],
    effective_on: date,
    reason: str,
    now: datetime,
) -> Amendment:
    """Propose other terms from a day on; what they could not carry over is refused by its clause at once."""
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    party = queries.get_party_of(agreement, actor.organisation_id)
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    require_state(agreement.state, ("active",))
    known = amendment_queries.find_amendment(session, agreement=agreement)
    if known is not None:
        raise AmendmentOpenError(amendment=known.public_id)
    if not reason.strip():
        raise InvalidInputError("Say what changes and why.", field="reason")
    active = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    _require_day(session, agreement=agreement, version=active, effective_on=effective_on, now=now)
    version = _write_version(
        session, agreement=agreement, active=active, terms=terms, effective_on=effective_on, note=reason, actor=actor,
        now=now, newest=active,
    )  # fmt: skip
    amendment = Amendment(
        agreement_id=agreement.id,
        base_number=active.number,
        version_number=version.number,
        effective_on=effective_on,
        reason=reason.strip()[:400],
        proposed_by_user=actor.user_public_id,
        proposed_by=party,
        proposed_at=now,
    )
    session.add(amendment)
    session.flush()  # the audit line names the amendment
    _record(session, agreement, amendment, actor, now, "proposed", {"effective_on": effective_on.isoformat()})
    return amendment


def change_amendment(
    session: orm.Session,
    *,
    actor: Any,
    agreement: Agreement,
    amendment: Amendment,
    terms: dict[str, Any],
    based_on: int,
    note: str,
    now: datetime,
) -> AgreementVersion:
    """Any party puts another wording on the table; signatures over earlier ones no longer count."""
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    queries.get_party_of(agreement, actor.organisation_id)
    agreement = _take(session, agreement=agreement, amendment=amendment, allowed=TALKS)
    if based_on != amendment.version_number:
        raise VersionChangedError(version=amendment.version_number)
    active = queries.get_version(session, agreement=agreement, number=amendment.base_number)
    newest = queries.get_version(session, agreement=agreement, number=amendment.version_number)
    version = _write_version(
        session, agreement=agreement, active=active, terms=terms, effective_on=amendment.effective_on, note=note,
        actor=actor, now=now, newest=newest,
    )  # fmt: skip
    amendment.version_number, amendment.state = version.number, "negotiating"
    _record(session, agreement, amendment, actor, now, "changed", {"version": version.number})
    return version


def comment_on_amendment(
    session: orm.Session,
    *,
    actor: Any,
    agreement: Agreement,
    amendment: Amendment,
    text: str,
    clause: str = "",
    now: datetime,
) -> AmendmentComment:
    """A party says something on the newest wording, in general or on one clause."""
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    party = queries.get_party_of(agreement, actor.organisation_id)
    agreement = _take(session, agreement=agreement, amendment=amendment, allowed=(*TALKS, "signed"))
    words = text.strip()
    if not 1 <= len(words) <= 2000:
        raise InvalidInputError("Write a comment of at most 2,000 characters.", field="text")
    comment = AmendmentComment(
        amendment_id=amendment.id,
        party=party,
        version_number=amendment.version_number,
        clause=clause.strip()[:200],
        text=words,
        user_public_id=actor.user_public_id,
        user_name=actor.user_name,
        written_at=now,
    )
    session.add(comment)
    session.flush()  # the notice is told apart by it
    _record(session, agreement, amendment, actor, now, "commented", {"comment": comment.public_id}, comment.public_id)
    return comment


def withdraw_amendment(
    session: orm.Session, *, actor: Any, agreement: Agreement, amendment: Amendment, reason: str, now: datetime
) -> None:
    """Whoever proposed it takes it back before everybody needed has signed; the version in force stays."""
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    party = queries.get_party_of(agreement, actor.organisation_id)
    agreement = _take(session, agreement=agreement, amendment=amendment, allowed=TALKS)
    if party.id != amendment.proposed_by_party_id:
        raise EventNotYoursError("Only the party that proposed the amendment withdraws it.")
    if not reason.strip():
        raise InvalidInputError("Say why the amendment is withdrawn.", field="reason")
    amendment.state, amendment.end_reason, amendment.ended_at = "withdrawn", reason.strip()[:400], now
    _record(session, agreement, amendment, actor, now, "withdrawn", {"reason": amendment.end_reason})


def record_signature(
    session: orm.Session,
    *,
    agreement: Agreement,
    amendment: Amendment,
    signature: Any,
    actor: Any,
    now: datetime,
    is_complete: bool,
) -> None:
    """A signature over an amendment was given; with the last that is needed it waits for its day, or takes effect."""
    amendment.state = "signed" if is_complete else "signing"
    what = "agreement_amendment_signed" if is_complete else "agreement_signed"
    tell_parties(
        session, agreement=agreement, kind=what, now=now, key=f"signed:{signature.public_id}",
        parameters={"version": amendment.version_number},
        without=None if is_complete else actor.organisation_id,
    )  # fmt: skip
    session.flush()  # taking effect below asks for its state
    bring_due_into_force(
        session, agreement=agreement, on=clock.day_in_zone(now), actor=actor, now=now, record=record_house_event
    )


def bring_all_due_into_force(session: orm.Session, *, actor: Any, now: datetime) -> int:
    """Every signed amendment whose day has come; the daily job. Returns how many there were."""
    today = clock.day_in_zone(now)
    due = amendment_queries.list_due_amendments(session, on=today)
    for amendment in due:
        agreement = queries.lock_agreement(session, agreement_id=amendment.agreement_id)
        if agreement.state == "active":
            bring_due_into_force(
                session, agreement=agreement, on=today, actor=actor, now=now, record=record_house_event
            )
    return len(due)


def list_signatories(
    session: orm.Session, *, agreement: Agreement, missing: list[AgreementParty], version: AgreementVersion
) -> list[dict[str, Any]]:
    """Who has signed the newest wording of an amendment and whose signature is still needed."""
    rows = queries.list_signatures(session, agreement_id=agreement.id, version_id=version.id)
    signed = {row.party_id: row for row in rows}
    return [
        {"party": party, "signature": signed.get(party.id), "needed": party in missing}
        for party in agreement.parties
        if party.organisation_id is not None
    ]


def _take(session: orm.Session, *, agreement: Agreement, amendment: Amendment, allowed: tuple[str, ...]) -> Agreement:
    locked = queries.lock_agreement(session, agreement_id=agreement.id)
    session.refresh(amendment)
    if amendment.state not in allowed:
        raise AmendmentStateError(state=amendment.state)
    return locked


def _require_day(
    session: orm.Session, *, agreement: Agreement, version: AgreementVersion, effective_on: date, now: datetime
) -> None:
    last = load_state(session, agreement=agreement, version=version).last_date
    if effective_on < clock.day_in_zone(now) or (last is not None and effective_on < last):
        raise AmendmentDateError(field="effective_on", last_event_on=last.isoformat() if last else None)


def _write_version(
    session: orm.Session,
    *,
    agreement: Agreement,
    active: AgreementVersion,
    newest: AgreementVersion,
    terms: dict[str, Any],
    effective_on: date,
    note: str,
    actor: Any,
    now: datetime,
) -> AgreementVersion:
    check_terms(terms)
    if canonical(terms) in (active.terms, newest.terms):
        raise InvalidInputError("These terms are the same as before.", field="terms")
    version = append_version(
        session, agreement=agreement, terms=terms, actor=actor, note=note.strip()[:400], now=now,
        base_number=active.number,
    )  # fmt: skip
    _require_carried(session, agreement=agreement, active=active, version=version, effective_on=effective_on)
    require_same_parties(agreement, terms)
    require_registers(session, terms=terms, parties=agreement.parties)
    project = find_project(session, project_id=agreement.project_id) if agreement.project_id else None
    require_open(project, terms, on=clock.day_in_zone(now))
    return version


def _require_carried(
    session: orm.Session,
    *,
    agreement: Agreement,
    active: AgreementVersion,
    version: AgreementVersion,
    effective_on: date,
) -> None:
    """Try what will happen on the day, on the state of today; nothing is kept of it."""
    from risk.errors import RiskError

    state = load_state(session, agreement=agreement, version=active)
    event = {
        "id": f"amendment-{version.number}", "kind": "amendment",
        "effective_on": max(effective_on, state.last_date or effective_on).isoformat(),
        "body": {"version": version.number, "terms_hash": version.terms_hash},
    }  # fmt: skip
    try:
        engine_for(version).apply(state, event)
    except RiskError as error:
        raise from_risk(error, TermsRefusedError, field="terms") from error


def _record(
    session: orm.Session,
    agreement: Agreement,
    amendment: Amendment,
    actor: Any,
    now: datetime,
    what: str,
    details: dict[str, Any],
    key: str = "",
) -> None:
    record_act(
        session, actor=actor, action=f"agreement.amendment_{what}", subject_kind="agreement",
        subject_id=agreement.public_id, now=now, details={"amendment": amendment.public_id, **details},
    )  # fmt: skip
    tell_parties(
        session, agreement=agreement, kind=f"agreement_amendment_{what}", now=now,
        key=f"amendment:{amendment.public_id}:{what}:{key or amendment.version_number}",
        parameters={"version": amendment.version_number}, without=actor.organisation_id,
    )  # fmt: skip
