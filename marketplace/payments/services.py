"""Intents, the bank-transfer rail and its two-person confirmation."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.permissions import Actor
from marketplace.audit.services import record_act
from marketplace.db import changed_rows, lock_rows
from marketplace.errors import InvalidInputError
from marketplace.events import PaymentConfirmed, record_event
from marketplace.money import Money
from marketplace.notifications.services import notify
from marketplace.payments import queries
from marketplace.payments.errors import (
    BankReferenceUsedError,
    IntentDiffersError,
    InterestedPartyError,
    PaymentStateError,
    RemittanceCodeError,
    SamePersonError,
)
from marketplace.payments.models import BankLine, PaymentIntent
from marketplace.payments.remittance import new_remittance_code


def create_intent(
    session: orm.Session,
    *,
    purpose: str,
    subject: str,
    payer_organisation_id: int,
    payee_organisation_id: int,
    amount: Money,
    due_on: date,
    now: datetime,
    actor: Any,
    book: str = "",
    direction: str = "direct",
) -> PaymentIntent:
    """What is to be paid; the same purpose and subject give the same intent, other figures are a conflict."""
    known = queries.find_intent(session, purpose=purpose, subject=subject)
    if known is not None:
        same = (known.payer_organisation_id, known.payee_organisation_id, known.money)
        if same != (payer_organisation_id, payee_organisation_id, amount):
            raise IntentDiffersError(payment=known.public_id)
        return known
    intent = PaymentIntent(
        purpose=purpose, subject=subject, book=book, direction=direction, due_on=due_on, created_at=now,
        payer_organisation_id=payer_organisation_id, payee_organisation_id=payee_organisation_id,
        amount_minor=amount.amount_minor, currency=amount.currency, remittance_code=new_remittance_code(),
    )  # fmt: skip
    session.add(intent)
    session.flush()  # the audit line and the notice name the public id
    record_act(session, actor=actor, action="payment.intended", subject_kind="payment", subject_id=intent.public_id,
               now=now, details={"purpose": purpose, **amount.as_dict()})  # fmt: skip
    notify(
        session, organisation_ids=[payer_organisation_id], kind="payment_due", now=now,
        parameters={"amount_minor": amount.amount_minor, "currency": amount.currency, "due_on": due_on.isoformat()},
        url=f"/payments/{intent.public_id}", dedupe_key=f"payment_due:{intent.public_id}",
    )  # fmt: skip
    return intent


def record_transfer(
    session: orm.Session,
    *,
    actor: Actor,
    intent: PaymentIntent,
    amount: Money,
    paid_on: date,
    bank_reference: str,
    remittance_code: str,
    now: datetime,
) -> BankLine:
    """Note a bank line for an intent; another amount or currency is kept as an anomaly and pays nothing."""
    reference = bank_reference.strip()
    if not 4 <= len(reference) <= 80:
        raise InvalidInputError("Enter the bank's reference of the transfer.", field="bank_reference")
    if remittance_code.strip().upper() != intent.remittance_code:
        raise RemittanceCodeError(field="remittance_code")
    if paid_on > now.date().replace(year=now.year + 20):
        raise InvalidInputError("This day is too far away.", field="paid_on")
    if queries.find_line_by_reference(session, bank_reference=reference) is not None:
        raise BankReferenceUsedError(field="bank_reference")
    intent = _lock(session, intent)
    if intent.state != "pending":
        raise PaymentStateError(state=intent.state)
    anomaly = "" if amount == intent.money else "amount or currency differ from the intent"
    line = BankLine(
        intent_id=intent.id, bank_reference=reference, amount_minor=amount.amount_minor, currency=amount.currency,
        paid_on=paid_on, state="anomaly" if anomaly else "recorded", anomaly=anomaly,
        recorded_by=actor.user_public_id, recorded_at=now,
    )  # fmt: skip
    session.add(line)
    if not anomaly:
        intent.state = "recorded"
    session.flush()  # the audit line names the bank line
    record_act(session, actor=actor, action="payment.recorded", subject_kind="payment", subject_id=intent.public_id,
               now=now, details={"line": line.public_id, "anomaly": anomaly})  # fmt: skip
    return line


def confirm_transfer(session: orm.Session, *, actor: Actor, line: BankLine, now: datetime) -> PaymentIntent:
    """The second person confirms; the intent becomes paid once and tells those who wait for it."""
    intent = _lock(session, line.intent)
    if actor.user_public_id == line.recorded_by:
        raise SamePersonError()
    if actor.organisation_id in (intent.payer_organisation_id, intent.payee_organisation_id):
        raise InterestedPartyError()
    moved = changed_rows(
        session,
        sa.update(BankLine)
        .where(BankLine.id == line.id, BankLine.state == "recorded")
        .values(state="confirmed", confirmed_by=actor.user_public_id, confirmed_at=now),
    )
    if moved != 1 or intent.state != "recorded":
        raise PaymentStateError(state=intent.state)
    intent.state, intent.confirmed_at = "confirmed", now
    session.flush()  # handlers of the event read the intent's state
    record_act(session, actor=actor, action="payment.confirmed", subject_kind="payment",
               subject_id=intent.public_id, now=now, details={"line": line.public_id})  # fmt: skip
    record_event(
        session,
        PaymentConfirmed(
            payment_id=intent.id, purpose=intent.purpose, subject=intent.subject, amount_minor=intent.amount_minor,
            currency=intent.currency, paid_on=line.paid_on,
        ),
    )  # fmt: skip
    notify(
        session, organisation_ids=[intent.payer_organisation_id, intent.payee_organisation_id], now=now,
        kind="payment_confirmed", parameters=intent.money.as_dict(), url=f"/payments/{intent.public_id}",
        dedupe_key=f"payment_confirmed:{intent.public_id}",
    )  # fmt: skip
    return intent


def reject_transfer(session: orm.Session, *, actor: Actor, line: BankLine, reason: str, now: datetime) -> PaymentIntent:
    """The second person does not find the line on the statement; the intent waits again."""
    if not reason.strip():
        raise InvalidInputError("Say why the line is rejected.", field="reason")
    intent = _lock(session, line.intent)
    if actor.user_public_id == line.recorded_by:
        raise SamePersonError()
    if actor.organisation_id in (intent.payer_organisation_id, intent.payee_organisation_id):
        raise InterestedPartyError()
    if line.state not in ("recorded", "anomaly"):
        raise PaymentStateError(state=line.state)
    # The line may have been confirmed since it was read; the state is part of the condition.
    moved = changed_rows(
        session,
        sa.update(BankLine)
        .where(BankLine.id == line.id, BankLine.state == line.state)
        .values(state="rejected", anomaly=reason.strip()[:200])
        .execution_options(synchronize_session=False),
    )
    if moved != 1:
        raise PaymentStateError(state=intent.state)
    if line.state == "recorded":
        intent.state = "pending"
    if line in session:
        session.refresh(line, ["state", "anomaly"])
    record_act(session, actor=actor, action="payment.rejected", subject_kind="payment",
               subject_id=intent.public_id, now=now, details={"line": line.public_id, "reason": reason})  # fmt: skip
    return intent


def cancel_intent(session: orm.Session, *, actor: Any, intent: PaymentIntent, now: datetime) -> None:
    """Withdraw what is not yet recorded (a reversed call, a cancelled quote)."""
    intent = _lock(session, intent)
    if intent.state != "pending":
        raise PaymentStateError(state=intent.state)
    intent.state = "cancelled"
    record_act(session, actor=actor, action="payment.cancelled", subject_kind="payment",
               subject_id=intent.public_id, now=now)  # fmt: skip


def _lock(session: orm.Session, intent: PaymentIntent) -> PaymentIntent:
    locked = session.scalar(
        lock_rows(session, sa.select(PaymentIntent).where(PaymentIntent.id == intent.id)).execution_options(
            populate_existing=True
        )
    )
    assert locked is not None
    return locked
