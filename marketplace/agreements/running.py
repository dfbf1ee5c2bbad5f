"""Running stored events through the engine: replay from the log, with the state kept as a cache on the agreement."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import queries
from marketplace.agreements.errors import EventRefusedError, from_risk
from marketplace.agreements.models import Agreement, AgreementEvent, AgreementVersion

# Kinds of the house's own that move cash only and that the engine does not know.
CASH_KINDS = ("payment", "deployment")


@functools.lru_cache(maxsize=64)
def engine_of(terms: str, previous_hash: str | None, amends: Any = None) -> Any:
    """The compiled terms of one version; terms are text that never changes, so the compilation may be kept."""
    from risk.sharing import Engine

    return Engine(json.loads(terms), previous_hash, amends)


def engine_for(version: AgreementVersion) -> Any:
    """The engine of a version; that of an amendment knows the versions in force before it."""
    return engine_of(version.terms, version.previous_hash, engine_for(version.base) if version.base else None)


def list_versions_in_force(version: AgreementVersion) -> list[AgreementVersion]:
    """The versions that have been in force one after the other up to this one."""
    return [*list_versions_in_force(version.base), version] if version.base else [version]


def log_document(version: AgreementVersion, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A log as `risk.sharing.settle` reads it: the first terms, those that amended them, and the events."""
    first, *later = list_versions_in_force(version)
    amendments = [{"terms": queries.load_terms(item), "previous_hash": item.previous_hash} for item in later]
    return {"terms": queries.load_terms(first), "amendments": amendments, "events": rows}


def engine_event(event: AgreementEvent) -> dict[str, Any]:
    """A stored event as the engine reads it."""
    return {
        "id": event.event_id,
        "kind": event.kind,
        "effective_on": event.effective_on.isoformat(),
        "body": json.loads(event.body),
    }


def replay(engine: Any, events: Iterable[dict[str, Any]]) -> Any:
    """The state after these events, from the beginning."""
    state = engine.open()
    for event in events:
        if event["kind"] not in CASH_KINDS:
            state = engine.apply(state, event).state
    return state


def load_state(session: orm.Session, *, agreement: Agreement, version: AgreementVersion) -> Any:
    """The engine's state now: the kept one where it belongs to the last event, else replayed from the log."""
    engine = engine_for(version)
    if agreement.engine_state is not None and agreement.engine_state_head == agreement.head_hash:
        return engine.load(agreement.engine_state)
    events = queries.list_events(session, agreement_id=agreement.id)
    return replay(engine, [engine_event(event) for event in events])


def apply_event(engine: Any, state: Any, event: dict[str, Any]) -> Any:
    """One event through the engine; its refusal becomes ours, with its sentence, clause and code."""
    from risk.errors import RiskError

    try:
        return engine.apply(state, event)
    except RiskError as error:
        raise from_risk(error, EventRefusedError, field=error.field or "body") from error
