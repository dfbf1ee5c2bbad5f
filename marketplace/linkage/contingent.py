"""Contingent public money read from the terms of agreements: room in pools, and subsidies of premiums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

POOL, FISCAL = "pool", "fiscal"


def pool_room(terms: Mapping[str, Any]) -> dict[str, int]:
    """By pool: its tightest limit, because a claim is bounded by all of them."""
    pools = _parties(terms, POOL)
    room: dict[str, int] = {}
    for limit in terms.get("limits", []):
        party, amount = limit["party"], limit["amount_minor"]
        if party in pools:
            room[party] = min(amount, room.get(party, amount))
    return room


def premium_subsidy(terms: Mapping[str, Any]) -> int:
    """What fiscal parties pay of the premiums that the terms name."""
    payers = _parties(terms, FISCAL)
    return sum(
        amount
        for policy in terms.get("policies", [])
        for payer, amount in policy.get("paid_by", {}).items()
        if payer in payers
    )


def _parties(terms: Mapping[str, Any], kind: str) -> set[str]:
    return {party["id"] for party in terms["parties"] if party["kind"] == kind}
