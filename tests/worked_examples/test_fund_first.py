"""Fund first, equity later (先投后股) to the fen: converted and sold; failed and exempted; partly repaid; partly lost.

Every figure is invented; what is expected stands in data/fund_first.json, which was written before the code.
"""

from __future__ import annotations

from typing import Any

import pytest

from risk.sharing import Engine, EventError, TermsError, describe_terms, fund_first, settle
from risk.sharing.journal import MEMO_PAIRS
from tests.reference.sharing import Reference
from tests.worked_examples.fund_first_story import (
    ABOVE,
    GOLDEN,
    GRANT,
    STORIES,
    Json,
    conversion,
    parameters,
    row,
)


@pytest.fixture(scope="module")
def settled() -> dict[str, Json]:
    terms = fund_first(parameters())
    return {name: settle({"terms": terms, "events": story()}) for name, story in STORIES.items()}


def event_of(result: Json, kind: str, place: int = 0) -> Json:
    return [event for event in result["events"] if event["kind"] == kind][place]


def nets(event: Json) -> dict[str, int]:
    found: dict[str, int] = {}
    for posting in event["postings"]:
        key = posting["code"] + (f":{posting['party']}" if posting["party"] else "")
        found[key] = found.get(key, 0) + posting["amount_minor"]
    return {key: amount for key, amount in found.items() if amount}


def state_before(kind: str, story: list[Json]) -> tuple[Engine, Any, Json]:
    engine = Engine(fund_first(parameters()))
    state = engine.open()
    for event in story:
        if event["kind"] == kind:
            return engine, state, event
        state = engine.apply(state, event).state
    raise AssertionError(kind)


def test_paid_money_is_a_grant_and_no_capital(settled: dict[str, Json]) -> None:
    last = event_of(settled["converted"], "drawdown_paid", 1)
    assert last["balances"][f"grant:{GRANT}"] == GOLDEN["terms"]["commitment_minor"]
    assert "capital:guidance" not in last["balances"]
    assert nets(event_of(settled["converted"], "drawdown_call")) == {
        "1110:guidance": 600_000_000, "3015:guidance": -600_000_000,
        "9011:guidance": 600_000_000, "9010:guidance": -600_000_000,
    }  # fmt: skip


def test_it_converts_at_nine_tenths_of_the_price_and_shares_in_the_sale(settled: dict[str, Json]) -> None:
    golden, result = GOLDEN["converted"], settled["converted"]
    converted, sale = event_of(result, "conversion"), event_of(result, "exit")
    assert nets(converted) == golden["conversion_postings"]
    assert converted["flows"] == {}
    balances = converted["balances"]
    assert balances["shares:guidance"] == golden["shares"]
    assert balances["shares:shareholders"] == golden["others_shares"]
    assert golden["shares"] + golden["others_shares"] == golden["total_shares"]
    assert golden["shares"] * 10**6 // golden["total_shares"] == golden["holding_millionths"]
    assert sale["flows"] == golden["sale_paid"]
    assert sum(sale["flows"].values()) == golden["sale"]["proceeds_minor"]
    assert sale["balances"]["gain:guidance"] == golden["guidance_gain_minor"]
    assert result["parties"]["guidance"]["capital_not_returned_minor"] == 0


def test_an_honest_failure_returns_what_is_unspent_and_is_closed(settled: dict[str, Json]) -> None:
    golden, result = GOLDEN["failed"], settled["failed"]
    assert nets(event_of(result, "grant_audit")) == golden["audit_postings"]
    returned = event_of(result, "distribution")
    assert returned["flows"] == {"guidance": golden["returned_minor"], "project": -golden["returned_minor"]}
    assert nets(event_of(result, "grant_close")) == golden["close_nets"]
    assert result["parties"]["guidance"]["loss_borne_minor"] == golden["loss_borne_minor"]
    assert result["parties"]["guidance"]["net_minor"] == golden["guidance_net_minor"]
    assert event_of(result, "exit")["flows"] == golden["liquidation_paid"]
    for account in ("3015:guidance", "3010:guidance", "1160:project", "1510", "5010"):
        assert account not in {key for key, amount in result["accounts"].items() if amount}


