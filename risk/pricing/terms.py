"""Order of the terms of a cost schedule, in exact integers: what the insurer pays on the accepted spend.

The order is that of the Oasis financial module: deductible and limit of each cost item, policy deductible
with a floor and a ceiling on the total effective deductible, policy limit, attachment, layer limit, share
last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from risk.pricing.errors import InsuranceError
from risk.pricing.numbers import (
    fraction_text,
    read_decimal,
    read_list,
    read_mapping,
    read_minor,
    read_optional_minor,
    round_half_even,
)

ITEM_KEYS = ("code", "name_zh", "name_en", "sum_insured_minor", "deductible_minor", "limit_minor")
TERM_KEYS = (
    "deductible_minor",
    "deductible_min_minor",
    "deductible_max_minor",
    "policy_limit_minor",
    "attachment_minor",
    "limit_minor",
    "limit_applies",
    "insurer_share",
)


@dataclass(frozen=True)
class CostItem:
    """One insured cost item: its sum insured and its own deductible and limit (None where it has none)."""

    code: str
    sum_insured_minor: int
    deductible_minor: int | None = None
    limit_minor: int | None = None


@dataclass(frozen=True)
class PolicyTerms:
    """Terms over the whole schedule; None means that there is no such term, zero means zero.

    ``limit_after_share`` tells whether ``limit_minor`` bounds the insurer's own payment or the layer
    before the share.
    """

    insurer_share: Fraction
    deductible_minor: int = 0
    deductible_min_minor: int | None = None
    deductible_max_minor: int | None = None
    policy_limit_minor: int | None = None
    attachment_minor: int = 0
    limit_minor: int | None = None
    limit_after_share: bool = True

    def line_minor(self, sum_insured_minor: int) -> int:
        """Return the most the insurer can pay: its own limit, or its share of what the other terms leave."""
        bound = max(sum_insured_minor - self.attachment_minor - self.deductible_minor, 0)
        if self.policy_limit_minor is not None:
            bound = min(bound, max(self.policy_limit_minor - self.attachment_minor, 0))
        if self.limit_minor is not None and not self.limit_after_share:
            bound = min(bound, self.limit_minor)
        largest = round_half_even(self.insurer_share * bound)
        return _at_most(largest, self.limit_minor if self.limit_after_share else None)

    def limit_before_share_minor(self) -> int | None:
        """Return the limit on the scale of the loss, as the deductible is, or None where there is none."""
        if self.limit_minor is None:
            return self.policy_limit_minor
        if not self.limit_after_share or self.insurer_share == 0:
            return self.limit_minor
        return round_half_even(self.limit_minor / self.insurer_share)

    def stated_limit_minor(self, sum_insured_minor: int) -> int:
        """Return the limit as the policy prints it for the insurer's part, for the rate on line."""
        if self.limit_minor is None:
            return self.line_minor(sum_insured_minor)
        return self.limit_minor if self.limit_after_share else round_half_even(self.insurer_share * self.limit_minor)


def read_schedule(value: object) -> list[CostItem]:
    """Return the cost items of a schedule; raise :class:`InsuranceError` naming the item that is wrong."""
    rows = read_list(value, "schedule")
    items: list[CostItem] = []
    for position, row in enumerate(rows):
        field = f"schedule[{position}]"
        mapping = read_mapping(row, field, allowed=ITEM_KEYS)
        code = mapping.get("code")
        if not isinstance(code, str) or not code or code in {item.code for item in items}:
            raise InsuranceError(f"{field}.code must be a text used once.", field=f"{field}.code")
        insured = read_minor(mapping.get("sum_insured_minor"), f"{field}.sum_insured_minor", positive=True)
        deductible = read_optional_minor(mapping, "deductible_minor", field)
        limit = read_optional_minor(mapping, "limit_minor", field)
        if deductible is not None and deductible > insured:
            raise InsuranceError(
                f"The deductible of item {code} is above its sum insured.",
                code="deductible_above_limit",
                field=f"{field}.deductible_minor",
            )
        items.append(CostItem(code, insured, deductible, limit))
    if not items:
        raise InsuranceError("The schedule needs at least one cost item.", field="schedule")
    return items


