"""Pricing of pilot-failure cover and the arithmetic of its claims.

``price_quote(request, product) -> dict`` prices with a full trail; ``recompute_premium(trail) -> int``
replays it to the minor unit; ``indemnity(schedule, accepted_spend_items, terms) -> int`` and
``apply_terms`` settle a claim; ``split_indemnity`` divides it between assignees and insured. Nothing here
imports numpy or scipy.
"""

from risk.pricing.adjustments import apply_subsidies, compute_step_down, unearned_premium
from risk.pricing.errors import InsuranceError
from risk.pricing.layers import Layer, expected_per_loss, expected_per_payment, second_moment_per_loss
from risk.pricing.premium import recompute_premium, to_minor
from risk.pricing.quote import price_quote
from risk.pricing.scenario_a import scenario_a_product, scenario_a_request
from risk.pricing.severity import LognormalSeverity, TableSeverity
from risk.pricing.terms import apply_terms, indemnity, split_indemnity
from risk.pricing.trigger import compute_trigger, target_missed_from_score

__all__ = [
    "InsuranceError",
    "Layer",
    "LognormalSeverity",
    "TableSeverity",
    "apply_subsidies",
    "apply_terms",
    "compute_step_down",
    "compute_trigger",
    "expected_per_loss",
    "expected_per_payment",
    "indemnity",
    "price_quote",
    "recompute_premium",
    "scenario_a_product",
    "scenario_a_request",
    "second_moment_per_loss",
    "split_indemnity",
    "target_missed_from_score",
    "to_minor",
    "unearned_premium",
]