def test_what_was_spent_ineligibly_is_owed_by_the_team(settled: dict[str, Json]) -> None:
    golden, result = GOLDEN["ineligible"], settled["ineligible"]
    audit, repaid = event_of(result, "grant_audit"), event_of(result, "distribution")
    assert audit["balances"][f"grant_due:{GRANT}"] == golden["due_minor"]
    assert nets(audit)["1160:project"] == golden["due_minor"]
    assert repaid["balances"][f"grant_due:{GRANT}"] == golden["still_due_minor"]
    assert event_of(result, "exit")["flows"] == golden["liquidation_paid"]
    assert result["parties"]["guidance"]["net_minor"] == golden["guidance_net_minor"]
    assert result["parties"]["guidance"]["loss_borne_minor"] == golden["loss_borne_minor"]


def test_what_a_liquidation_does_not_repay_is_the_funders_loss(settled: dict[str, Json]) -> None:
    golden, result = GOLDEN["lost"], settled["lost"]
    liquidation, written_off = event_of(result, "exit"), event_of(result, "write_off")
    assert liquidation["flows"] == golden["liquidation_paid"]
    assert liquidation["balances"][f"grant_due:{GRANT}"] == golden["lost_minor"]
    assert f"grant_lost:{GRANT}" not in liquidation["balances"]
    assert nets(written_off) == golden["write_off_nets"]
    assert written_off["balances"][f"grant_lost:{GRANT}"] == golden["lost_minor"]
    assert [tier["amount_minor"] for tier in written_off["explanation"]] == [golden["lost_minor"]]
    guidance = result["parties"]["guidance"]
    assert (guidance["loss_borne_minor"], guidance["net_minor"]) == (
        golden["loss_borne_minor"], golden["guidance_net_minor"],
    )  # fmt: skip
    assert guidance["loss_borne_minor"] == -guidance["net_minor"]
    for account in ("3015:guidance", "3010:guidance", "1160:project", "1510", "5010", "5020"):
        assert account not in {key for key, amount in result["accounts"].items() if amount}


@pytest.mark.parametrize("name", STORIES)
def test_every_entry_balances_and_the_agreement_closes(settled: dict[str, Json], name: str) -> None:
    result = settled[name]
    assert result["status"] == "closed"
    assert result["trial_balance_minor"] == 0
    for event in result["events"]:
        assert sum(posting["amount_minor"] for posting in event["postings"]) == 0
        for pair in MEMO_PAIRS:
            assert sum(row["amount_minor"] for row in event["postings"] if row["code"] in pair) == 0


@pytest.mark.parametrize("name", STORIES)
def test_the_independent_evaluator_finds_the_same(name: str) -> None:
    terms = fund_first(parameters())
    engine, reference = Engine(terms), Reference(terms)
    state = engine.open()
    for event in STORIES[name]():
        outcome = engine.apply(state, event)
        assert reference.apply(event) == outcome.flows
        assert {key: value for key in engine.balances(outcome.state) if (value := reference.balance(key))} == (
            engine.balances(outcome.state)
        )
        state = outcome.state
    assert engine.load(state.to_json()) == state


@pytest.mark.parametrize(("name", "kind"), [
    ("converted", "conversion"), ("failed", "grant_audit"), ("failed", "grant_close"), ("failed", "distribution"),
    ("lost", "write_off"),
])  # fmt: skip
def test_a_repeat_changes_nothing_another_body_is_refused_and_a_reversal_restores(name: str, kind: str) -> None:
    engine, before, event = state_before(kind, STORIES[name]())
    once = engine.apply(before, event)
    again = engine.apply(once.state, event)
    assert again.repeated
    assert again.state == once.state
    with pytest.raises(EventError) as refusal:
        engine.apply(once.state, {**event, "body": {**event["body"], "evidence": "x"}})
    assert refusal.value.code in ("event_id_reused", "unknown_key")
    undone = engine.apply(once.state, row("2031-12-01", "reversal", target=event["id"], reason="wrong"))
    assert undone.state.core() == before.core()
    assert sorted(undone.postings) == sorted((code, party, -amount) for code, party, amount in once.postings)


