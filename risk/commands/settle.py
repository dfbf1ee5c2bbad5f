"""``python -m risk settle``: terms and events in, postings, explanations and totals out."""

from __future__ import annotations

import argparse
from typing import Any

from risk.sharing.schema import EVENT_SCHEMA, TERMS_SCHEMA
from risk.sharing.settlement import settle
from risk.sharing.templates.scenario_a import scenario_a

NAME = "settle"
SUMMARY = (
    "Settles an agreement: {terms, events} in; per event postings, tier by tier explanation and balances, and totals "
    "per party out; amounts are integers in minor units."
)
# The engine refuses terms and events clause by clause with its own codes; the outer shape is checked here and the full
# schema of the terms is published under $defs.
INPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "terms": {"type": "object", "description": "A terms document; its full schema stands under $defs.terms."},
        "events": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Events in the order recorded; their schema stands under $defs.event.",
        },
    },
    "required": ["terms", "events"],
    "additionalProperties": False,
    "$defs": {
        "terms": {"$id": "urn:pilotage:terms:1", **TERMS_SCHEMA},
        "event": {"$id": "urn:pilotage:event:1", **EVENT_SCHEMA},
    },
}
_MINOR = {"type": "integer"}
TIER = {
    "type": "object",
    "properties": {
        "clause": {"type": "string"},
        "name": {"type": "object"},
        "why": {"type": "object"},
        "depth": {"type": "integer"},
        "capacity_minor": {"type": ["integer", "null"]},
        "amount_minor": _MINOR,
        "to": {"type": "array"},
        "rounding": {"type": "array"},
    },
    "required": ["clause", "name", "why", "depth", "capacity_minor", "amount_minor", "to", "rounding"],
    "additionalProperties": False,
}
_POSTING = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "party": {"type": ["string", "null"]}, "amount_minor": _MINOR},
    "required": ["code", "party", "amount_minor"],
    "additionalProperties": False,
}
_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "kind": {"type": "string"},
        "effective_on": {"type": "string"},
        "postings": {"type": "array", "items": _POSTING},
        "explanation": {"type": "array", "items": TIER},
        "balances": {"type": "object", "additionalProperties": _MINOR},
        "flows": {"type": "object", "additionalProperties": _MINOR},
        "hash": {"type": "string"},
        "repeated": {"type": "boolean"},
    },
    "required": ["id", "kind", "effective_on", "postings", "explanation", "balances", "flows", "hash", "repeated"],
    "additionalProperties": False,
}
_PARTY = {
    "type": "object",
    "properties": {
        **{
            f"{name}_minor": _MINOR
            for name in ("paid", "received", "net", "capital_not_returned", "loss_borne", "gain_conceded")
        },
        "flows": {"type": "array"},
        "xirr": {"type": ["string", "null"]},
    },
    "additionalProperties": False,
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "terms_hash": {"type": "string"},
        "currency": {"type": "string"},
        "events": {"type": "array", "items": _EVENT},
        "parties": {"type": "object", "additionalProperties": _PARTY},
        "accounts": {"type": "object", "additionalProperties": _MINOR},
        "trial_balance_minor": {"const": 0},
        "memo_pairs_minor": {"type": "object", "additionalProperties": {"const": 0}},
        "status": {"enum": ["open", "active", "closed"]},
        "head": {"type": ["string", "null"]},
    },
    "required": ["terms_hash", "currency", "events", "parties", "accounts", "trial_balance_minor", "status", "head"],
    "additionalProperties": False,
}
EXAMPLE: dict[str, Any] = scenario_a("hard_failure")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no options: the document says everything."""


def run(arguments: argparse.Namespace, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the settled document."""
    return settle(payload)
