"""What agreements use up of a pool, in turn; what a reversal gives back and a recovery returns."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.audit.services import record_act
from marketplace.pools import queries
from marketplace.pools.errors import CompensationDayError, EarlierFilingWaitsError, NotFiledError
from marketplace.pools.models import CompensationPool, PoolFiling
from marketplace.pools.services.filings import decide
from marketplace.pools.services.lines import move


def take_turn(session: orm.Session, *, pool: CompensationPool, agreement: str, on: date, now: datetime) -> PoolFiling:
    """The filing of the agreement whose turn it is, under the pool's lock.

    Raises NotFiledError, EarlierFilingWaitsError, or CompensationDayError: the day chooses whose year's limits are used
    up, so it lies neither before the filing nor in the future.
    """
    queries.lock_pool(session, pool_id=pool.id)
    filing = queries.find_standing_filing(session, agreement=agreement)
    if filing is None or filing.pool_id != pool.id or filing.state != "waiting":
        raise NotFiledError(register=pool.code)
    first = queries.find_first_waiting(session, pool_id=pool.id)
    if first is not None and first.id != filing.id:
        raise EarlierFilingWaitsError(first=first.number, own=filing.number)
    today = clock.day_in_zone(now)
    if not filing.filed_on <= on <= today:
        raise CompensationDayError(
            field="effective_on", filed_on=filing.filed_on.isoformat(), today=today.isoformat()
        )  # fmt: skip
    return filing


def record_compensation(
    session: orm.Session,
    *,
    actor: Any,
    filing: PoolFiling,
    event_id: str,
    amount_minor: int,
    on: date,
    now: datetime,
) -> None:
    """What the pool owes under an agreement uses up its balance and the limits of the year, and serves the filing."""
    move(session, filing.pool, kind="compensation", reference=f"event:{filing.agreement}:{event_id}", on=on,
          balance_minor=-amount_minor, used_minor=amount_minor, bank_id=filing.bank_organisation_id, filing=filing,
          actor=actor, now=now)  # fmt: skip
    decide(session, actor=actor, filing=filing, state="compensated", reason="", now=now)


def undo_compensation(session: orm.Session, *, actor: Any, agreement: str, event_id: str, now: datetime) -> None:
    """A reversed compensation gives its room back, and its filing waits again under its old number."""
    filing = queries.find_standing_filing(session, agreement=agreement)
    if filing is None:
        return
    pool = queries.lock_pool(session, pool_id=filing.pool_id)
    reference = f"event:{agreement}:{event_id}"
    taken = queries.find_movement(session, pool_id=pool.id, reference=reference)
    if taken is None:
        return
    move(session, pool, kind="reversal", reference=f"reversal:{agreement}:{event_id}", on=taken.moved_on,
          balance_minor=-taken.balance_minor, used_minor=-taken.used_minor, bank_id=taken.bank_organisation_id,
          filing=filing, actor=actor, now=now)  # fmt: skip
    filing.state, filing.decided_by, filing.decided_at = "waiting", "", None
    record_act(
        session, actor=actor, action="pool.compensation_reversed", subject_kind="pool", subject_id=pool.public_id,
        now=now, details={"number": filing.number, "agreement": agreement, "event": event_id,
                          "amount_minor": taken.used_minor},
    )  # fmt: skip


def record_return(
    session: orm.Session, *, agreement: str, payment: str, amount_minor: int, on: date, actor: Any, now: datetime
) -> None:
    """What the pool got back after a recovery fills its balance; the limits of the year stay used."""
    filing = queries.find_standing_filing(session, agreement=agreement)
    if filing is None or filing.state != "compensated":
        return
    pool = queries.lock_pool(session, pool_id=filing.pool_id)
    reference = f"payment:{payment}"
    if queries.find_movement(session, pool_id=pool.id, reference=reference) is not None:
        return
    move(session, pool, kind="return", reference=reference, on=on, balance_minor=amount_minor,
         bank_id=filing.bank_organisation_id, filing=filing, actor=actor, now=now)  # fmt: skip
    record_act(
        session, actor=actor, action="pool.return_recorded", subject_kind="pool", subject_id=pool.public_id, now=now,
        details={"number": filing.number, "agreement": agreement, "payment": payment, "amount_minor": amount_minor},
    )  # fmt: skip
