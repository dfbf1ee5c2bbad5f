"""Fund first, equity later where it fails: what counts as a failure, what a sale is not, and what is lost."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from risk.sharing import Engine, EventError, Outcome, fund_first, settle
from tests.worked_examples.fund_first_story import (
    GOLDEN,
    GRANT,
    Json,
    conversion,
    drawn,
    parameters,
    row,
    story_lost,
)

WHOLE = {"ineligible_minor": 0, "unspent_minor": 0}


def after(events: list[Json], engine: Engine | None = None) -> tuple[Engine, Any]:
    engine = engine or Engine(fund_first(parameters()))
    state = engine.open()
    for place, event in enumerate(events):
        state = engine.apply(state, {**event, "id": f"e{place}"}).state
    return engine, state


def refused(engine: Engine, state: Any, event: Json) -> EventError:
    before = state.to_json()
    with pytest.raises(EventError) as refusal:
        engine.apply(state, {**event, "id": "refused"})
    assert state.to_json() == before
    return refusal.value


def audit(on: str, eligible: int, **rest: int) -> Json:
    return row(on, "grant_audit", instrument=GRANT, **{"eligible_minor": eligible, **WHOLE, **rest})


def is_exempted(outcome: Outcome) -> bool:
    values = outcome.state.values
    return values[f"grant:{GRANT}"] == 0 and values[f"grant_exempted:{GRANT}"] == 600_000_000


def until(kind: str) -> list[Json]:
    story = story_lost()
    return story[: next(place for place, event in enumerate(story) if event["kind"] == kind)]


def test_what_is_owed_and_not_written_off_keeps_the_agreement_open() -> None:
    engine, state = after(until("write_off"))
    assert refused(engine, state, row("2028-01-20", "close")).code == "not_settled"
    written = engine.apply(state, row("2028-01-20", "write_off"))
    assert engine.apply(written.state, row("2028-01-20", "close")).state.status == "closed"
    assert refused(engine, written.state, row("2028-01-20", "write_off")).code == "already_written_off"


def test_late_proceeds_still_go_to_the_claim_first_and_take_the_loss_back() -> None:
    golden = GOLDEN["lost"]
    late = golden["late"]
    events = [*until("close"), row("2028-01-25", "exit", kind="liquidation", proceeds_minor=late["proceeds_minor"])]
    result = settle({"terms": fund_first(parameters()), "events": [*events, row("2028-01-31", "close")]})
    second = result["events"][-2]
    assert second["flows"] == late["paid"]
    assert not {f"grant_due:{GRANT}", f"grant_lost:{GRANT}"} & set(second["balances"])
    assert result["parties"]["guidance"]["loss_borne_minor"] == late["loss_borne_minor"]
    assert result["trial_balance_minor"] == 0
    assert not [key for key, amount in result["accounts"].items()
                if amount and key.split(":")[0] in ("3015", "1160", "1510", "5010", "5020")]  # fmt: skip


def test_a_part_that_comes_in_late_takes_back_a_part_of_the_loss() -> None:
    engine, state = after([*until("close"), row("2028-01-25", "exit", kind="liquidation", proceeds_minor=2_425_488)])
    balances = engine.balances(state)
    assert balances[f"grant_due:{GRANT}"] == balances[f"grant_lost:{GRANT}"] == 10_000_000
    assert state.accounts.get("3015:guidance", 0) == state.accounts.get("1160:project", 0) == 0
    assert engine.apply(state, row("2028-01-31", "close")).state.status == "closed"


def test_a_write_off_at_a_default_leaves_the_debt_and_a_second_one_follows_the_liquidation() -> None:
    story = until("write_off")
    before, liquidation = story[:-1], story[-1]
    default = [row("2027-11-20", "loss_event", kind="default"), row("2027-11-21", "write_off")]
    engine, state = after([*before, *default])
    assert engine.balances(state)[f"grant_due:{GRANT}"] == GOLDEN["lost"]["still_due_minor"]
    assert f"grant_lost:{GRANT}" not in engine.balances(state)
    assert refused(engine, state, row("2027-11-22", "write_off")).code == "already_written_off"
    engine, state = after([*before, *default, liquidation, row("2028-01-15", "write_off")])
    assert engine.balances(state)[f"grant_lost:{GRANT}"] == GOLDEN["lost"]["lost_minor"]
    assert engine.apply(state, row("2028-01-31", "close")).state.status == "closed"


def test_a_company_that_was_sold_still_owes_what_is_to_be_repaid() -> None:
    story = [*until("exit"), row("2027-12-20", "exit", kind="trade_sale", proceeds_minor=0)]
    engine, state = after([*story, row("2028-01-15", "write_off")])
    assert engine.balances(state)[f"grant_due:{GRANT}"] == GOLDEN["lost"]["still_due_minor"]
    assert f"grant_lost:{GRANT}" not in engine.balances(state)
    assert refused(engine, state, row("2028-01-31", "close")).code == "not_settled"
    repaid = row("2028-01-20", "distribution", source="project", collect=[f"grant_due:{GRANT}"])
    state = engine.apply(state, repaid).state
    assert engine.apply(state, row("2028-01-31", "close")).state.status == "closed"


def missed(result: str) -> list[Json]:
    return [*drawn("T1"), row("2027-09-10", "milestone", milestone="M1", result="fail"),
            row("2027-12-10", "milestone", milestone="M1", result=result)]  # fmt: skip


@pytest.mark.parametrize("result", ["pass", "conditional"])
def test_a_milestone_that_failed_counts_until_a_later_result_of_it(result: str) -> None:
    engine, state = after([*missed(result)[:-1], audit("2027-10-01", 600_000_000)])
    close = row("2028-02-01", "grant_close", instrument=GRANT)
    assert is_exempted(engine.apply(state, close))
    engine, state = after([*missed(result), audit("2028-01-10", 600_000_000)])
    assert refused(engine, state, close).code == "no_failure"
    back = row("2030-01-01", "grant_return", instrument=GRANT)
    assert engine.apply(state, back).balances[f"grant_due:{GRANT}"] == 600_000_000


def test_a_milestone_that_failed_again_counts_again_and_another_one_counts_by_itself() -> None:
    for more in (
        [row("2028-01-05", "milestone", milestone="M1", result="fail")],
        [row("2028-01-05", "milestone", milestone="M2", result="fail")],
    ):
        engine, state = after([*missed("partial"), *more, audit("2028-01-10", 600_000_000)])
        assert refused(engine, state, row("2030-01-01", "grant_return", instrument=GRANT)).code == "failure_recorded"
        assert is_exempted(engine.apply(state, row("2028-02-01", "grant_close", instrument=GRANT)))


def test_a_failed_test_stays_on_record_whatever_a_milestone_does() -> None:
    events = [*missed("pass"), row("2028-01-05", "loss_event", kind="test_failure"), audit("2028-01-10", 600_000_000)]
    engine, state = after(events)
    assert is_exempted(engine.apply(state, row("2028-02-01", "grant_close", instrument=GRANT)))


def test_a_sale_waits_for_a_call_on_the_grant_that_is_unpaid() -> None:
    called = drawn("T1", "T2")[:-1]
    engine, state = after([*called, conversion(on="2028-01-05", amount_minor=600_000_000)])
    sale = row("2028-02-01", "exit", kind="trade_sale", proceeds_minor=18_000_000_000)
    assert refused(engine, state, sale).code == "grant_call_unpaid"
    engine, state = after([*drawn("T1", "T2"), conversion(on="2028-01-05")])
    assert engine.apply(state, sale).state.flags["sold"]


def test_a_sale_is_no_failure() -> None:
    # A state stored before a sale waited for the call: the company is sold and the grant is open.
    engine, state = after([*drawn("T1"), audit("2027-12-01", 600_000_000)])
    sold = dataclasses.replace(state, flags={**state.flags, "exited": True, "sold": True})
    close = row("2028-02-01", "grant_close", instrument=GRANT)
    assert refused(engine, sold, close).code == "no_failure"
    liquidated = dataclasses.replace(state, flags={**state.flags, "exited": True})
    assert is_exempted(engine.apply(liquidated, close))


@pytest.mark.parametrize("kind", ["trade_sale", "liquidation"])
def test_nothing_of_a_grant_is_called_after_an_exit(kind: str) -> None:
    passed = row("2027-09-30", "milestone", milestone="M1", result="pass")
    ended = [
        conversion(on="2027-12-01", amount_minor=600_000_000),
        row("2028-01-05", "exit", kind=kind, proceeds_minor=1),
    ]
    engine, state = after([*drawn("T1"), passed, *ended])
    assert refused(engine, state, row("2028-02-01", "drawdown_call", tranche="T2")).code == "already_exited"


def test_an_audit_covers_what_was_open_and_nothing_drawn_later() -> None:
    part = row("2027-02-16", "drawdown_paid", tranche="T1", instrument=GRANT, amount_minor=400_000_000)
    failed = row("2027-05-01", "loss_event", kind="test_failure")
    close = row("2028-02-01", "grant_close", instrument=GRANT)
    more = drawn("T1", "T2")[3:]
    engine, state = after([*drawn("T1")[:2], part, failed, audit("2027-06-01", 400_000_000),
                           {**close, "effective_on": "2027-06-10"}, *more])  # fmt: skip
    # As much is open again as was audited and closed before, and none of it is audited.
    assert engine.balances(state)[f"grant:{GRANT}"] == 400_000_000
    assert refused(engine, state, close).code == "audit_missing"
    back = row("2027-06-05", "grant_return", instrument=GRANT, early=True, amount_minor=100_000_000)
    rest = row("2027-06-06", "drawdown_paid", tranche="T1", instrument=GRANT, amount_minor=100_000_000)
    engine, state = after([*drawn("T1")[:2], part, audit("2027-06-01", 400_000_000), back, rest,
                           {**failed, "effective_on": "2027-06-10"}])  # fmt: skip
    assert engine.balances(state)[f"grant:{GRANT}"] == 400_000_000
    assert refused(engine, state, close).code == "audit_missing"


def test_the_refusal_of_the_largest_holder_names_the_most_that_converts() -> None:
    engine, state = after(drawn("T1", "T2"))
    refusal = refused(engine, state, conversion(largest_other_shares=1_000_000))
    # 999,999 shares at 5.7272... yuan: less than a million of them, to the fen.
    most = refusal.details["largest_minor"]
    assert (refusal.code, most) == ("largest_holder", -(-1_000_000 * 63 * 10**8 // (11 * 10**6)) - 1)
    fits = engine.apply(state, conversion(largest_other_shares=1_000_000, amount_minor=most))
    assert fits.balances["shares:guidance"] == 999_999
    assert refused(engine, state, conversion(largest_other_shares=1_000_000, amount_minor=most + 1))