def read_terms(value: object) -> PolicyTerms:
    """Return the policy terms; ``deductible_above_limit`` where the deductible exceeds the limit."""
    mapping = read_mapping(value, "terms", allowed=TERM_KEYS)
    applies = mapping.get("limit_applies", "insurer_part")
    if applies not in ("insurer_part", "before_share"):
        raise InsuranceError("terms.limit_applies must be insurer_part or before_share.", field="terms.limit_applies")
    terms = PolicyTerms(
        insurer_share=Fraction(read_decimal(mapping.get("insurer_share"), "terms.insurer_share")),
        deductible_minor=read_optional_minor(mapping, "deductible_minor", "terms") or 0,
        deductible_min_minor=read_optional_minor(mapping, "deductible_min_minor", "terms"),
        deductible_max_minor=read_optional_minor(mapping, "deductible_max_minor", "terms"),
        policy_limit_minor=read_optional_minor(mapping, "policy_limit_minor", "terms"),
        attachment_minor=read_optional_minor(mapping, "attachment_minor", "terms") or 0,
        limit_minor=read_optional_minor(mapping, "limit_minor", "terms"),
        limit_after_share=applies == "insurer_part",
    )
    _check_terms(terms)
    return terms


def _check_terms(terms: PolicyTerms) -> None:
    limit = terms.limit_before_share_minor()
    if limit is not None and terms.deductible_minor > limit:
        raise InsuranceError(
            "The deductible is above the limit, so the cover would be empty or upside down.",
            code="deductible_above_limit",
            field="terms.deductible_minor",
            details={"deductible_minor": terms.deductible_minor, "limit_before_share_minor": limit},
        )
    low, high = terms.deductible_min_minor, terms.deductible_max_minor
    if low is not None and high is not None and low > high:
        raise InsuranceError("The least total deductible is above the greatest.", field="terms.deductible_min_minor")


def apply_terms(
    schedule: Sequence[Mapping[str, Any]],
    accepted_spend_items: Mapping[str, int],
    terms: Mapping[str, Any],
    *,
    paid_before_minor: int = 0,
) -> dict[str, Any]:
    """Apply the terms to accepted spend and show every step.

    Parameters
    ----------
    schedule : sequence of dict
        Cost items: ``code``, ``sum_insured_minor``, optional ``deductible_minor`` and ``limit_minor``.
    accepted_spend_items : dict of str to int
        Audited spend per item that the adjuster accepts, in minor units; spend above the item's sum
        insured is cut.
    terms : dict
        ``deductible_minor``, ``deductible_min_minor``, ``deductible_max_minor``, ``policy_limit_minor``,
        ``attachment_minor``, ``limit_minor``, ``limit_applies`` (``insurer_part`` by default, or
        ``before_share``) and ``insurer_share`` (decimal text).
    paid_before_minor : int
        What was already paid under the same limit; the accepted spend is cumulative, earlier claims included.

    Returns
    -------
    dict
        ``items``, the amounts after each step and ``indemnity_minor``, all in minor units.

    Raises
    ------
    InsuranceError
        ``unknown_cost_item`` for spend on an item that is not in the schedule, ``cover_exhausted`` where
        the limit was already paid in full, ``deductible_above_limit`` and ``invalid_insurance_input`` for
        bad terms.
    """
    items = read_schedule(schedule)
    spend = read_mapping(accepted_spend_items, "accepted_spend_items")
    for code in spend:
        if code not in {item.code for item in items}:
            raise InsuranceError(
                f"The item {code} is not in the schedule of this policy.",
                code="unknown_cost_item",
                field=f"accepted_spend_items.{code}",
            )
    amounts = {code: read_minor(amount, f"accepted_spend_items.{code}") for code, amount in spend.items()}
    read_minor(paid_before_minor, "paid_before_minor")
    return compute_steps(items, amounts, read_terms(terms), paid_before_minor)


def compute_steps(
    items: Sequence[CostItem], spend: Mapping[str, int], terms: PolicyTerms, paid_before_minor: int = 0
) -> dict[str, Any]:
    """Return the steps of :func:`apply_terms` for terms already read."""
    rows = [_item_step(item, spend.get(item.code, 0)) for item in items]
    after_items = sum(row["after_item_terms_minor"] for row in rows)
    item_deductibles = sum(row["deductible_applied_minor"] for row in rows)
    highest = sum(_at_most(row["accepted_minor"], item.limit_minor) for row, item in zip(rows, items, strict=True))
    total = item_deductibles + min(terms.deductible_minor, after_items)
    if terms.deductible_max_minor is not None:
        total = min(total, terms.deductible_max_minor)
    if terms.deductible_min_minor is not None:
        total = max(total, terms.deductible_min_minor)
    after_deductible = min(max(after_items + item_deductibles - total, 0), highest)
    after_limit = _at_most(after_deductible, terms.policy_limit_minor)
    above_attachment = max(after_limit - terms.attachment_minor, 0)
    layer_limit = None if terms.limit_after_share else terms.limit_minor
    in_layer = _at_most(above_attachment, layer_limit)
    share_amount = round_half_even(terms.insurer_share * in_layer)
    payable = _at_most(share_amount, terms.limit_minor if terms.limit_after_share else None)
    indemnity_minor = _less_paid(payable, paid_before_minor, terms)
    return {
        "items": rows,
        "accepted_minor": sum(row["accepted_minor"] for row in rows),
        "after_item_terms_minor": after_items,
        "total_deductible_minor": total,
        "after_deductible_minor": after_deductible,
        "after_policy_limit_minor": after_limit,
        "above_attachment_minor": above_attachment,
        "in_layer_minor": in_layer,
        "insurer_part_minor": share_amount,
        "paid_before_minor": paid_before_minor,
        "indemnity_minor": indemnity_minor,
    }


