"""Every SELECT of the scheme rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.errors import NotFoundError
from marketplace.schemes.models import SchemeRule


def find_rule(session: orm.Session, *, code: str, on: date) -> SchemeRule | None:
    """The version of a rule that is in force on a day."""
    return session.scalar(
        sa.select(SchemeRule)
        .where(SchemeRule.code == code, SchemeRule.valid_from <= on)
        .where(sa.or_(SchemeRule.valid_to.is_(None), SchemeRule.valid_to >= on))
        .order_by(SchemeRule.valid_from.desc())
        .limit(1)
    )


def get_rule(session: orm.Session, *, public_id: str) -> SchemeRule:
    rule = session.scalar(sa.select(SchemeRule).where(SchemeRule.public_id == public_id))
    if rule is None:
        raise NotFoundError()
    return rule


def list_rules(session: orm.Session, *, kind: str | None = None) -> Sequence[SchemeRule]:
    statement = sa.select(SchemeRule).order_by(SchemeRule.kind, SchemeRule.code, SchemeRule.valid_from)
    if kind is not None:
        statement = statement.where(SchemeRule.kind == kind)
    return session.scalars(statement).all()
