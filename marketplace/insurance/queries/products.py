"""Products on file, and the insurers, banks and other organisations that a request names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.insurance.errors import InsuranceNotFoundError
from marketplace.insurance.models import (
    InsuranceProduct,
)


def visible_products(actor: Any) -> sa.Select[InsuranceProduct]:
    """Filed products are read by everybody who is signed in; only their insurer files a new version."""
    del actor  # a filed product is public
    return sa.select(InsuranceProduct).options(orm.joinedload(InsuranceProduct.insurer))


def list_products(session: orm.Session, *, actor: Any, insurer_id: int | None = None) -> Sequence[InsuranceProduct]:
    """Products, the newest version first."""
    statement = visible_products(actor).order_by(InsuranceProduct.valid_from.desc(), InsuranceProduct.id.desc())
    if insurer_id is not None:
        statement = statement.where(InsuranceProduct.insurer_organisation_id == insurer_id)
    return session.scalars(statement).all()


def get_product(session: orm.Session, *, actor: Any, public_id: str) -> InsuranceProduct:
    found = session.scalar(visible_products(actor).where(InsuranceProduct.public_id == public_id))
    if found is None:
        raise InsuranceNotFoundError()
    return found


def find_product_version(session: orm.Session, *, insurer_id: int, code: str, version: str) -> InsuranceProduct | None:
    return session.scalar(
        sa.select(InsuranceProduct).where(
            InsuranceProduct.insurer_organisation_id == insurer_id,
            InsuranceProduct.code == code,
            InsuranceProduct.version == version,
        )
    )


def find_current_product(session: orm.Session, *, insurer_id: int, currency: str, on: date) -> InsuranceProduct | None:
    """The newest version of an insurer that is valid on a day."""
    return session.scalar(
        sa.select(InsuranceProduct)
        .where(
            InsuranceProduct.insurer_organisation_id == insurer_id,
            InsuranceProduct.currency == currency,
            InsuranceProduct.valid_from <= on,
            sa.or_(InsuranceProduct.valid_to.is_(None), InsuranceProduct.valid_to >= on),
        )
        .order_by(InsuranceProduct.valid_from.desc(), InsuranceProduct.id.desc())
        .limit(1)
    )


def list_insurers(session: orm.Session, *, currency: str, on: date) -> Sequence[Organisation]:
    """Verified insurers with a product that is valid on a day."""
    offering = sa.select(InsuranceProduct.insurer_organisation_id).where(
        InsuranceProduct.currency == currency,
        InsuranceProduct.valid_from <= on,
        sa.or_(InsuranceProduct.valid_to.is_(None), InsuranceProduct.valid_to >= on),
    )
    return session.scalars(
        sa.select(Organisation)
        .where(Organisation.kind == "insurer", Organisation.verification_state == "verified")
        .where(Organisation.id.in_(offering))
        .order_by(Organisation.id)
    ).all()


def list_organisations(
    session: orm.Session, *, public_ids: Iterable[str], kind: str | None = None
) -> list[Organisation]:
    """Verified organisations by public id, in the order asked for; a missing one is left out."""
    wanted = list(public_ids)
    statement = sa.select(Organisation).where(
        Organisation.public_id.in_(wanted), Organisation.verification_state == "verified"
    )
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    found = {row.public_id: row for row in session.scalars(statement)}
    return [found[public_id] for public_id in wanted if public_id in found]


def list_banks(session: orm.Session) -> Sequence[Organisation]:
    """Verified banks, to whom an indemnity can be assigned."""
    return session.scalars(
        sa.select(Organisation)
        .where(Organisation.kind == "bank", Organisation.verification_state == "verified")
        .order_by(Organisation.id)
    ).all()
