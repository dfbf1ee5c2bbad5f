"""The exported agreement and its offline check: the first thing that is wrong is named with its place."""

from __future__ import annotations

import json
from typing import Any

from marketplace.agreements.chain import canonical, event_record, hash_event, signed_bytes, version_hash
from marketplace.agreements.errors import BundleUnreadableError
from marketplace.agreements.keys import is_valid_signature
from marketplace.agreements.running import CASH_KINDS

FORMAT = "pilotage/agreement/1"
_LISTS = ("parties", "versions", "signatures", "events")


def read_bundle(text: str) -> dict[str, Any]:
    """The bundle of a file; raises where it is not one."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleUnreadableError() from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleUnreadableError()
    if not all(isinstance(content.get(name), list) for name in _LISTS):
        raise BundleUnreadableError()
    return content


def find_problem(content: dict[str, Any]) -> dict[str, Any] | None:
    """The first thing that does not hold, or None; a file whose parts are missing is a problem as well."""
    try:
        return (
            _check_versions(content)
            or _check_signatures(content)
            or _check_events(content)
            or _check_settlement(content)
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return _problem("bundle", str(error)[:80], "a part is missing or cannot be read")


def _problem(where: str, position: Any, reason: str) -> dict[str, Any]:
    return {"where": where, "position": position, "reason": reason}


def _check_versions(content: dict[str, Any]) -> dict[str, Any] | None:
    previous = None
    for place, version in enumerate(content["versions"], start=1):
        if version["number"] != place:
            return _problem("versions", place, "a version is missing")
        if version["previous_hash"] != previous:
            return _problem("versions", place, "the chain is broken before this version")
        terms = json.loads(version["terms"])
        # The very bytes count, not only what they mean.
        if canonical(terms) != version["terms"] or version_hash(terms, previous) != version["terms_hash"]:
            return _problem("versions", place, "the terms were changed")
        previous = version["terms_hash"]
    return None


def _check_signatures(content: dict[str, Any]) -> dict[str, Any] | None:
    hashes = {version["number"]: version["terms_hash"] for version in content["versions"]}
    for place, item in enumerate(content["signatures"], start=1):
        message = signed_bytes(
            agreement=content["agreement"],
            version_number=item["version"],
            terms_hash=hashes[item["version"]],
            party=item["party"],
            organisation=item["organisation"],
            user=item["user"],
            role=item["role"],
            capacity=item["capacity"],
            signed_at=item["signed_at"],
            statement=item["statement"],
        )
        if not is_valid_signature(item["public_key"], item["signature"], message):
            return _problem("signatures", place, "the signature does not hold")
    return _check_quorums(content)


def _versions_in_force(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions that have been in force one after the other, as their own bases tell."""
    if content["active_version"] is None:
        return []
    versions = [content["versions"][content["active_version"] - 1]]
    while versions[0].get("base") is not None:
        versions.insert(0, content["versions"][versions[0]["base"] - 1])
        if len(versions) > len(content["versions"]):
            raise ValueError("the versions amend each other in a circle")
    return versions


def _check_quorums(content: dict[str, Any]) -> dict[str, Any] | None:
    """Everybody has signed the first version, and of a later one those whom the version before it asks for."""
    from risk.sharing import still_needed
    from risk.sharing.terms import compile_terms

    able = [party["party"] for party in content["parties"] if party["organisation"] is not None]
    before = None
    for version in _versions_in_force(content):
        signed = {item["party"] for item in content["signatures"] if item["version"] == version["number"]}
        missing = [party for party in able if party not in signed]
        if before is not None:
            missing = still_needed(compile_terms(json.loads(before["terms"])), able, signed)
        if missing:
            return _problem("signatures", missing[0], "this party has not signed the active version")
        before = version
    return None


def _check_events(content: dict[str, Any]) -> dict[str, Any] | None:
    versions = {version["terms_hash"] for version in content["versions"]}
    previous = None
    for place, event in enumerate(content["events"], start=1):
        if event["number"] != place:
            return _problem("events", place, "an event is missing")
        if event["previous_hash"] != previous or event["version_hash"] not in versions:
            return _problem("events", place, "the chain is broken before this event")
        body = json.loads(event["body"])
        record = event_record(
            event_id=event["id"],
            kind=event["kind"],
            effective_on=event["effective_on"],
            body=body,
            recorded_at=event["recorded_at"],
            actor_user=event["actor_user"],
            actor_organisation=event["actor_organisation"],
        )
        if canonical(body) != event["body"] or hash_event(record, event["version_hash"], previous) != event["hash"]:
            return _problem("events", place, "the event was changed")
        previous = event["hash"]
    if content["head"] != previous:
        return _problem("events", len(content["events"]) + 1, "the last events are missing")
    return None


def _check_settlement(content: dict[str, Any]) -> dict[str, Any] | None:
    """The engine must take every event of the log: what it refuses was never recorded here."""
    from risk.errors import RiskError
    from risk.sharing import settle

    if content["active_version"] is None:
        return None
    first, *later = _versions_in_force(content)
    amendments = [{"terms": json.loads(item["terms"]), "previous_hash": item["previous_hash"]} for item in later]
    rows = [
        {
            "id": event["id"],
            "kind": event["kind"],
            "effective_on": event["effective_on"],
            "body": json.loads(event["body"]),
        }
        for event in content["events"]
        if event["kind"] not in CASH_KINDS
    ]
    try:
        settled = settle({"terms": json.loads(first["terms"]), "amendments": amendments, "events": rows})
    except RiskError as error:
        return _problem("settlement", error.details.get("id"), "the engine refuses this event")
    if later and settled["terms_hash"] != later[-1]["terms_hash"]:
        return _problem("settlement", None, "the events do not lead to the version in force")
    if settled["trial_balance_minor"] != 0:
        return _problem("settlement", None, "the postings do not add to zero")
    return None
