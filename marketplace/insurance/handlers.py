"""What insurance hears: a premium or an indemnity that is confirmed as paid."""

from __future__ import annotations

from sqlalchemy import orm

from marketplace import clock
from marketplace.events import PaymentConfirmed
from marketplace.insurance import queries
from marketplace.insurance.services.binding import start_cover
from marketplace.insurance.services.claims import settle_part


def on_payment_confirmed(session: orm.Session, event: PaymentConfirmed) -> None:
    """Start the cover that waited for its premium, or settle the claim; other payments are none of ours."""
    if event.purpose == "premium":
        policy = queries.find_policy_of_payment(session, payment_id=event.payment_id)
        if policy is not None:
            start_cover(session, policy=policy, now=clock.now())
    elif event.purpose == "indemnity":
        claim = queries.find_claim_of_payment(session, payment_id=event.payment_id)
        if claim is not None:
            settle_part(session, claim=claim, paid_on=event.paid_on, now=clock.now())
