"""Keeping the register of a pool: opening it, its banks, and the money that its funder pays in."""

from __future__ import annotations

import re
from datetime import date, datetime

from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission, require_verified
from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import Actor, Permission
from marketplace.audit.services import record_act
from marketplace.money import EXPONENTS, LIMIT_MINOR
from marketplace.notifications.services import notify
from marketplace.pools import queries
from marketplace.pools.errors import BalanceTooSmallError, ContributionReversedError, PoolInvalidError
from marketplace.pools.models import CompensationPool, PoolBank, PoolMovement
from marketplace.pools.rules import contribution_reference, reversal_reference
from marketplace.pools.services.lines import check_amount, lock_own, move

CODE = re.compile(r"[a-z0-9][a-z0-9-]{2,62}\Z")
LONGEST_FILING_DAYS = 730
LONGEST_DOCUMENT = 120


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
    check_amount(errors, "year_limit", year_limit_minor)
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
    pool = lock_own(session, actor=actor, pool=pool)
    errors: dict[str, str] = {}
    if bank is None or bank.kind != "bank" or bank.verification_state != "verified":
        errors["bank"] = "Choose a verified bank."
    elif queries.find_bank(pool, organisation_id=bank.id) is not None:
        errors["bank"] = "This bank lends under the pool already."
    check_amount(errors, "bank_year_limit", year_limit_minor)
    if not 0 <= used_minor <= LIMIT_MINOR:
        errors["used"] = "Enter an amount from 0 to 90 trillion."
    if errors:
        raise PoolInvalidError(errors=errors)
    assert bank is not None, "a missing bank is among the errors"
    row = PoolBank(organisation_id=bank.id, year_limit_minor=year_limit_minor, joined_at=now)
    pool.banks.append(row)
    if used_minor:
        move(session, pool, kind="opening_use", reference=f"opening:{bank.public_id}", on=clock.day_in_zone(now),
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
    pool = lock_own(session, actor=actor, pool=pool)
    errors: dict[str, str] = {}
    check_amount(errors, "amount", amount_minor)
    if not errors and queries.sum_contributions(session, pool_id=pool.id) + (amount_minor or 0) > LIMIT_MINOR:
        errors["amount"] = "The contributions would add up to more than a register can hold."
    document = document.strip()
    known = queries.list_contributions_of(session, pool_id=pool.id, document=document)
    if not 1 <= len(document) <= LONGEST_DOCUMENT:
        errors["document"] = "Name the document in at most 120 characters."
    elif any(queries.find_reversal(session, contribution=row) is None for row in known):
        errors["document"] = "A contribution with this document is in the register already."
    if on is None or on > clock.day_in_zone(now):
        errors["on"] = "Enter the day on which the money came; it cannot be in the future."
    if errors:
        raise PoolInvalidError(errors=errors)
    assert amount_minor is not None, "a missing amount is among the errors"
    assert on is not None, "a missing day is among the errors"
    row = move(
        session, pool, kind="contribution", reference=contribution_reference(document, recorded_before=len(known)),
        on=on, balance_minor=amount_minor, document=document, actor=actor, now=now,
    )  # fmt: skip
    record_act(session, actor=actor, action="pool.contributed", subject_kind="pool", subject_id=pool.public_id,
               now=now, details={"amount_minor": amount_minor, "document": document})  # fmt: skip
    return row


def reverse_contribution(
    session: orm.Session,
    *,
    actor: Actor,
    pool: CompensationPool,
    contribution: PoolMovement,
    document: str,
    now: datetime,
) -> PoolMovement:
    """A mistaken contribution is answered by one line that takes it back, with the document that shows the mistake.

    Raises PoolInvalidError, ContributionReversedError, or BalanceTooSmallError where the money has been used up.
    """
    pool = lock_own(session, actor=actor, pool=pool)
    if contribution.kind != "contribution" or contribution.pool_id != pool.id:
        raise PoolInvalidError("Only a contribution is reversed here.")
    document = document.strip()
    if not 1 <= len(document) <= LONGEST_DOCUMENT:
        raise PoolInvalidError("Name the document in at most 120 characters.", field="document")
    if queries.find_reversal(session, contribution=contribution) is not None:
        raise ContributionReversedError()
    if queries.sum_balance(session, pool_id=pool.id) < contribution.balance_minor:
        raise BalanceTooSmallError()
    row = move(
        session, pool, kind="reversal", reference=reversal_reference(contribution.public_id), document=document,
        on=clock.day_in_zone(now), balance_minor=-contribution.balance_minor, actor=actor, now=now,
    )  # fmt: skip
    record_act(
        session, actor=actor, action="pool.contribution_reversed", subject_kind="pool", subject_id=pool.public_id,
        now=now, details={"line": contribution.public_id, "amount_minor": contribution.balance_minor,
                          "document": document},
    )  # fmt: skip
    return row
