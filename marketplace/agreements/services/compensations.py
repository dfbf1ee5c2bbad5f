"""Compensation out of a pool that several agreements share: its register says what is left and whose turn it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries
from marketplace.agreements.errors import (
    AgreementStateError,
    EventNotYoursError,
    RegisterDiffersError,
    RoomIsComputedError,
)
from marketplace.agreements.models import Agreement, AgreementEvent, AgreementParty, AgreementVersion
from marketplace.agreements.running import engine_for, load_state
from marketplace.pools import services as pools
from marketplace.pools.errors import NothingLeftError
from marketplace.pools.models import CompensationPool, PoolFiling
from marketplace.pools.queries import compute_pool_room, find_bank, find_filing_of, find_pool_by_code

KIND = "pool_compensation"


def require_registers(session: orm.Session, *, terms: dict[str, Any], parties: Sequence[AgreementParty]) -> None:
    """Refuse terms whose shared limits are not those of the one register that the paying party keeps."""
    _require_pool_layer(terms)
    seats = {party.party: party.organisation_id for party in parties}
    lender = next((party.organisation_id for party in parties if party.role == "bank"), None)
    registers: set[str] = set()
    for place, limit in enumerate(terms.get("limits", [])):
        if "shared" not in limit:
            continue
        field, shared = f"limits[{place}].shared", limit["shared"]
        registers.add(shared["register"])
        if len(registers) > 1:
            raise RegisterDiffersError(
                "The shared limits of one agreement count in one register.", field="terms", clause=f"{field}.register"
            )
        pool = find_pool_by_code(session, code=shared["register"])
        if pool is None or pool.organisation_id != seats[limit["party"]]:
            raise RegisterDiffersError(
                "The party that pays keeps no register of this code.", field="terms", clause=f"{field}.register"
            )
        if pool.currency != terms["currency"]:
            raise RegisterDiffersError("The register is kept in another currency.", field="terms", clause=field)
        bank = find_bank(pool, organisation_id=lender)
        if bank is None:
            raise RegisterDiffersError("The lender does not lend under this pool.", field="terms", clause=field)
        stated = {"year": pool.year_limit_minor, "bank_year": bank.year_limit_minor}.get(shared["counts"])
        if stated is not None and stated != limit["amount_minor"]:
            raise RegisterDiffersError(
                "The terms state another limit than the register.", field="terms",
                clause=f"limits[{place}].amount_minor", register_minor=stated,
            )  # fmt: skip


def _require_pool_layer(terms: dict[str, Any]) -> None:
    """A register counts what its pool pays; a shared limit anywhere else would be cut by nobody."""
    shared = {limit["id"]: place for place, limit in enumerate(terms.get("limits", [])) if "shared" in limit}
    channels = terms["programs"].get("recoveries", {}).get("recover", {}) if shared else {}
    used = {name: node.get("layer", {}).get("limits", []) for name, node in channels.items()}
    for channel, limits in used.items():
        for place, limit in enumerate(limits):
            if limit in shared and channel != "pool":
                raise RegisterDiffersError(
                    "A limit that a register counts stands in the layer of the pool only.", field="terms",
                    clause=f"programs.recoveries.recover.{channel}.layer.limits[{place}]",
                )  # fmt: skip
    for limit, place in shared.items():
        if limit not in used.get("pool", []):
            raise RegisterDiffersError(
                "A limit that a register counts stands in the layer of the pool only.", field="terms",
                clause=f"limits[{place}].shared",
            )  # fmt: skip


def find_register(session: orm.Session, *, model: Any) -> CompensationPool | None:
    """The register that the pool's layer of these terms counts in."""
    facility = model.recoveries.channels.get("pool") if model.recoveries else None
    names = [model.limits[name].shared for name in facility.layer.limits] if facility else []
    code = next((shared.register for shared in names if shared is not None), None)
    return find_pool_by_code(session, code=code) if code else None


