"""Frozen records of the market's other stories: guarantee, licence, conversion, sub-fund, pool, panel."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


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
    payout_base_minor: int
    signed_on: datetime.date
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
    signed_on: datetime.date
    reports: tuple[RoyaltyReport, ...]


@dataclass(frozen=True)
class GrantCall:
    """One drawdown of fiscal money, after a milestone where one is named."""

    on: datetime.date
    amount_minor: int
    after: str


@dataclass(frozen=True)
class Conversion:
    """Fiscal money first, equity later: how much, when it is drawn, who certifies, and how it converts."""

    project: str
    funder: str
    auditor: str
    signed_on: datetime.date
    calls: tuple[GrantCall, ...]
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
    catch_up_speed: str
    carry: str
    carry_to_zh: str
    carry_to_en: str
    signed_on: datetime.date
    call_dates: tuple[datetime.date, ...]
    concession_share: str
    concession_cap_of_gain: str
    concession_condition_zh: str
    concession_condition_en: str
    concession_approval: str
    concession_approved_on: datetime.date
    concession_body_zh: str
    concession_body_en: str
    concession_to: tuple[str, ...]


@dataclass(frozen=True)
class PoolMember:
    """A bank that lends under a compensation pool; what it used up this year before its register came here."""

    bank: str
    year_limit_minor: int
    used_minor: int


@dataclass(frozen=True)
class Sale:
    """Collateral that was sold."""

    sold_on: datetime.date
    proceeds_minor: int
    costs_minor: int


@dataclass(frozen=True)
class LateRecovery:
    """Money that came back after the pool had paid."""

    received_on: datetime.date
    proceeds_minor: int
    costs_minor: int


@dataclass(frozen=True)
class PooledLoan:
    """A loan in default whose loss the pool shares, from signing to compensation."""

    project: str
    bank: str
    title_zh: str
    title_en: str
    principal_minor: int
    rate: str
    signed_on: datetime.date
    drawn_on: datetime.date
    matures_on: datetime.date
    default_on: datetime.date
    collateral: Sale
    filed_on: datetime.date
    compensated_on: datetime.date
    later: LateRecovery | None = None


@dataclass(frozen=True)
class Pool:
    """A loan risk-compensation pool that several banks share."""

    code: str
    name_zh: str
    name_en: str
    operator: str
    balance_minor: int
    document: str
    opened_on: datetime.date
    compensation_share: str
    per_loan_limit_minor: int
    year_limit_minor: int
    filing_days: int
    members: tuple[PoolMember, ...]
    loans: tuple[PooledLoan, ...]


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
