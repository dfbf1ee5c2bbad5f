"""Insurance of the demonstration market: products filed, cover asked for, quoted, accepted, bound and paid."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.permissions import Actor
from marketplace.demo.deal import pay_intent
from marketplace.demo.deal_records import InsuranceProduct as ProductRecord
from marketplace.demo.deal_records import QuoteRequest as RequestRecord
from marketplace.demo.financing import noon
from marketplace.demo.market import Market
from marketplace.insurance import queries
from marketplace.insurance.models import Policy, Quote
from marketplace.insurance.rules import hash_content
from marketplace.insurance.services import binding, claims, products, quoting, requests
from marketplace.payments.models import PaymentIntent
from marketplace.projects.queries import find_project_by_code

# One name in the register language; pages mark it as Chinese.
PAYER = "省级科技保险补贴（演示虚构）"
PANEL = {
    "panel_zh": "双方各推荐一名、行业协会指派一名专家",
    "panel_en": "one expert named by each side and one by the trade association",
}
GROUND = "The underwriter has read the evidence, the score and the team's earlier trials."
SAME_FIELDS = (
    "code", "version", "name_zh", "name_en", "filing_number", "filing_is_fictional", "valid_from", "valid_to", "basis",
    "sum_min_minor", "sum_max_minor", "limit_max_minor", "term_days_min", "term_days_max", "commission_cap",
    "min_premium_minor", "validity_days",
)  # fmt: skip


def file_products(market: Market) -> None:
    """One product version of each insurer."""
    now = noon(date(2026, 3, 2))
    for record in market.content.insurance_products:
        with market.database.transaction() as session:
            products.file_product(
                session, actor=market.cast.signatory(record.insurer), now=now, values=product_values(record)
            )
    market.say(f"{len(market.content.insurance_products)} insurance products")


def product_values(record: ProductRecord) -> dict[str, Any]:
    """The filing of a product as the service reads it."""
    trigger = record.trigger_map
    basis = {"basis": trigger.status, "source": "insurer", "text_zh": trigger.basis_zh, "text_en": trigger.basis_en}
    return {
        **{name: getattr(record, name) for name in SAME_FIELDS},
        "cost_items": list(record.cost_items),
        "deductible_options": list(record.deductible_options),
        "insurer_share_options": list(record.insurer_share_options),
        "loadings": dataclasses.asdict(record.loadings),
        "rounding": {"unit_minor": 100, "mode": "half_even"},
        "loss_share_of_limit": trigger.loss_given_trigger_of_limit,
        "trigger_map": {
            "insured_cause": {"value": trigger.insured_cause, **basis},
            "determination_agrees": {"value": trigger.determination_agrees, **basis},
        },
        "rules": [dataclasses.asdict(rule) for rule in record.rules],
        "disclosures": [
            {"zh": chinese, "en": english}
            for chinese, english in zip(record.disclosures_zh, record.disclosures_en, strict=True)
        ],
    }


def ask_for_cover(
    market: Market, record: RequestRecord, *, code: str, now: datetime, target_by: date | None = None
) -> str:
    """The team asks the insurers of the record; returns the request's id."""
    cast = market.cast
    team = cast.signatory(market.content.get_project(record.project).team)
    with market.database.transaction() as session:
        project = find_project_by_code(session, code=code)
        assert project is not None
        request = requests.request_quotes(
            session, actor=team, project=project, now=now,
            insurers=[cast.organisations[insurer] for insurer in record.insurers],
            schedule=[{"code": item, "sum_insured_minor": amount} for item, amount in record.schedule.items()],
            deductible_minor=record.deductible_minor, limit_minor=record.limit_minor,
            insurer_share=record.insurer_share, cover_from=record.cover_from, cover_to=record.cover_to,
            target_by=target_by,
            insured_event={
                "text_zh": record.event_zh, "text_en": record.event_en, "metric": "as the event says",
                "threshold": "as the event says", "cause_zh": "技术原因", "cause_en": "a technical cause", **PANEL,
            },
            subsidies=(
                [{"payer": PAYER, "amount_minor": record.subsidy_minor, "source": record.subsidy_scheme or "demo"}]
                if record.subsidy_minor else []
            ),
            assignments=[
                {"organisation": cast.organisations[item.assignee].public_id, "share": item.share}
                for item in record.assignments
            ],
        )  # fmt: skip
        return request.public_id


def answer_request(
    market: Market, request_id: str, *, record: RequestRecord, now: datetime, missing: str | None = None
) -> list[tuple[str, str, int | None, str | None]]:
    """Each insurer prices and offers; returns (insurer, state, premium, trigger probability)."""
    answers = []
    for insurer in record.insurers:
        actor = market.cast.signatory(insurer)
        with market.database.transaction() as session:
            quote = find_own_quote(session, actor, request_id)
            # Where the underwriter states a probability of his own, its ground goes into the quote.
            stated = quoting.StatedTrigger(missing, GROUND) if missing else None
            quoting.price_quote(session, actor=actor, quote=quote, now=now, stated=stated)
            if quote.state in ("priced", "referred"):
                ground = "" if quote.state == "priced" else GROUND
                quoting.offer_quote(session, actor=actor, quote=quote, now=now, ground=ground)
            answers.append((insurer, quote.state, quote.premium_minor, quote.trigger_probability))
    return answers


