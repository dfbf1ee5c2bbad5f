"""Frozen records of the demonstration content: who, what, on which terms.

Amounts are integer fen, rates and shares decimal strings as fractions, dates days in Asia/Shanghai.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Region:
    """An administrative division by its GB/T 2260 code."""

    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class User:
    """A person who signs in for one organisation."""

    email: str
    name_zh: str
    name_en: str
    role: str


@dataclass(frozen=True)
class FundFacts:
    """What linkage rules ask of a fund: whose money it is, at which level."""

    level: str
    vintage: int
    size_minor: int
    state_owned_bp: int
    public_share_bp: int
    parent: str | None = None


@dataclass(frozen=True)
class Organisation:
    """A fictional organisation with its people."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    credit_code: str
    region_code: str
    profile_zh: str
    profile_en: str
    verified: bool
    users: tuple[User, ...]
    form: str | None = None
    fund: FundFacts | None = None


@dataclass(frozen=True)
class Element:
    """A critical technology element with the levels that the team claims for it."""

    name_zh: str
    name_en: str
    trl: int
    mrl: int


@dataclass(frozen=True)
class FundingNeed:
    """Money of one kind that the project asks for."""

    instrument: str
    amount_minor: int
    smallest_ticket_minor: int
    use_zh: str
    use_en: str
    deadline: datetime.date


@dataclass(frozen=True)
class Milestone:
    """A dated test with the threshold that decides it and the share of the budget that it frees."""

    code: str
    name_zh: str
    name_en: str
    acceptance_zh: str
    acceptance_en: str
    planned_on: datetime.date
    budget_share: str


@dataclass(frozen=True)
class Right:
    """An intellectual property right and its owner."""

    owner: str
    kind: str
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class FailureMenu:
    """What happens first, and then, when the last milestone fails."""

    first: str
    then: str
    cost_cap_minor: int
    window_days: int


@dataclass(frozen=True)
class Project:
    """A pilot project as its team lists it, with the figures of the listing and of the data room."""

    code: str
    sector: str
    team: str
    title_zh: str
    title_en: str
    summary_zh: str
    summary_en: str
    industry_code: str
    region_code: str
    scale_up_step_zh: str
    scale_up_step_en: str
    scale_up_factor: str
    new_process_steps: int
    unproven_equipment_share: str
    solids_handling: bool
    recycle_streams: int
    lead_organisation_size: str
    elements: tuple[Element, ...]
    trl_claimed: int
    mrl_claimed: int
    target_trl: int
    target_mrl: int
    planned_start: datetime.date
    planned_end: datetime.date
    budget: dict[str, int]
    funding_needs: tuple[FundingNeed, ...]
    milestones: tuple[Milestone, ...]
    rights: tuple[Right, ...]
    failure_menu: FailureMenu
    state: str
    confidential_zh: str
    confidential_en: str
    trl_assessed: int | None = None
    mrl_assessed: int | None = None
    pilot_centre: str | None = None

    @property
    def budget_minor(self) -> int:
        """Return the sum of the budget lines."""
        return sum(self.budget.values())


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
    """A dated linkage rule of a round: `kind`, `limit` (a fraction or multiple), reading and base."""

    scheme: str
    kind: str
    limit: str
    reading: str
    base: str


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
    """A financing round of one project in one of its states."""

    code: str
    project: str
    title_zh: str
    title_en: str
    state: str
    target_minor: int
    minimum_minor: int
    cap_minor: int
    per_investor_max_minor: int
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
    """A dated rule with its document number; `invented` marks what exists only in this market."""

    code: str
    document_number: str
    invented: bool
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


@dataclass(frozen=True)
class Layer:
    """One guarantor's share of a guaranteed loan's loss."""

    organisation: str
    share: str


