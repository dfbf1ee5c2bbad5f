"""Applying events: refusals change nothing, repeats do nothing, reversals restore, replay is deterministic."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.sharing import AmountError, Engine, EventError, event_hash, settle, terms_hash
from risk.sharing.state import State
from risk.sharing.templates.scenario_a import ENDINGS, scenario_a, scenario_a_terms
from tests.reference.sharing_generator import Generator

Json = dict[str, Any]


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Return the engine of scenario A's terms."""
    return Engine(scenario_a_terms())


def state_before(engine: Engine, ending: str, kind: str) -> State:
    """Return the state before the first event of a kind in an ending of scenario A."""
    state = engine.open()
    for event in scenario_a(ending)["events"]:
        if event["kind"] == kind:
            break
        state = engine.apply(state, event).state
    return state


def event(kind: str, on: str, /, **body: Any) -> Json:
    """Return an event."""
    return {"id": f"test-{kind}", "kind": kind, "effective_on": on, "body": body}


REFUSALS: list[tuple[str, str, Json, str]] = [
    ("success", "exit", event("exit", "2030-06-30", kind="trade_sale", proceeds_minor=-1), "negative_amount"),
    ("success", "exit", event("exit", "2030-06-30", kind="trade_sale", proceeds_minor=10**16), "amount_too_large"),
    ("success", "exit", event("exit", "2030-06-30", kind="trade_sale", proceeds_minor=1.5), "float_in_amount"),
    ("success", "exit", event("exit", "2030-06-30", kind="trade_sale", proceeds_minor="1"), "amount_not_integer"),
    ("success", "exit", event("exit", "2030-06-30", kind="gift", proceeds_minor=1), "not_allowed"),
    ("success", "exit", event("exit", "2030-06-30", proceeds_minor=1), "missing_key"),
    ("success", "exit", event("exit", "2030-06-30", kind="trade_sale", proceeds_minor=1, x=1), "unknown_key"),
    ("success", "exit", event("exit", "2020-06-30", kind="trade_sale", proceeds_minor=1), "date_before_last_event"),
    ("success", "exit", event("exit", "2030-02-30", kind="trade_sale", proceeds_minor=1), "bad_date"),
    ("success", "exit", event("exit", "2030-06-30", kind="trade_sale", proceeds_minor=1, claims={"success-fee": 1}),
     "claim_is_fixed"),
    ("success", "exit", event("exit", "2030-06-30", kind="trade_sale", proceeds_minor=1, flags={"nobody": True}),
     "unknown_flag"),
    ("success", "exit", event("nonsense", "2030-06-30"), "unknown_kind"),
    ("success", "exit", event("milestone", "2030-06-30", milestone="M3", result="pass"), "milestone_already_passed"),
    ("success", "exit", event("activate", "2030-06-30"), "already_active"),
    ("success", "exit", event("write_off", "2030-06-30"), "no_default"),
    ("success", "exit", event("pool_compensation", "2030-06-30"), "no_default"),
    ("success", "exit", event("interest_due", "2030-06-30", instrument="loan"), "not_an_interest_date"),
    ("success", "exit", event("interest_due", "2030-06-20", instrument="loan", amount_minor=1), "interest_differs"),
    ("success", "exit", event("distribution", "2030-06-30", source="revenue", amount_minor=1), "more_than_reported"),
    ("success", "exit", event("distribution", "2030-06-30", source="project", collect=["capital:angel"]),
     "unknown_balance"),
    ("success", "exit", event("distribution", "2030-06-30", source="project"), "one_amount"),
    ("success", "exit", event("revenue_report", "2030-06-30", period={"from": "2030-01-01", "to": "2030-03-31"},
                              base_minor=5, due_minor=6), "due_above_base"),
    ("success", "exit", event("revenue_report", "2030-06-30", period={"from": "2030-01-01", "to": "2030-12-31"},
                              base_minor=5, due_minor=5), "bad_period"),
    ("success", "exit", event("loss_event", "2030-06-30", kind="cost_overrun", amount_minor=10**12),
     "loss_above_exposure"),
    ("success", "exit", event("recovery", "2030-06-30", channel="later", proceeds_minor=1), "before_compensation"),
    ("success", "exit", event("recovery", "2030-06-30", channel="estate", proceeds_minor=1), "channel_missing"),
    ("success", "exit", event("recovery", "2030-06-30", channel="collateral", proceeds_minor=1, costs_minor=2),
     "costs_above_proceeds"),
    ("success", "exit", event("insurance_recovery", "2030-06-30", policy="policy"), "metric_missing"),
    ("success", "exit", event("insurance_recovery", "2030-06-30", policy="policy", paid_minor=1,
                              metrics={"accepted_spend": 840_000_000}), "indemnity_differs"),
    ("success", "exit", event("premium_paid", "2030-06-30", policy="policy"), "already_paid"),
    ("success", "exit", event("drawdown_call", "2030-06-30", tranche="T1"), "already_called"),
    ("success", "exit", event("drawdown_paid", "2030-06-30", tranche="T1", instrument="loan"), "unknown_instrument"),
    ("success", "drawdown_call", event("drawdown_call", "2027-01-15", tranche="T2"), "condition_precedent_open"),
    ("success", "drawdown_paid", event("drawdown_paid", "2027-01-15", tranche="T1", instrument="angel-equity",
                                       amount_minor=80_000_001), "more_than_called"),
    ("success", "drawdown_paid", event("close", "2027-01-15"), "not_settled"),
    ("success", "activate", event("milestone", "2027-01-15", milestone="M0", result="pass"), "not_active"),
    ("hard_failure", "write_off", event("exit", "2028-12-31", kind="liquidation", proceeds_minor=1),
     "after_compensation"),
    ("hard_failure", "write_off", event("recovery", "2028-12-31", channel="collateral", proceeds_minor=1),
     "after_compensation"),
    ("hard_failure", "write_off", event("pool_compensation", "2028-12-31"), "after_compensation"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "before", "bad", "code"), REFUSALS, ids=[f"{row[3]}-{row[2]['kind']}" for row in REFUSALS]
)
def test_a_refused_event_names_its_rule_and_changes_nothing(
    engine: Engine, ending: str, before: str, bad: Json, code: str
) -> None:
    state = state_before(engine, ending, before)
    written, given_event = state.to_json(), copy.deepcopy(bad)
    with pytest.raises((EventError, AmountError)) as refusal:
        engine.apply(state, bad)
    assert refusal.value.code == code
    assert refusal.value.message.endswith(".")
    assert state.to_json() == written
    assert bad == given_event


