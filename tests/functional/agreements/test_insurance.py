"""A policy and its claim reach the agreement from the insurance domain alone, with the money already paid there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from marketplace.agreements import queries
from marketplace.agreements.services.verification import verify_agreement
from marketplace.insurance import services
from marketplace.insurance.models import Policy
from marketplace.insurance.queries import get_claim
from marketplace.notifications.queries import list_notifications
from risk.sharing.templates.scenario_a import scenario_a
from tests.factories import agreements as factory
from tests.factories.insurance import InsuranceFactory

STORY = scenario_a("hard_failure")["events"]
AFTER = datetime(2028, 11, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def market(make: Any) -> InsuranceFactory:
    return InsuranceFactory(make)


def insured_scene(make: Any, market: InsuranceFactory) -> factory.Scene:
    """Scenario A whose team, bank and insurer are those of a scored project without a policy yet."""
    members = {"project": market.team, "bank": market.bank, "insurer": market.insurer}
    return factory.make_active(make, members=members, project=market.project())


def events_of(scene: factory.Scene) -> dict[str, Any]:
    with scene.transaction() as session:
        rows = queries.list_events(session, agreement_id=scene.agreement(session).id)
        return {row.kind: row for row in rows}


def bind_and_pay(scene: factory.Scene, market: InsuranceFactory, **changes: Any) -> Policy:
    policy = market.bound(scene.project, **changes)
    market.pay(policy.premium_payment_id, market.team, date(2027, 1, 10))
    return market.reload(policy)


def settle_claim(market: InsuranceFactory, policy: Policy, accepted: dict[str, int]) -> None:
    claim = market.claim(policy, AFTER)
    market.act(services.register_claim, "claim", claim.public_id, market.insurer, AFTER)
    market.act(
        services.assess_claim, "claim", claim.public_id, market.insurer, AFTER, determination="insured_event",
        determined_on=date(2028, 10, 20), panel_document="panel-1",
        adjustments={code: services.Adjustment(minor, "assessed") for code, minor in accepted.items()},
    )  # fmt: skip
    agreed = market.act(services.agree_claim, "claim", claim.public_id, market.team, AFTER)
    with market.database.transaction("read") as session:
        shown = get_claim(session, actor=market.team.actor, public_id=agreed.public_id)
        payments = [row.payment_id for row in shown.payments]
    for payment in payments:
        market.pay(payment, market.insurer, date(2028, 12, 20))


def test_paid_premium_is_recorded_in_the_agreement_in_force(make: Any, market: InsuranceFactory) -> None:
    scene = insured_scene(make, market)
    bind_and_pay(scene, market)
    premium = events_of(scene)["premium_paid"]
    assert '"amount_minor":68065700' in premium.body
    assert premium.actor_user == ""


def test_policy_in_force_before_the_signatures_counts_from_the_first_day(make: Any, market: InsuranceFactory) -> None:
    policy = market.in_force()
    members = {"project": market.team, "bank": market.bank, "insurer": market.insurer}
    scene = factory.make_active(make, members=members, project=policy.project)
    assert list(events_of(scene)) == ["activate", "premium_paid"]


def test_settled_claim_is_recorded_with_its_payments_and_asks_for_no_second_one(
    make: Any, market: InsuranceFactory
) -> None:
    scene = insured_scene(make, market)
    story = [event for event in STORY if event["kind"] != "premium_paid"]
    place = next(index for index, event in enumerate(story) if event["kind"] == "insurance_recovery")
    factory.play(scene, story[:2])
    policy = bind_and_pay(scene, market)
    factory.play(scene, story[2:place])
    settle_claim(market, policy, {
        "materials": 228_000_000, "personnel": 270_000_000, "centre_fees": 280_000_000, "testing": 62_000_000,
    })  # fmt: skip
    recovery = events_of(scene)["insurance_recovery"]
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        rows = queries.list_payments(session, agreement_id=agreement.id, event_id=recovery.id)
        assert {(row.payee.party, row.amount_minor, row.state) for row in rows} == {
            ("bank", 149_400_000, "paid"), ("project", 224_100_000, "paid"),
        }  # fmt: skip
        assert verify_agreement(session, agreement=agreement).problem is None
    assert factory.pay_all(scene) == 0
    factory.play(scene, story[place + 1 :])
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        assert agreement.state == "completed"
        assert verify_agreement(session, agreement=agreement).problem is None


def test_claim_paid_by_other_figures_than_the_terms_give_is_told_and_not_recorded(
    make: Any, market: InsuranceFactory
) -> None:
    scene = insured_scene(make, market)
    story = [event for event in STORY if event["effective_on"] <= "2028-10-20" and event["kind"] != "premium_paid"]
    factory.play(scene, story[:2])
    policy = bind_and_pay(scene, market, deductible_minor=186_000_000)
    factory.play(scene, story[2:])
    settle_claim(market, policy, {
        "materials": 228_000_000, "personnel": 270_000_000, "centre_fees": 280_000_000, "testing": 62_000_000,
    })  # fmt: skip
    assert "insurance_recovery" not in events_of(scene)
    with scene.transaction() as session:
        told = [row.parameters["kind"] for row in list_notifications(session, actor=market.bank.actor)
                if row.kind == "agreement_fact_refused"]  # fmt: skip
        assert told == ["insurance_recovery"]
