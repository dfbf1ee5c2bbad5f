"""Tables by assessed level: what holds now, what holds once a level is proved, and what is refused."""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import InvalidParameterError
from risk.sharing import TermsError, describe_terms, joint_pilot, settle, validate_terms
from risk.sharing.templates.level_steps import apply_level_table, loan_steps, share_steps
from risk.sharing.templates.scenario_a import parameters, scenario_a
from tests.reference.sharing import Reference

TABLE = [{"trl": 5, "value": "0.05"}, {"trl": 6, "value": "0.04"}, {"trl": 7, "value": "0.036"},
         {"trl": 9, "value": "0.03"}]  # fmt: skip
MILESTONES = {"M1": (None, date(2027, 6, 21)), "M3": (7, date(2028, 9, 20)), "M4": (8, date(2029, 6, 1))}


def test_the_assessed_level_picks_the_value_and_milestones_the_rest() -> None:
    found = apply_level_table(TABLE, trl=6, milestones=MILESTONES)
    assert found.value == "0.04"
    assert [(step.trl, step.milestone, step.since, step.value) for step in found.steps] == [
        (7, "M3", date(2028, 9, 20), "0.036")
    ]
    assert found.unreachable == (9,)


def test_the_steps_are_terms_that_the_engine_accepts() -> None:
    given_parameters = copy.deepcopy(parameters())
    found = apply_level_table(TABLE, trl=6, milestones={**MILESTONES, "M2": (9, date(2027, 12, 20))})
    bank = {**given_parameters["bank"], "rate": found.value, "step_down": loan_steps(found)}
    terms = joint_pilot({**given_parameters, "bank": bank})
    loan = next(row for row in terms["instruments"] if row["kind"] == "loan")
    assert loan["rate"]["value"] == "0.04"
    assert [(step["milestone"], step["rate"]["value"]) for step in loan["steps"]] == [("M2", "0.036"), ("M2", "0.03")]


def test_the_share_of_the_pool_follows_the_table() -> None:
    found = apply_level_table(TABLE, trl=6, milestones={**MILESTONES, "M2": (9, date(2027, 12, 20))})
    changed = copy.deepcopy(parameters())
    changed["pool"] |= {"share": found.value, "share_steps": share_steps(found)}
    terms = joint_pilot(changed)
    layer = terms["programs"]["recoveries"]["recover"]["pool"]["layer"]
    # M2 proves level 7 and level 9: the share of the highest holds.
    assert (layer["share"], layer["steps"]) == ("0.04", [{"milestone": "M2", "share": "0.03"}])
    words = next(row["sentence"] for row in describe_terms(terms, "en") if "recover.pool" in row["clause"])
    assert "(3% once milestone M2" in words or "(3 % once milestone M2" in words


def test_a_guarantee_with_a_chain_takes_no_steps() -> None:
    changed = copy.deepcopy(parameters())
    link = {"id": "province", "name": {"zh": "再担保", "en": "Re-guarantor"}, "share": "0.2"}
    changed["guarantee"] = {"id": "local", "name": {"zh": "担保", "en": "Guarantor"}, "share": "0.8", "chain": [link],
                            "share_steps": [{"milestone": "M3", "share": "0.1"}]}  # fmt: skip
    with pytest.raises(TermsError) as refusal:
        joint_pilot(changed)
    assert (refusal.value.code, refusal.value.field) == ("bad_parameters", "guarantee.share_steps")


def test_one_step_given_as_before_is_the_same_terms() -> None:
    plain = parameters()
    listed = copy.deepcopy(plain)
    listed["bank"]["step_down"] = [plain["bank"]["step_down"]]
    assert joint_pilot(listed) == joint_pilot(plain)


@pytest.mark.parametrize(
    ("rows", "trl", "code", "field"),
    [
        ([], 6, "bad_level_table", "level_table"),
        ([{"trl": 6, "value": "0.04"}, {"trl": 6, "value": "0.03"}], 6, "bad_level_table", "level_table[1].trl"),
        ([{"trl": 6, "value": "0.04"}, {"trl": 7, "value": "0.04"}], 6, "bad_level_table", "level_table[1].value"),
        ([{"trl": 6, "value": 0.04}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "1.5"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "1."}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": ".5"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "٠.5"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "0.5\n"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "1e-2"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6, "value": "0.0000000000001"}], 6, "bad_level_table", "level_table[0].value"),
        ([{"trl": 6}], 6, "bad_level_table", "level_table[0]"),
        ([{"trl": 10, "value": "0.1"}], 6, "level_out_of_range", "level_table[0].trl"),
        ([{"trl": 7, "value": "0.1"}], 6, "level_below_table", "trl"),
        ([{"trl": 7, "value": "0.1"}], None, "level_not_assessed", "trl"),
        ([{"trl": 7, "value": "0.1"}], 12, "level_out_of_range", "trl"),
    ],
)
def test_a_wrong_table_is_refused_by_name(rows: list[Any], trl: int | None, code: str, field: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        apply_level_table(rows, trl=trl, milestones=MILESTONES)
    assert (caught.value.code, caught.value.field) == (code, field)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9, unique=True), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=150)
