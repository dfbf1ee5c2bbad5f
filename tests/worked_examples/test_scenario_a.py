"""Scenario A settles to the fen as its printed figures say, failure first."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from risk.sharing import Engine, joint_pilot, settle
from risk.sharing.arithmetic import IntegerArithmetic
from risk.sharing.blocks import Facility
from risk.sharing.run import Run
from risk.sharing.templates.scenario_a import ENDINGS, parameters, scenario_a

GOLDEN = json.loads((Path(__file__).parent / "data" / "scenario_a.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def settled() -> dict[str, dict[str, Any]]:
    """Return every ending, settled once."""
    return {ending: settle(scenario_a(ending)) for ending in ENDINGS}


def events(result: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the settled events of a kind."""
    return [event for event in result["events"] if event["kind"] == kind]


def paid(event: dict[str, Any]) -> dict[str, int]:
    """Return what each party got at an event."""
    return {party: amount for party, amount in event["flows"].items() if amount > 0}


def paid_within(event: dict[str, Any], clause: str) -> dict[str, int]:
    """Return what each party got in the tiers of a clause and below."""
    got: dict[str, int] = {}
    for tier in event["explanation"]:
        for payment in tier["to"]:
            if payment["clause"].startswith(clause):
                got[payment["party"]] = got.get(payment["party"], 0) + payment["amount_minor"]
    return got


def interest_by_date(result: dict[str, Any]) -> dict[str, int]:
    """Return the interest rounded at each settlement date."""
    return {event["effective_on"]: event["explanation"][0]["amount_minor"] for event in events(result, "interest_due")}


def test_failure_without_cover_pays_debts_then_private_capital(settled: dict[str, dict[str, Any]]) -> None:
    golden, result = GOLDEN["failure_without_cover"], settled["failure_without_cover"]
    (liquidation,) = events(result, "exit")
    assert paid(liquidation) == {party: amount for party, amount in golden["exit_paid"].items() if amount}
    assert result["parties"]["guidance"]["received_minor"] == 0
    assert result["parties"]["founders"]["received_minor"] == 0
    assert golden["exit_paid"]["angel"] + golden["exit_paid"]["industrial"] == golden["residual"]
    assert result["parties"]["pool"]["paid_minor"] == golden["pool_paid"]
    assert result["parties"]["insurer"]["paid_minor"] == golden["insurer_paid"]


def test_subordination_costs_the_public_what_it_would_get_pari_passu() -> None:
    golden = GOLDEN["failure_without_cover"]
    without = parameters()
    del without["guidance"]["subordination_approval"]
    document = scenario_a("failure_without_cover")
    document["terms"] = joint_pilot(without)
    (liquidation,) = events(settle(document), "exit")
    got = paid(liquidation)
    assert {party: got[party] for party in golden["pari_passu"]} == golden["pari_passu"]
    assert got["guidance"] - golden["exit_paid"]["guidance"] == golden["subordination_costs_public"]


def test_interest_is_rounded_each_quarter_alone(settled: dict[str, dict[str, Any]]) -> None:
    golden = GOLDEN["interest"]
    failed, succeeded = (interest_by_date(settled[ending]) for ending in ("hard_failure", "success"))
    assert {on: amount for on, amount in failed.items() if on <= "2028-09-20"} == golden["quarters"]
    assert sum(golden["quarters"].values()) == golden["until_2028_09_20"]
    assert failed["2028-12-20"] == golden["quarter_to_2028_12_20"]
    assert sum(amount for on, amount in succeeded.items() if on > "2028-09-20") == golden["after_step_down"]
    assert sum(succeeded.values()) == golden["success_total"]


def test_the_step_down_saves_what_is_printed() -> None:
    without = parameters()
    del without["bank"]["step_down"]
    document = scenario_a("success")
    document["terms"] = joint_pilot(without)
    dearer = sum(interest_by_date(settle(document)).values())
    assert dearer - GOLDEN["interest"]["success_total"] == GOLDEN["interest"]["step_down_saves"]


def test_hard_failure_follows_the_legal_channels_in_rank(settled: dict[str, dict[str, Any]]) -> None:
    golden, result = GOLDEN["hard_failure"], settled["hard_failure"]
    collateral, later = events(result, "recovery")
    (indemnity,) = events(result, "insurance_recovery")
    (liquidation,) = events(result, "exit")
    (compensation,) = events(result, "pool_compensation")
    assert paid(collateral) == {"bank": golden["collateral_net"]}
    assert -indemnity["flows"]["insurer"] == golden["indemnity"]
    assert indemnity["flows"]["bank"] == golden["indemnity_to_bank"]
    assert indemnity["balances"]["estate"] == golden["indemnity_to_estate"]
    assert indemnity["balances"]["principal:loan"] == golden["bank_unsecured"]
    ordinary = paid_within(liquidation, "programs.exit.when.then.seq[1]")
    assert ordinary == golden["estate_paid"]
    assert sum(ordinary.values()) == golden["estate_for_claims"]
    assert liquidation["balances"]["net_principal_loss:loan"] == golden["net_principal_loss"]
    assert compensation["flows"] == {"bank": golden["pool_paid"], "pool": -golden["pool_paid"]}
    assert compensation["balances"]["loss_borne:loan:bank"] == golden["bank_bears"]
    assert paid(later) == {party: golden["later_recovery"][party] for party in ("bank", "pool")}
    assert sum(paid(later).values()) == golden["later_recovery"]["net"]


