"""The compiled terms: parties, instruments, tranches, accruals, claims, limits and policies as plain objects."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from risk.sharing.accrual_model import Accrual, Growing, Hurdle, Schedule

if TYPE_CHECKING:
    from risk.sharing.arithmetic import Arithmetic
    from risk.sharing.blocks import Node, Recover
    from risk.sharing.quorum import Quorum
    from risk.sharing.tiers import Bands

PARTY_KINDS = (
    "angel",
    "venture_fund",
    "industrial_fund",
    "guidance_fund",
    "bank",
    "insurer",
    "pool",
    "guarantor",
    "pilot_centre",
    "general_partner",
    "project",
    "fund",
    "founders",
    "fiscal",
    "creditors",
    "university",
    "auditor",
    "other",
)
GUIDANCE_KINDS = ("guidance_fund", "fiscal")
CAPACITIES = ("principal", "agent", "entrusted")
LEGAL_BASES = (
    "dividend",
    "capital_reduction",
    "share_sale",
    "liquidation_surplus",
    "partnership_distribution",
    "loan_interest",
    "loan_principal",
    "guarantee_recourse",
    "licence_fee",
    "service_fee",
    "subsidy",
    "conditional_grant",
    "insurance_indemnity",
    "assignment",
    "pool_compensation",
    "liquidation_costs",
    "retained_by_project",
    "concession",
)
EXIT_KINDS = ("trade_sale", "liquidation", "partnership_distribution")
SHARED_COUNTS = ("bank_year", "year", "balance")
SHARED_ORDERS = ("acceptance_number",)


@dataclass(frozen=True)
class Party:
    """A party of the agreement."""

    id: str
    kind: str
    name: dict[str, str]
    capacity: str
    priority: int


@dataclass(frozen=True)
class Conversion:
    """How a conditional grant becomes equity: price rule, cap on the holding, last day, who certifies.

    Attributes
    ----------
    factor : tuple of (int, int)
        One less the discount, as a fraction of the next round's price.
    holding_cap : tuple of (int, int)
        Largest fraction of all shares that the funder may hold after the round.
    convert_by : datetime.date
        Last day on which it converts; what is left afterwards is to be returned.
    certified_by : str
        Party that decides on price evidence, audit and exemption, and gains from none of them.
    others : str
        Party that stands for all other shareholders together.
    price_rule, exemption : dict of str to str
        The clauses in both languages.
    """

    factor: tuple[int, int]
    holding_cap: tuple[int, int]
    convert_by: datetime.date
    certified_by: str
    others: str
    price_rule: dict[str, str]
    exemption: dict[str, str]


@dataclass(frozen=True)
class Instrument:
    """An equity contribution, a loan or a conditional grant; the terms of the other kinds are empty."""

    id: str
    kind: str
    party: str
    commitment_minor: int
    accrual: Accrual | None = None
    carry: str = "none"
    settled_day: int = 0
    settled_months: tuple[int, ...] = ()
    repayments: tuple[tuple[datetime.date, int], ...] = ()
    conversion: Conversion | None = None
    schedule: Schedule | None = None

    @property
    def account(self) -> str:
        """Return the account on which called money stands."""
        return {"equity": "3010", "conditional_grant": "3015"}.get(self.kind, "2040")

    @property
    def paid_in(self) -> str:
        """Return the counter that paid money raises."""
        names = {"equity": f"capital:{self.party}", "conditional_grant": f"grant:{self.id}"}
        return names.get(self.kind, f"principal:{self.id}")

    def scheduled(self, on: datetime.date) -> int:
        """Return the principal due by `on` according to the schedule."""
        return sum(amount for date, amount in self.repayments if date <= on)


@dataclass(frozen=True)
class Tranche:
    """A drawdown of several instruments on one date, under conditions precedent."""

    id: str
    on: datetime.date
    conditions: tuple[str, ...]
    amounts: dict[str, int]


@dataclass(frozen=True)
class RevenueShare:
    """What of the reported base is due: a rate of net sales, or rates by band, rounded once for each report.

    Attributes
    ----------
    bands : Bands
        The rates.
    base : dict of str to str
        What is counted, in both languages.
    cap_minor : int or None
        Most that all reports together make due, what is credited against the advance included.
    advance : str or None
        Claim of a fixed amount that is paid beforehand and credited against what falls due.
    advance_minor : int
        The amount of that claim, 0 without one.
    """

    bands: Bands
    base: dict[str, str]
    cap_minor: int | None = None
    advance: str | None = None
    advance_minor: int = 0

    def due(self, arithmetic: Arithmetic, base: Any, rounding: str) -> Any:
        """Return what the rates give of a report of `base`, before cap and advance, minor units."""
        return self.bands.of(arithmetic, base, rounding, "revenue_share")

    def within_cap(self, arithmetic: Arithmetic, counted: Any) -> Any:
        """Return what of all that the rates have given lies within the cap."""
        return counted if self.cap_minor is None else arithmetic.minimum(counted, self.cap_minor)

    def payable(self, arithmetic: Arithmetic, counted: Any) -> Any:
        """Return what is to be paid of all that the rates have given: within the cap, less what the advance has paid.

        A function of the sum alone, so that neither the order of reports nor a restatement leaves room unused.
        """
        return arithmetic.maximum(self.within_cap(arithmetic, counted) - self.advance_minor, arithmetic.zero)


@dataclass(frozen=True)
class Claim:
    """A creditor's claim: fixed and due on a milestone or (without one) on activation, or admitted later."""

    id: str
    party: str
    name: dict[str, str]
    amount_minor: int | None
    milestone: str | None


