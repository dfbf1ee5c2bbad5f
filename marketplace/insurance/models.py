"""Products, requests for quotes, quotes with their trail, disclosures, policies, claims."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.assessments.models import StoredScore
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.insurance.rules import WHOLE_BPS
from marketplace.insurance.states import (
    CLAIM_STATES,
    POLICY_STATES,
    QUOTE_STATES,
    REQUEST_STATES,
)
from marketplace.money import EXPONENTS, Money
from marketplace.payments.models import PaymentIntent
from marketplace.projects.models import Project

if TYPE_CHECKING:
    from marketplace.insurance.panel_models import CoinsurancePanel

LINES = ("pilot_failure",)
COST_ITEMS = ("equipment", "materials", "personnel", "centre_fees", "testing", "safety_environment")
PREMIUM_BEARERS = ("applicant", "pilot_centre", "investor", "scheme")
DETERMINATIONS = ("insured_event", "no_insured_event")


class InsuranceProduct(Base, PublicId):
    """One filed version of a pilot-failure product; it is never changed, a change is a new version."""

    PREFIX = "prd"
    __tablename__ = "insurance_product"
    __table_args__ = (
        words_check("line", LINES),
        words_check("currency", tuple(EXPONENTS)),
        sa.UniqueConstraint("insurer_organisation_id", "code", "version"),
        sa.CheckConstraint("filing_number <> ''", name="filed"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    insurer_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    code: orm.Mapped[str] = orm.mapped_column(sa.String(60))
    version: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    line: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="pilot_failure")
    name_zh: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    name_en: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    filing_number: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    filing_is_fictional: orm.Mapped[bool] = orm.mapped_column(default=False)
    valid_from: orm.Mapped[date]
    valid_to: orm.Mapped[date | None]
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3), default="CNY")
    # The product as `risk.pricing` reads it: trigger map, severity, loadings, options, ranges, rules.
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    # Where the filed severity is "this share of the limit, given the event"; a decimal string.
    loss_share_of_limit: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    # A list of {zh, en}: exclusions and duties, shown and acknowledged before binding.
    disclosures: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON)
    wording_zh: orm.Mapped[str] = orm.mapped_column(sa.Text)
    wording_en: orm.Mapped[str] = orm.mapped_column(sa.Text)
    wording_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    filed_by: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    insurer: orm.Mapped[Organisation] = orm.relationship(lazy="raise")

    def name(self, locale: str) -> str:
        return self.name_zh if locale.startswith("zh") else self.name_en


class QuoteRequest(Base, PublicId):
    """What a project team wants insured, the same for every insurer that is asked."""

    PREFIX = "qrq"
    __tablename__ = "quote_request"
    __table_args__ = (
        words_check("state", REQUEST_STATES),
        words_check("currency", tuple(EXPONENTS)),
        words_check("premium_bearer", PREMIUM_BEARERS),
        amount_check("sum_insured_minor", minimum=1),
        amount_check("deductible_minor"),
        amount_check("limit_minor", minimum=1),
        sa.CheckConstraint("cover_from < cover_to", name="period_runs_forward"),
        sa.CheckConstraint("target_by > cover_from AND target_by <= cover_to", name="target_in_period"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    broker_organisation_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("organisation.id"))
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3), default="CNY")
    # A list of {code, sum_insured_minor}: the sum insured is this schedule, not one figure.
    schedule: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON)
    sum_insured_minor: orm.Mapped[int] = amount_column()
    deductible_minor: orm.Mapped[int] = amount_column()
    limit_minor: orm.Mapped[int] = amount_column()
    insurer_share: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    cover_from: orm.Mapped[date]
    cover_to: orm.Mapped[date]
    target_by: orm.Mapped[date]
    # {text_zh, text_en, metric, threshold, cause_zh, cause_en, panel_zh, panel_en, retest_zh, retest_en}
    insured_event: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    # A list of {payer, amount_minor | share, cap_minor, source}
    subsidies: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    # A list of {organisation, share}: public ids of those to whom the indemnity is assigned.
    assignments: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    # Who bears the premium, and that no lender made this cover or this insurer a condition of a loan.
    premium_bearer: orm.Mapped[str] = orm.mapped_column(sa.String(16), default="applicant")
    insurer_freely_chosen: orm.Mapped[bool] = orm.mapped_column(default=True)
    earlier_failures: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="open")
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    project: orm.Mapped[Project] = orm.relationship(lazy="raise")
    organisation: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[organisation_id], lazy="raise")
    quotes: orm.Mapped[list[Quote]] = orm.relationship(order_by="Quote.id", lazy="raise", back_populates="request")

    @property
    def terms(self) -> dict[str, Any]:
        """The terms as `risk.pricing` reads them."""
        return {
            "deductible_minor": self.deductible_minor,
            "limit_minor": self.limit_minor,
            "insurer_share": self.insurer_share,
        }


class Quote(Base, PublicId):
    """One insurer's sealed answer: the product version and the score are frozen, the whole trail is kept."""

    PREFIX = "quo"
    __tablename__ = "quote"
    __table_args__ = (
        words_check("state", QUOTE_STATES),
        amount_check("premium_minor"),
        amount_check("subsidy_minor"),
        sa.UniqueConstraint("request_id", "insurer_organisation_id", "version"),
        sa.Index(
            "uq_quote_accepted", "request_id", unique=True,
            sqlite_where=sa.text("state IN ('accepted', 'bound')"),
            postgresql_where=sa.text("state IN ('accepted', 'bound')"),
        ),
    )  # fmt: skip

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    request_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("quote_request.id"), index=True)
    insurer_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    version: orm.Mapped[int] = orm.mapped_column(default=1)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="draft")
    state_reason: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    product_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("insurance_product.id"))
    score_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("stored_score.id"))
    # The exact input of the pricing and its whole answer; together with the product they replay to the fen.
    pricing_request: orm.Mapped[dict[str, Any] | None] = orm.mapped_column(sa.JSON(none_as_null=True))
    trail: orm.Mapped[dict[str, Any] | None] = orm.mapped_column(sa.JSON(none_as_null=True))
    premium_minor: orm.Mapped[int | None] = amount_column()
    subsidy_minor: orm.Mapped[int | None] = amount_column()
    trigger_probability: orm.Mapped[str | None] = orm.mapped_column(sa.String(24))
    # Rules that fired and what could not be priced: a list of {effect, code | field, reason_zh, reason_en}.
    flags: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)
    underwriter_ground: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    valid_until: orm.Mapped[date | None]
    wording_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64), default="")
    priced_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    offered_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    accepted_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)

    request: orm.Mapped[QuoteRequest] = orm.relationship(lazy="raise", back_populates="quotes")
    insurer: orm.Mapped[Organisation] = orm.relationship(lazy="raise")
    product: orm.Mapped[InsuranceProduct | None] = orm.relationship(lazy="raise")
    score: orm.Mapped[StoredScore | None] = orm.relationship(lazy="raise")
    disclosure: orm.Mapped[DisclosureRecord | None] = orm.relationship(lazy="raise")
    # The co-insurance panel that stands; earlier proposals stay on file.
    panel: orm.Mapped[CoinsurancePanel | None] = orm.relationship(
        primaryjoin="and_(foreign(CoinsurancePanel.quote_id) == Quote.id, CoinsurancePanel.state == 'standing')",
        viewonly=True, uselist=False, lazy="raise",
    )  # fmt: skip

    @property
    def conditions(self) -> list[dict[str, Any]]:
        """What the assessed level asked for when the cover was priced; empty where it was open."""
        return [flag for flag in self.flags if flag["effect"] == "condition"]

    @property
    def net_premium_minor(self) -> int | None:
        """What the insured pays itself, or None while there is no price."""
        return None if self.premium_minor is None else self.premium_minor - (self.subsidy_minor or 0)


