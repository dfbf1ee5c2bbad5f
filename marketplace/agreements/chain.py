"""What is hashed and what is signed, as exact bytes; one version of the wording for server and offline check alike."""

from __future__ import annotations

import hashlib
from datetime import date
from json.encoder import encode_basestring as _quoted
from typing import Any

SIGNATURE_TAG = "pilotage/signature/1"
RESULT_TAG = "pilotage/simulation-result/1"


def canonical(value: Any) -> str:
    """The one JSON text of a value."""
    from risk.sharing import canonical_json

    return canonical_json(value)


def version_hash(terms: dict[str, Any], previous_hash: str | None) -> str:
    """The hash of a version, chained to the version before."""
    from risk.sharing import terms_hash

    return terms_hash(terms, previous_hash)


def event_record(
    *,
    event_id: str,
    kind: str,
    effective_on: date | str,
    body: dict[str, Any],
    recorded_at: str,
    actor_user: str,
    actor_organisation: str,
) -> dict[str, Any]:
    """Everything of a stored event that its hash covers."""
    day = effective_on if isinstance(effective_on, str) else effective_on.isoformat()
    return {
        "event": {"id": event_id, "kind": kind, "effective_on": day, "body": body},
        "recorded_at": recorded_at,
        "actor_user": actor_user,
        "actor_organisation": actor_organisation,
    }


def hash_event(record: dict[str, Any], version: str, previous_hash: str | None) -> str:
    """The hash of an event, chained to the event before and to the version it ran under."""
    from risk.sharing import event_hash

    return event_hash(record, version, previous_hash)


def event_text(
    *,
    event_id: str,
    kind: str,
    effective_on: str,
    body: str,
    recorded_at: str,
    actor_user: str,
    actor_organisation: str,
) -> str:
    """The canonical text of `event_record` around a body that is canonical already: the bytes that the hash covers."""
    return (
        f'{{"actor_organisation":{_quoted(actor_organisation)},"actor_user":{_quoted(actor_user)},'
        f'"event":{{"body":{body},"effective_on":{_quoted(effective_on)},"id":{_quoted(event_id)},'
        f'"kind":{_quoted(kind)}}},"recorded_at":{_quoted(recorded_at)}}}'
    )


def hash_event_text(text: str, version: str, previous_hash: str | None) -> str:
    """The hash of an event by the text of its record."""
    from risk.sharing import event_text_hash

    return event_text_hash(text, version, previous_hash)


def hash_result(result: dict[str, Any]) -> str:
    """The hash of a simulation's result, whose figures are text or whole numbers."""
    return hashlib.sha256(f"{RESULT_TAG}\n{canonical(result)}".encode()).hexdigest()


def without_floats(value: Any) -> Any:
    """The same figures as shortest exact text, because hashed documents hold no floats."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {str(key): without_floats(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_floats(item) for item in value]
    return value


def signed_bytes(
    *,
    agreement: str,
    version_number: int,
    terms_hash: str,
    party: str,
    organisation: str,
    user: str,
    role: str,
    capacity: str,
    signed_at: str,
    statement: str,
) -> bytes:
    """The exact bytes under a signature: agreement, version, who, in which capacity, when, and what was shown."""
    content = {
        "agreement": agreement,
        "version_number": version_number,
        "terms_hash": terms_hash,
        "party": party,
        "organisation": organisation,
        "user": user,
        "role": role,
        "capacity": capacity,
        "signed_at": signed_at,
        "statement": statement,
    }
    return f"{SIGNATURE_TAG}\n{canonical(content)}".encode()


def digest_of(text: str) -> str:
    """A short way to say which text a page has shown."""
    return hashlib.sha256(text.encode()).hexdigest()