def file_claim(session: orm.Session, *, agreement: Agreement, actor: Any, now: datetime) -> PoolFiling:
    """The lender files with the pool after a default; the acceptance number decides who is served first."""
    require_permission(actor, Permission.AGREEMENT_RECORD_EVENT)
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    party = queries.get_party_of(agreement, actor.organisation_id)
    if party.role != "bank":
        raise EventNotYoursError("The lender files the claim with the pool.", deciders=["bank"])
    if agreement.state != "active":
        raise AgreementStateError(state=agreement.state)
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    pool = find_register(session, model=engine_for(version).model)
    if pool is None:
        raise AgreementStateError("The terms of this agreement name no register of a pool.")
    defaulted_on = find_default_day(load_state(session, agreement=agreement, version=version))
    if defaulted_on is None:
        raise AgreementStateError("A claim is filed after a default has been recorded.")
    return pools.file_claim(
        session, actor=actor, pool=pool, agreement=agreement.public_id, default_on=defaulted_on, now=now
    )


@dataclass(frozen=True)
class PoolView:
    """What a party of an agreement sees of the register that its pool counts in."""

    pool: CompensationPool
    filing: PoolFiling | None
    defaulted: bool

    @property
    def may_file(self) -> bool:
        return self.defaulted and (self.filing is None or self.filing.state in ("refused", "withdrawn"))


def view_register(
    session: orm.Session, *, agreement: Agreement, version: AgreementVersion, actor: Any
) -> PoolView | None:
    """None where the terms share no limit with other agreements, or are not in force."""
    if agreement.state not in ("active", "completed"):
        return None
    pool = find_register(session, model=engine_for(version).model)
    if pool is None:
        return None
    defaulted = find_default_day(load_state(session, agreement=agreement, version=version)) is not None
    concerned = queries.own_agreement_ids(actor)
    filing = find_filing_of(session, actor=actor, agreement=agreement.public_id, concerned=concerned)
    return PoolView(pool, filing, defaulted)


def find_default_day(state: Any) -> date | None:
    """The day of the default that stands."""
    from risk.sharing.applying import standing_events

    days = [
        event["effective_on"]
        for event in standing_events(state.log)
        if event["kind"] == "loss_event" and event["body"].get("kind") == "default"
    ]
    return date.fromisoformat(days[0]) if days else None


def is_same_request(known: AgreementEvent, body: dict[str, Any]) -> bool:
    """Whether a compensation asked again is the one recorded; what the register had left was added to it."""
    recorded = json.loads(known.body)
    recorded.pop("room", None)
    return bool(recorded == body)


def add_room(
    session: orm.Session, *, agreement: Agreement, engine: Any, body: dict[str, Any], on: date, now: datetime
) -> tuple[dict[str, Any], PoolFiling | None]:
    """The body with what each shared limit has left, and the filing that is served; without a register as it was.

    Raises what `take_turn` raises, and NothingLeftError: a filing is not used up for nothing.
    """
    if "room" in body:
        raise RoomIsComputedError(field="body.room")
    if body.get("channel", "pool") != "pool":
        return body, None
    pool = find_register(session, model=engine.model)
    if pool is None:
        return body, None
    filing = pools.take_turn(session, pool=pool, agreement=agreement.public_id, on=on, now=now)
    room = compute_pool_room(session, pool=pool, year=on.year, bank_id=filing.bank_organisation_id)
    limits = (engine.model.limits[name] for name in engine.model.recoveries.channels["pool"].layer.limits)
    left = {item.id: room.of(item.shared.counts) for item in limits if item.shared}
    spent = [name for name, amount_minor in left.items() if amount_minor == 0]
    if spent:
        raise NothingLeftError(limits=spent, year=on.year)
    return {**body, "room": left}, filing


def use_room(
    session: orm.Session,
    *,
    actor: Any,
    filing: PoolFiling,
    event: AgreementEvent,
    engine: Any,
    outcome: Any,
    now: datetime,
) -> None:
    """Count what the pool owes now, so that the next agreement finds less."""
    paid = -outcome.flows.get(engine.model.recoveries.channels["pool"].payer, 0)
    pools.record_compensation(
        session, actor=actor, filing=filing, event_id=event.event_id, amount_minor=paid, on=event.effective_on, now=now
    )


def give_room_back(session: orm.Session, *, agreement: Agreement, target: str, actor: Any, now: datetime) -> None:
    """A compensation was reversed before it was paid."""
    pools.undo_compensation(session, actor=actor, agreement=agreement.public_id, event_id=target, now=now)
