"""Every SELECT of amendments; whoever sees an agreement sees its amendments, so these ask for one that was loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.agreements.errors import AgreementNotFoundError
from marketplace.agreements.models import Agreement, Amendment, AmendmentComment


def find_amendment(session: orm.Session, *, agreement: Agreement) -> Amendment | None:
    """The amendment of an agreement that is being negotiated, signed or waits for its day."""
    return session.scalar(
        sa.select(Amendment).where(
            Amendment.agreement_id == agreement.id, Amendment.state.in_(("negotiating", "signing", "signed"))
        )
    )


def get_amendment(session: orm.Session, *, agreement: Agreement, public_id: str) -> Amendment:
    found = session.scalar(
        sa.select(Amendment).where(Amendment.agreement_id == agreement.id, Amendment.public_id == public_id)
    )
    if found is None:
        raise AgreementNotFoundError("There is no such amendment of this agreement.")
    return found


def list_amendments(session: orm.Session, *, agreement_id: int) -> Sequence[Amendment]:
    return session.scalars(
        sa.select(Amendment).where(Amendment.agreement_id == agreement_id).order_by(Amendment.id.desc())
    ).all()


def list_due_amendments(session: orm.Session, *, on: date) -> Sequence[Amendment]:
    """Signed amendments whose day has come, for the daily job."""
    return session.scalars(
        sa.select(Amendment).where(Amendment.state == "signed", Amendment.effective_on <= on).order_by(Amendment.id)
    ).all()


def list_comments(session: orm.Session, *, amendment_id: int) -> Sequence[AmendmentComment]:
    return session.scalars(
        sa.select(AmendmentComment).where(AmendmentComment.amendment_id == amendment_id).order_by(AmendmentComment.id)
    ).all()
