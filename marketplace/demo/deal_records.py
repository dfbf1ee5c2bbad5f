"""Frozen records of the demonstration content: mandates, insurance, rounds and scheme rules."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exclusion:
    """A hard limit of a mandate: the project is refused when `field` is `operator` (above, below, is) `value`."""

    field: str
    operator: str
    value: str
    reason_zh: str
    reason_en: str


@dataclass(frozen=True)
class Mandate:
    """What one funder looks for; an empty list of sectors or regions means all of them."""

    funder: str
    name_zh: str
    name_en: str
    instruments: tuple[str, ...]
    sectors: tuple[str, ...]
    region_prefixes: tuple[str, ...]
    trl_from: int
    trl_to: int
    mrl_from: int
    mrl_to: int
    ticket_min_minor: int
    ticket_max_minor: int
    round_size_max_minor: int
    stages: tuple[str, ...]
    role: str
    needs_co_investor: bool
    must_have: tuple[str, ...]
    exclusions: tuple[Exclusion, ...]
    target_zh: str
    target_en: str
    budget_from: datetime.date
    budget_to: datetime.date
    budget_minor: int
    budget_remaining_minor: int
    valid_from: datetime.date
    valid_to: datetime.date
    weights: dict[str, str]
    visibility: str
    ownership_min_fraction: str | None = None
    ownership_max_fraction: str | None = None


@dataclass(frozen=True)
class TriggerMap:
    """From the score's failure to the insured event; each factor is a judgement of the insurer."""

    insured_cause: str
    determination_agrees: str
    loss_given_trigger_of_limit: str
    status: str
    basis_zh: str
    basis_en: str


@dataclass(frozen=True)
class Loadings:
    """Loadings of a premium: a fixed amount, three shares of the gross premium, a weight of the deviation."""

    fixed_minor: int
    variable: str
    commission: str
    profit: str
    risk: str


@dataclass(frozen=True)
class UnderwritingRule:
    """A rule that refers or declines a request."""

    effect: str
    field: str
    operator: str
    value: str
    reason_zh: str
    reason_en: str


@dataclass(frozen=True)
class InsuranceProduct:
    """A pilot-failure product of one insurer; its filing number is fictional."""

    code: str
    insurer: str
    line: str
    version: str
    filing_number: str
    filing_is_fictional: bool
    name_zh: str
    name_en: str
    basis: str
    valid_from: datetime.date
    valid_to: datetime.date
    sum_min_minor: int
    sum_max_minor: int
    limit_max_minor: int
    term_days_min: int
    term_days_max: int
    cost_items: tuple[str, ...]
    deductible_options: tuple[str, ...]
    insurer_share_options: tuple[str, ...]
    loadings: Loadings
    commission_cap: str
    min_premium_minor: int
    validity_days: int
    trigger_map: TriggerMap
    rules: tuple[UnderwritingRule, ...]
    disclosures_zh: tuple[str, ...]
    disclosures_en: tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """A share of any indemnity that the insured assigns to another party."""

    assignee: str
    share: str


@dataclass(frozen=True)
class QuoteRequest:
    """A project's request for pilot-failure cover."""

    project: str
    insurers: tuple[str, ...]
    schedule: dict[str, int]
    deductible_minor: int
    insurer_share: str
    limit_minor: int
    cover_from: datetime.date
    cover_to: datetime.date
    event_zh: str
    event_en: str
    subsidy_minor: int
    assignments: tuple[Assignment, ...] = ()
    subsidy_scheme: str | None = None


@dataclass(frozen=True)
class Commitment:
    """Money that one organisation has promised, called or paid in a round."""

    investor: str
    instrument: str
    amount_minor: int
    state: str
    committed_on: datetime.date
    paid_minor: int = 0


@dataclass(frozen=True)
class LinkageRule:
    """A linkage rule of a round; one that is not binding is shown and stops nothing.

    `threshold` is a decimal string: the least ratio (private to guidance, equity to loans) or the largest share.
    """

    scheme: str
    kind: str
    threshold: str
    reading: str
    base: str
    binding: bool = True


@dataclass(frozen=True)
class Claim:
    """What one reporter says that one investor put into the round."""

    reporter: str
    investor: str
    amount_minor: int
    paid_on: datetime.date
    filed_on: datetime.date
    evidence: str


@dataclass(frozen=True)
class Round:
    """A financing round in one of its states; target, minimum and cap are of equity-like money, loans lie beside it."""

    code: str
    project: str
    title_zh: str
    title_en: str
    state: str
    target_minor: int
    minimum_minor: int
    cap_minor: int
    loan_cap_minor: int
    ticket_minimum_minor: int
    investor_limit_minor: int
    pre_money_minor: int
    closing_rule: str
    allocation_rule: str
    opened_on: datetime.date
    deadline_on: datetime.date
    commitments: tuple[Commitment, ...]
    rules: tuple[LinkageRule, ...]
    cooling_off_days: int
    closed_on: datetime.date | None = None
    reason_zh: str | None = None
    reason_en: str | None = None
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Scheme:
    """A dated rule with its document number; status `invented` marks what exists only in this market."""

    code: str
    kind: str
    document_number: str
    status: str
    issuer_zh: str
    issuer_en: str
    valid_from: datetime.date
    date_basis: str
    source: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    parameters: dict[str, Any]
    valid_to: datetime.date | None = None

    @property
    def invented(self) -> bool:
        """Return whether the rule exists only in the demonstration market."""
        return self.status == "invented"
