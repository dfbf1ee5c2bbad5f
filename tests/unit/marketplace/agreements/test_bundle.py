"""The exported bundle: one byte changed anywhere is found, in a chain with its position; the tree and its paths."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from marketplace.agreements import bundle
from marketplace.agreements.chain import (
    canonical,
    event_record,
    event_text,
    hash_event,
    hash_event_text,
    signed_bytes,
    version_hash,
)
from marketplace.agreements.errors import BundleUnreadableError
from marketplace.agreements.merkle import climb, find_path, find_root, hash_checkpoint, hash_leaf

LEAVES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(17)]


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    """The smallest bundle with one of everything; its version is not in force, so nothing is settled."""
    terms = {"parties": ["a"], "title": "协议"}
    version = version_hash(terms, None)
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
    fields = {"party": "a", "organisation": "org_a", "user": "usr_a", "role": "owner", "capacity": "principal",
              "signed_at": "2027-01-10T00:00:00+00:00", "statement": "Signed."}  # fmt: skip
    message = signed_bytes(agreement="agr_1", version_number=1, terms_hash=version, **fields)
    signature = {"version": 1, **fields, "public_key": key.public_key().public_bytes_raw().hex(),
                 "signature": key.sign(message).hex()}  # fmt: skip
    events, head = [], None
    for number in (1, 2):
        common = {"kind": "payment", "effective_on": "2027-01-15", "recorded_at": "2027-01-15T00:00:00+00:00",
                  "actor_user": "", "actor_organisation": "org_a"}  # fmt: skip
        record = event_record(event_id=f"e{number}", body={"amount_minor": number}, **common)
        row = {"number": number, "id": f"e{number}", **common, "body": canonical({"amount_minor": number}),
               "version_hash": version, "previous_hash": head}  # fmt: skip
        head = hash_event(record, version, head)
        events.append({**row, "hash": head})
    leaf = hash_leaf(agreement="agr_1", version_number=1, terms_hash=version, event_count=2, head_hash=head)
    leaves = [LEAVES[0], leaf, LEAVES[1]]
    seen = {"day": "2027-01-16", "made_at": "2027-01-16T00:00:00+00:00", "agreements": 3, "root": find_root(leaves),
            "previous_hash": None}  # fmt: skip
    made = {
        "format": bundle.FORMAT, "agreement": "agr_1", "active_version": None,
        "parties": [{"party": "a", "organisation": "org_a"}],
        "versions": [{"number": 1, "terms": canonical(terms), "terms_hash": version, "previous_hash": None}],
        "signatures": [signature], "events": events, "head": head,
        "checkpoint": {**seen, "version_number": 1, "terms_hash": version, "event_count": 2, "head_hash": head,
                       "path": find_path(leaves, 1), "hash": hash_checkpoint(**seen)},
    }  # fmt: skip
    return {**made, "digest": bundle.digest_of_content(made)}


def problem_of(data: bytes) -> dict[str, Any] | None:
    try:
        return bundle.find_problem(bundle.read_bundle(data.decode()))
    except (BundleUnreadableError, UnicodeDecodeError):
        return {"where": "file", "position": None}


def test_one_byte_changed_at_any_place_is_found(content: dict[str, Any]) -> None:
    data = canonical(content).encode()
    assert problem_of(data) is None
    for place in range(len(data)):
        for other in {data[place] ^ 1, ord("0") if data[place] != ord("0") else ord("1")}:
            changed = data[:place] + bytes([other]) + data[place + 1 :]
            assert problem_of(changed) is not None, (place, changed[max(0, place - 20) : place + 20])


@pytest.mark.parametrize(("name", "place"), [("versions", 1), ("signatures", 1), ("events", 1), ("events", 2)])
def test_change_in_a_chain_is_named_with_its_position(content: dict[str, Any], name: str, place: int) -> None:
    item = content[name][place - 1]
    for key in set(item) - {"number", "version", "previous_hash", "version_hash"}:
        value = item[key][:-1] + ("x" if item[key][-1:] != "x" else "y")
        rows = [*content[name][: place - 1], {**item, key: value}, *content[name][place:]]
        found = bundle.find_problem({**content, name: rows})
        assert found is not None
        # A body or terms that are no JSON any more cannot be read at all.
        assert (found["where"], found["position"]) == (name, place) or key in ("body", "terms"), (key, found)


def test_rewritten_chain_does_not_go_on_from_the_bundle_that_was_kept(content: dict[str, Any]) -> None:
    fewer = {**content, "events": content["events"][:1], "head": content["events"][0]["hash"], "checkpoint": None}
    fewer["digest"] = bundle.digest_of_content(fewer)
    assert bundle.compare_with_earlier(content, fewer) is None
    found = bundle.compare_with_earlier(fewer, content)
    assert found is not None
    assert (found["where"], found["position"]) == ("events", 2)


def test_checkpoint_of_another_root_or_none_is_refused(content: dict[str, Any]) -> None:
    assert bundle.compare_checkpoint(content, content["checkpoint"]["hash"].upper()) is None
    assert bundle.compare_checkpoint(content, LEAVES[0]) is not None
    assert bundle.compare_checkpoint({**content, "checkpoint": None}, LEAVES[0]) is not None


@pytest.mark.parametrize("count", range(1, 18))
def test_every_leaf_climbs_to_the_root_and_no_other_leaf_does(count: int) -> None:
    leaves = LEAVES[:count]
    root = find_root(leaves)
    for place, leaf in enumerate(leaves):
        path = find_path(leaves, place)
        assert climb(leaf, path) == root
        assert climb(LEAVES[(place + 1) % 17], path) != root


def test_text_of_a_record_is_its_canonical_form() -> None:
    fields = {"event_id": 'a"b\\', "kind": "payment", "effective_on": "2027-01-15", "recorded_at": "x",
              "actor_user": "中", "actor_organisation": "\n"}  # fmt: skip
    body = {"b": 1, "a": ["中", None, True]}
    text, record = event_text(body=canonical(body), **fields), event_record(body=body, **fields)
    assert text == canonical(record)
    for previous in (None, "0" * 64):
        assert hash_event_text(text, "v", previous) == hash_event(record, "v", previous)