@dataclass(frozen=True)
class GuaranteedLoan:
    """A loan whose loss a bank and a chain of guarantors share."""

    project: str
    bank: str
    principal_minor: int
    rate: str
    drawn_on: datetime.date
    matures_on: datetime.date
    first_payer: str
    covers_interest: bool
    payout_rate_cap: str
    fee_rate: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class RoyaltyReport:
    """One royalty statement; a later version of the same period restates the earlier one."""

    period: str
    version: int
    filed_on: datetime.date
    base_minor: int
    royalty_minor: int
    note_zh: str
    note_en: str


@dataclass(frozen=True)
class Licence:
    """A university licence with an entry fee and a running royalty."""

    project: str
    licensor: str
    licensee: str
    entry_fee_minor: int
    royalty_rate: str
    base_zh: str
    base_en: str
    inventors_share: str
    reports: tuple[RoyaltyReport, ...]


@dataclass(frozen=True)
class Conversion:
    """Fiscal money first, equity later: how much, and how it converts."""

    project: str
    funder: str
    amount_minor: int
    price_rule_zh: str
    price_rule_en: str
    discount: str
    holding_cap: str
    convert_by: datetime.date
    exemption_zh: str
    exemption_en: str


@dataclass(frozen=True)
class Partner:
    """A limited partner of a sub-fund."""

    organisation: str
    committed_minor: int
    paid_minor: int
    public: bool


@dataclass(frozen=True)
class SubFund:
    """A sub-fund with its partners, projects and distribution terms."""

    fund: str
    manager: str
    partners: tuple[Partner, ...]
    projects: tuple[str, ...]
    hurdle: str
    hurdle_basis: str
    catch_up: str
    carry: str
    concession_share: str
    concession_cap_of_gain: str
    concession_condition_zh: str
    concession_condition_en: str
    concession_approval: str


@dataclass(frozen=True)
class PoolMember:
    """A bank that lends under a compensation pool."""

    bank: str
    year_limit_minor: int
    loans: tuple[str, ...]


@dataclass(frozen=True)
class Pool:
    """A loan risk-compensation pool that several banks share."""

    code: str
    operator: str
    funder: str
    balance_minor: int
    compensation_share: str
    per_loan_limit_minor: int
    year_limit_minor: int
    year_room_minor: int
    split_between_agreements: str
    members: tuple[PoolMember, ...]


@dataclass(frozen=True)
class PanelShare:
    """One insurer's share of a co-insurance panel in basis points."""

    insurer: str
    share_bp: int


@dataclass(frozen=True)
class Panel:
    """A co-insurance panel: one contract, a lead, followers who sign for their own share."""

    project: str
    lead: str
    lead_fee_of_follower_premium: str
    shares: tuple[PanelShare, ...]


@dataclass(frozen=True)
class Arrangements:
    """The other stories of the market, each with its own invented figures."""

    guaranteed_loan: tuple[GuaranteedLoan, ...]
    licence: tuple[Licence, ...]
    conversion: tuple[Conversion, ...]
    sub_fund: tuple[SubFund, ...]
    pool: tuple[Pool, ...]
    panel: tuple[Panel, ...]


@dataclass(frozen=True)
class Content:
    """Everything that the demonstration market is built from."""

    regions: tuple[Region, ...]
    organisations: tuple[Organisation, ...]
    projects: tuple[Project, ...]
    mandates: tuple[Mandate, ...]
    insurance_products: tuple[InsuranceProduct, ...]
    quote_requests: tuple[QuoteRequest, ...]
    rounds: tuple[Round, ...]
    schemes: tuple[Scheme, ...]
    arrangements: Arrangements

    def get_organisation(self, code: str) -> Organisation:
        """Return the organisation of a code; raise KeyError where there is none."""
        return {organisation.code: organisation for organisation in self.organisations}[code]

    def get_project(self, code: str) -> Project:
        """Return the project of a code; raise KeyError where there is none."""
        return {project.code: project for project in self.projects}[code]

    def get_region(self, code: str) -> Region:
        """Return the region of a code; raise KeyError where there is none."""
        return {region.code: region for region in self.regions}[code]
