"""Insured projects: a filed product, a scored project, quotes, a policy in force, claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.assessments.models import StoredScore
from marketplace.insurance import queries, services
from marketplace.insurance.models import Claim, InsuranceProduct, Policy, Quote, QuoteRequest
from marketplace.insurance.panel_models import CoinsuranceLine, CoinsurancePanel
from marketplace.payments.models import BankLine, PaymentIntent
from marketplace.payments.services import confirm_transfer, record_transfer
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from tests.factories import MOMENT, Factory, Member
from tests.factories.projects import ProjectFactory

YUAN = 100
EVENT = {
    "text_zh": "168 小时考核总收率低于 75%，且经专家组认定为技术原因",
    "text_en": "Overall yield below 75% in the 168 h test for a technical cause found by the panel",
    "metric": "yield", "threshold": "< 0.75",
    "cause_zh": "技术原因", "cause_en": "technical cause",
    "panel_zh": "三人专家组，双方各派一人，第三人由两人共推", "panel_en": "three experts, one from each side",
}  # fmt: skip


def product_values(**changes: Any) -> dict[str, Any]:
    """The product of scenario A; its filing number is fictional and says so."""
    values: dict[str, Any] = {
        "code": "pilot-failure", "version": "2026.1",
        "name_zh": "中试验证失败损失保险", "name_en": "Pilot failure cover",
        "filing_number": "示例备案-001（虚构）", "filing_is_fictional": True, "basis": "cost_schedule",
        "valid_from": date(2026, 1, 1), "valid_to": date(2027, 12, 31), "currency": "CNY",
        "sum_min_minor": 1_000_000 * YUAN, "sum_max_minor": 50_000_000 * YUAN, "limit_max_minor": 12_000_000 * YUAN,
        "term_days_min": 90, "term_days_max": 1095, "cost_items": ["materials", "personnel", "centre_fees", "testing"],
        "deductible_options": ["0.10", "0.20"], "insurer_share_options": ["0.40", "0.50", "0.60"],
        "trigger_map": {
            "insured_cause": {"value": "0.5", "basis": "judgement", "source": "underwriter",
                              "text_zh": "技术原因", "text_en": "technical cause"},
            "determination_agrees": {"value": "0.8", "basis": "judgement", "source": "underwriter",
                                     "text_zh": "专家组一致", "text_en": "panel agrees"},
        },
        "loss_share_of_limit": "0.90",
        "loadings": {"fixed_minor": 20_000 * YUAN, "variable": "0.05", "commission": "0.10", "profit": "0.10",
                     "risk": "0.05"},
        "commission_cap": "0.15", "min_premium_minor": 50_000 * YUAN, "validity_days": 30,
        "rounding": {"unit_minor": 100, "mode": "half_even"},
        "rules": [{"effect": "decline", "field": "trl", "operator": "below", "value": "4",
                   "reason_zh": "低于四级不承保", "reason_en": "no cover below level 4"}],
        "disclosures": [{"zh": "主动停止试验不在保障之内。", "en": "Stopping by choice is not covered."}],
    }  # fmt: skip
    return {**values, **changes}


def score_content(probability: float = 0.3, horizon_months: float = 20.0) -> dict[str, Any]:
    """What pricing reads of a stored score; one step, so that the staircase composes to it."""
    return {
        "probability": probability, "horizon_months": horizon_months, "state": "prior_only",
        "model_version": "test-1", "definition": "target_not_reached",
        "interval_80": [probability / 2, probability], "interval_95": [probability / 3, probability],
        "staircase": [{"from_level": 6, "to_level": 7, "probability": probability}],
    }  # fmt: skip


class InsuranceFactory:
    """One market: a team with a scored project, two insurers with products, a bank and an operator."""

    def __init__(self, make: Factory) -> None:
        self.make, self.database = make, make.database
        self.projects = ProjectFactory(make)
        self.team, self.bank = make.member("project_team"), make.member("bank")
        self.insurer, self.rival = make.member("insurer"), make.member("insurer")
        self.operator, self.assessor = make.member("operator"), make.member("assessor")

    def product(self, insurer: Member | None = None, **changes: Any) -> InsuranceProduct:
        with self.database.transaction() as session:
            return services.file_product(
                session, actor=(insurer or self.insurer).actor, now=MOMENT, values=product_values(**changes)
            )

    def project(self, *, probability: float | None = 0.3, **changes: Any) -> Project:
        """Published and assessed at TRL 6; scored unless the probability is None."""
        project = self.projects.published(self.team, self.operator, **changes)
        self.projects.assessed(project, self.team, self.assessor)
        if probability is not None:
            self.score(project, probability)
        return self.projects.reload(project, self.team)

    def score(self, project: Project, probability: float = 0.3, computed_at: datetime = MOMENT) -> StoredScore:
        content = score_content(probability)
        with self.database.transaction() as session:
            score = StoredScore(
                project_id=project.id, content=content, probability=f"{probability:.6f}", band="elevated",
                state=content["state"], definition=content["definition"], model_version="test-1",
                model_digest="0" * 64, features_digest="1" * 64, computed_at=computed_at,
            )  # fmt: skip
            session.add(score)
        return score

    def request(self, project: Project, insurers: list[Member] | None = None, **changes: Any) -> QuoteRequest:
        """The request of scenario A: 9.3 million in four items, half of what is above 930,000, at most 4 million."""
        values: dict[str, Any] = {
            "schedule": [
                {"code": "materials", "sum_insured_minor": 2_600_000 * YUAN},
                {"code": "personnel", "sum_insured_minor": 2_900_000 * YUAN},
                {"code": "centre_fees", "sum_insured_minor": 3_000_000 * YUAN},
                {"code": "testing", "sum_insured_minor": 800_000 * YUAN},
            ],
            "deductible_minor": 930_000 * YUAN, "limit_minor": 4_000_000 * YUAN, "insurer_share": "0.50",
            "cover_from": date(2027, 1, 15), "cover_to": date(2028, 12, 31), "target_by": date(2028, 11, 30),
            "insured_event": EVENT,
            "subsidies": [{"payer": "province", "share": "0.50", "cap_minor": 300_000 * YUAN, "source": "example"}],
            "assignments": [{"organisation": self.bank.organisation.public_id, "share": "0.40"}],
        }  # fmt: skip
        with self.database.transaction() as session:
            found = find_project(session, project_id=project.id)
            assert found is not None
            asked = [session.get_one(Organisation, member.organisation.id) for member in insurers or [self.insurer]]
            return services.request_quotes(
                session, actor=self.team.actor, project=found, insurers=asked, now=MOMENT, **{**values, **changes}
            )

    def quote_of(self, request: QuoteRequest, insurer: Member | None = None) -> str:
        """Public id of the newest quote of an insurer."""
        with self.database.transaction("read") as session:
            rows = queries.list_quotes(session, actor=(insurer or self.insurer).actor, request_id=request.id)
            return rows[-1].public_id

    def act(self, verb: Any, kind: str, public_id: str, member: Member, now: datetime = MOMENT, **values: Any) -> Any:
        """One service on one object, in a transaction of its own."""
        with self.database.transaction() as session:
            found = getattr(queries, f"get_{kind}")(session, actor=member.actor, public_id=public_id)
            return verb(session, actor=member.actor, now=now, **{kind: found}, **values)

    def offered(self, request: QuoteRequest, insurer: Member | None = None) -> Quote:
        """Priced and offered by an insurer."""
        member = insurer or self.insurer
        public_id = self.quote_of(request, member)
        self.act(services.price_quote, "quote", public_id, member)
        quote: Quote = self.act(services.offer_quote, "quote", public_id, member)
        return quote

    def acknowledge(self, public_id: str, now: datetime = MOMENT) -> None:
        """The team reads what is shown and acknowledges it."""
        from marketplace.insurance.rules import hash_content

        with self.database.transaction() as session:
            quote = queries.get_quote(session, actor=self.team.actor, public_id=public_id)
            shown = hash_content(services.disclosure_of(quote))
            services.acknowledge_disclosure(session, actor=self.team.actor, quote=quote, shown_hash=shown, now=now)

    def bound(self, project: Project | None = None, **changes: Any) -> Policy:
        """A policy that waits for its premium."""
        self.product()
        quote = self.offered(self.request(project or self.project(), **changes))
        self.act(services.accept_quote, "quote", quote.public_id, self.team)
        self.acknowledge(quote.public_id)
        policy: Policy = self.act(services.bind_policy, "quote", quote.public_id, self.team)
        return policy

    def in_force(self, **changes: Any) -> Policy:
        policy = self.bound(**changes)
        self.pay(policy.premium_payment_id, self.team, date(2027, 1, 10))
        return self.reload(policy)

    def reload(self, policy: Policy) -> Policy:
        with self.database.transaction("read") as session:
            return queries.get_policy(session, actor=self.team.actor, public_id=policy.public_id)

    def pay(self, intent_id: int, payer: Member, paid_on: date) -> None:
        """The payer records the transfer, the operator confirms it, in two transactions."""
        self.confirm(self.record(intent_id, payer, paid_on))

    def record(self, intent_id: int, payer: Member, paid_on: date) -> int:
        """The payer's half of a payment; returns the id of the bank line."""
        with self.database.transaction() as session:
            intent = session.get_one(PaymentIntent, intent_id)
            return record_transfer(
                session, actor=payer.actor, intent=intent, amount=intent.money, paid_on=paid_on, now=MOMENT,
                bank_reference=f"REF-{intent.id:06d}", remittance_code=intent.remittance_code,
            ).id  # fmt: skip

    def confirm(self, line_id: int) -> None:
        """The operator's half of a payment."""
        with self.database.transaction() as session:
            line = session.scalars(
                sa.select(BankLine).options(orm.joinedload(BankLine.intent)).where(BankLine.id == line_id)
            ).one()
            confirm_transfer(session, actor=self.operator.actor, line=line, now=MOMENT)

    def claim(self, policy: Policy, now: datetime, **changes: Any) -> Claim:
        """The accepted spend of scenario A, claimed in full."""
        values: dict[str, Any] = {
            "event_on": date(2028, 9, 30), "description": "168 h yield 71 %",
            "spend": {"materials": 2_280_000 * YUAN, "personnel": 2_700_000 * YUAN,
                      "centre_fees": 2_800_000 * YUAN, "testing": 620_000 * YUAN},
        }  # fmt: skip
        claim: Claim = self.act(
            services.notify_claim, "policy", policy.public_id, self.team, now, **{**values, **changes}
        )
        return claim


