"""What agreements hear from other domains: payments confirmed, milestones decided, claims settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.agreements import queries
from marketplace.agreements.errors import EventRefusedError
from marketplace.agreements.models import Agreement, AgreementEvent, AgreementPayment
from marketplace.agreements.running import engine_for
from marketplace.agreements.services.cash import CashEvent, record_cash_events
from marketplace.agreements.services.drafting import tell_parties
from marketplace.agreements.services.events import earliest_date, record_house_event
from marketplace.agreements.services.money import hold_for_release
from marketplace.audit.services import record_act
from marketplace.events import MilestoneDecided, PaymentConfirmed
from marketplace.funding.services import record_paid
from marketplace.payments.models import PaymentIntent
from marketplace.pools.services import record_return
from marketplace.projects.models import Milestone

RESULTS = {"passed": "pass", "failed": "fail", "conditional": "conditional", "partial": "partial", "void": "void"}


@dataclass(frozen=True)
class House:
    """The house itself as actor: another domain has decided, no person of a party acts."""

    user_public_id: str = ""
    organisation_public_id: str = ""
    organisation_id: int | None = None


HOUSE = House()


def on_payment_confirmed(session: orm.Session, event: PaymentConfirmed) -> None:
    """Record the drawdown, release or payment that has been confirmed; other payments are none of ours."""
    rows = queries.list_payments_of_intent(session, payment_id=event.payment_id)
    if not rows:
        return
    agreement = queries.lock_agreement(session, agreement_id=rows[0].agreement_id)
    intent = session.get_one(PaymentIntent, event.payment_id)
    if event.purpose == "drawdown":
        _record_drawdown(session, agreement=agreement, row=rows[0], intent=intent, paid_on=event.paid_on)
        return
    record_payment(session, agreement=agreement, rows=rows, intent=intent, paid_on=event.paid_on)


def record_payment(
    session: orm.Session,
    *,
    agreement: Agreement,
    rows: Sequence[AgreementPayment],
    intent: PaymentIntent,
    paid_on: date,
) -> None:
    """Book one confirmed payment: its cash entry, and the rows that waited for it."""
    kind = "deployment" if intent.purpose == "deployment" else "payment"
    total = sum(row.amount_minor for row in rows)
    first = rows[0]
    confirmed = CashEvent(
        f"paid-{intent.public_id}",
        kind,
        paid_on,
        {
            "payment": intent.public_id,
            "purpose": intent.purpose,
            "payer": first.payer.party,
            "payee": first.payee.party,
            "amount_minor": total,
        },
        [
            (first.debit_code, first.debit_party or None, total),
            (first.credit_code, first.credit_party or None, -total),
        ],
    )
    (event_id,) = record_cash_events(session, agreement=agreement, actor=HOUSE, items=[confirmed], now=clock.now())
    for row in rows:
        row.state, row.paid_on, row.settled_by_event_id = "paid", paid_on, event_id
    if first.payee.role == "pool":
        record_return(
            session, agreement=agreement.public_id, payment=intent.public_id, amount_minor=total, on=paid_on,
            actor=HOUSE, now=clock.now(),
        )  # fmt: skip


def _record_drawdown(
    session: orm.Session, *, agreement: Agreement, row: AgreementPayment, intent: PaymentIntent, paid_on: date
) -> None:
    recorded = record_house_event(
        session,
        agreement=agreement,
        actor=HOUSE,
        event_id=f"paid-{intent.public_id}",
        kind="drawdown_paid",
        effective_on=_not_before_last(session, agreement, paid_on),
        now=clock.now(),
        body={"tranche": row.tranche, "instrument": row.instrument, "amount_minor": row.amount_minor},
    )
    row.state, row.paid_on, row.settled_by_event_id = "paid", paid_on, recorded.id
    if agreement.round_id is not None and row.payer.organisation_id is not None:
        record_paid(
            session,
            round_id=agreement.round_id,
            organisation_id=row.payer.organisation_id,
            amount_minor=row.amount_minor,
        )
    session.flush()  # the release below asks which calls are still unpaid
    hold_for_release(
        session, agreement=agreement, event=recorded, paid=row, project=row.payee.party, actor=HOUSE, now=clock.now()
    )


def on_milestone_decided(session: orm.Session, event: MilestoneDecided) -> None:
    """Tell the engine of every active agreement whose terms name the milestone."""
    milestone = session.get_one(Milestone, event.milestone_id)
    for agreement in queries.list_active_agreements_of_project(session, project_id=event.project_id):
        version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
        if milestone.code not in engine_for(version).model.milestones:
            continue
        result = RESULTS[event.result]
        record_fact(
            session,
            agreement=agreement,
            kind="milestone",
            decided_on=event.decided_on,
            event_id=f"milestone-{milestone.code}-{result}-{event.decided_on.isoformat()}",
            body={"milestone": milestone.code, "result": result},
        )


def record_fact(
    session: orm.Session,
    *,
    agreement: Agreement,
    kind: str,
    event_id: str,
    decided_on: date,
    body: dict[str, Any],
    settled_by: Mapping[str, int] | None = None,
) -> AgreementEvent | None:
    """Record a decision of another domain; a refusal of the terms is kept and told, the decision itself stands."""
    try:
        return record_house_event(
            session,
            agreement=agreement,
            actor=HOUSE,
            event_id=event_id,
            kind=kind,
            body=body,
            effective_on=_not_before_last(session, agreement, decided_on),
            now=clock.now(),
            settled_by=settled_by,
        )
    except EventRefusedError as error:
        record_act(
            session,
            actor=HOUSE,
            action="agreement.fact_refused",
            subject_kind="agreement",
            subject_id=agreement.public_id,
            now=clock.now(),
            details={"kind": kind, **error.as_dict()},
        )
        tell_parties(
            session,
            agreement=agreement,
            kind="agreement_fact_refused",
            now=clock.now(),
            key=f"fact:{event_id}",
            parameters={"kind": kind, "reason": error.message},
        )
        return None


def _not_before_last(session: orm.Session, agreement: Agreement, day: date) -> date:
    """A fact that arrives late takes effect on the day of the last event: accruals have run to it."""
    last = earliest_date(session, agreement=agreement)
    return day if last is None else max(day, last)
