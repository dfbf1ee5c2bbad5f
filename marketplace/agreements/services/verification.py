"""Checking an agreement against itself: versions, signatures, events, ledger, each to the byte."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import bundle, checkpoint_queries, queries
from marketplace.agreements.models import Agreement
from marketplace.agreements.running import CASH_KINDS, engine_event, engine_for
from marketplace.agreements.services.chains import ChainCheck
from marketplace.agreements.services.checkpoints import prove_inclusion
from marketplace.agreements.settlement import Account, fold_cash
from marketplace.ledger.queries import list_balances


@dataclass(frozen=True)
class Verification:
    """How much was checked, and the first thing that is wrong with its place (None where all is right)."""

    versions: int
    signatures: int
    events: int
    problem: dict[str, Any] | None

    @property
    def sound(self) -> bool:
        return self.problem is None


def export_bundle(session: orm.Session, *, agreement: Agreement, now: datetime) -> dict[str, Any]:
    """Everything that a party needs to check the agreement without this platform."""
    versions = queries.list_versions(session, agreement_id=agreement.id)
    numbers = {version.id: version.number for version in versions}
    content = {
        "format": bundle.FORMAT,
        "agreement": agreement.public_id,
        "title": {"zh": agreement.title_zh, "en": agreement.title_en},
        "currency": agreement.currency,
        "state": agreement.state,
        "active_version": agreement.active_version_number,
        "exported_at": now.isoformat(timespec="seconds"),
        "parties": [
            {
                "party": party.party,
                "role": party.role,
                "capacity": party.capacity,
                "organisation": party.organisation.public_id if party.organisation else None,
                "name": {"zh": party.name_zh, "en": party.name_en},
            }
            for party in agreement.parties
        ],
        "versions": [
            {
                "number": version.number,
                "terms": version.terms,
                "terms_hash": version.terms_hash,
                "previous_hash": version.previous_hash,
                "base": version.base_number,
            }
            for version in versions
        ],
        "signatures": [
            {
                "version": numbers[item.version_id],
                "party": item.party.party,
                "organisation": item.organisation_public_id,
                "user": item.user_public_id,
                "role": item.role,
                "capacity": item.capacity,
                "signed_at": item.signed_at,
                "statement": item.statement,
                "public_key": item.public_key,
                "signature": item.signature,
            }
            for item in queries.list_signatures(session, agreement_id=agreement.id)
        ],
        "events": [
            {
                "number": event.number,
                "id": event.event_id,
                "kind": event.kind,
                "effective_on": event.effective_on.isoformat(),
                "body": event.body,
                "recorded_at": event.recorded_at,
                "actor_user": event.actor_user,
                "actor_organisation": event.actor_organisation,
                "version_hash": event.version_hash,
                "previous_hash": event.previous_hash,
                "hash": event.hash,
            }
            for event in queries.list_events(session, agreement_id=agreement.id)
        ],
        "head": agreement.head_hash,
        "checkpoint": prove_inclusion(session, agreement=agreement),
    }
    return {**content, "digest": bundle.digest_of_content(content)}


def verify_agreement(session: orm.Session, *, agreement: Agreement, now: datetime | None = None) -> Verification:
    """Check hashes, signatures and engine as anybody can from the bundle, then that the ledger says the same."""
    content = export_bundle(session, agreement=agreement, now=now or datetime.min)
    problem = (
        bundle.find_problem(content) or _compare_keys(session, agreement) or _compare_with_ledger(session, agreement)
    )
    return Verification(len(content["versions"]), len(content["signatures"]), len(content["events"]), problem)


def _compare_keys(session: orm.Session, agreement: Agreement) -> dict[str, Any] | None:
    """Every signature was made by a key that its user had registered here."""
    for place, (signature, key) in enumerate(
        queries.list_signatures_with_keys(session, agreement_id=agreement.id), start=1
    ):
        if signature.public_key != key.public_key or signature.user_public_id != key.user.public_id:
            return {"where": "signatures", "position": place, "reason": "the key is not the signatory's"}
    return None


def _compare_with_ledger(session: orm.Session, agreement: Agreement) -> dict[str, Any] | None:
    """The engine's balances equal the ledger's once the payments that are still open are added."""
    if agreement.active_version_number is None:
        return None
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    events = queries.list_events(session, agreement_id=agreement.id)
    engine = engine_for(version)
    state = engine.open()
    for event in events:
        if event.kind in CASH_KINDS:
            continue
        outcome = engine.apply(state, engine_event(event))
        state = outcome.state
        if _amounts(event.explanation) != _amounts(outcome.explanation):
            return {"where": "events", "position": event.number, "reason": "the explanation was changed"}
    names = {party.party: party.ledger_party for party in agreement.parties}
    expected = fold_cash(_engine_balances(state.accounts, names))
    found: dict[Account, int] = defaultdict(int)
    for balance in list_balances(session, book=agreement.book):
        found[balance.account.code, balance.account.party] += balance.amount_minor
    for account, amount in _open_lines(session, agreement):
        found[account] += amount
    actual = fold_cash(found)
    for account in sorted(expected.keys() | actual.keys()):
        if expected.get(account, 0) != actual.get(account, 0):
            return {
                "where": "ledger",
                "position": ":".join(part for part in account if part),
                "reason": "the ledger differs from the settlement of the events",
                "ledger_minor": actual.get(account, 0),
                "settlement_minor": expected.get(account, 0),
            }
    return None


def _amounts(tiers: list[dict[str, Any]]) -> list[Any]:
    """What an explanation says in figures; its words may be put better by a later release."""
    return [
        (tier["clause"], tier["amount_minor"], [(leaf["party"], leaf["amount_minor"]) for leaf in tier["to"]])
        for tier in tiers
    ]


def _engine_balances(accounts: dict[str, int], names: dict[str, str]) -> dict[Account, int]:
    balances: dict[Account, int] = defaultdict(int)
    for key, amount in accounts.items():
        code, _, party = key.partition(":")
        balances[code, names[party] if party else ""] += amount
    return balances


def _open_lines(session: orm.Session, agreement: Agreement) -> list[tuple[Account, int]]:
    """The entries that open payments will still post; a call that is unpaid is open in the engine too."""
    names = {party.party: party.ledger_party for party in agreement.parties}
    lines = []
    for row in queries.list_payments(session, agreement_id=agreement.id):
        if row.state in ("held", "waiting", "outside") and row.purpose != "drawdown":
            lines.append(((row.debit_code, names.get(row.debit_party, "")), row.amount_minor))
            lines.append(((row.credit_code, names.get(row.credit_party, "")), -row.amount_minor))
    return lines


def check_agreements_whole(session: orm.Session, *, sample: int | None = None, seed: int = 0) -> ChainCheck:
    """Bodies, signatures, settlement and ledger of all agreements, or of a sample drawn by `seed`."""
    chosen = sorted(checkpoint_queries.map_chain_ends(session))
    if sample is not None and sample < len(chosen):
        chosen = sorted(random.Random(seed).sample(chosen, sample))
    events = 0
    for place, agreement_id in enumerate(chosen, start=1):
        agreement = queries.find_agreement(session, agreement_id=agreement_id)
        assert agreement is not None
        result = verify_agreement(session, agreement=agreement)
        events += result.events
        if result.problem is not None:
            return ChainCheck(place, events, {"agreement": agreement.public_id, **result.problem})
        session.expunge_all()  # nothing is kept of an agreement that held
    return ChainCheck(len(chosen), events, None)


def verify_document(text: str, *, earlier: str | None = None, checkpoint: str | None = None) -> Verification:
    """Check an exported bundle offline: no database, no network.

    With `earlier`, that it goes on from a bundle that was kept; with `checkpoint`, that it stands under that hash.
    """
    content = bundle.read_bundle(text)
    problem = bundle.find_problem(content)
    if problem is None and checkpoint is not None:
        problem = bundle.compare_checkpoint(content, checkpoint)
    if problem is None and earlier is not None:
        problem = bundle.compare_with_earlier(content, bundle.read_bundle(earlier))
    return Verification(len(content["versions"]), len(content["signatures"]), len(content["events"]), problem)
