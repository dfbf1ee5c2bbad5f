"""The tree over the heads of all agreements: its root, the path of one leaf, and the way back up (after RFC 6962).

A leaf without a partner moves up unchanged, leaves and inner nodes are hashed under different tags, so that no inner
node can be passed off as a leaf. Everything is hexadecimal text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from marketplace.agreements.chain import canonical

LEAF_TAG = "pilotage/checkpoint-leaf/1"
CHECKPOINT_TAG = "pilotage/checkpoint/1"
# A step of a path: on which side the partner stands, and its hash.
Step = list[str]


def hash_leaf(*, agreement: str, version_number: int, terms_hash: str, event_count: int, head_hash: str | None) -> str:
    """The leaf of one agreement: its newest version and its last event."""
    content = {
        "agreement": agreement,
        "version_number": version_number,
        "terms_hash": terms_hash,
        "event_count": event_count,
        "head_hash": head_hash,
    }
    return hashlib.sha256(b"\x00" + f"{LEAF_TAG}\n{canonical(content)}".encode()).hexdigest()


def hash_node(left: str, right: str) -> str:
    return hashlib.sha256(b"\x01" + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()


def find_root(leaves: Sequence[str]) -> str:
    """The root of at least one leaf."""
    level = list(leaves)
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def find_path(leaves: Sequence[str], place: int) -> list[Step]:
    """The partners that lead from the leaf at `place` (from 0) to the root."""
    level, path = list(leaves), []
    while len(level) > 1:
        partner = place ^ 1
        if partner < len(level):
            path.append(["left" if partner < place else "right", level[partner]])
        level, place = _level_above(level), place // 2
    return path


def climb(leaf: str, path: Sequence[Step]) -> str:
    """The root that a leaf and its path lead to; raises ValueError where a step cannot be read."""
    found = leaf
    for side, partner in path:
        if side not in ("left", "right"):
            raise ValueError("a step of the path is neither left nor right")
        found = hash_node(partner, found) if side == "left" else hash_node(found, partner)
    return found


def hash_checkpoint(*, day: str, made_at: str, agreements: int, root: str, previous_hash: str | None) -> str:
    """The hash of a day's checkpoint, chained to the one before: what statements and bundles show."""
    content: dict[str, Any] = {
        "day": day, "made_at": made_at, "agreements": agreements, "root": root, "previous_hash": previous_hash,
    }  # fmt: skip
    return hashlib.sha256(f"{CHECKPOINT_TAG}\n{canonical(content)}".encode()).hexdigest()


def _level_above(level: list[str]) -> list[str]:
    above = [hash_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return above + level[-1:] if len(level) % 2 else above
