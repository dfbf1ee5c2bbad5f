"""Every SELECT of the payments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.payments.errors import PaymentNotFoundError
from marketplace.payments.models import BankLine, PaymentIntent

OVERSEERS = ("operator", "regulator", "auditor")


def visible_payments(actor: Any) -> sa.Select[PaymentIntent]:
    """Payer and payee see a payment; the operator, regulator and auditor see all."""
    statement = sa.select(PaymentIntent).options(
        orm.joinedload(PaymentIntent.payer), orm.joinedload(PaymentIntent.payee)
    )
    if actor.organisation_kind in OVERSEERS:
        return statement
    return statement.where(
        sa.or_(
            PaymentIntent.payer_organisation_id == actor.organisation_id,
            PaymentIntent.payee_organisation_id == actor.organisation_id,
        )
    )


def get_payment(session: orm.Session, *, actor: Any, public_id: str) -> PaymentIntent:
    found = session.scalar(visible_payments(actor).where(PaymentIntent.public_id == public_id))
    if found is None:
        raise PaymentNotFoundError()
    return found


def list_payments(
    session: orm.Session, *, actor: Any, state: str | None = None, after_id: int | None = None, limit: int = 100
) -> Sequence[PaymentIntent]:
    """Newest first; `after_id` is the last id of the page before."""
    statement = visible_payments(actor).order_by(PaymentIntent.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(PaymentIntent.state == state)
    if after_id is not None:
        statement = statement.where(PaymentIntent.id < after_id)
    return session.scalars(statement).all()


def count_payments(session: orm.Session, *, actor: Any, state: str | None = None) -> int:
    statement = visible_payments(actor)
    if state is not None:
        statement = statement.where(PaymentIntent.state == state)
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


def list_payments_of_book(session: orm.Session, *, book: str) -> Sequence[PaymentIntent]:
    """All payments of one agreement, oldest first; the caller has checked that the actor sees the agreement."""
    return session.scalars(
        sa.select(PaymentIntent)
        .options(orm.joinedload(PaymentIntent.payer), orm.joinedload(PaymentIntent.payee))
        .where(PaymentIntent.book == book)
        .order_by(PaymentIntent.id)
    ).all()


def find_intent(session: orm.Session, *, purpose: str, subject: str) -> PaymentIntent | None:
    return session.scalar(
        sa.select(PaymentIntent).where(PaymentIntent.purpose == purpose, PaymentIntent.subject == subject)
    )


def list_lines(session: orm.Session, *, intent_id: int) -> Sequence[BankLine]:
    return session.scalars(sa.select(BankLine).where(BankLine.intent_id == intent_id).order_by(BankLine.id)).all()


def get_line(session: orm.Session, *, actor: Any, public_id: str) -> BankLine:
    """A bank line of a payment that the actor sees, with its payment."""
    line = session.scalar(
        sa.select(BankLine)
        .options(orm.joinedload(BankLine.intent))
        .where(BankLine.public_id == public_id)
        .where(BankLine.intent_id.in_(sa.select(visible_payments(actor).subquery().c.id)))
    )
    if line is None:
        raise PaymentNotFoundError()
    return line


def find_line_by_reference(session: orm.Session, *, bank_reference: str) -> BankLine | None:
    """The line that stands under a bank's reference; a rejected one does not."""
    return session.scalar(
        sa.select(BankLine).where(BankLine.bank_reference == bank_reference, BankLine.state != "rejected")
    )


def compute_supervised_cash(session: orm.Session, *, book: str, currency: str) -> int:
    """Confirmed bank lines into the supervised account of a book, less those out of it."""
    signed = sa.case((PaymentIntent.direction == "in", BankLine.amount_minor), else_=-BankLine.amount_minor)
    return int(
        session.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(signed), 0))
            .join(PaymentIntent, BankLine.intent_id == PaymentIntent.id)
            .where(PaymentIntent.book == book, PaymentIntent.direction != "direct")
            .where(BankLine.state == "confirmed", BankLine.currency == currency)
        )
        or 0
    )


def list_pending_of_book(session: orm.Session, *, book: str) -> Sequence[PaymentIntent]:
    """What still waits to be paid under one agreement, oldest first; for builders that act for the parties."""
    return session.scalars(
        sa.select(PaymentIntent)
        .where(PaymentIntent.book == book, PaymentIntent.state == "pending")
        .order_by(PaymentIntent.id)
    ).all()


def list_anomalies(session: orm.Session, *, actor: Any) -> Sequence[BankLine]:
    """Bank lines that differ from their payment and wait for a person, newest first."""
    return session.scalars(
        sa.select(BankLine)
        .options(orm.joinedload(BankLine.intent))
        .where(BankLine.state == "anomaly")
        .where(BankLine.intent_id.in_(sa.select(visible_payments(actor).subquery().c.id)))
        .order_by(BankLine.id.desc())
    ).all()
