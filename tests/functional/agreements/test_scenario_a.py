"""Scenario A through the services: three endings settle to the fen, on a ledger that stays balanced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marketplace.agreements import queries
from marketplace.agreements.services.statements import settle_agreement
from marketplace.agreements.services.verification import verify_agreement
from marketplace.ledger.queries import get_balance_minor
from marketplace.ledger.services import check_ledger
from marketplace.payments.queries import compute_supervised_cash
from risk.sharing.templates.scenario_a import scenario_a
from tests.factories import agreements as factory

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "worked_examples" / "data" / "scenario_a.json").read_text(encoding="utf-8")
)


def play(make: Any, ending: str) -> factory.Scene:
    scene = factory.make_active(make)
    factory.play(scene, scenario_a(ending)["events"])
    return scene


def paid_in_ledger(session: Any, scene: factory.Scene, party: str) -> int:
    """What confirmed payments have brought to a party's organisation, from the ledger alone."""
    agreement = scene.agreement(session)
    rows = queries.list_payments(session, agreement_id=agreement.id, state="paid")
    return sum(row.amount_minor for row in rows if row.payee.party == party and row.purpose != "deployment")


def assert_sound(scene: factory.Scene) -> None:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        assert check_ledger(session).sound
        assert verify_agreement(session, agreement=agreement).problem is None
        cash = get_balance_minor(session, book=agreement.book, code="1010", currency="CNY")
        assert cash == compute_supervised_cash(session, book=agreement.book, currency="CNY") == 0
        assert agreement.state == "completed"


def test_missed_milestone_without_cover_pays_creditors_then_private_capital(make: Any) -> None:
    scene = play(make, "failure_without_cover")
    expected = GOLDEN["failure_without_cover"]["exit_paid"]
    with scene.transaction() as session:
        interest = GOLDEN["interest"]["until_2028_09_20"]
        assert paid_in_ledger(session, scene, "bank") == expected["bank"] + interest
        for party in ("centre", "angel", "industrial", "guidance"):
            assert paid_in_ledger(session, scene, party) == expected[party], party
        outside = queries.list_payments(session, agreement_id=scene.agreement(session).id, state="outside")
        assert {row.payee.party: row.amount_minor for row in outside} == {"creditors": expected["creditors"]}
    assert_sound(scene)


def test_hard_failure_pays_insurance_estate_and_pool_in_their_rank(make: Any) -> None:
    scene = play(make, "hard_failure")
    golden = GOLDEN["hard_failure"]
    with scene.transaction() as session:
        totals = settle_agreement(session, agreement=scene.agreement(session))["parties"]
        for party in ("angel", "industrial", "guidance", "pool", "insurer"):
            assert totals[party]["net_minor"] == golden["final"][party], party
        rows = queries.list_payments(session, agreement_id=scene.agreement(session).id, state="paid")
        by_purpose = {(row.purpose, row.payee.party): row.amount_minor for row in rows}
        assert by_purpose["indemnity", "bank"] == golden["indemnity_to_bank"]
        assert by_purpose["indemnity", "project"] == golden["indemnity_to_estate"]
        assert by_purpose["pool_compensation", "bank"] == golden["pool_paid"]
        assert by_purpose["recovery", "pool"] == golden["later_recovery"]["pool"]
    assert_sound(scene)


def test_success_shares_the_sale_with_the_concession_to_the_fen(make: Any) -> None:
    scene = play(make, "success")
    golden = GOLDEN["success"]
    with scene.transaction() as session:
        for party in ("angel", "industrial", "guidance"):
            assert paid_in_ledger(session, scene, party) == golden["out"][party], party
        totals = settle_agreement(session, agreement=scene.agreement(session))["parties"]
        for party, percent in golden["xirr_percent_two_decimals"].items():
            assert f"{float(totals[party]['xirr']) * 100:.2f}" == percent
    assert_sound(scene)


@pytest.mark.parametrize("state", ["kept", "lost"])
def test_engine_state_is_replayed_when_the_cache_is_missing(make: Any, state: str) -> None:
    scene = factory.make_active(make)
    factory.play(scene, scenario_a("success")["events"][:6])
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        before = agreement.engine_state
        if state == "lost":
            agreement.engine_state = None
    factory.play(scene, scenario_a("success")["events"][6:10])
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        assert agreement.engine_state != before
        assert verify_agreement(session, agreement=agreement).problem is None
