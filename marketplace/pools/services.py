"""Keeping the register of a pool: opening it, its banks and money, filings in their order, and what they use up."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission, require_verified
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import Actor, Permission
from marketplace.audit.services import record_act
from marketplace.money import EXPONENTS, LIMIT_MINOR
from marketplace.notifications.services import notify
from marketplace.pools import queries
from marketplace.pools.errors import (
    EarlierFilingWaitsError,
    FiledAlreadyError,
    FilingStateError,
    FilingTooLateError,
    NotFiledError,
    NotPoolBankError,
    NotPoolOperatorError,
    PoolInvalidError,
)
from marketplace.pools.models import CompensationPool, PoolBank, PoolFiling, PoolMovement

CODE = re.compile(r"[a-z0-9][a-z0-9-]{2,62}\Z")
LONGEST_FILING_DAYS = 730


def open_pool(
    session: orm.Session,
    *,
    actor: Actor,
    code: str,
    name_zh: str,
    name_en: str,
    currency: str,
    year_limit_minor: int | None,
    filing_days: int | None,
    now: datetime,
) -> CompensationPool:
    """A new register of the actor's own office; raises PoolInvalidError with the refusal of every field."""
    require_permission(actor, Permission.POOL_MANAGE)
    require_verified(actor)
    errors: dict[str, str] = {}
    if not CODE.match(code):
        errors["code"] = "A code has 3 to 63 small letters, digits and hyphens."
    elif queries.find_pool_by_code(session, code=code) is not None:
        errors["code"] = "Another pool has this code already."
    for field, name in (("name_zh", name_zh), ("name_en", name_en)):
        if not 1 <= len(name.strip()) <= 120:
            errors[field] = "Enter a name of at most 120 characters."
    if currency not in EXPONENTS:
        errors["currency"] = "Choose a currency of the list."
    _check_amount(errors, "year_limit", year_limit_minor)
    if filing_days is None or not 1 <= filing_days <= LONGEST_FILING_DAYS:
        errors["filing_days"] = "Enter whole days from 1 to 730."
    if errors:
        raise PoolInvalidError(errors=errors)
    pool = CompensationPool(
        organisation_id=actor.organisation_id, code=code, name_zh=name_zh.strip(), name_en=name_en.strip(),
        currency=currency, year_limit_minor=year_limit_minor, filing_days=filing_days, created_at=now, banks=[],
    )  # fmt: skip
    session.add(pool)
    session.flush()  # the audit line names the pool
    record_act(session, actor=actor, action="pool.opened", subject_kind="pool", subject_id=pool.public_id, now=now,
               details={"code": code, "year_limit_minor": year_limit_minor})  # fmt: skip
    return pool


def add_bank(
    session: orm.Session,
    *,
    actor: Actor,
    pool: CompensationPool,
    bank: Organisation | None,
    year_limit_minor: int | None,
    used_minor: int = 0,
    now: datetime,
) -> PoolBank:
    """A bank lends under the pool; `used_minor` is what it used up this year before the register came here."""
    pool = _lock_own(session, actor=actor, pool=pool)
    errors: dict[str, str] = {}
    if bank is None or bank.kind != "bank" or bank.verification_state != "verified":
        errors["bank"] = "Choose a verified bank."
    elif queries.find_bank(pool, organisation_id=bank.id) is not None:
        errors["bank"] = "This bank lends under the pool already."
    _check_amount(errors, "bank_year_limit", year_limit_minor)
    if not 0 <= used_minor <= LIMIT_MINOR:
        errors["used"] = "Enter an amount from 0 to 90 trillion."
    if errors:
        raise PoolInvalidError(errors=errors)
    assert bank is not None, "a missing bank is among the errors"
    row = PoolBank(organisation_id=bank.id, year_limit_minor=year_limit_minor, joined_at=now)
    pool.banks.append(row)
    if used_minor:
        _move(session, pool, kind="opening_use", reference=f"opening:{bank.public_id}", on=clock.day_in_zone(now),
              used_minor=used_minor, bank_id=bank.id, actor=actor, now=now)  # fmt: skip
    session.flush()  # the page that follows shows it
    record_act(
        session, actor=actor, action="pool.bank_added", subject_kind="pool", subject_id=pool.public_id, now=now,
        details={"bank": bank.public_id, "year_limit_minor": year_limit_minor, "used_minor": used_minor},
    )  # fmt: skip
    notify(session, organisation_ids=[bank.id], kind="pool.bank_added", now=now, url=f"/pools/{pool.public_id}",
           parameters={"name_zh": pool.name_zh, "name_en": pool.name_en},
           dedupe_key=f"pool.bank_added:{pool.public_id}:{bank.public_id}")  # fmt: skip
    return row


def contribute(
    session: orm.Session,
    *,
    actor: Actor,
    pool: CompensationPool,
    amount_minor: int | None,
    document: str,
    on: date | None,
    now: datetime,
) -> PoolMovement:
    """The office records what its funder has paid into the pool's account, with the document that shows it."""
    pool = _lock_own(session, actor=actor, pool=pool)
    errors: dict[str, str] = {}
    _check_amount(errors, "amount", amount_minor)
    if not 1 <= len(document.strip()) <= 120:
        errors["document"] = "Name the document in at most 120 characters."
    elif queries.find_movement(session, pool_id=pool.id, reference=f"document:{document.strip()}") is not None:
        errors["document"] = "A contribution with this document is in the register already."
    if on is None or on > clock.day_in_zone(now):
        errors["on"] = "Enter the day on which the money came; it cannot be in the future."
    if errors:
        raise PoolInvalidError(errors=errors)
    assert amount_minor is not None, "a missing amount is among the errors"
    assert on is not None, "a missing day is among the errors"
    row = _move(session, pool, kind="contribution", reference=f"document:{document.strip()}", on=on,
                balance_minor=amount_minor, document=document.strip(), actor=actor, now=now)  # fmt: skip
    record_act(session, actor=actor, action="pool.contributed", subject_kind="pool", subject_id=pool.public_id,
               now=now, details={"amount_minor": amount_minor, "document": document.strip()})  # fmt: skip
    return row