@dataclass(frozen=True)
class SharedLimit:
    """Where a limit is counted that several agreements use up, and what of it counts.

    Attributes
    ----------
    register : str
        Code of the register that the payer keeps.
    counts : str
        ``bank_year`` (the lender's limit of a calendar year), ``year`` (the payer's) or ``balance`` (what is there).
    order : str
        Who is served first: ``acceptance_number``, the number under which the payer accepted the filing.
    """

    register: str
    counts: str
    order: str


@dataclass(frozen=True)
class Limit:
    """A counter that payments of a layer use up."""

    id: str
    party: str
    amount_minor: int
    name: dict[str, str]
    shared: SharedLimit | None = None


@dataclass(frozen=True)
class Policy:
    """An insurance policy: who insures, who is insured, who pays the premium."""

    id: str
    party: str
    insured: str
    premium_minor: int
    paid_by: dict[str, int]


@dataclass
class Model:
    """Terms compiled for running."""

    currency: str
    rounding: str
    project: str
    parties: dict[str, Party] = field(default_factory=dict)
    approvals: dict[str, dict[str, Any]] = field(default_factory=dict)
    milestones: dict[str, dict[str, str]] = field(default_factory=dict)
    flags: dict[str, dict[str, str]] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    tranches: dict[str, Tranche] = field(default_factory=dict)
    accruals: dict[str, Accrual] = field(default_factory=dict)
    hurdles: dict[str, Hurdle] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    limits: dict[str, Limit] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    revenue_share: RevenueShare | None = None
    quorum: Quorum | None = None
    pots: dict[str, Node] = field(default_factory=dict)
    pot_names: dict[str, dict[str, str]] = field(default_factory=dict)
    operating: Node | None = None
    exit: Node | None = None
    recoveries: Recover | None = None
    value_names: tuple[str, ...] = ()
    concession_caps: dict[str, Fraction] = field(default_factory=dict)
    # Words of tiers by clause, made on first use; terms never change under a model.
    words: dict[str, tuple[dict[str, str], dict[str, str]]] = field(default_factory=dict)

    @property
    def loans(self) -> list[Instrument]:
        """Return the loans in the order of the terms."""
        return [item for item in self.instruments.values() if item.kind == "loan"]

    @property
    def grants(self) -> list[Instrument]:
        """Return the conditional grants in the order of the terms."""
        return [item for item in self.instruments.values() if item.kind == "conditional_grant"]

    @property
    def shareholders(self) -> list[str]:
        """Return those whose shares are counted: the funders of grants, then the other shareholders as one."""
        rows = [(item.party, item.conversion.others) for item in self.grants if item.conversion]
        return list(dict.fromkeys([party for party, _ in rows] + [others for _, others in rows]))

    def all_accruals(self) -> list[Accrual]:
        """Return the preferences and the loans' interest accruals."""
        return list(self.accruals.values()) + [loan.accrual for loan in self.loans if loan.accrual]

    def growing(self) -> list[Growing]:
        """Return the accounts that compound daily: of preferences, then hurdles."""
        found = [item.growing for item in self.accruals.values()]
        return [item for item in found if item] + [item.growing for item in self.hurdles.values()]
