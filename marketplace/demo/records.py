"""Frozen records of the demonstration content: who, what, on which terms.

Amounts are integer fen, rates and shares decimal strings as fractions, dates days in Asia/Shanghai.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from marketplace.demo.arrangement_records import Arrangements
from marketplace.demo.deal_records import InsuranceProduct, Mandate, QuoteRequest, Round, Scheme


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
    state_owned_bps: int
    fiscal_bps: int
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
class Threshold:
    """The figure of an acceptance criterion; `operator` is ge or le."""

    quantity: str
    operator: str
    value: str
    unit: str
    duration_hours: int


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
    threshold: Threshold | None = None


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
