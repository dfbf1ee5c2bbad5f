"""What the insurer pays given the insured event: the severity law run through the terms of the policy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from risk.pricing.errors import InsuranceError
from risk.pricing.layers import Layer, expected_per_loss, second_moment_per_loss
from risk.pricing.numbers import (
    decimal_text,
    read_decimal,
    read_list,
    read_mapping,
    read_minor,
    round_half_even,
)
from risk.pricing.severity import LognormalSeverity
from risk.pricing.terms import CostItem, PolicyTerms, compute_steps


def price_severity(value: object, schedule: Sequence[CostItem], terms: PolicyTerms) -> dict[str, Any]:
    """Return the first two moments of the insurer's payment given the insured event.

    Parameters
    ----------
    value : dict
        ``kind`` ``table`` with ``rows`` (``probability`` and either ``spent_share`` of every item or
        ``loss_minor`` in all), or ``lognormal`` with ``mean_share`` (of the sum insured) and
        ``coefficient_of_variation``; ``basis`` and ``source``.
    schedule, terms
        As read by :mod:`risk.pricing.terms`.

    Returns
    -------
    dict
        ``kind``, ``basis``, ``source``, ``mean_payout``, ``second_moment`` (floats), and for a table its
        rows with the exact ``indemnity_minor`` of each.

    Raises
    ------
    InsuranceError
        Where the law is not one of these, or terms per item meet a law that does not know the items.
    """
    mapping = read_mapping(value, "severity")
    head = {key: mapping.get(key) for key in ("kind", "basis", "source")}
    if head["basis"] not in ("sourced", "judgement"):
        raise InsuranceError("severity.basis must be sourced or judgement.", field="severity.basis")
    if mapping.get("kind") == "table":
        rows = [_table_row(row, n, schedule, terms) for n, row in enumerate(read_list(mapping.get("rows"), "rows"))]
        weights = [Decimal(row["probability"]) for row in rows]
        if sum(weights) != 1:
            raise InsuranceError("The probabilities of the severity table must sum to 1.", field="severity.rows")
        paid = [(float(weight), row["indemnity_minor"]) for weight, row in zip(weights, rows, strict=True)]
        mean, second = (math.fsum(weight * amount**power for weight, amount in paid) for power in (1, 2))
        return {**head, "rows": rows, "mean_payout": mean, "second_moment": second}
    if mapping.get("kind") != "lognormal":
        raise InsuranceError("severity.kind must be table or lognormal.", field="severity.kind")
    return {**head, **_lognormal(mapping, schedule, terms)}


def _table_row(row: object, position: int, schedule: Sequence[CostItem], terms: PolicyTerms) -> dict[str, Any]:
    field = f"severity.rows[{position}]"
    mapping = read_mapping(row, field, allowed=("probability", "spent_share", "loss_minor"))
    weight = read_decimal(mapping.get("probability"), f"{field}.probability")
    total = sum(item.sum_insured_minor for item in schedule)
    if mapping.get("loss_minor") is not None:
        _refuse_item_terms(schedule, field)
        loss = min(read_minor(mapping["loss_minor"], f"{field}.loss_minor"), total)
        schedule = [CostItem("whole", total)]
        spend = {"whole": loss}
    else:
        share = Fraction(read_decimal(mapping.get("spent_share"), f"{field}.spent_share"))
        spend = {item.code: round_half_even(share * item.sum_insured_minor) for item in schedule}
    return {
        "probability": decimal_text(weight),
        "loss_minor": sum(spend.values()),
        "indemnity_minor": compute_steps(schedule, spend, terms)["indemnity_minor"],
    }


def _lognormal(mapping: Mapping[str, Any], schedule: Sequence[CostItem], terms: PolicyTerms) -> dict[str, float]:
    _refuse_item_terms(schedule, "severity")
    total = sum(item.sum_insured_minor for item in schedule)
    mean = float(read_decimal(mapping.get("mean_share"), "severity.mean_share")) * total
    spread = float(read_decimal(mapping.get("coefficient_of_variation"), "severity.coefficient_of_variation", high="5"))
    law = LognormalSeverity.from_mean(mean, spread, float(total))
    layer = whole_layer(terms)
    return {
        "mean_payout": expected_per_loss(law, layer),
        "second_moment": second_moment_per_loss(law, layer),
    }


def whole_layer(terms: PolicyTerms) -> Layer:
    """Return the single layer that equals these terms for a loss without terms per item."""
    deductible = terms.deductible_minor
    if terms.deductible_max_minor is not None:
        deductible = min(deductible, terms.deductible_max_minor)
    if terms.deductible_min_minor is not None:
        deductible = max(deductible, terms.deductible_min_minor)
    share = float(terms.insurer_share)
    bounds = [math.inf]
    if terms.policy_limit_minor is not None:
        bounds.append(max(terms.policy_limit_minor - terms.attachment_minor, 0))
    if terms.limit_minor is not None and share > 0:
        bounds.append(terms.limit_minor / share if terms.limit_after_share else terms.limit_minor)
    return Layer(float(deductible + terms.attachment_minor), float(min(bounds)), share)


def _refuse_item_terms(schedule: Sequence[CostItem], field: str) -> None:
    if any(item.deductible_minor or item.limit_minor is not None for item in schedule):
        raise InsuranceError(
            "Deductibles or limits per cost item need a severity table in shares spent per item.", field=field
        )