def test_a_higher_level_never_costs_more(levels: list[int], first: int, second: int) -> None:
    rows = [{"trl": level, "value": f"0.{90 - index:02d}"} for index, level in enumerate(sorted(levels))]
    low, high = sorted((first, second))
    if low < min(levels):
        return
    values = [float(apply_level_table(rows, trl=level, milestones={}).value) for level in (low, high)]
    assert values[1] <= values[0]


def liquidated(result: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Terms whose first-loss position ends with M3, and a liquidation after M3 has had a result."""
    chosen = copy.deepcopy(parameters())
    del chosen["bank"]["step_down"], chosen["centre"]["success_fee_minor"]
    chosen["guidance"]["subordination_ends"] = "M3"
    events = scenario_a("failure_without_cover")["events"]
    for event in events:
        if event["kind"] == "milestone" and event["body"]["milestone"] == "M3":
            event["body"]["result"] = result
    return joint_pilot(chosen), events


@pytest.mark.parametrize(
    ("result", "capital"),
    [
        # 9,600,000 less 270,000 of costs, 400,000 of the centre and 5,050,555.56 of the bank leave 3,879,444.44;
        # 2 : 5 with the guidance fund last, 2 : 5 : 4 once the level is proved.
        ("fail", {"angel": 110_841_270, "industrial": 277_103_174, "guidance": 0}),
        ("pass", {"angel": 70_535_353, "industrial": 176_338_384, "guidance": 141_070_707}),
    ],
)
def test_the_first_loss_ends_with_the_milestone_that_proves_the_level(result: str, capital: dict[str, int]) -> None:
    terms, events = liquidated(result)
    parties = settle({"terms": terms, "events": events})["parties"]
    paid_in = {"angel": 200_000_000, "industrial": 500_000_000, "guidance": 400_000_000}
    for party, amount in capital.items():
        assert parties[party]["capital_not_returned_minor"] == paid_in[party] - amount
    exit_event = next(event for event in events if event["kind"] == "exit")
    reference = Reference(terms)
    for event in events[: events.index(exit_event)]:
        reference.apply(event)
    paid = reference.apply(exit_event)
    assert {party: paid.get(party, 0) for party in capital} == capital


@pytest.mark.parametrize(("locale", "words"), [("zh", "里程碑M3"), ("en", "milestone M3")])
def test_the_end_of_the_first_loss_stands_in_the_terms_in_words(locale: str, words: str) -> None:
    told = json.dumps(describe_terms(liquidated("pass")[0], locale), ensure_ascii=False, default=str)
    before = json.dumps(describe_terms(joint_pilot(parameters()), locale), ensure_ascii=False, default=str)
    assert told.count(words) > before.count(words)


def test_an_end_without_a_first_loss_is_refused() -> None:
    chosen = copy.deepcopy(parameters())
    chosen["guidance"]["subordination_ends"] = "M3"
    del chosen["guidance"]["subordination_approval"]
    with pytest.raises(TermsError) as caught:
        joint_pilot(chosen)
    assert (caught.value.code, caught.value.field) == ("bad_parameters", "guidance.subordination_ends")


@pytest.mark.parametrize("channel", ["pool", "insurance"])
def test_what_a_pool_or_insurer_owes_cannot_depend_on_a_milestone(channel: str) -> None:
    """What docs/terms.md says of these channels: the share of a layer is one figure for the life of the terms."""
    terms = joint_pilot(parameters())
    recover = terms["programs"]["recoveries"]["recover"]
    layer, path = recover[channel]["layer"], f"programs.recoveries.recover.{channel}"
    by_level = {"when": {"if": {"milestone": "M3"}, "then": {"layer": {**layer, "share": "0.3"}}}}
    for node, code, clause in (
        ({**by_level}, "unknown_block", path),
        ({"layer": {**layer, "then": {"when": {"if": {"milestone": "M3"}, "then": layer["then"]}}}},
         "last_bucket_bounded", f"{path}.layer.then"),
        ({"layer": {**layer, "share": by_level}}, "bad_decimal", f"{path}.layer.share"),
        ({"layer": {**layer, "loss": {"when": {"if": {"milestone": "M3"}, "then": layer["loss"]}}}},
         "unknown_amount", f"{path}.layer.loss"),
    ):  # fmt: skip
        recover[channel] = node
        with pytest.raises(TermsError) as caught:
            validate_terms(terms)
        assert (caught.value.code, caught.value.field) == (code, clause)