@pytest.mark.parametrize(("kind", "story", "event", "code"), [
    ("conversion", "converted", conversion(**ABOVE), "above_holding_cap"),
    ("conversion", "converted", conversion(largest_other_shares=1_746_031), "largest_holder"),
    ("conversion", "converted", conversion(on="2030-01-01"), "conversion_too_late"),
    ("conversion", "converted", conversion(amount_minor=1_000_000_001), "more_than_unconverted"),
    ("conversion", "converted", conversion(amount_minor=0), "nothing_to_convert"),
    ("conversion", "converted", conversion(amount_minor=1), "nothing_to_convert"),
    ("conversion", "converted", conversion(pre_money_minor=0), "round_without_price"),
    ("conversion", "converted", conversion(shares_before=0), "round_without_price"),
    ("conversion", "converted", conversion(pre_money_minor=9 * 10**15), "amount_too_large"),
    ("conversion", "converted", conversion(largest_other_shares=15_000_000), "shares_do_not_fit"),
    ("conversion", "converted", conversion(shares=1_746_032), "shares_differ"),
    ("conversion", "converted", conversion(instrument="loan"), "unknown_grant"),
    ("conversion", "converted", conversion(amount_minor=1.5), "float_in_amount"),
    ("conversion", "converted", row("2029-03-15", "exit", kind="trade_sale", proceeds_minor=1), "grant_open"),
    ("conversion", "converted", row("2029-03-15", "close"), "grant_open"),
    ("conversion", "converted", row("2029-03-15", "grant_close", instrument=GRANT), "no_failure"),
    ("conversion", "converted", row("2029-12-31", "grant_return", instrument=GRANT), "return_too_early"),
    ("grant_audit", "failed", row("2028-08-20", "grant_close", instrument=GRANT), "audit_missing"),
    ("grant_audit", "failed", row("2030-01-01", "grant_return", instrument=GRANT), "failure_recorded"),
    ("grant_audit", "failed", row("2028-08-20", "grant_audit", instrument=GRANT, eligible_minor=1,
                                  ineligible_minor=0, unspent_minor=0), "audit_does_not_add_up"),
    ("exit", "failed", row("2028-11-30", "grant_audit", instrument=GRANT, eligible_minor=0, ineligible_minor=0,
                           unspent_minor=0), "nothing_open"),
    ("distribution", "failed", row("2028-12-01", "close"), "grant_open"),
    ("exit", "ineligible", row("2027-12-20", "close"), "not_settled"),
    ("exit", "failed", row("2028-11-30", "grant_close", instrument=GRANT), "nothing_open"),
])  # fmt: skip
def test_what_the_terms_do_not_allow_is_refused_and_changes_nothing(
    kind: str, story: str, event: Json, code: str
) -> None:
    engine, state, _ = state_before(kind, STORIES[story]())
    before = state.to_json()
    with pytest.raises(EventError) as refusal:
        engine.apply(state, {**event, "id": "refused"})
    assert refusal.value.code == code
    assert state.to_json() == before


def test_after_a_liquidation_nothing_converts_and_nothing_is_written_off_over_an_open_grant() -> None:
    engine, state, _ = state_before("conversion", STORIES["converted"]())
    state = engine.apply(state, row("2029-01-10", "exit", kind="liquidation", proceeds_minor=0)).state
    for event, code in (
        (conversion(), "already_exited"),
        (row("2029-03-15", "write_off"), "grant_open"),
        (row("2029-03-15", "loss_event", kind="cost_overrun", amount_minor=1), "loss_above_exposure"),
        (row("2029-03-15", "grant_return", instrument=GRANT, early=True), "failure_recorded"),
    ):
        with pytest.raises(EventError) as refusal:
            engine.apply(state, {**event, "id": "refused"})
        assert refusal.value.code == code