def find_own_quote(session: orm.Session, actor: Actor, request_id: str) -> Quote:
    """An insurer's own quote of a request."""
    quotes = queries.list_quotes(session, actor=actor)
    return next(item for item in quotes if item.request.public_id == request_id)


def bind_best(
    market: Market, request_id: str, *, record: RequestRecord, now: datetime, insurer: str = "",
    paid_on: date | None = None,
) -> Policy:  # fmt: skip
    """The team accepts one offer, confirms what it was shown, binds, and pays each insurer its premium."""
    team = market.cast.signatory(market.content.get_project(record.project).team)
    with market.database.transaction() as session:
        offered = [
            item
            for item in queries.list_quotes(session, actor=team)
            if item.request.public_id == request_id and item.state == "offered"
        ]
        wanted = market.cast.organisations[insurer].id if insurer else None
        chosen = min(
            (item for item in offered if wanted in (None, item.insurer_organisation_id)),
            key=lambda item: item.premium_minor or 0,
        )
        quote = queries.get_quote(session, actor=team, public_id=chosen.public_id)
        binding.accept_quote(session, actor=team, quote=quote, now=now)
        shown = hash_content(binding.disclosure_of(quote))
        binding.acknowledge_disclosure(session, actor=team, quote=quote, shown_hash=shown, now=now)
        session.flush()
        session.expire_all()
        quote = queries.get_quote(session, actor=team, public_id=quote.public_id)
        policy_id = binding.bind_policy(session, actor=team, quote=quote, now=now).public_id
    with market.database.transaction("read") as session:
        intents = queries.get_policy(session, actor=team, public_id=policy_id).premium_payments
    for intent in intents:
        pay_intent(market.database, market.cast, intent, paid_on=paid_on)
    with market.database.transaction("read") as session:
        return queries.get_policy(session, actor=team, public_id=policy_id)


def insure_projects(market: Market) -> None:
    """Products, requests, quotes; some accepted and bound, some left open for the visitor to compare.

    Projects that a panel insures have a story of their own.
    """
    file_products(market)
    now = noon(market.today - timedelta(days=6))
    shared = {panel.project for panel in market.content.arrangements.panel}
    for number, record in enumerate(market.content.quote_requests):
        if record.project in shared:
            continue
        request_id = ask_for_cover(market, record, code=record.project, now=now)
        answers = answer_request(market, request_id, record=record, now=now + timedelta(hours=2))
        if number % 2 and any(state == "offered" for _insurer, state, _premium, _trigger in answers):
            bind_best(market, request_id, record=record, now=now + timedelta(hours=4))
    market.say(f"{len(market.content.quote_requests)} requests for pilot-failure cover")


def settle_claim(market: Market, policy: Policy, *, spend: dict[str, int], event_on: date, paid_on: date) -> int:
    """Notice, registration, panel finding, agreement, payment to assignee and insured; returns the indemnity."""
    insured = next(
        market.cast.signatory(code)
        for code, organisation in market.cast.organisations.items()
        if organisation.id == policy.insured_organisation_id
    )
    insurer = next(
        market.cast.signatory(code)
        for code, organisation in market.cast.organisations.items()
        if organisation.id == policy.insurer_organisation_id
    )
    notice = noon(event_on)
    with market.database.transaction() as session:
        held = queries.get_policy(session, actor=insured, public_id=policy.public_id)
        claim_id = claims.notify_claim(
            session, actor=insured, policy=held, event_on=event_on, description="The panel found the insured event.",
            spend=spend, now=notice,
        ).public_id  # fmt: skip
    with market.database.transaction() as session:
        claim = queries.get_claim(session, actor=insurer, public_id=claim_id)
        claims.register_claim(session, actor=insurer, claim=claim, now=notice + timedelta(days=1))
        claims.assess_claim(
            session, actor=insurer, claim=claim, determination="insured_event", determined_on=event_on,
            panel_document="PANEL-DEMO-2028-10",
            adjustments={code: claims.Adjustment(accepted_minor=amount, reason="") for code, amount in spend.items()},
            now=notice + timedelta(days=20),
        )  # fmt: skip
    with market.database.transaction() as session:
        claim = queries.get_claim(session, actor=insured, public_id=claim_id)
        claims.agree_claim(session, actor=insured, claim=claim, now=noon(paid_on, 10))
    with market.database.transaction("read") as session:
        claim = queries.get_claim(session, actor=insured, public_id=claim_id)
        intents = [session.get_one(PaymentIntent, row.payment_id) for row in claim.payments]
        amount = claim.indemnity_minor or 0
    for intent in intents:
        pay_intent(market.database, market.cast, intent, paid_on=paid_on)
    return amount
