"""Registers of risk-compensation pools: what is left, the filings in their order, and filing under an agreement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements.queries import get_agreement, own_agreement_ids
from marketplace.agreements.services.compensations import file_claim
from marketplace.db import current_session
from marketplace.money import Money
from marketplace.pools import queries, services
from marketplace.pools.models import FILING_STATES, MOVEMENT_KINDS, CompensationPool, PoolFiling, PoolMovement
from marketplace.pools.rules import REVERSAL
from marketplace.schemas import MoneySchema, PageQuerySchema, PageSchema, SignedMoneySchema, StrictSchema, WholeNumber

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
    """A register with the newest filings that one may see; all of them are a list of their own."""

    filings = ma.fields.List(ma.fields.Nested(PoolFilingSchema))


class PoolListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(PoolSummarySchema))
    page = ma.fields.Nested(PageSchema)


class PoolFilingListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(PoolFilingSchema))
    page = ma.fields.Nested(PageSchema)


class PoolLineSchema(StrictSchema):
    """One line of a register; `reverses` names the contribution that it takes back."""

    id = ma.fields.String(attribute="public_id")
    kind = ma.fields.String(validate=ma.validate.OneOf(MOVEMENT_KINDS))
    moved_on = ma.fields.Date()
    year = WholeNumber()
    acceptance_number = WholeNumber(attribute="filing.number", dump_default=None, allow_none=True)
    bank = ma.fields.String(attribute="bank.public_id", dump_default=None, allow_none=True)
    agreement = ma.fields.String()
    balance = ma.fields.Nested(SignedMoneySchema)
    used = ma.fields.Nested(SignedMoneySchema)
    document = ma.fields.String()
    reverses = ma.fields.String(allow_none=True)


class PoolLineListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(PoolLineSchema))
    page = ma.fields.Nested(PageSchema)


class ReversalSchema(StrictSchema):
    """The document that shows the mistake."""

    document = ma.fields.String(required=True, validate=ma.validate.Length(max=400))


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


def _page(
    find: Callable[[str], Any], read: Callable[..., Sequence[Any]], query: dict[str, Any], total: int
) -> tuple[list[Any], dict[str, Any]]:
    """One page of rows, and where the list goes on; `find` is the scoped query of the cursor's row."""
    cursor, limit = query["cursor"], query["limit"]
    rows = read(after_id=find(cursor).id if cursor else None, limit=limit + 1)
    next_cursor = rows[limit - 1].public_id if len(rows) > limit else None
    return list(rows[:limit]), {"next_cursor": next_cursor, "total": total}


@blueprint.get("")
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, PoolListSchema)
@requires(Permission.POOL_READ)
def list_pools(query: dict[str, Any]) -> dict[str, Any]:
    """Registers that the organisation keeps, lends under or oversees, newest first."""
    session, actor = current_session(), current_actor()
    rows, page = _page(
        lambda public_id: queries.get_pool(session, actor=actor, public_id=public_id),
        partial(queries.list_pools, session, actor=actor), query, queries.count_pools(session, actor=actor),
    )  # fmt: skip
    return {"data": [_present(row) for row in rows], "page": page}


@blueprint.get("/<pool_id>")
@blueprint.response(200, PoolSchema)
@requires(Permission.POOL_READ)
def show_pool(pool_id: str) -> dict[str, Any]:
    """One register with the newest filings that you may see."""
    session, actor = current_session(), current_actor()
    pool = queries.get_pool(session, actor=actor, public_id=pool_id)
    filings = queries.list_filings(session, actor=actor, pool_id=pool.id, concerned=own_agreement_ids(actor))
    return {**_present(pool), "filings": filings}


@blueprint.get("/<pool_id>/filings")
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, PoolFilingListSchema)
@requires(Permission.POOL_READ)
def list_filings(query: dict[str, Any], pool_id: str) -> dict[str, Any]:
    """Filings that you may see, newest first."""
    session, actor = current_session(), current_actor()
    concerned = own_agreement_ids(actor)
    pool = queries.get_pool(session, actor=actor, public_id=pool_id)
    scope: dict[str, Any] = {"actor": actor, "pool_id": pool.id, "concerned": concerned}
    rows, page = _page(
        lambda public_id: queries.get_filing(session, actor=actor, public_id=public_id, concerned=concerned),
        partial(queries.list_filings, session, **scope), query, queries.count_filings(session, **scope),
    )  # fmt: skip
    return {"data": rows, "page": page}


@blueprint.get("/<pool_id>/lines")
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, PoolLineListSchema)
@requires(Permission.POOL_READ)
def list_lines(query: dict[str, Any], pool_id: str) -> dict[str, Any]:
    """Lines of the register that you may see, newest first."""
    session, actor = current_session(), current_actor()
    pool = queries.get_pool(session, actor=actor, public_id=pool_id)
    scope: dict[str, Any] = {"actor": actor, "pool_id": pool.id, "concerned": own_agreement_ids(actor)}
    rows, page = _page(
        lambda public_id: queries.get_movement(session, public_id=public_id, **scope),
        partial(queries.list_movements, session, **scope), query, queries.count_movements(session, **scope),
    )  # fmt: skip
    _taken_back, originals = queries.find_reversals(session, pool_id=pool.id, movements=rows)
    return {"data": [_present_line(row, pool, originals) for row in rows], "page": page}


def _present_line(row: PoolMovement, pool: CompensationPool, originals: Mapping[str, PoolMovement]) -> dict[str, Any]:
    named = row.reference.removeprefix(REVERSAL)
    return {
        "public_id": row.public_id, "kind": row.kind, "moved_on": row.moved_on, "year": row.year,
        "filing": row.filing, "bank": row.bank, "agreement": row.agreement, "document": row.document,
        "balance": Money(row.balance_minor, pool.currency).as_dict(),
        "used": Money(row.used_minor, pool.currency).as_dict(), "reverses": named if named in originals else None,
    }  # fmt: skip


@blueprint.post("/<pool_id>/lines/<line_id>/reversal")
@blueprint.arguments(ReversalSchema)
@blueprint.response(201, PoolLineSchema)
@requires(Permission.POOL_MANAGE)
def reverse_contribution(body: dict[str, Any], pool_id: str, line_id: str) -> dict[str, Any]:
    """Take a mistaken contribution of the own register back by a line that names it; once only."""
    session, actor = current_session(), current_actor()
    pool = queries.get_pool(session, actor=actor, public_id=pool_id)
    line = queries.get_movement(session, actor=actor, pool_id=pool.id, public_id=line_id)
    row = services.reverse_contribution(
        session, actor=actor, pool=pool, contribution=line, document=body["document"], now=clock.now()
    )
    return _present_line(row, pool, {line.public_id: line})


@blueprint.post("/filings")
@blueprint.arguments(NewFilingSchema)
@blueprint.response(201, PoolFilingSchema)
@requires(Permission.AGREEMENT_RECORD_EVENT)
def file_with_pool(body: dict[str, Any]) -> PoolFiling:
    """File the lender's claim after a default; asked again, the filing that stands is the answer."""
    session, actor = current_session(), current_actor()
    agreement = get_agreement(session, actor=actor, public_id=body["agreement"])
    return file_claim(session, agreement=agreement, actor=actor, now=clock.now())