def _check_amount(errors: dict[str, str], field: str, amount_minor: int | None) -> None:
    if amount_minor is None or not 1 <= amount_minor <= LIMIT_MINOR:
        errors[field] = "Enter an amount above 0 and of at most 90 trillion."


def _lock_own(session: orm.Session, *, actor: Actor, pool: CompensationPool) -> CompensationPool:
    require_permission(actor, Permission.POOL_MANAGE)
    if pool.organisation_id != actor.organisation_id:
        raise NotPoolOperatorError()
    return queries.lock_pool(session, pool_id=pool.id)


def _move(
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
    _tell(session, pool, filing, pool.organisation_id, "filed", now)
    return filing


def refuse_filing(session: orm.Session, *, actor: Actor, filing: PoolFiling, reason: str, now: datetime) -> None:
    """The office does not take the claim and says why; the bank may file anew."""
    require_permission(actor, Permission.POOL_MANAGE)
    if filing.pool.organisation_id != actor.organisation_id:
        raise NotPoolOperatorError()
    if not reason.strip():
        raise PoolInvalidError("Say why the filing is refused.", field="reason")
    _decide(session, actor=actor, filing=filing, state="refused", reason=reason.strip()[:400], now=now)
    _tell(session, filing.pool, filing, filing.bank_organisation_id, "refused", now)


def withdraw_filing(session: orm.Session, *, actor: Actor, filing: PoolFiling, now: datetime) -> None:
    """The bank takes its claim back; those behind it move up."""
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    if filing.bank_organisation_id != actor.organisation_id:
        raise NotPoolBankError("Only the bank that filed takes its filing back.")
    _decide(session, actor=actor, filing=filing, state="withdrawn", reason="", now=now)
    _tell(session, filing.pool, filing, filing.pool.organisation_id, "withdrawn", now)


def _decide(session: orm.Session, *, actor: Any, filing: PoolFiling, state: str, reason: str, now: datetime) -> None:
    queries.lock_pool(session, pool_id=filing.pool_id)
    session.refresh(filing, ["state"])
    if filing.state != "waiting":
        raise FilingStateError(state=filing.state)
    filing.state, filing.reason, filing.decided_at = state, reason, now
    filing.decided_by = getattr(actor, "user_public_id", "") or ""
    record_act(session, actor=actor, action=f"pool.filing_{state}", subject_kind="pool", now=now,
               subject_id=filing.pool.public_id, details={"number": filing.number, "reason": reason})  # fmt: skip


def take_turn(session: orm.Session, *, pool: CompensationPool, agreement: str) -> PoolFiling:
    """The filing of the agreement whose turn it is, under the pool's lock; raises NotFiled or EarlierFilingWaits."""
    queries.lock_pool(session, pool_id=pool.id)
    filing = queries.find_standing_filing(session, agreement=agreement)
    if filing is None or filing.pool_id != pool.id or filing.state != "waiting":
        raise NotFiledError(register=pool.code)
    first = queries.find_first_waiting(session, pool_id=pool.id)
    if first is not None and first.id != filing.id:
        raise EarlierFilingWaitsError(first=first.number, own=filing.number)
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
    _move(session, filing.pool, kind="compensation", reference=f"event:{filing.agreement}:{event_id}", on=on,
          balance_minor=-amount_minor, used_minor=amount_minor, bank_id=filing.bank_organisation_id, filing=filing,
          actor=actor, now=now)  # fmt: skip
    _decide(session, actor=actor, filing=filing, state="compensated", reason="", now=now)


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
    _move(session, pool, kind="reversal", reference=f"reversal:{agreement}:{event_id}", on=taken.moved_on,
          balance_minor=-taken.balance_minor, used_minor=-taken.used_minor, bank_id=taken.bank_organisation_id,
          filing=filing, actor=actor, now=now)  # fmt: skip
    filing.state, filing.decided_by, filing.decided_at = "waiting", "", None


def record_return(
    session: orm.Session, *, agreement: str, payment: str, amount_minor: int, on: date, actor: Any, now: datetime
) -> None:
    """What the pool got back after a recovery fills its balance; the limits of the year stay used."""
    filing = queries.find_standing_filing(session, agreement=agreement)
    if filing is None or filing.state != "compensated":
        return
    pool = queries.lock_pool(session, pool_id=filing.pool_id)
    reference = f"payment:{payment}"
    if queries.find_movement(session, pool_id=pool.id, reference=reference) is None:
        _move(session, pool, kind="return", reference=reference, on=on, balance_minor=amount_minor,
              bank_id=filing.bank_organisation_id, filing=filing, actor=actor, now=now)  # fmt: skip


def _tell(session: orm.Session, pool: CompensationPool, filing: PoolFiling, to: int, word: str, now: datetime) -> None:
    notify(session, organisation_ids=[to], kind=f"pool.{word}", now=now, url=f"/pools/{pool.public_id}",
           parameters={"name_zh": pool.name_zh, "name_en": pool.name_en, "number": filing.number},
           dedupe_key=f"pool.{word}:{filing.public_id}")  # fmt: skip
