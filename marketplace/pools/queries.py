"""Every SELECT of pools; `visible_pools` is the one scope of page, API and export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import lock_rows
from marketplace.pools.errors import PoolNotFoundError
from marketplace.pools.models import CompensationPool, PoolBank, PoolFiling, PoolMovement
from marketplace.pools.rules import Counted, Room, compute_room

OVERSEERS = ("operator", "regulator", "auditor")


def visible_pools(actor: Any) -> sa.Select[CompensationPool]:
    """The office that keeps a pool, the banks that lend under it, and the overseers."""
    statement = sa.select(CompensationPool).options(orm.selectinload(CompensationPool.banks))
    if actor.organisation_kind in OVERSEERS:
        return statement
    member = sa.select(PoolBank.pool_id).where(PoolBank.organisation_id == actor.organisation_id)
    return statement.where(
        sa.or_(CompensationPool.organisation_id == actor.organisation_id, CompensationPool.id.in_(member))
    )


def get_pool(session: orm.Session, *, actor: Any, public_id: str) -> CompensationPool:
    found = session.scalar(visible_pools(actor).where(CompensationPool.public_id == public_id))
    if found is None:
        raise PoolNotFoundError()
    return found


def list_pools(session: orm.Session, *, actor: Any, limit: int = 100) -> Sequence[CompensationPool]:
    """Newest first."""
    return session.scalars(visible_pools(actor).order_by(CompensationPool.id.desc()).limit(limit)).all()


def find_pool_by_code(session: orm.Session, *, code: str) -> CompensationPool | None:
    """For agreements, whose terms name the register."""
    return session.scalar(
        sa.select(CompensationPool)
        .options(orm.selectinload(CompensationPool.banks))
        .where(CompensationPool.code == code)
    )


def lock_pool(session: orm.Session, *, pool_id: int) -> CompensationPool:
    """The pool under a row lock: one act at a time counts on what it has left."""
    statement = (
        sa.select(CompensationPool)
        .options(orm.lazyload(CompensationPool.operator), orm.selectinload(CompensationPool.banks))
        .where(CompensationPool.id == pool_id)
        .execution_options(populate_existing=True)
    )
    locked = session.scalar(lock_rows(session, statement))
    assert locked is not None
    return locked


def find_bank(pool: CompensationPool, *, organisation_id: int | None) -> PoolBank | None:
    return next((bank for bank in pool.banks if bank.organisation_id == organisation_id), None)


def list_banks_to_add(session: orm.Session, *, pool: CompensationPool) -> Sequence[Organisation]:
    """Verified banks that do not lend under the pool yet."""
    known = [bank.organisation_id for bank in pool.banks]
    return session.scalars(
        sa.select(Organisation)
        .where(Organisation.kind == "bank", Organisation.verification_state == "verified")
        .where(Organisation.id.not_in(known))
        .order_by(Organisation.id)
    ).all()


def compute_pool_room(session: orm.Session, *, pool: CompensationPool, year: int, bank_id: int | None) -> Room:
    """What the register has left for a bank in a year."""
    rows = session.execute(
        sa.select(
            PoolMovement.year,
            PoolMovement.bank_organisation_id,
            sa.func.sum(PoolMovement.balance_minor),
            sa.func.sum(PoolMovement.used_minor),
        )
        .where(PoolMovement.pool_id == pool.id)
        .group_by(PoolMovement.year, PoolMovement.bank_organisation_id)
    )
    bank = find_bank(pool, organisation_id=bank_id)
    return compute_room(
        (Counted(of_year, of_bank, int(balance), int(used)) for of_year, of_bank, balance, used in rows),
        year=year, year_limit_minor=pool.year_limit_minor, bank=bank_id,
        bank_limit_minor=bank.year_limit_minor if bank else 0,
    )  # fmt: skip


def visible_filings(actor: Any) -> sa.Select[PoolFiling]:
    """The office and the overseers see every filing of a pool; a bank its own, for another's loan is its secret."""
    statement = sa.select(PoolFiling)
    if actor.organisation_kind in OVERSEERS:
        return statement
    kept = sa.select(CompensationPool.id).where(CompensationPool.organisation_id == actor.organisation_id)
    return statement.where(
        sa.or_(PoolFiling.bank_organisation_id == actor.organisation_id, PoolFiling.pool_id.in_(kept))
    )


