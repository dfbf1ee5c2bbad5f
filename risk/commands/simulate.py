"""``python -m risk simulate``: every party's outcomes under terms and drivers, before anything is signed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from risk.sharing.templates.scenario_a import scenario_a_terms
from risk.simulation.scenario_a import scenario_a_drivers

NAME = "simulate"
SUMMARY = "Simulates terms for every party: terms and drivers in; profit, loss, returns and tails with errors out."

_DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_MONEY_ESTIMATE = {
    "type": "object",
    "required": ["value_minor", "standard_error_minor"],
    "properties": {
        "value_minor": {"type": "integer"},
        "standard_error_minor": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
    },
}
INPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["terms", "drivers"],
    "additionalProperties": False,
    "properties": {
        "terms": {"type": "object", "description": "A terms document, docs/terms.md."},
        "drivers": {
            "type": "object",
            "description": "Calendar of the milestones and one parameter for every assumption, each with its range, "
            "basis (sourced, team, judgement), source and day.",
            "required": ["schema", "as_of", "start", "end", "milestones", "parameters"],
            "additionalProperties": False,
            "properties": {
                "schema": {"const": 1},
                "as_of": _DAY,
                "start": _DAY,
                "end": _DAY,
                "milestones": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["id", "on"],
                        "additionalProperties": False,
                        "properties": {"id": {"type": "string", "minLength": 1}, "on": _DAY},
                    },
                },
                "lags": {"type": "object", "description": "Days to liquidation, recovery, commercial failure."},
                "parameters": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "required": ["kind", "basis", "source", "as_of"],
                        "properties": {"basis": {"enum": ["sourced", "team", "judgement"]}, "as_of": _DAY},
                    },
                },
                "invented": {"type": "boolean"},
            },
        },
    },
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["scenarios", "seed", "terms_hash", "drivers_hash", "endings", "parties", "whole", "payouts"],
    "properties": {
        "scenarios": {"type": "integer", "minimum": 2, "description": "Scenarios run."},
        "seed": {"type": "integer", "minimum": 0, "description": "The same seed gives the same bytes."},
        "terms_hash": {"type": "string", "description": "Version hash of the terms simulated."},
        "drivers_hash": {"type": "string", "description": "SHA-256 of the drivers in canonical JSON."},
        "endings": {"type": "object", "description": "How scenarios end, each share with its standard error."},
        "parties": {
            "type": "object",
            "description": "Per party profit, quantiles, chance of loss, value at risk, expected shortfall (positive "
            "is a loss), multiple, rate of return, drawdown, histogram, each with its sampling error; "
            "driver_range apart.",
            "additionalProperties": {
                "type": "object",
                "required": ["kind", "name", "expected_profit", "loss_probability", "expected_shortfall"],
                "properties": {"expected_profit": _MONEY_ESTIMATE},
            },
        },
        "whole": {"type": "object", "description": "The same for the sum of the parties, project and creditors apart."},
        "payouts": {
            "type": "object",
            "description": "Expected payments of pool, insurer and guarantor.",
            "additionalProperties": _MONEY_ESTIMATE,
        },
        "drivers": {
            "type": "array",
            "description": "The assumptions as rows.",
            "items": {"type": "object", "required": ["name", "basis", "source", "as_of"]},
        },
        "assumptions": {"type": "array", "description": "What the model takes for granted, in both languages."},
    },
}
EXAMPLE: dict[str, Any] = {"terms": scenario_a_terms(), "drivers": scenario_a_drivers()}
EXAMPLE_ARGUMENTS: tuple[str, ...] = ("--scenarios", "500")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the size and the seed of the run."""
    parser.add_argument("--scenarios", type=int, default=10_000, help="number of scenarios (default 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the draws (default 1)")
    parser.add_argument(
        "--no-driver-range",
        action="store_true",
        help="leave out the reruns at the ends of the drivers' ranges",
    )


def run(arguments: argparse.Namespace, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of :func:`risk.simulation.simulate`."""
    from risk.simulation import simulate

    return simulate(
        payload["terms"],
        payload["drivers"],
        scenarios=arguments.scenarios,
        seed=arguments.seed,
        driver_range=not arguments.no_driver_range,
    )
