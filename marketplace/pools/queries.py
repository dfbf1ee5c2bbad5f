"""Every SELECT of pools; `visible_pools` is the one scope of page, API and export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.db import lock_rows
from marketplace.pools.errors import PoolNotFoundError
from marketplace.pools.models import CompensationPool, PoolBank, PoolFiling, PoolMovement
from marketplace.pools.rules import REVERSAL, Counted, Room, compute_room, reversal_reference

OVERSEERS = ("operator", "regulator")
# Public ids of the agreements that an auditor certifies. Agreements lie above, so the door hands the select down.
Concerned = sa.Select[str]


def visible_pools(actor: Any) -> sa.Select[CompensationPool]:
    """The office that keeps a pool, the banks that lend under it, the overseers; auditors too, for what a pool has."""
    statement = sa.select(CompensationPool).options(orm.selectinload(CompensationPool.banks))
    if actor.organisation_kind in (*OVERSEERS, "auditor"):
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


def list_pools(
    session: orm.Session, *, actor: Any, after_id: int | None = None, limit: int = 50
) -> Sequence[CompensationPool]:
    """Newest first; `after_id` is the last id of the page before."""
    return _newest(session, visible_pools(actor), CompensationPool.id, after_id, limit)


def count_pools(session: orm.Session, *, actor: Any) -> int:
    return _count(session, visible_pools(actor))


def sees_whole_register(actor: Any, pool: CompensationPool) -> bool:
    """The office of the pool and the overseers; everybody else sees what concerns it."""
    return actor.organisation_kind in OVERSEERS or pool.organisation_id == actor.organisation_id


def _newest(session: orm.Session, statement: sa.Select[Any], key: Any, after_id: int | None, limit: int) -> Any:
    if after_id is not None:
        statement = statement.where(key < after_id)
    return session.scalars(statement.order_by(key.desc()).limit(limit)).all()


def _count(session: orm.Session, statement: sa.Select[Any]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


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


def visible_filings(actor: Any, *, concerned: Concerned | None = None) -> sa.Select[PoolFiling]:
    """The office and the overseers see every filing of a pool; a bank its own, for another's loan is its secret.

    An auditor sees the filings under the agreements that it is a party of.
    """
    statement = sa.select(PoolFiling)
    if actor.organisation_kind in OVERSEERS:
        return statement
    return statement.where(_concerns(actor, PoolFiling, concerned))


def _concerns(actor: Any, rows: Any, concerned: Concerned | None) -> sa.ColumnElement[bool]:
    """What filings and lines have alike: a pool, a bank, an agreement."""
    kept = sa.select(CompensationPool.id).where(CompensationPool.organisation_id == actor.organisation_id)
    own = sa.or_(rows.bank_organisation_id == actor.organisation_id, rows.pool_id.in_(kept))
    if actor.organisation_kind == "auditor" and concerned is not None:
        return sa.or_(own, rows.agreement.in_(concerned))
    return own


def list_filings(
    session: orm.Session,
    *,
    actor: Any,
    pool_id: int,
    concerned: Concerned | None = None,
    after_id: int | None = None,
    limit: int = 50,
) -> Sequence[PoolFiling]:
    """Newest first; `after_id` is the last id of the page before."""
    statement = visible_filings(actor, concerned=concerned).where(PoolFiling.pool_id == pool_id)
    return _newest(session, statement, PoolFiling.id, after_id, limit)


def count_filings(session: orm.Session, *, actor: Any, pool_id: int, concerned: Concerned | None = None) -> int:
    return _count(session, visible_filings(actor, concerned=concerned).where(PoolFiling.pool_id == pool_id))


def find_filing_of(
    session: orm.Session, *, actor: Any, agreement: str, concerned: Concerned | None = None
) -> PoolFiling | None:
    """The newest filing under an agreement that the actor may see."""
    return session.scalar(
        visible_filings(actor, concerned=concerned)
        .where(PoolFiling.agreement == agreement)
        .order_by(PoolFiling.id.desc())
        .limit(1)
    )


def get_filing(session: orm.Session, *, actor: Any, public_id: str, concerned: Concerned | None = None) -> PoolFiling:
    found = session.scalar(visible_filings(actor, concerned=concerned).where(PoolFiling.public_id == public_id))
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


def visible_movements(actor: Any, *, pool_id: int, concerned: Concerned | None = None) -> sa.Select[PoolMovement]:
    """A bank sees what concerns it, and what fills the pool; the office and the overseers see all."""
    statement = sa.select(PoolMovement).where(PoolMovement.pool_id == pool_id)
    if actor.organisation_kind in OVERSEERS:
        return statement
    # Contributions and their reversals are of no bank.
    return statement.where(
        sa.or_(_concerns(actor, PoolMovement, concerned), PoolMovement.bank_organisation_id.is_(None))
    )


def list_movements(
    session: orm.Session,
    *,
    actor: Any,
    pool_id: int,
    concerned: Concerned | None = None,
    after_id: int | None = None,
    limit: int = 50,
) -> Sequence[PoolMovement]:
    """Newest first; `after_id` is the last id of the page before."""
    statement = visible_movements(actor, pool_id=pool_id, concerned=concerned)
    return _newest(session, statement, PoolMovement.id, after_id, limit)


def count_movements(session: orm.Session, *, actor: Any, pool_id: int, concerned: Concerned | None = None) -> int:
    return _count(session, visible_movements(actor, pool_id=pool_id, concerned=concerned))


def iterate_movements(
    session: orm.Session, *, actor: Any, pool_id: int, concerned: Concerned | None = None
) -> Iterator[PoolMovement]:
    """Every visible line in the order of recording, read in pieces; for an export."""
    statement = visible_movements(actor, pool_id=pool_id, concerned=concerned).order_by(PoolMovement.id)
    yield from session.scalars(statement.execution_options(yield_per=500))


def get_movement(
    session: orm.Session, *, actor: Any, pool_id: int, public_id: str, concerned: Concerned | None = None
) -> PoolMovement:
    statement = visible_movements(actor, pool_id=pool_id, concerned=concerned)
    found = session.scalar(statement.where(PoolMovement.public_id == public_id))
    if found is None:
        raise PoolNotFoundError()
    return found


def find_reversals(
    session: orm.Session, *, pool_id: int, movements: Iterable[PoolMovement]
) -> tuple[set[str], dict[str, PoolMovement]]:
    """Which of these contributions are reversed (public ids), and by public id what these reversals reverse."""
    rows = list(movements)
    taken_back = [reversal_reference(row.public_id) for row in rows if row.kind == "contribution"]
    named = [row.reference.removeprefix(REVERSAL) for row in rows if row.kind == "reversal" and row.filing_id is None]
    of_pool = sa.select(PoolMovement).where(PoolMovement.pool_id == pool_id)
    reversals = session.scalars(of_pool.where(PoolMovement.reference.in_(taken_back)))
    originals = session.scalars(of_pool.where(PoolMovement.public_id.in_(named)))
    return {row.reference.removeprefix(REVERSAL) for row in reversals}, {row.public_id: row for row in originals}


def find_reversal(session: orm.Session, *, contribution: PoolMovement) -> PoolMovement | None:
    reference = reversal_reference(contribution.public_id)
    return find_movement(session, pool_id=contribution.pool_id, reference=reference)


def list_contributions_of(session: orm.Session, *, pool_id: int, document: str) -> Sequence[PoolMovement]:
    """Contributions under one document, those that were reversed among them."""
    return session.scalars(
        sa.select(PoolMovement).where(
            PoolMovement.pool_id == pool_id, PoolMovement.kind == "contribution", PoolMovement.document == document
        )
    ).all()


def sum_contributions(session: orm.Session, *, pool_id: int) -> int:
    """What was paid in, less what was reversed; whatever was used up of it."""
    # Contributions and their reversals are of no bank; nothing else without one moves the balance.
    statement = sa.select(sa.func.sum(PoolMovement.balance_minor)).where(PoolMovement.bank_organisation_id.is_(None))
    return int(session.scalar(statement.where(PoolMovement.pool_id == pool_id)) or 0)


def sum_balance(session: orm.Session, *, pool_id: int) -> int:
    """The balance as the lines add up, not kept within what a room may be."""
    statement = sa.select(sa.func.sum(PoolMovement.balance_minor)).where(PoolMovement.pool_id == pool_id)
    return int(session.scalar(statement) or 0)


def find_movement(session: orm.Session, *, pool_id: int, reference: str) -> PoolMovement | None:
    return session.scalar(
        sa.select(PoolMovement).where(PoolMovement.pool_id == pool_id, PoolMovement.reference == reference)
    )