def test_hard_failure_ends_with_the_printed_losses(settled: dict[str, dict[str, Any]]) -> None:
    golden, result = GOLDEN["hard_failure"], settled["hard_failure"]
    parties = result["parties"]
    assert {party: parties[party]["net_minor"] for party in golden["final"]} == golden["final"]
    # What the bank lost of its claim is its net principal; interest was received in full.
    assert -parties["bank"]["loss_borne_minor"] == golden["bank_of_its_claim"]
    claim = GOLDEN["interest"]["quarter_to_2028_12_20"] + 500_000_000
    got_after_default = parties["bank"]["received_minor"] - golden["bank_interest_received_earlier"]
    assert got_after_default - claim == golden["bank_of_its_claim"]
    assert parties["centre"]["received_minor"] - 40_000_000 == golden["centre_of_its_claim"]


def test_a_pool_on_gross_principal_would_pay_too_much() -> None:
    document = scenario_a("hard_failure")
    terms = copy.deepcopy(document["terms"])
    terms["programs"]["recoveries"]["recover"]["pool"]["layer"]["loss"] = {"amount_minor": 500_000_000}
    engine = Engine(terms)
    state = engine.open()
    for event in document["events"]:
        if event["kind"] == "pool_compensation":
            break
        state = engine.apply(state, event).state
    assert engine.model.recoveries is not None
    pool = engine.model.recoveries.channels["pool"]
    assert isinstance(pool, Facility)
    assert state.last_date is not None
    gross = pool.layer.value(Run(engine.model, IntegerArithmetic(), state, state.last_date))
    assert gross - GOLDEN["hard_failure"]["pool_paid"] == GOLDEN["hard_failure"]["pool_on_gross_principal_too_much"]


def test_success_shares_the_sale_as_printed(settled: dict[str, dict[str, Any]]) -> None:
    golden, result = GOLDEN["success"], settled["success"]
    (sale,) = events(result, "exit")
    assert paid(sale) == golden["out"]
    assert sum(golden["out"].values()) == golden["sale"]
    before = "programs.exit.when.else.seq"
    preference = paid_within(sale, f"{before}[3]")
    assert {
        "guidance" if party.startswith("pot:") else party: amount for party, amount in preference.items()
    } == golden["preference"]
    assert sum(preference.values()) == golden["preference_total"] == sum(golden["preference_by_call"])
    rest = paid_within(sale, f"{before}[4]")
    assert sum(rest.values()) == golden["rest"]
    assert golden["rest"] - rest["founders"] == golden["investors_share"]
    assert {party: rest[party] for party in golden["share"]} == golden["share"]
    part = paid_within(sale, "pots.guidance-sale")
    assert sum(part.values()) == golden["guidance_before_concession"]
    assert result["parties"]["guidance"]["gain_conceded_minor"] == golden["concession"]["given"]
    conceded = paid_within(sale, "pots.guidance-sale.program.seq[2]")
    assert conceded == {party: golden["concession"][party] for party in ("angel", "industrial")}


def test_success_ends_with_the_printed_totals_and_rates(settled: dict[str, dict[str, Any]]) -> None:
    golden, parties = GOLDEN["success"], settled["success"]["parties"]
    assert {party: parties[party]["net_minor"] for party in golden["totals"]} == golden["totals"]
    assert parties["centre"]["received_minor"] == golden["centre_fee"]
    for party, percent in golden["xirr_percent_two_decimals"].items():
        assert f"{float(parties[party]['xirr']) * 100:.2f}" == percent


def test_without_the_conditions_nothing_is_conceded() -> None:
    document = scenario_a("success")
    sale = next(event for event in document["events"] if event["kind"] == "exit")
    sale["body"]["flags"] = {"early-stage": True, "concession-approved": False}
    result = settle(document)
    assert result["parties"]["guidance"]["received_minor"] == GOLDEN["success"]["guidance_before_concession"]
    assert result["parties"]["guidance"]["gain_conceded_minor"] == 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_entry_and_the_trial_balance_are_zero(settled: dict[str, dict[str, Any]], ending: str) -> None:
    result = settled[ending]
    for event in result["events"]:
        assert sum(posting["amount_minor"] for posting in event["postings"]) == 0
    assert result["trial_balance_minor"] == 0
    assert set(result["memo_pairs_minor"].values()) == {0}
    for code in ("1010", "1110:angel", "1120", "1140", "1510", "2030", "5010", "5020"):
        assert result["accounts"].get(code, 0) == 0, code
    assert result["status"] == "closed"


@pytest.mark.parametrize("ending", ENDINGS)
def test_both_views_of_the_loss_agree(settled: dict[str, dict[str, Any]], ending: str) -> None:
    parties = settled[ending]["parties"]
    for party in ("angel", "industrial", "guidance"):
        assert parties[party]["loss_borne_minor"] == parties[party]["capital_not_returned_minor"]
    if ending == "hard_failure":
        final = settled[ending]["events"][-1]["balances"]
        for party in ("bank", "pool"):
            assert parties[party]["loss_borne_minor"] == final[f"loss_borne:loan:{party}"]