def indemnity(
    schedule: Sequence[Mapping[str, Any]],
    accepted_spend_items: Mapping[str, int],
    terms: Mapping[str, Any],
    *,
    paid_before_minor: int = 0,
) -> int:
    """Settle a claim: what the insurer pays on the accepted spend.

    Parameters
    ----------
    schedule, accepted_spend_items, terms, paid_before_minor
        As in :func:`apply_terms`.

    Returns
    -------
    int
        The indemnity in minor units, exact: the share is taken once, last, and rounded half-even.

    Raises
    ------
    InsuranceError
        As in :func:`apply_terms`.
    """
    steps = apply_terms(schedule, accepted_spend_items, terms, paid_before_minor=paid_before_minor)
    return int(steps["indemnity_minor"])


def split_indemnity(
    indemnity_minor: int, assignments: Sequence[Mapping[str, Any]], *, insured: str
) -> list[dict[str, Any]]:
    """Split an indemnity between the assignees and the insured.

    Parameters
    ----------
    indemnity_minor : int
        The indemnity in minor units.
    assignments : sequence of dict
        ``party`` and ``share`` (decimal text) of every assignment of the right to indemnity.
    insured : str
        The insured, who keeps the rest.

    Returns
    -------
    list of dict
        ``party``, ``share`` and ``amount_minor``, assignees first; the amounts sum to the indemnity.

    Raises
    ------
    InsuranceError
        ``shares_not_100`` where the assigned shares exceed 1; ``invalid_insurance_input`` for a repeated
        party.
    """
    amount = read_minor(indemnity_minor, "indemnity_minor")
    shares = read_assignments(assignments)
    if insured in shares:
        raise InsuranceError("The insured cannot be its own assignee.", field="assignments")
    dues = {party: share * amount for party, share in shares.items()}
    dues[insured] = Fraction(amount) - sum(dues.values())
    parts = {party: int(due) for party, due in dues.items()}
    order = sorted(dues, key=lambda party: (parts[party] - dues[party], party))
    for party in order[: amount - sum(parts.values())]:
        parts[party] += 1
    rest = Fraction(1) - sum(shares.values())
    return [
        {"party": party, "share": fraction_text(shares.get(party, rest)), "amount_minor": parts[party]}
        for party in dues
    ]


def read_assignments(value: object) -> dict[str, Fraction]:
    """Return the assigned share of each party; ``shares_not_100`` where they exceed the whole."""
    shares: dict[str, Fraction] = {}
    for position, row in enumerate(read_list(value, "assignments")):
        field = f"assignments[{position}]"
        mapping = read_mapping(row, field, allowed=("party", "share"))
        party = mapping.get("party")
        if not isinstance(party, str) or not party or party in shares:
            raise InsuranceError(f"{field}.party must be a text used once.", field=f"{field}.party")
        shares[party] = Fraction(read_decimal(mapping.get("share"), f"{field}.share"))
    if sum(shares.values()) > 1:
        raise InsuranceError(
            "The assigned shares of the indemnity add up to more than the whole.",
            code="shares_not_100",
            field="assignments",
        )
    return shares


def _item_step(item: CostItem, spend_minor: int) -> dict[str, Any]:
    # Deductible before limit, as in the Oasis order; the sum insured bounds what can be accepted at all.
    accepted = min(spend_minor, item.sum_insured_minor)
    deductible = min(item.deductible_minor or 0, accepted)
    return {
        "code": item.code,
        "spend_minor": spend_minor,
        "accepted_minor": accepted,
        "deductible_applied_minor": deductible,
        "after_item_terms_minor": _at_most(accepted - deductible, item.limit_minor),
    }


def _at_most(amount: int, limit: int | None) -> int:
    return amount if limit is None else min(amount, limit)


def _less_paid(payable: int, paid_before_minor: int, terms: PolicyTerms) -> int:
    if paid_before_minor == 0:
        return payable
    if terms.limit_after_share and terms.limit_minor is not None and paid_before_minor >= terms.limit_minor:
        raise InsuranceError(
            "The limit of this cover has been paid in full.",
            code="cover_exhausted",
            field="paid_before_minor",
        )
    return max(payable - paid_before_minor, 0)
