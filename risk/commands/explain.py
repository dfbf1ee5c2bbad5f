"""``python -m risk explain``: a claimed split beside the settled one, and the readings that would give it."""

from __future__ import annotations

import argparse
from typing import Any

from risk.commands.settle import INPUT_SCHEMA as SETTLE_SCHEMA
from risk.commands.settle import TIER
from risk.sharing.readings.explain import explain
from risk.sharing.templates.scenario_a import scenario_a

NAME = "explain"
SUMMARY = (
    "Explains a settled event: {terms, events, event, claimed} in; whether the claimed split equals the settled one, "
    "by how much each party differs, and every reading of the terms that would give the claim out."
)
NOTES = (
    "A reading changes one clause, or where no single change gives the claim two, from the first event on. Tried are "
    "the terms' own alternatives: method of a return, day count, rounding, steps of a rate, surplus of a hurdle, tiers "
    "in another order or left out, branches of a condition, bounds, odd units, base of a percentage, deductible and "
    "limit on the other side of the share, a day more or less, money counted from its call, restatements ignored. At "
    "most 400 settlements of the log; `left_out` says how many were not tried.",
    "That a reading gives the claim does not say that the claim was made that way: several may give the same, and all "
    "of them that were tried are listed.",
)
_MINOR = {"type": "integer"}
_SPLIT = {"type": "object", "additionalProperties": _MINOR}
INPUT_SCHEMA: dict[str, Any] = {
    **SETTLE_SCHEMA,
    "properties": {
        **SETTLE_SCHEMA["properties"],
        "amendments": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Later versions in their order: terms and, where needed, previous_hash.",
        },
        "event": {"type": "string", "description": "Id of the event to explain."},
        "claimed": {
            "type": "object",
            "description": "What each party receives by the event, integers in minor units; a party left out: nothing.",
        },
    },
    "required": ["terms", "events", "event", "claimed"],
}
_CHANGE = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "clause": {"type": "string"}, "words": {"type": "object"}},
    "required": ["code", "clause", "words"],
    "additionalProperties": False,
}
_READING = {
    "type": "object",
    "properties": {
        "changes": {"type": "array", "items": _CHANGE, "minItems": 1, "maxItems": 2},
        "split": _SPLIT,
        "distance_minor": _MINOR,
        "exact": {"type": "boolean"},
    },
    "required": ["changes", "split", "distance_minor", "exact"],
    "additionalProperties": False,
}
_OUTPUT: dict[str, Any] = {
    "event": {"type": "string"},
    "equal": {"type": "boolean"},
    **dict.fromkeys(("ours", "claimed", "differences"), _SPLIT),
    **dict.fromkeys(("ours_minor", "claimed_minor", "tried", "refused", "left_out"), _MINOR),
    "readings": {"type": "array", "items": _READING},
    "explanation": {"type": "array", "items": TIER},
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": _OUTPUT,
    "required": list(_OUTPUT),
    "additionalProperties": False,
}
# The first interest of scenario A, claimed by actual days over 365: 300,000,000 x 0.04 x 91 / 365.
EXAMPLE: dict[str, Any] = {**scenario_a("success"), "event": "A-15-distribution", "claimed": {"bank": 2_991_781}}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no options: the document says everything."""


def run(arguments: argparse.Namespace, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the comparison and the readings."""
    return explain(payload)
