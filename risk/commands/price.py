"""``python -m risk price``: one quote for pilot-failure cover from a request and a product version."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from risk.pricing import price_quote, scenario_a_product, scenario_a_request

NAME = "price"
SUMMARY = "Prices pilot-failure cover: a request and a filed product version in, the premium with its trail out."

_AMOUNT = {"type": "integer", "minimum": 0, "maximum": 9 * 10**15}
_OPTIONAL_AMOUNT = {"anyOf": [_AMOUNT, {"type": "null"}]}
_SHARE = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}
_DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_FACTOR = {
    "type": "object",
    "required": ["value", "basis"],
    "properties": {
        "value": _SHARE,
        "basis": {"enum": ["sourced", "judgement"]},
        "source": {"type": "string"},
    },
}
_REQUEST = {
    "type": "object",
    "description": "Day, period, schedule of cost items, terms, a score or a stated chance of missing the target, "
    "rating, subsidies, assignments, step-down.",
    "required": ["as_of", "period", "schedule", "terms"],
    "additionalProperties": False,
    "properties": {
        "as_of": _DAY,
        "currency": {"type": "string", "minLength": 3, "maxLength": 3},
        "period": {
            "type": "object",
            "required": ["start", "end"],
            "additionalProperties": False,
            "properties": {"start": _DAY, "end": _DAY, "deadline": _DAY},
        },
        "schedule": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["code", "sum_insured_minor"],
                "additionalProperties": False,
                "properties": {
                    "code": {"type": "string", "minLength": 1},
                    "name_zh": {"type": "string"},
                    "name_en": {"type": "string"},
                    "sum_insured_minor": _AMOUNT,
                    "deductible_minor": _OPTIONAL_AMOUNT,
                    "limit_minor": _OPTIONAL_AMOUNT,
                },
            },
        },
        "terms": {
            "type": "object",
            "required": ["insurer_share"],
            "additionalProperties": False,
            "properties": {
                "deductible_minor": _OPTIONAL_AMOUNT,
                "deductible_min_minor": _OPTIONAL_AMOUNT,
                "deductible_max_minor": _OPTIONAL_AMOUNT,
                "policy_limit_minor": _OPTIONAL_AMOUNT,
                "attachment_minor": _OPTIONAL_AMOUNT,
                "limit_minor": _OPTIONAL_AMOUNT,
                "limit_applies": {"enum": ["insurer_part", "before_share"]},
                "insurer_share": _SHARE,
            },
        },
        "score": {"type": "object", "description": "A score as given by the score command."},
        "target_missed": _FACTOR,
        "severity": {"type": "object"},
        "rating": {"type": "object"},
        "subsidies": {"type": "array", "items": {"type": "object"}},
        "assignments": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["party", "share"],
                "additionalProperties": False,
                "properties": {"party": {"type": "string", "minLength": 1}, "share": _SHARE},
            },
        },
        "step_down": {"type": "array", "items": {"type": "object"}},
    },
}
_PRODUCT = {
    "type": "object",
    "description": "One filed version: filing number, dates, trigger map, severity, loadings, options, ranges, rules.",
    "required": ["code", "version", "valid_from", "trigger_map", "loadings"],
    "properties": {
        "trigger_map": {
            "type": "object",
            "required": ["insured_cause", "determination_agrees"],
            "properties": {"insured_cause": _FACTOR, "determination_agrees": _FACTOR},
        },
        "loadings": {
            "type": "object",
            "properties": {
                "fixed_minor": _AMOUNT,
                "variable": _SHARE,
                "commission": _SHARE,
                "profit": _SHARE,
                "risk": _SHARE,
            },
        },
    },
}
INPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["request", "product"],
    "additionalProperties": False,
    "properties": {"request": _REQUEST, "product": _PRODUCT},
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": [
        "premium_minor",
        "net_premium_minor",
        "trigger",
        "trigger_probability",
        "severity",
        "premium",
        "rates",
        "decision",
        "valid_until",
    ],
    "properties": {
        "premium_minor": {**_AMOUNT, "description": "Gross premium, rounded once as the product says."},
        "net_premium_minor": {**_AMOUNT, "description": "Gross premium less the subsidies."},
        "subsidy_minor": {**_AMOUNT, "description": "Sum of the subsidies."},
        "sum_insured_minor": {**_AMOUNT, "description": "Sum of the schedule."},
        "line_minor": {**_AMOUNT, "description": "The most the insurer can pay."},
        "trigger_probability": {**_SHARE, "description": "Chance of the insured event that was priced."},
        "trigger": {
            "type": "object",
            "required": ["probability", "factors", "basis_risk"],
            "description": "The three factors with basis and source, and the chances that a miss is not paid.",
        },
        "severity": {"type": "object", "description": "Moments of the payment given the event, and its table."},
        "premium": {
            "type": "object",
            "required": ["expected_loss", "technical", "gross_minor", "rounding"],
            "description": "The trail: recomputing it gives the gross premium to the minor unit.",
        },
        "rates": {"type": "object", "description": "Rate on sum insured and on line, expected loss ratio, commission."},
        "raw_score": {"type": "object", "description": "The premium if every missed target were an insured event."},
        "decision": {"enum": ["offer", "refer", "decline"], "description": "By the rules of the product."},
        "flags": {"type": "array", "description": "The rules that fired, with the figure they looked at."},
        "valid_until": {**_DAY, "description": "Never beyond the product version or the score."},
    },
}
EXAMPLE: dict[str, Any] = {"request": scenario_a_request(), "product": scenario_a_product()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no options: everything that a price depends on is in the input."""


def run(arguments: argparse.Namespace, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the quote of :func:`risk.pricing.price_quote`."""
    return price_quote(payload["request"], payload["product"])