class PanelFactory(InsuranceFactory):
    """The same market with two insurers that follow: 45 %, 32 % and 23 %, and a lead fee of three per cent."""

    def __init__(self, make: Factory) -> None:
        super().__init__(make)
        self.second, self.third = make.member("insurer"), make.member("insurer")
        self.insurers = [self.insurer, self.second, self.third]

    def offered_by_lead(self, **product: Any) -> Quote:
        self.product(**product)
        return self.offered(self.request(self.project()))

    def propose(
        self,
        quote: Quote,
        *,
        shares: Sequence[Any] = (4500, 3200, 2300),
        followers: Sequence[Member] | None = None,
        lead_fee: str = "0.03",
        member: Member | None = None,
    ) -> CoinsurancePanel:
        asked = self.insurers[1:] if followers is None else followers
        panel: CoinsurancePanel = self.act(
            services.propose_panel, "quote", quote.public_id, member or self.insurer, lead_share_bps=shares[0],
            lead_fee=lead_fee,
            followers=[
                (row.organisation.public_id, share) for row, share in zip(asked, shares[1:], strict=False)
            ],
        )  # fmt: skip
        return panel

    def line_of(self, quote: Quote, member: Member) -> CoinsuranceLine:
        with self.database.transaction("read") as session:
            rows = queries.list_lines(session, actor=member.actor)
            return next(row for row in rows if row.panel.quote_id == quote.id)

    def accept(self, quote: Quote, member: Member) -> None:
        self.act(services.accept_line, "line", self.line_of(quote, member).public_id, member)

    def shared(self, **product: Any) -> Quote:
        """Offered by the lead, and every follower has accepted."""
        quote = self.offered_by_lead(**product)
        self.propose(quote)
        for member in self.insurers[1:]:
            self.accept(quote, member)
        return quote

    def read(self, quote: Quote) -> tuple[CoinsurancePanel, Quote]:
        """The panel of a quote with the quote, as the arithmetic of the premium takes them."""
        with self.database.transaction("read") as session:
            found = queries.get_quote(session, actor=self.insurer.actor, public_id=quote.public_id)
            assert found.panel is not None
            return found.panel, found

    def bind(self, quote: Quote) -> Policy:
        self.act(services.accept_quote, "quote", quote.public_id, self.team)
        self.acknowledge(quote.public_id)
        policy: Policy = self.act(services.bind_policy, "quote", quote.public_id, self.team)
        return policy

    def in_force_with_panel(self) -> Policy:
        policy = self.bind(self.shared())
        for intent in self.reload(policy).premium_payments:
            self.pay(intent.id, self.team, date(2027, 1, 10))
        return self.reload(policy)
