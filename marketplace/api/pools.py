"""Registers of risk-compensation pools: what is left, the filings in their order, and filing under an agreement."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements.queries import get_agreement
from marketplace.agreements.services.compensations import file_claim
from marketplace.db import current_session
from marketplace.money import Money
from marketplace.pools import queries
from marketplace.pools.models import FILING_STATES, CompensationPool, PoolFiling
from marketplace.schemas import MoneySchema, StrictSchema, WholeNumber

blueprint = Blueprint("api_pools", __name__, url_prefix="/pools", description="Risk-compensation pools")


class PoolFilingSchema(StrictSchema):
    """A bank's claim on the pool; the acceptance number decides who is served first."""

    id = ma.fields.String(attribute="public_id")
    acceptance_number = WholeNumber(attribute="number")
    agreement = ma.fields.String()
    bank = ma.fields.String(attribute="bank.public_id")
    state = ma.fields.String(validate=ma.validate.OneOf(FILING_STATES))
    reason = ma.fields.String()
    filed_on = ma.fields.Date()


class PoolRoomSchema(StrictSchema):
    """What is left this calendar year; `bank_year` only for a bank that lends under the pool."""

    year = WholeNumber()
    year_left = ma.fields.Nested(MoneySchema)
    balance = ma.fields.Nested(MoneySchema)
    bank_year_left = ma.fields.Nested(MoneySchema, allow_none=True)


class PoolSummarySchema(StrictSchema):
    """A register with what it has left."""

    id = ma.fields.String()
    code = ma.fields.String()
    name_zh = ma.fields.String()
    name_en = ma.fields.String()
    operator = ma.fields.String()
    year_limit = ma.fields.Nested(MoneySchema)
    filing_days = WholeNumber()
    waiting = WholeNumber()
    room = ma.fields.Nested(PoolRoomSchema)


class PoolSchema(PoolSummarySchema):
    """A register with the filings that one may see."""

    filings = ma.fields.List(ma.fields.Nested(PoolFilingSchema))


class PoolListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(PoolSummarySchema))


class NewFilingSchema(StrictSchema):
    """The agreement whose loan is in default."""

    agreement = ma.fields.String(required=True, validate=ma.validate.Length(max=40))


def _present(pool: CompensationPool) -> dict[str, Any]:
    session, actor = current_session(), current_actor()
    year = clock.day_in_zone(clock.now()).year
    bank = queries.find_bank(pool, organisation_id=actor.organisation_id)
    bank_id = bank.organisation_id if bank else None
    room = queries.compute_pool_room(session, pool=pool, year=year, bank_id=bank_id)

    def money(amount_minor: int) -> dict[str, Any]:
        return Money(amount_minor, pool.currency).as_dict()

    return {
        "id": pool.public_id, "code": pool.code, "name_zh": pool.name_zh, "name_en": pool.name_en,
        "operator": pool.operator.public_id, "year_limit": money(pool.year_limit_minor),
        "filing_days": pool.filing_days, "waiting": queries.count_waiting(session, pool_id=pool.id),
        "room": {
            "year": year, "year_left": money(room.year), "balance": money(room.balance),
            "bank_year_left": money(room.bank_year) if bank else None,
        },
    }  # fmt: skip


@blueprint.get("")
@blueprint.response(200, PoolListSchema)
@requires(Permission.POOL_READ)
def list_pools() -> dict[str, Any]:
    """Registers that the organisation keeps, lends under or oversees."""
    rows = queries.list_pools(current_session(), actor=current_actor())
    return {"data": [_present(row) for row in rows]}


@blueprint.get("/<pool_id>")
@blueprint.response(200, PoolSchema)
@requires(Permission.POOL_READ)
def show_pool(pool_id: str) -> dict[str, Any]:
    """One register with the filings that you may see."""
    session, actor = current_session(), current_actor()
    pool = queries.get_pool(session, actor=actor, public_id=pool_id)
    return {**_present(pool), "filings": queries.list_filings(session, actor=actor, pool_id=pool.id)}


@blueprint.post("/filings")
@blueprint.arguments(NewFilingSchema)
@blueprint.response(201, PoolFilingSchema)
@requires(Permission.AGREEMENT_RECORD_EVENT)
def file_with_pool(body: dict[str, Any]) -> PoolFiling:
    """File the lender's claim after a default; asked again, the filing that stands is the answer."""
    session, actor = current_session(), current_actor()
    agreement = get_agreement(session, actor=actor, public_id=body["agreement"])
    return file_claim(session, agreement=agreement, actor=actor, now=clock.now())