class DisclosureRecord(Base, PublicId):
    """What was shown before binding, its hash, when and to whom."""

    PREFIX = "dsc"
    __tablename__ = "insurance_disclosure"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    quote_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("quote.id"), unique=True)
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    sha256: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    acknowledged_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    acknowledged_for: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    acknowledged_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)


class Policy(Base, PublicId):
    """A bound cover; in force only once its premium is confirmed as paid to every insurer of it."""

    PREFIX = "pol"
    __tablename__ = "insurance_policy"
    __table_args__ = (
        words_check("state", POLICY_STATES),
        amount_check("premium_minor", minimum=1),
        amount_check("subsidy_minor"),
        amount_check("limit_minor", minimum=1),
        sa.CheckConstraint("indemnified_minor BETWEEN 0 AND limit_minor", name="paid_within_limit"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[str] = orm.mapped_column(sa.String(40), unique=True)
    quote_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("quote.id"), unique=True)
    request_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("quote_request.id"), unique=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    insurer_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    insured_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="bound")
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    premium_minor: orm.Mapped[int] = amount_column()
    subsidy_minor: orm.Mapped[int] = amount_column(default=0)
    limit_minor: orm.Mapped[int] = amount_column()
    # What agreed claims take of the limit; moved by a conditional update, never above it.
    indemnified_minor: orm.Mapped[int] = amount_column(default=0)
    # Frozen at binding: {schedule, terms, insured_event, product, disclosures_hash}; `wording_hash` is over it.
    content: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    wording_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    cover_from: orm.Mapped[date]
    cover_to: orm.Mapped[date]
    target_by: orm.Mapped[date]
    premium_payment_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("payment_intent.id"), unique=True)
    bound_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    in_force_on: orm.Mapped[date | None]

    quote: orm.Mapped[Quote] = orm.relationship(lazy="raise")
    project: orm.Mapped[Project] = orm.relationship(lazy="raise")
    insurer: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[insurer_organisation_id], lazy="raise")
    insured: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[insured_organisation_id], lazy="raise")
    premium_payment: orm.Mapped[PaymentIntent] = orm.relationship(lazy="raise")
    panel: orm.Mapped[CoinsurancePanel | None] = orm.relationship(
        primaryjoin="and_(foreign(CoinsurancePanel.quote_id) == Policy.quote_id, CoinsurancePanel.state == 'standing')",
        viewonly=True, uselist=False, lazy="raise",
    )  # fmt: skip
    assignments: orm.Mapped[list[Assignment]] = orm.relationship(order_by="Assignment.id", lazy="raise")
    claims: orm.Mapped[list[Claim]] = orm.relationship(order_by="Claim.id", lazy="raise", back_populates="policy")

    @property
    def shares(self) -> list[tuple[int, int]]:
        """Each insurer (database id) with its share in basis points, the lead first; a sole insurer has the whole."""
        if self.panel is None:
            return [(self.insurer_organisation_id, WHOLE_BPS)]
        return [(line.organisation_id, line.share_bps) for line in self.panel.lines]

    @property
    def premium_payments(self) -> list[PaymentIntent]:
        """What is to be paid before there is cover: one part to each insurer."""
        if self.panel is None:
            return [self.premium_payment]
        return [line.premium_payment for line in self.panel.lines if line.premium_payment is not None]

    @property
    def schedule(self) -> list[dict[str, Any]]:
        return list(self.content["schedule"])

    @property
    def terms(self) -> dict[str, Any]:
        return dict(self.content["terms"])

    def layer_terms(self) -> dict[str, Any]:
        """Parties, layer, assignments, premium and wording as an agreement copies them."""
        return {
            "policy": self.public_id,
            "number": self.number,
            "state": self.state,
            "insurer": self.insurer.public_id,
            "insured": self.insured.public_id,
            "currency": self.currency,
            "premium_minor": self.premium_minor,
            "subsidy_minor": self.subsidy_minor,
            "net_premium_minor": self.premium_minor - self.subsidy_minor,
            "sum_insured_minor": sum(item["sum_insured_minor"] for item in self.schedule),
            "schedule": self.schedule,
            "deductible_minor": self.terms["deductible_minor"],
            "insurer_share": self.terms["insurer_share"],
            "limit_minor": self.limit_minor,
            "assignments": [
                {"organisation": row.organisation.public_id, "share": row.share} for row in self.assignments
            ],
            "insured_event": self.content["insured_event"],
            "cover_from": self.cover_from.isoformat(),
            "cover_to": self.cover_to.isoformat(),
            "target_by": self.target_by.isoformat(),
            "wording_hash": self.wording_hash,
        }


