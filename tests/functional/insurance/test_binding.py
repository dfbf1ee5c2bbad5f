"""From a request to a policy in force: priced from the score, accepted once, in force only when paid."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.events import PolicyBound
from marketplace.insurance import queries, services
from marketplace.insurance.errors import (
    AlreadyAcceptedError,
    AlreadyBoundError,
    DisclosureChangedError,
    DisclosureNotAcknowledgedError,
    QuoteExpiredError,
    QuoteNotOfferedError,
)
from marketplace.insurance.models import Quote
from marketplace.payments.models import PaymentIntent
from tests.factories import MOMENT

YUAN = 100


def test_policy_of_scenario_a_costs_what_the_worked_example_prints(market: Any) -> None:
    market.product()
    quote = market.offered(market.request(market.project()))
    assert quote.trigger_probability == "0.12"
    assert (quote.premium_minor, quote.subsidy_minor) == (680_657 * YUAN, 300_000 * YUAN)
    assert quote.net_premium_minor == 380_657 * YUAN


def test_stored_trail_recomputes_to_the_fen(market: Any, database: Any) -> None:
    from risk.pricing import recompute_premium

    market.product()
    quote = market.offered(market.request(market.project(probability=0.2718)))
    with database.transaction("read") as session:
        stored = queries.get_quote(session, actor=market.team.actor, public_id=quote.public_id)
        assert services.replay_premium(stored) == stored.premium_minor
        assert recompute_premium(stored.trail["premium"]) == stored.premium_minor
        assert stored.score_id is not None
        assert {row["name"]: row["basis"] for row in stored.trail["trigger"]["factors"]} == {
            "target_missed": "judgement", "insured_cause": "judgement", "determination_agrees": "judgement",
        }  # fmt: skip


def test_policy_is_in_force_only_after_two_people_confirmed_the_premium(market: Any, database: Any) -> None:
    heard: list[PolicyBound] = []
    database.handlers = {**database.handlers, PolicyBound: (lambda _session, event: heard.append(event),)}
    policy = market.bound()
    assert (policy.state, policy.in_force_on, heard) == ("bound", None, [])
    with database.transaction("read") as session:
        intent = session.get_one(PaymentIntent, policy.premium_payment_id)
        assert (intent.purpose, intent.amount_minor, intent.direction) == ("premium", 380_657 * YUAN, "direct")
        assert intent.payer_organisation_id == market.team.organisation.id
        assert intent.payee_organisation_id == market.insurer.organisation.id
    market.pay(policy.premium_payment_id, market.team, date(2027, 1, 20))
    found = market.reload(policy)
    assert (found.state, found.in_force_on) == ("in_force", date(2027, 1, 20))
    assert heard == [PolicyBound(policy_id=policy.id, project_id=policy.project_id)]


def test_layer_terms_are_those_that_an_agreement_copies(market: Any, database: Any) -> None:
    policy = market.in_force()
    with database.transaction("read") as session:
        terms = queries.get_layer_terms(session, policy.id)
        assert [found.public_id for found in queries.list_policies_of_project(session, project_id=policy.project_id)]
    assert (terms["premium_minor"], terms["deductible_minor"], terms["limit_minor"], terms["insurer_share"]) == (
        680_657 * YUAN, 930_000 * YUAN, 4_000_000 * YUAN, "0.50",
    )  # fmt: skip
    assert terms["assignments"] == [{"organisation": market.bank.organisation.public_id, "share": "0.40"}]
    assert terms["wording_hash"] == policy.wording_hash
    assert len(terms["wording_hash"]) == 64


def test_binding_without_acknowledged_disclosures_is_refused(market: Any) -> None:
    market.product()
    quote = market.offered(market.request(market.project()))
    market.act(services.accept_quote, "quote", quote.public_id, market.team)
    with pytest.raises(DisclosureNotAcknowledgedError):
        market.act(services.bind_policy, "quote", quote.public_id, market.team)
    with pytest.raises(DisclosureChangedError):
        market.act(services.acknowledge_disclosure, "quote", quote.public_id, market.team, shown_hash="0" * 64)
    market.acknowledge(quote.public_id)
    policy = market.act(services.bind_policy, "quote", quote.public_id, market.team)
    with pytest.raises(AlreadyBoundError):
        market.act(services.bind_policy, "quote", quote.public_id, market.team)
    assert policy.content["disclosures_hash"]


def test_at_most_one_quote_of_a_request_is_accepted(market: Any, database: Any) -> None:
    market.product()
    market.product(market.rival, code="rival")
    request = market.request(market.project(), [market.insurer, market.rival])
    first, second = market.offered(request), market.offered(request, market.rival)
    with pytest.raises(QuoteNotOfferedError):
        market.act(services.bind_policy, "quote", second.public_id, market.team)
    market.act(services.accept_quote, "quote", first.public_id, market.team)
    with pytest.raises(AlreadyAcceptedError):
        market.act(services.accept_quote, "quote", second.public_id, market.team)
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as session:
        session.execute(sa.update(Quote).where(Quote.id == second.id).values(state="accepted"))
    market.acknowledge(first.public_id)
    market.act(services.bind_policy, "quote", first.public_id, market.team)
    with database.transaction("read") as session:
        assert queries.get_quote(session, actor=market.team.actor, public_id=second.public_id).state == "superseded"


def test_quote_ends_with_its_last_day(market: Any, database: Any) -> None:
    market.product()
    quote = market.offered(market.request(market.project()))
    after = MOMENT + timedelta(days=31)
    with pytest.raises(QuoteExpiredError):
        market.act(services.accept_quote, "quote", quote.public_id, market.team, after)
    with database.transaction() as session:
        assert services.expire_insurance(session, now=after) == 1
    with database.transaction("read") as session:
        assert queries.get_quote(session, actor=market.team.actor, public_id=quote.public_id).state == "expired"


def test_unpaid_policy_lapses_and_its_premium_is_no_longer_asked(market: Any, database: Any) -> None:
    policy = market.bound()
    with database.transaction() as session:
        assert services.expire_insurance(session, now=MOMENT + timedelta(days=800)) == 1
    found = market.reload(policy)
    assert (found.state, found.premium_payment.state) == ("lapsed", "cancelled")
