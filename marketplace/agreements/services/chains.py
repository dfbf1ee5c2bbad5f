"""Walking every chain of the database: numbers, links and hashes over the stored bytes, a million events in seconds.

That bodies are canonical, that signatures hold and that the ledger agrees is asked agreement by agreement
(`verification.check_agreements_whole`), of all or of a sample.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import checkpoint_queries
from marketplace.agreements.chain import canonical, event_text, version_hash

Problem = dict[str, Any]


@dataclass(frozen=True)
class ChainCheck:
    """How much was walked, and the first thing that is wrong with its place (None where all is right)."""

    agreements: int
    events: int
    problem: Problem | None


def check_chains(session: orm.Session) -> ChainCheck:
    """The versions and events of all agreements, each chain to its stored head."""
    ends = checkpoint_queries.map_chain_ends(session)
    known, problem = _check_versions(session, ends)
    events = 0
    if problem is None:
        events, problem = _check_events(session, ends, known)
    return ChainCheck(len(ends), events, problem)


def _problem(agreement: str, where: str, position: int, reason: str) -> Problem:
    return {"agreement": agreement, "where": where, "position": position, "reason": reason}


def _check_versions(session: orm.Session, ends: dict[int, Any]) -> tuple[set[tuple[int, str]], Problem | None]:
    known: set[tuple[int, str]] = set()
    owner, previous, number = None, None, 0
    for agreement_id, stored_number, terms, terms_hash, stored_previous in checkpoint_queries.iterate_versions(session):
        if agreement_id != owner:
            owner, previous, number = agreement_id, None, 0
        number += 1
        reason = None
        if stored_number != number:
            reason = "a version is missing"
        elif stored_previous != previous:
            reason = "the chain is broken before this version"
        elif not _is_intact(terms, previous, terms_hash):
            reason = "the terms were changed"
        if reason:
            return known, _problem(ends[agreement_id][0], "versions", number, reason)
        previous = terms_hash
        known.add((agreement_id, terms_hash))
    return known, None


def _is_intact(terms: str, previous: str | None, terms_hash: str) -> bool:
    try:
        content = json.loads(terms)
    except ValueError:
        return False
    return canonical(content) == terms and version_hash(content, previous) == terms_hash


def _check_events(
    session: orm.Session, ends: dict[int, Any], known: set[tuple[int, str]]
) -> tuple[int, Problem | None]:
    from risk.sharing import event_text_hash

    count, owner, number = 0, None, 0
    head: str | None = None
    walked: dict[int, tuple[int, str | None]] = {}
    for (
        agreement_id, stored_number, event_id, kind, effective_on, body, recorded_at, user, organisation, version,
        previous, stored_hash,
    ) in checkpoint_queries.iterate_chain_rows(session):  # fmt: skip
        if agreement_id != owner:
            if owner is not None:
                walked[owner] = (number, head)
            owner, number, head = agreement_id, 0, None
        count, number = count + 1, number + 1
        if stored_number != number:
            return count, _problem(ends[agreement_id][0], "events", number, "an event is missing")
        if previous != head or (agreement_id, version) not in known:
            return count, _problem(ends[agreement_id][0], "events", number, "the chain is broken before this event")
        text = event_text(
            event_id=event_id, kind=kind, effective_on=effective_on, body=body, recorded_at=recorded_at,
            actor_user=user, actor_organisation=organisation,
        )  # fmt: skip
        head = event_text_hash(text, version, head)
        if head != stored_hash:
            return count, _problem(ends[agreement_id][0], "events", number, "the event was changed")
    if owner is not None:
        walked[owner] = (number, head)
    for agreement_id, (public_id, event_count, head_hash) in ends.items():
        found = walked.get(agreement_id, (0, None))
        if found != (event_count, head_hash):
            return count, _problem(public_id, "events", found[0] + 1, "the last events are missing")
    return count, None
