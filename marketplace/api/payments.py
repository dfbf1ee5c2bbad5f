"""/api/v1/payments."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.money import Money
from marketplace.payments import queries, services
from marketplace.payments.schemas import PaymentListSchema, PaymentQuerySchema, PaymentSchema, TransferSchema

blueprint = Blueprint("api_payments", __name__, url_prefix="/payments", description="Payment intents and transfers")


@blueprint.get("")
@blueprint.arguments(PaymentQuerySchema, location="query")
@blueprint.response(200, PaymentListSchema)
@requires(Permission.PAYMENT_READ)
def list_payments(query: dict[str, Any]) -> Any:
    """Payments that the organisation makes or receives, newest first."""
    session, actor = current_session(), current_actor()
    cursor, limit = query["cursor"], query["limit"]
    after = queries.get_payment(session, actor=actor, public_id=cursor).id if cursor else None
    rows = queries.list_payments(session, actor=actor, state=query["state"], after_id=after, limit=limit + 1)
    more = len(rows) > limit
    return {
        "data": rows[:limit],
        "page": {
            "next_cursor": rows[limit - 1].public_id if more else None,
            "total": queries.count_payments(session, actor=actor, state=query["state"]),
        },
    }


@blueprint.get("/<public_id>")
@blueprint.response(200, PaymentSchema)
@requires(Permission.PAYMENT_READ)
def show_payment(public_id: str) -> Any:
    """One payment."""
    return queries.get_payment(current_session(), actor=current_actor(), public_id=public_id)


@blueprint.post("/<public_id>/transfers")
@blueprint.arguments(TransferSchema)
@blueprint.response(200, PaymentSchema)
@requires(Permission.PAYMENT_RECORD)
def record_transfer(values: dict[str, Any], public_id: str) -> Any:
    """Record the bank line of a transfer; another person confirms it on the page."""
    session, actor = current_session(), current_actor()
    payment = queries.get_payment(session, actor=actor, public_id=public_id)
    services.record_transfer(
        session,
        actor=actor,
        intent=payment,
        amount=Money(**values["amount"]),
        paid_on=values["paid_on"],
        bank_reference=values["bank_reference"],
        remittance_code=values["remittance_code"],
        now=clock.now(),
    )
    return payment
