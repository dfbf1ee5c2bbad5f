"""The exported agreement and its offline check: the first thing that is wrong is named with its place."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from marketplace.agreements.chain import canonical, event_record, hash_event, signed_bytes, version_hash
from marketplace.agreements.errors import BundleUnreadableError
from marketplace.agreements.keys import is_valid_signature
from marketplace.agreements.merkle import climb, hash_checkpoint, hash_leaf
from marketplace.agreements.running import CASH_KINDS

FORMAT = "pilotage/agreement/2"
DIGEST_TAG = "pilotage/bundle/2"
_LISTS = ("parties", "versions", "signatures", "events")


def read_bundle(text: str) -> dict[str, Any]:
    """The bundle of a file; raises where it is not one."""
    try:
        content = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise BundleUnreadableError() from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleUnreadableError()
    if not all(isinstance(content.get(name), list) for name in _LISTS):
        raise BundleUnreadableError()
    return content


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: of two values of one key each reader would believe another."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def digest_of_content(content: dict[str, Any]) -> str:
    """The hash of everything in a bundle but the digest itself; it finds a damaged file, not a forger."""
    rest = {name: value for name, value in content.items() if name != "digest"}
    return hashlib.sha256(f"{DIGEST_TAG}\n{canonical(rest)}".encode()).hexdigest()


def find_problem(content: dict[str, Any]) -> dict[str, Any] | None:
    """The first thing that does not hold, or None; a file whose parts are missing is a problem as well."""
    try:
        return (
            _check_versions(content)
            or _check_signatures(content)
            or _check_events(content)
            or _check_checkpoint(content)
            or _check_settlement(content)
            or _check_digest(content)
        )
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
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


def _check_checkpoint(content: dict[str, Any]) -> dict[str, Any] | None:
    """The checkpoint saw a version and an event of this very log, and its root follows from them."""
    proof = content["checkpoint"]
    if proof is None:
        return None
    day, number, count = proof["day"], proof["version_number"], proof["event_count"]
    versions = {version["number"]: version["terms_hash"] for version in content["versions"]}
    heads = {0: None, **{event["number"]: event["hash"] for event in content["events"]}}
    if versions.get(number) != proof["terms_hash"]:
        return _problem("checkpoint", day, f"version {number} is not the one that stood at the checkpoint")
    if count not in heads or heads[count] != proof["head_hash"]:
        return _problem("checkpoint", day, f"event {count} is not the one that stood at the checkpoint")
    leaf = hash_leaf(
        agreement=content["agreement"],
        version_number=number,
        terms_hash=proof["terms_hash"],
        event_count=count,
        head_hash=proof["head_hash"],
    )
    if climb(leaf, proof["path"]) != proof["root"]:
        return _problem("checkpoint", day, "the path does not lead to the root")
    stated = hash_checkpoint(
        day=day,
        made_at=proof["made_at"],
        agreements=proof["agreements"],
        root=proof["root"],
        previous_hash=proof["previous_hash"],
    )
    return None if stated == proof["hash"] else _problem("checkpoint", day, "the checkpoint was changed")


def _check_digest(content: dict[str, Any]) -> dict[str, Any] | None:
    if content["digest"] == digest_of_content(content):
        return None
    return _problem("bundle", None, "something outside the chains was changed")


def compare_checkpoint(content: dict[str, Any], known: str) -> dict[str, Any] | None:
    """Whether a sound bundle stands under the checkpoint that a statement of the same day names."""
    proof = content["checkpoint"]
    if proof is not None and proof["hash"] == known.strip().lower():
        return None
    return _problem("checkpoint", proof["day"] if proof else None, "this is another checkpoint than the one given")


def compare_with_earlier(content: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any] | None:
    """The first place where a sound bundle does not go on from an earlier one: what was written once has changed."""
    problem = find_problem(earlier)
    if problem is not None:
        return {**problem, "where": f"earlier bundle, {problem['where']}"}
    if earlier["agreement"] != content["agreement"]:
        return _problem("bundle", None, "the earlier bundle is of another agreement")
    for name in ("versions", "signatures", "events"):
        now = content[name]
        for place, item in enumerate(earlier[name], start=1):
            if place > len(now) or now[place - 1] != item:
                return _problem(name, place, "this is not what the earlier bundle says")
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