def list_filings(session: orm.Session, *, actor: Any, pool_id: int, limit: int = 500) -> Sequence[PoolFiling]:
    """In the order of their numbers."""
    return session.scalars(
        visible_filings(actor).where(PoolFiling.pool_id == pool_id).order_by(PoolFiling.number).limit(limit)
    ).all()


def find_filing_of(session: orm.Session, *, actor: Any, agreement: str) -> PoolFiling | None:
    """The newest filing under an agreement that the actor may see."""
    return session.scalar(
        visible_filings(actor).where(PoolFiling.agreement == agreement).order_by(PoolFiling.id.desc()).limit(1)
    )


def get_filing(session: orm.Session, *, actor: Any, public_id: str) -> PoolFiling:
    found = session.scalar(visible_filings(actor).where(PoolFiling.public_id == public_id))
    if found is None:
        raise PoolNotFoundError()
    return found


def count_waiting(session: orm.Session, *, pool_id: int) -> int:
    """How long the queue is, for a bank that sees its own filings only."""
    return session.scalar(
        sa.select(sa.func.count(PoolFiling.id)).where(PoolFiling.pool_id == pool_id, PoolFiling.state == "waiting")
    ) or 0  # fmt: skip


def find_standing_filing(session: orm.Session, *, agreement: str) -> PoolFiling | None:
    """The filing of an agreement that waits or has been served."""
    return session.scalar(
        sa.select(PoolFiling)
        .options(orm.lazyload(PoolFiling.pool))
        .where(PoolFiling.agreement == agreement, PoolFiling.state.in_(("waiting", "compensated")))
        .execution_options(populate_existing=True)
    )


def find_first_waiting(session: orm.Session, *, pool_id: int) -> PoolFiling | None:
    """Whose turn it is."""
    return session.scalar(
        sa.select(PoolFiling)
        .where(PoolFiling.pool_id == pool_id, PoolFiling.state == "waiting")
        .order_by(PoolFiling.number)
        .limit(1)
    )


def last_number(session: orm.Session, *, pool_id: int) -> int:
    return session.scalar(sa.select(sa.func.max(PoolFiling.number)).where(PoolFiling.pool_id == pool_id)) or 0


def visible_movements(actor: Any, *, pool_id: int) -> sa.Select[PoolMovement]:
    """A bank sees what concerns it, and what fills the pool; the office and the overseers see all."""
    statement = sa.select(PoolMovement).where(PoolMovement.pool_id == pool_id)
    if actor.organisation_kind in OVERSEERS:
        return statement
    kept = sa.select(CompensationPool.id).where(CompensationPool.organisation_id == actor.organisation_id)
    return statement.where(
        sa.or_(
            PoolMovement.pool_id.in_(kept),
            PoolMovement.bank_organisation_id == actor.organisation_id,
            PoolMovement.kind == "contribution",
        )
    )


def list_movements(session: orm.Session, *, actor: Any, pool_id: int, limit: int = 1000) -> Sequence[PoolMovement]:
    """In the order in which they were recorded."""
    return session.scalars(visible_movements(actor, pool_id=pool_id).order_by(PoolMovement.id).limit(limit)).all()


def find_movement(session: orm.Session, *, pool_id: int, reference: str) -> PoolMovement | None:
    return session.scalar(
        sa.select(PoolMovement).where(PoolMovement.pool_id == pool_id, PoolMovement.reference == reference)
    )