def test_a_failed_test_is_ground_enough_for_an_exemption() -> None:
    engine, state, _ = state_before("conversion", STORIES["converted"]())
    audit = {"eligible_minor": 1_000_000_000, "ineligible_minor": 0, "unspent_minor": 0}
    for event in (row("2029-01-10", "loss_event", kind="test_failure"),
                  row("2029-01-20", "grant_audit", instrument=GRANT, **audit),
                  row("2029-02-01", "grant_close", instrument=GRANT)):  # fmt: skip
        state = engine.apply(state, event).state
    assert not [
        key for key, amount in state.accounts.items() if amount and key.split(":")[0] in ("3015", "5010", "1510")
    ]


def test_the_same_money_is_not_converted_twice() -> None:
    engine, state, event = state_before("conversion", STORIES["converted"]())
    state = engine.apply(state, event).state
    with pytest.raises(EventError) as refusal:
        engine.apply(state, {**event, "id": "again"})
    assert refusal.value.code == "more_than_unconverted"


def test_the_refusal_above_the_cap_names_the_most_that_converts() -> None:
    engine, state, _ = state_before("conversion", STORIES["converted"]())
    with pytest.raises(EventError) as refusal:
        engine.apply(state, conversion(**ABOVE))
    most = refusal.value.details["largest_minor"]
    golden = GOLDEN["converted"]["above_cap"]
    # At most s shares with s / (12,833,333 + s) <= 1/5: s = 3,208,333, at 2.4545... yuan a share less one fen.
    fits = engine.apply(state, conversion(**{**ABOVE, "amount_minor": most}))
    assert fits.balances["shares:guidance"] == 3_208_333
    assert golden["shares"] > 3_208_333
    with pytest.raises(EventError, match="cap"):
        engine.apply(state, conversion(**{**ABOVE, "amount_minor": most + 1}))


def test_a_second_round_converts_the_rest_and_counts_what_is_held() -> None:
    engine, state, _ = state_before("conversion", STORIES["converted"]())
    first = engine.apply(state, {**conversion(amount_minor=400_000_000), "id": "first"})
    held = first.balances["shares:guidance"]
    total = held + first.balances["shares:shareholders"]
    later = {**conversion(on="2029-09-01", amount_minor=600_000_000, shares_before=total), "id": "second"}
    second = engine.apply(first.state, later)
    assert f"grant:{GRANT}" not in second.balances
    assert second.balances["capital:guidance"] == 1_000_000_000
    assert second.balances["shares:guidance"] > held
    with pytest.raises(EventError) as refusal:
        engine.apply(first.state, {**later, "body": {**later["body"], "shares_before": held - 1}})
    assert refusal.value.code == "shares_do_not_fit"


def test_what_nobody_converts_in_time_is_returned() -> None:
    engine, state, _ = state_before("conversion", STORIES["converted"]())
    due = engine.apply(state, row("2030-01-01", "grant_return", instrument=GRANT))
    assert due.balances[f"grant_due:{GRANT}"] == 1_000_000_000
    paid = engine.apply(due.state, row("2030-02-01", "distribution", source="project", collect=[f"grant_due:{GRANT}"]))
    assert paid.flows == {"guidance": 1_000_000_000, "project": -1_000_000_000}
    assert not [key for key in paid.state.accounts if key.split(":")[0] in ("3015", "1160", "1510")]


def test_the_team_may_give_back_early_a_part_of_what_is_open() -> None:
    engine, state, _ = state_before("conversion", STORIES["converted"]())
    part = engine.apply(state, row("2029-01-10", "grant_return", instrument=GRANT, early=True, amount_minor=250))
    assert part.balances[f"grant_due:{GRANT}"] == 250
    assert part.balances[f"grant:{GRANT}"] == 999_999_750
    for body, code in (
        ({"amount_minor": 1_000_000_001}, "more_than_unconverted"),
        ({"amount_minor": 0}, "more_than_unconverted"),
        ({"early": "yes"}, "not_a_truth_value"),
        ({"early": False}, "return_too_early"),
    ):
        with pytest.raises(EventError) as refusal:
            engine.apply(state, row("2029-01-10", "grant_return", **{"instrument": GRANT, "early": True, **body}))
        assert refusal.value.code == code


