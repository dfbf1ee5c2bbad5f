"""Filings of a pool in the order of their numbers: the bank files and withdraws, the office refuses."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Actor, Permission
from marketplace.audit.services import record_act
from marketplace.pools import queries
from marketplace.pools.errors import (
    FiledAlreadyError,
    FilingStateError,
    FilingTooLateError,
    NotPoolBankError,
    NotPoolOperatorError,
    PoolInvalidError,
)
from marketplace.pools.models import CompensationPool, PoolFiling
from marketplace.pools.services.lines import tell

LONGEST_REASON = 400


def file_claim(
    session: orm.Session,
    *,
    actor: Actor,
    pool: CompensationPool,
    agreement: str,
    default_on: date,
    now: datetime,
) -> PoolFiling:
    """The bank's claim gets the next acceptance number; asked again, the first answer again while it stands."""
    pool = queries.lock_pool(session, pool_id=pool.id)
    if queries.find_bank(pool, organisation_id=actor.organisation_id) is None:
        raise NotPoolBankError()
    standing = queries.find_standing_filing(session, agreement=agreement)
    if standing is not None:
        if standing.state == "waiting":
            return standing
        raise FiledAlreadyError(number=standing.number)
    today = clock.day_in_zone(now)
    last_day = default_on + timedelta(days=pool.filing_days)
    if today > last_day:
        raise FilingTooLateError(last_day=last_day.isoformat())
    filing = PoolFiling(
        pool_id=pool.id, number=queries.last_number(session, pool_id=pool.id) + 1, agreement=agreement,
        bank_organisation_id=actor.organisation_id, filed_on=today, filed_at=now, filed_by=actor.user_public_id,
    )  # fmt: skip
    session.add(filing)
    session.flush()  # the audit line names the filing
    record_act(session, actor=actor, action="pool.claim_filed", subject_kind="pool", subject_id=pool.public_id,
               now=now, details={"number": filing.number, "agreement": agreement})  # fmt: skip
    tell(session, pool, filing, pool.organisation_id, "filed", now)
    return filing


def refuse_filing(session: orm.Session, *, actor: Actor, filing: PoolFiling, reason: str, now: datetime) -> None:
    """The office does not take the claim and says why; the bank may file anew."""
    require_permission(actor, Permission.POOL_MANAGE)
    if filing.pool.organisation_id != actor.organisation_id:
        raise NotPoolOperatorError()
    reason = reason.strip()
    if not reason:
        raise PoolInvalidError("Say why the filing is refused.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise PoolInvalidError("Give the reason in at most 400 characters.", field="reason")
    decide(session, actor=actor, filing=filing, state="refused", reason=reason, now=now)
    tell(session, filing.pool, filing, filing.bank_organisation_id, "refused", now)


def withdraw_filing(session: orm.Session, *, actor: Actor, filing: PoolFiling, now: datetime) -> None:
    """The bank takes its claim back; those behind it move up."""
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    if filing.bank_organisation_id != actor.organisation_id:
        raise NotPoolBankError("Only the bank that filed takes its filing back.")
    decide(session, actor=actor, filing=filing, state="withdrawn", reason="", now=now)
    tell(session, filing.pool, filing, filing.pool.organisation_id, "withdrawn", now)


def decide(session: orm.Session, *, actor: Any, filing: PoolFiling, state: str, reason: str, now: datetime) -> None:
    queries.lock_pool(session, pool_id=filing.pool_id)
    session.refresh(filing, ["state"])
    if filing.state != "waiting":
        raise FilingStateError(state=filing.state)
    filing.state, filing.reason, filing.decided_at = state, reason, now
    filing.decided_by = getattr(actor, "user_public_id", "") or ""
    record_act(session, actor=actor, action=f"pool.filing_{state}", subject_kind="pool", now=now,
               subject_id=filing.pool.public_id, details={"number": filing.number, "reason": reason})  # fmt: skip
