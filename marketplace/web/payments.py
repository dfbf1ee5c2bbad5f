"""Pages of the payments: what is due, the bank transfer, and its confirmation by a second person."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, require_fresh_sign_in, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, MarketplaceError
from marketplace.money import parse_amount
from marketplace.payments import queries, services
from marketplace.payments.errors import PaymentNotFoundError
from marketplace.payments.models import INTENT_STATES, BankLine, PaymentIntent
from marketplace.web.paging import FETCH, chosen_state, cursor_row, cut_page

blueprint = Blueprint("payments", __name__)


@blueprint.get("/payments")
@requires(Permission.PAYMENT_READ)
def list_payments() -> Any:
    """Payments of the organisation one acts for, newest first."""
    session, actor = current_session(), current_actor()
    state = chosen_state(INTENT_STATES)
    after = cursor_row(lambda public_id: queries.get_payment(session, actor=actor, public_id=public_id))
    rows, pager = cut_page(queries.list_payments(session, actor=actor, state=state, after_id=after, limit=FETCH))
    return render_template(
        "payments/list.html",
        payments=rows,
        total=queries.count_payments(session, actor=actor, state=state),
        state=state,
        states=INTENT_STATES,
        **pager,
    )


@blueprint.get("/payments/<public_id>")
@requires(Permission.PAYMENT_READ)
def show_payment(public_id: str) -> Any:
    """One payment: who owes whom, the remittance code, the bank lines."""
    payment = queries.get_payment(current_session(), actor=current_actor(), public_id=public_id)
    return _render(payment, {}, {})


def _render(payment: PaymentIntent, values: Any, errors: dict[str, str]) -> Any:
    actor = current_actor()
    lines = queries.list_lines(current_session(), intent_id=payment.id)
    page = render_template(
        "payments/show.html",
        payment=payment,
        lines=lines,
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
        may_record=actor.can(Permission.PAYMENT_RECORD) and payment.state == "pending",
        may_confirm=actor.can(Permission.PAYMENT_CONFIRM) and payment.state == "recorded",
        may_reject=actor.can(Permission.PAYMENT_CONFIRM),
        today=clock.day_in_zone(clock.now()),
    )
    return (page, 422) if errors else page


@blueprint.post("/payments/<public_id>/record")
@requires(Permission.PAYMENT_RECORD)
def record_transfer(public_id: str) -> Any:
    """Note the bank line of a transfer that was made."""
    session, actor = current_session(), current_actor()
    payment = queries.get_payment(session, actor=actor, public_id=public_id)
    try:
        services.record_transfer(
            session,
            actor=actor,
            intent=payment,
            amount=parse_amount(request.form.get("amount", ""), payment.currency, field="amount"),
            paid_on=_day(request.form.get("paid_on", "")),
            bank_reference=request.form.get("bank_reference", ""),
            remittance_code=request.form.get("remittance_code", ""),
            now=clock.now(),
        )
    except MarketplaceError as error:
        if error.field is None:
            raise
        return _render(payment, request.form, {error.field: _(error.message)})
    flash(_("The bank line is recorded. A second person confirms it."), "jade")
    return redirect(url_for("payments.show_payment", public_id=public_id))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("Enter a day, for example 2027-01-15.", field="paid_on") from error


def _line_of(public_id: str, line_id: str) -> BankLine:
    """A line under the payment of its own address only."""
    session, actor = current_session(), current_actor()
    line = queries.get_line(session, actor=actor, public_id=line_id)
    if line.intent.public_id != public_id:
        raise PaymentNotFoundError()
    return line


@blueprint.post("/payments/<public_id>/lines/<line_id>/confirm")
@requires(Permission.PAYMENT_CONFIRM)
def confirm_transfer(public_id: str, line_id: str) -> Any:
    """The second person has found the line on the bank statement."""
    session, actor = current_session(), current_actor()
    require_fresh_sign_in()
    line = _line_of(public_id, line_id)
    services.confirm_transfer(session, actor=actor, line=line, now=clock.now())
    flash(_("The payment is confirmed and booked."), "jade")
    return redirect(url_for("payments.show_payment", public_id=public_id))


@blueprint.post("/payments/<public_id>/lines/<line_id>/reject")
@requires(Permission.PAYMENT_CONFIRM)
def reject_transfer(public_id: str, line_id: str) -> Any:
    """The second person does not find the line; the payment waits again."""
    session, actor = current_session(), current_actor()
    line = _line_of(public_id, line_id)
    try:
        services.reject_transfer(
            session, actor=actor, line=line, reason=request.form.get("reason", ""), now=clock.now()
        )
    except InvalidInputError as error:
        shown = queries.get_payment(session, actor=actor, public_id=public_id)
        return _render(shown, request.form, {name: _(text) for name, text in error.errors.items()})
    flash(_("The bank line is rejected; the payment waits again."), "amber")
    return redirect(url_for("payments.show_payment", public_id=public_id))