def test_before_conversion_the_funder_has_no_part_in_a_liquidation() -> None:
    engine, state, _ = state_before("grant_audit", STORIES["failed"]())
    outcome = engine.apply(state, row("2028-08-01", "exit", kind="liquidation", proceeds_minor=5_000_000))
    assert outcome.flows == {"shareholders": 5_000_000}


@pytest.mark.parametrize(("change", "code"), [
    ({"discount": "1"}, "share_above_one"), ({"discount": 0.1}, "float_in_amount"),
    ({"holding_cap": "0"}, "holding_cap_out_of_range"), ({"holding_cap": "1"}, "holding_cap_out_of_range"),
    ({"discount": "0.1234567"}, "rate_too_fine"), ({"convert_by": "soon"}, "bad_date"), ({"tax": 1}, "bad_parameters"),
    ({"auditor": {"id": "project", "name": {"zh": "甲", "en": "A"}}}, "id_twice"),
    ({"funder": {"id": "guidance", "kind": "bank", "name": {"zh": "甲", "en": "A"}, "amounts_minor": {}}},
     "bad_parameters"),
])  # fmt: skip
def test_parameters_that_cannot_stand_are_refused(change: Json, code: str) -> None:
    with pytest.raises(TermsError) as refusal:
        fund_first({**parameters(), **change})
    assert refusal.value.code == code


@pytest.mark.parametrize(("key", "value", "code"), [
    ("certified_by", "project", "certifier_gains"), ("certified_by", "guidance", "certifier_gains"),
    ("certified_by", "shareholders", "certifier_gains"),
    ("certified_by", "creditors", "certifier_no_auditor"), ("others", "guidance", "other_shareholders_differ"),
])  # fmt: skip
def test_whoever_gains_does_not_certify(key: str, value: str, code: str) -> None:
    terms = fund_first(parameters())
    terms["instruments"][0]["conversion"][key] = value
    with pytest.raises(TermsError) as refusal:
        Engine(terms)
    assert refusal.value.code == code


def test_a_certifier_that_is_paid_is_refused() -> None:
    terms = fund_first(parameters())
    terms["programs"]["operating"]["seq"][-1]["to"]["party"] = "auditor"
    with pytest.raises(TermsError) as refusal:
        Engine(terms)
    assert refusal.value.code == "certifier_gains"


@pytest.mark.parametrize("program", ["operating", "exit"])
def test_a_program_that_never_repays_the_grant_is_refused(program: str) -> None:
    terms = fund_first(parameters())
    terms["programs"][program] = {"to": {"party": "shareholders", "legal_basis": "share_sale", "rank": 6}}
    with pytest.raises(TermsError) as refusal:
        Engine(terms)
    assert (refusal.value.code, refusal.value.field) == ("grant_without_repayment", f"programs.{program}")
    if program == "operating":
        del terms["programs"][program]
        with pytest.raises(TermsError, match=r"programs\.operating"):
            Engine(terms)


def test_a_bank_gives_no_grant_that_becomes_equity() -> None:
    terms = fund_first(parameters())
    terms["parties"][0]["kind"] = "bank"
    with pytest.raises(TermsError) as refusal:
        Engine(terms)
    assert refusal.value.code == "bank_holds_no_equity"


def test_the_terms_say_the_price_the_cap_and_the_exemption_in_both_languages() -> None:
    for locale, words in (("zh_Hans_CN", ("90%", "20%", "2029-12-31", "会计师事务所", "不计息、无表决权", "免责")),
                          ("en", ("90%", "20%", "2029-12-31", "Audit firm", "no interest", "exemption"))):  # fmt: skip
        text = " ".join(item["sentence"] for item in describe_terms(fund_first(parameters()), locale))
        for word in words:
            assert word in text, (locale, word)
