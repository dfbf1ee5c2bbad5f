"""Every SELECT of users, organisations and memberships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Membership, Organisation, User
from marketplace.errors import NotFoundError


def visible_organisations(actor: Any) -> sa.Select[tuple[Organisation]]:
    """Verified organisations are public to members; others only to themselves and the operator."""
    statement = sa.select(Organisation)
    if actor.organisation_kind in ("operator", "regulator"):
        return statement
    return statement.where(
        sa.or_(Organisation.verification_state == "verified", Organisation.id == actor.organisation_id)
    )


def get_organisation(session: orm.Session, *, actor: Any, public_id: str) -> Organisation:
    found = session.scalar(visible_organisations(actor).where(Organisation.public_id == public_id))
    if found is None:
        raise NotFoundError()
    return found


def list_organisations(session: orm.Session, *, actor: Any, kind: str | None = None) -> Sequence[Organisation]:
    statement = visible_organisations(actor).order_by(Organisation.kind, Organisation.name_en)
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    return session.scalars(statement).all()


def find_organisation_by_credit_code(session: orm.Session, *, credit_code: str) -> Organisation | None:
    return session.scalar(sa.select(Organisation).where(Organisation.credit_code == credit_code))


def list_memberships_of(session: orm.Session, *, user_id: int) -> Sequence[Membership]:
    """The organisations that a user may act as, with their names loaded."""
    return session.scalars(
        sa.select(Membership)
        .options(orm.joinedload(Membership.organisation))
        .where(Membership.user_id == user_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    ).all()


def find_user_by_email(session: orm.Session, *, email: str) -> User | None:
    return session.scalar(sa.select(User).where(User.email == email.strip().lower()))


def list_members(session: orm.Session, *, organisation_id: int) -> Sequence[Membership]:
    return session.scalars(
        sa.select(Membership)
        .options(orm.joinedload(Membership.user))
        .where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    ).all()