class Assignment(Base):
    """The share of any indemnity that belongs to somebody else than the insured (赔款权益转让)."""

    __tablename__ = "indemnity_assignment"
    __table_args__ = (sa.UniqueConstraint("policy_id", "organisation_id"),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    policy_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("insurance_policy.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    share: orm.Mapped[str] = orm.mapped_column(sa.String(16))

    organisation: orm.Mapped[Organisation] = orm.relationship(lazy="raise")


class Claim(Base, PublicId):
    """A claim under a policy: accepted spend per item, what was disallowed and why, the indemnity step by step."""

    PREFIX = "clm"
    __tablename__ = "insurance_claim"
    __table_args__ = (
        words_check("state", CLAIM_STATES),
        words_check("determination", ("", *DETERMINATIONS)),
        amount_check("indemnity_minor"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    policy_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("insurance_policy.id"), index=True)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="notified")
    event_on: orm.Mapped[date]
    description: orm.Mapped[str] = orm.mapped_column(sa.Text)
    # A list of {code, claimed_minor}; the assessment adds {accepted_minor, disallowed_minor, reason}.
    items: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON)
    # Who determined the insured event: the panel of the policy, with its document.
    determination: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="")
    determined_on: orm.Mapped[date | None]
    panel_document: orm.Mapped[str] = orm.mapped_column(sa.String(200), default="")
    # Every step of the terms, as `risk.pricing.apply_terms` answers.
    steps: orm.Mapped[dict[str, Any] | None] = orm.mapped_column(sa.JSON(none_as_null=True))
    indemnity_minor: orm.Mapped[int | None] = amount_column()
    reason: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    notified_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    registered_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    assessed_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    agreed_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    refused_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    settled_on: orm.Mapped[date | None]

    policy: orm.Mapped[Policy] = orm.relationship(lazy="raise", back_populates="claims")
    payments: orm.Mapped[list[ClaimPayment]] = orm.relationship(order_by="ClaimPayment.id", lazy="raise")


class ClaimPayment(Base):
    """One part of an indemnity: from one insurer to the insured or to an assignee, paid by its own intent."""

    __tablename__ = "claim_payment"
    __table_args__ = (
        amount_check("amount_minor", minimum=1),
        # Named, because the name by convention is longer than PostgreSQL takes.
        sa.UniqueConstraint("claim_id", "organisation_id", "insurer_organisation_id", name="uq_claim_payment_parties"),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    claim_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("insurance_claim.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    insurer_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    share: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    amount_minor: orm.Mapped[int] = amount_column()
    payment_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("payment_intent.id"), unique=True)

    organisation: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[organisation_id], lazy="raise")
    insurer: orm.Mapped[Organisation] = orm.relationship(foreign_keys=[insurer_organisation_id], lazy="raise")
    payment: orm.Mapped[PaymentIntent] = orm.relationship(lazy="raise")


def money_of(policy: Policy, amount_minor: int) -> Money:
    """An amount in the currency of the policy."""
    return Money(amount_minor, policy.currency)


# The relationships above name the tables of a panel: they are mapped wherever these are.
from marketplace.insurance import panel_models  # noqa: E402, F401  # after the classes that they point to
