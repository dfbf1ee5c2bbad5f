"""Payments that an agreement waits for; what is paid is recorded only when the payments domain has confirmed it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import queries
from marketplace.agreements.errors import AgreementStateError
from marketplace.agreements.models import Agreement, AgreementEvent, AgreementParty, AgreementPayment
from marketplace.agreements.running import load_state
from marketplace.agreements.settlement import CALLED, CASH, DEPLOYED, Move
from marketplace.funding.services import record_called
from marketplace.money import Money
from marketplace.payments.models import PaymentIntent
from marketplace.payments.services import cancel_intent, create_intent


def plan_payments(
    session: orm.Session,
    *,
    agreement: Agreement,
    event: AgreementEvent,
    engine: Any,
    moves: Sequence[Move],
    actor: Any,
    now: datetime,
    settled_by: Mapping[str, int],
) -> None:
    """Make due what the event makes due: the calls of a tranche, or what a program shares out."""
    if event.kind == "drawdown_call":
        _plan_call(session, agreement=agreement, event=event, engine=engine, actor=actor, now=now)
    for move in moves:
        row = _row(agreement, event, move.purpose, move.payer, move.payee, move.amount_minor)
        row.debit_code, row.debit_party = move.debit[0], move.debit[1] or ""
        row.credit_code, row.credit_party = move.credit[0], move.credit[1] or ""
        if move.payee in settled_by:
            # Another domain has had this paid already: the row points to that payment, no second one is asked for.
            row.payment_id = settled_by[move.payee]
            session.add(row)
            continue
        _ask_for_payment(
            session,
            agreement=agreement,
            row=row,
            name=f"{event.event_id}:{move.payee}",
            actor=actor,
            now=now,
            direction="direct",
        )


def _plan_call(
    session: orm.Session, *, agreement: Agreement, event: AgreementEvent, engine: Any, actor: Any, now: datetime
) -> None:
    tranche = engine.model.tranches[json.loads(event.body)["tranche"]]
    project = engine.model.project
    supervised = queries.find_custodian(agreement) is not None
    for name, amount in tranche.amounts.items():
        if amount == 0:
            continue
        payer = engine.model.instruments[name].party
        row = _row(agreement, event, "drawdown", payer, project, amount)
        row.tranche, row.instrument = tranche.id, name
        row.debit_code, row.credit_code = CASH, CALLED
        row.credit_party = payer
        if agreement.round_id is not None and row.payer.organisation_id is not None:
            record_called(session, round_id=agreement.round_id, organisation_id=row.payer.organisation_id)
        _ask_for_payment(
            session,
            agreement=agreement,
            row=row,
            name=f"{tranche.id}:{name}",
            actor=actor,
            now=now,
            direction="in" if supervised else "direct",
        )


def hold_for_release(
    session: orm.Session,
    *,
    agreement: Agreement,
    event: AgreementEvent,
    paid: AgreementPayment,
    project: str,
    actor: Any,
    now: datetime,
) -> None:
    """Money paid in stays on the supervised account until its whole tranche is there; then its release is asked for."""
    custodian = queries.find_custodian(agreement)
    if custodian is None:
        return
    held = _row(agreement, event, "deployment", custodian.party, project, paid.amount_minor)
    held.tranche, held.debit_code, held.credit_code, held.state = paid.tranche, DEPLOYED, CASH, "held"
    session.add(held)
    session.flush()  # the release reads it
    release_held(session, agreement=agreement, due_on=event.effective_on, actor=actor, now=now)


def release_held(session: orm.Session, *, agreement: Agreement, due_on: date, actor: Any, now: datetime) -> None:
    """Ask for the release of every whole tranche that is held; of none while the agreement is frozen."""
    from risk.sharing.events.lifecycle import open_matters

    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    state = load_state(session, agreement=agreement, version=version)
    if open_matters(state.results, "freeze"):
        return
    rows = queries.list_payments(session, agreement_id=agreement.id)
    unpaid = {row.tranche for row in rows if row.purpose == "drawdown" and row.state == "waiting"}
    for tranche in dict.fromkeys(row.tranche for row in rows if row.state == "held"):
        if tranche not in unpaid:
            waiting = [row for row in rows if row.state == "held" and row.tranche == tranche]
            _ask_for_release(session, agreement, tranche, waiting, due_on=due_on, actor=actor, now=now)


def _ask_for_release(
    session: orm.Session,
    agreement: Agreement,
    tranche: str,
    waiting: list[AgreementPayment],
    *,
    due_on: date,
    actor: Any,
    now: datetime,
) -> None:
    held = waiting[0]
    intent = create_intent(
        session,
        purpose="deployment",
        subject=f"{agreement.book}:release:{tranche}",
        payer_organisation_id=_organisation(held.payer),
        payee_organisation_id=_organisation(held.payee),
        amount=Money(sum(row.amount_minor for row in waiting), agreement.currency),
        due_on=due_on,
        now=now,
        actor=actor,
        book=agreement.book,
        direction="out",
    )
    for row in waiting:
        row.payment_id, row.state = intent.id, "waiting"


def require_nothing_open(session: orm.Session, *, agreement: Agreement) -> None:
    """An agreement is closed when every payment that the market can confirm has been made."""
    open_rows = [
        row for row in queries.list_payments(session, agreement_id=agreement.id) if row.state in ("held", "waiting")
    ]
    if open_rows:
        raise AgreementStateError("Payments of this agreement are still open.", open=len(open_rows))


def reverse_payments(
    session: orm.Session, *, agreement: Agreement, event: AgreementEvent, actor: Any, now: datetime
) -> None:
    """Withdraw the payments of an event that is reversed; money that has moved is not undone by a reversal."""
    for row in queries.list_payments(session, agreement_id=agreement.id, event_id=event.id):
        if row.state == "paid":
            raise AgreementStateError("A payment of this event has been made; it cannot be reversed.")
        if row.state == "waiting":
            cancel_intent(session, actor=actor, intent=session.get_one(PaymentIntent, row.payment_id), now=now)
        row.state = "cancelled"


def _row(
    agreement: Agreement, event: AgreementEvent, purpose: str, payer: str, payee: str, amount_minor: int
) -> AgreementPayment:
    return AgreementPayment(
        agreement_id=agreement.id,
        event_id=event.id,
        payer=queries.get_party(agreement, payer),
        payee=queries.get_party(agreement, payee),
        purpose=purpose,
        amount_minor=amount_minor,
        currency=agreement.currency,
        due_on=event.effective_on,
        debit_party="",
        credit_party="",
        tranche="",
        instrument="",
        state="waiting",
    )


def _ask_for_payment(
    session: orm.Session,
    *,
    agreement: Agreement,
    row: AgreementPayment,
    name: str,
    actor: Any,
    now: datetime,
    direction: str,
) -> None:
    """An intent where both sides are on the market; otherwise the payment happens outside and nobody confirms it."""
    session.add(row)
    if row.payer.organisation_id is None or row.payee.organisation_id is None:
        row.state = "outside"
        return
    intent = create_intent(
        session,
        purpose=row.purpose,
        subject=f"{agreement.book}:{name}",
        payer_organisation_id=row.payer.organisation_id,
        payee_organisation_id=row.payee.organisation_id,
        amount=Money(row.amount_minor, row.currency),
        due_on=row.due_on,
        now=now,
        actor=actor,
        book=agreement.book,
        direction=direction,
    )
    row.payment_id = intent.id


def _organisation(party: AgreementParty) -> int:
    assert party.organisation_id is not None, "the custodian and the project are always organisations"
    return party.organisation_id