def test_a_sale_is_final_but_a_liquidation_may_be_shared_out_in_several_distributions(engine: Engine) -> None:
    sold = engine.open()
    for row in scenario_a("success")["events"][:-1]:
        sold = engine.apply(sold, row).state
    for kind in ("trade_sale", "liquidation"):
        with pytest.raises(EventError) as refusal:
            engine.apply(sold, event("exit", "2030-07-01", kind=kind, proceeds_minor=1))
        assert refusal.value.code == "already_exited"
    liquidated = state_before(engine, "failure_without_cover", "write_off")
    later = engine.apply(liquidated, event("exit", "2028-12-30", kind="liquidation", proceeds_minor=700))
    assert later.flows == {"angel": 200, "industrial": 500}


def test_an_applied_event_leaves_the_earlier_state_alone(engine: Engine) -> None:
    state = engine.open()
    for row in scenario_a("hard_failure")["events"]:
        written = state.to_json()
        after = engine.apply(state, row).state
        assert state.to_json() == written
        state = after


def test_nothing_follows_a_closed_agreement(engine: Engine) -> None:
    state = engine.open()
    for row in scenario_a("success")["events"]:
        state = engine.apply(state, row).state
    with pytest.raises(EventError) as refusal:
        engine.apply(state, event("write_off", "2031-01-01"))
    assert refusal.value.code == "agreement_closed"


def test_the_same_event_again_changes_nothing_and_another_body_is_refused(engine: Engine) -> None:
    state, hashes = engine.open(), {}
    for row in scenario_a("hard_failure")["events"]:
        outcome = engine.apply(state, row)
        state, hashes[row["id"]] = outcome.state, outcome.hash
        again = engine.apply(state, row)
        assert again.repeated
        assert again.hash == outcome.hash
        assert again.state is state
        assert again.postings == []
    first = scenario_a("hard_failure")["events"][0]
    assert engine.apply(state, first).hash == hashes[first["id"]]
    other = {**row, "effective_on": "2030-01-01"}
    with pytest.raises(EventError) as refusal:
        engine.apply(state, other)
    assert refusal.value.code == "event_id_reused"


@pytest.mark.parametrize("ending", ENDINGS)
def test_reversing_backwards_restores_every_balance_and_counter(engine: Engine, ending: str) -> None:
    rows = [row for row in scenario_a(ending)["events"] if row["kind"] != "close"]
    states, entries = [engine.open()], []
    for row in rows:
        outcome = engine.apply(states[-1], row)
        states.append(outcome.state)
        entries.append(outcome)
    state = states[-1]
    for place in range(len(rows) - 1, -1, -1):
        undo = {"id": f"undo-{place}", "kind": "reversal", "effective_on": rows[-1]["effective_on"],
                "body": {"target": rows[place]["id"]}}  # fmt: skip
        outcome = engine.apply(state, undo)
        assert outcome.state.core() == states[place].core()
        assert outcome.postings == [(code, party, -amount) for code, party, amount in entries[place].postings]
        state = outcome.state
    # What was undone can be entered again, under its own date and a new id.
    again = {**rows[0], "id": "again"}
    assert engine.apply(state, again).state.core() == states[1].core()


