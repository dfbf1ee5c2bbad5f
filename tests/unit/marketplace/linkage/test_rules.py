"""The arithmetic of linkage reports against its reference, over random rounds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.linkage.definitions import CAPITAL_CLASSES, READINGS
from marketplace.linkage.rules import (
    Position,
    attribute,
    attribute_rounds,
    compute_ratios,
    ratio_of,
    split_position,
    sum_positions,
)
from tests.reference import linkage as reference

AMOUNTS = st.integers(0, 9 * 10**15)
FUND = "fund-0"


@st.composite
def positions(draw: Any) -> Position:
    kind = draw(st.sampled_from(("guidance_fund", "angel", "venture_fund", "industrial_fund", "bank")))
    return Position(
        round_id=draw(st.sampled_from(("r1", "r2", "r3"))),
        investor=f"fund-{draw(st.integers(0, 2))}" if kind == "guidance_fund" else draw(st.sampled_from("abcd")),
        kind=kind,
        is_loan=kind == "bank",
        public_bps=10_000 if kind == "guidance_fund" else draw(st.integers(0, 10_000)),
        amounts={"committed": draw(AMOUNTS)},
        capital_class=draw(st.sampled_from(CAPITAL_CLASSES)),
        link_cause=draw(st.sampled_from(("contract", "clause", "co_lead", "none"))),
        link_evidence=draw(st.sampled_from(("", "letter"))),
    )


LISTS = st.lists(positions(), max_size=12)


def as_rows(items: list[Position]) -> list[dict[str, Any]]:
    return [
        {"investor": item.investor, "kind": item.kind, "loan": item.is_loan, "amount": item.amounts["committed"],
         "public": Fraction(item.public_bps, 10_000)}
        for item in items
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(LISTS, st.integers(0, 10**12), st.sampled_from(READINGS))
def test_symbols_and_ratios_agree_with_the_reference(items: list[Position], contingent: int, reading: str) -> None:
    sums = sum_positions(items, fund=FUND, reading=reading, base="committed")
    expected = reference.symbols(as_rows(items), fund=FUND, look_through=reading == "look_through")
    assert {name: sums.get(name) for name in "GOVB"} == expected
    sums.K = contingent
    found = {name: ratio_of(*sides) for name, sides in compute_ratios(sums).items()}
    assert found == reference.ratios(expected, contingent)


@settings(max_examples=200, deadline=None)
@given(LISTS, st.sampled_from(READINGS))
def test_every_fen_has_one_symbol_and_every_part_adds_up(items: list[Position], reading: str) -> None:
    for item in items:
        parts = split_position(item, fund=FUND, reading=reading, base="committed")
        assert sum(amount for name, amount in parts.items() if "." not in name) == item.amounts["committed"]
    sums = sum_positions(items, fund=FUND, reading=reading, base="committed")
    assert sum(sums.parts[name] for name in CAPITAL_CLASSES) == sums.V
    assert sums.parts["direct"] + sums.parts["indirect"] == sums.V


@settings(max_examples=100, deadline=None)
@given(LISTS, st.sampled_from(READINGS))
def test_amplification_is_private_leverage_plus_one_in_the_same_reading(items: list[Position], reading: str) -> None:
    ratios = compute_ratios(sum_positions(items, fund=FUND, reading=reading, base="committed"))
    m1a, m2 = ratio_of(*ratios["M1a"]), ratio_of(*ratios["M2"])
    assert (m1a is None) == (m2 is None)
    if m1a is not None and m2 is not None:
        assert m1a == m2 + 1


@settings(max_examples=100, deadline=None)
@given(LISTS)
def test_look_through_never_finds_more_private_money_than_the_nominal_reading(items: list[Position]) -> None:
    nominal, through = (
        sum_positions(items, fund=FUND, reading=reading, base="committed") for reading in ("nominal", "look_through")
    )
    assert through.V <= nominal.V
    assert through.V + through.O == nominal.V + nominal.O


@settings(max_examples=200, deadline=None)
@given(AMOUNTS, st.dictionaries(st.text("abcdef", min_size=1, max_size=4), AMOUNTS, max_size=8), st.randoms())
def test_attribution_conserves_every_fen_and_ignores_the_order(
    amount: int, weights: dict[str, int], random: Any
) -> None:
    parts = attribute(amount, weights)
    assert sum(parts.values()) == (amount if sum(weights.values()) else 0)
    assert parts == reference.attribution(amount, weights)
    shuffled = list(weights.items())
    random.shuffle(shuffled)
    assert attribute(amount, dict(shuffled)) == parts


@settings(max_examples=100, deadline=None)
@given(LISTS, st.sampled_from(READINGS), st.randoms())
def test_the_parts_of_all_funds_add_to_the_money_of_rounds_with_public_money(
    items: list[Position], reading: str, random: Any
) -> None:
    shares = attribute_rounds(items, reading=reading, base="committed")
    expected = 0
    for round_id in {item.round_id for item in items}:
        mine = [item for item in items if item.round_id == round_id]
        if any(item.kind == "guidance_fund" and item.amounts["committed"] for item in mine):
            expected += sum_positions(mine, fund="", reading=reading, base="committed").V
    assert sum(sum(parts.values()) for parts in shares.values()) == expected
    shuffled = list(items)
    random.shuffle(shuffled)
    assert attribute_rounds(shuffled, reading=reading, base="committed") == shares


def test_merging_two_investors_leaves_the_totals() -> None:
    first = Position("r1", "a", "angel", False, 0, {"committed": 333})
    second = Position("r1", "b", "angel", False, 0, {"committed": 667})
    merged = Position("r1", "a", "angel", False, 0, {"committed": 1000})
    apart = sum_positions([first, second], fund=FUND, reading="nominal", base="committed")
    assert apart == sum_positions([merged], fund=FUND, reading="nominal", base="committed")


def test_insured_and_contingent_money_is_in_no_numerator() -> None:
    item = Position("r1", FUND, "guidance_fund", False, 10_000, {"committed": 100})
    sums = sum_positions([item], fund=FUND, reading="nominal", base="committed")
    sums.S, sums.K = 500, 300
    assert compute_ratios(sums) == {"M1a": (100, 100), "M1b": (100, 100), "M2": (0, 100), "M4": (100, 400)}
