"""What every act on a register shares: its lock, a line of it, the check of an amount, the notice to the other side."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Actor, Permission
from marketplace.money import LIMIT_MINOR
from marketplace.notifications.services import notify
from marketplace.pools import queries
from marketplace.pools.errors import NotPoolOperatorError
from marketplace.pools.models import CompensationPool, PoolFiling, PoolMovement


def lock_own(session: orm.Session, *, actor: Actor, pool: CompensationPool) -> CompensationPool:
    require_permission(actor, Permission.POOL_MANAGE)
    if pool.organisation_id != actor.organisation_id:
        raise NotPoolOperatorError()
    return queries.lock_pool(session, pool_id=pool.id)


def check_amount(errors: dict[str, str], field: str, amount_minor: int | None) -> None:
    if amount_minor is None or not 1 <= amount_minor <= LIMIT_MINOR:
        errors[field] = "Enter an amount above 0 and of at most 90 trillion."


def move(
    session: orm.Session,
    pool: CompensationPool,
    *,
    kind: str,
    reference: str,
    on: date,
    actor: Any,
    now: datetime,
    balance_minor: int = 0,
    used_minor: int = 0,
    bank_id: int | None = None,
    filing: PoolFiling | None = None,
    document: str = "",
) -> PoolMovement:
    row = PoolMovement(
        pool_id=pool.id, kind=kind, year=on.year, bank_organisation_id=bank_id, reference=reference, moved_on=on,
        filing_id=filing.id if filing else None, agreement=filing.agreement if filing else "",
        balance_minor=balance_minor, used_minor=used_minor, recorded_at=now, document=document,
        recorded_by=getattr(actor, "user_public_id", "") or "",
    )  # fmt: skip
    session.add(row)
    session.flush()  # what is left is summed from these rows
    return row


def tell(session: orm.Session, pool: CompensationPool, filing: PoolFiling, to: int, word: str, now: datetime) -> None:
    notify(session, organisation_ids=[to], kind=f"pool.{word}", now=now, url=f"/pools/{pool.public_id}",
           parameters={"name_zh": pool.name_zh, "name_en": pool.name_en, "number": filing.number},
           dedupe_key=f"pool.{word}:{filing.public_id}")  # fmt: skip