def test_only_the_last_standing_event_can_be_reversed(engine: Engine) -> None:
    state = state_before(engine, "success", "exit")
    undo = event("reversal", "2030-06-30", target="A-05-drawdown_paid")
    with pytest.raises(EventError) as refusal:
        engine.apply(state, undo)
    assert refusal.value.code == "not_the_last_event"
    assert refusal.value.details["last"] == "A-41-distribution"


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_random_agreements_reverse_and_replay_alike(seed: int) -> None:
    agreement = Generator(seed).agreement()
    engine = Engine(agreement.terms)
    state, before = engine.open(), engine.open()
    applied = []
    for row in agreement.log(0):
        try:
            after = engine.apply(state, row).state
        except AmountError:
            break
        before, state = state, after
        applied.append(row)
    undo = {"id": "undo", "kind": "reversal", "effective_on": applied[-1]["effective_on"],
            "body": {"target": applied[-1]["id"]}}  # fmt: skip
    assert engine.apply(state, undo).state.core() == before.core()
    replayed = engine.open()
    for row in applied:
        replayed = engine.apply(replayed, row).state
    assert replayed.to_json() == state.to_json()
    assert engine.load(state.to_json()) == state


def test_replay_gives_the_same_bytes_in_other_processes() -> None:
    program = (
        "import json, hashlib; from risk.sharing import settle;"
        "from risk.sharing.templates.scenario_a import scenario_a, ENDINGS;"
        "text = json.dumps([settle(scenario_a(ending)) for ending in ENDINGS], ensure_ascii=False);"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    here = json.dumps([settle(scenario_a(ending)) for ending in ENDINGS], ensure_ascii=False)
    digests = {hashlib.sha256(here.encode()).hexdigest()}
    for seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                                env=environment)  # fmt: skip
        digests.add(result.stdout.strip())
    assert len(digests) == 1


def test_hashes_depend_on_every_byte_and_on_what_came_before() -> None:
    terms = scenario_a_terms()
    other = copy.deepcopy(terms)
    other["programs"]["exit"]["when"]["else"]["seq"][0]["cap"]["then"]["to"]["rank"] = 2
    row = event("activate", "2027-01-10")
    digests = {
        terms_hash(terms), terms_hash(other), terms_hash(terms, "0" * 64), event_hash(row, terms_hash(terms)),
        event_hash(row, terms_hash(other)), event_hash(row, terms_hash(terms), "0" * 64),
        event_hash({**row, "id": "x"}, terms_hash(terms)),
    }  # fmt: skip
    assert len(digests) == 7
    shuffled = dict(reversed(list(terms.items())))
    assert terms_hash(shuffled) == terms_hash(terms)


def test_a_state_of_other_terms_or_a_broken_one_is_refused(engine: Engine) -> None:
    other = scenario_a_terms()
    other["title"] = {"zh": "另一协议", "en": "Another agreement"}
    for text, code in ((Engine(other).open().to_json(), "other_terms"), ("{}", "bad_state"), ("no", "bad_state")):
        with pytest.raises(EventError) as refusal:
            engine.load(text)
        assert refusal.value.code == code


def test_settling_a_log_names_the_event_that_is_refused() -> None:
    document = scenario_a("success")
    document["events"][5]["body"]["amount_minor"] = 10**15
    with pytest.raises(EventError) as refusal:
        settle(document)
    assert refusal.value.field == "events[5].body.amount_minor"
    assert refusal.value.details["id"] == document["events"][5]["id"]


def test_a_provision_is_used_up_by_the_write_off(engine: Engine) -> None:
    state = state_before(engine, "failure_without_cover", "exit")
    loss = engine.apply(state, event("loss_event", "2028-12-20", kind="test_failure", amount_minor=300_000_000))
    assert loss.postings == [("5010", None, 300_000_000), ("1510", None, -300_000_000)]
    state = loss.state
    for row in scenario_a("failure_without_cover")["events"][-3:]:
        state = engine.apply(state, row).state
    assert {state.accounts.get(code, 0) for code in ("1510", "5010", "5020")} == {0}
    assert state.accounts["3040:guidance"] == 400_000_000
