"""Order of the terms: items, deductible with floor and ceiling, limit, attachment, share; exact integers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.pricing import InsuranceError, apply_terms, indemnity, split_indemnity

AMOUNT = st.integers(0, 10**10)


def item(code, insured=1_000, **terms):
    return {"code": code, "sum_insured_minor": insured, **terms}


def test_spend_above_the_sum_insured_of_its_item_does_not_count_for_another():
    schedule = [item("personnel", 100), item("materials", 100)]
    assert indemnity(schedule, {"personnel": 500}, {"insurer_share": "1"}) == 100


def test_deductible_of_an_item_is_taken_before_its_limit():
    schedule = [item("a", 1_000, deductible_minor=100, limit_minor=700)]
    assert indemnity(schedule, {"a": 900}, {"insurer_share": "1"}) == 700
    assert indemnity(schedule, {"a": 500}, {"insurer_share": "1"}) == 400


def test_total_effective_deductible_has_a_floor_and_a_ceiling():
    schedule = [item("a", deductible_minor=100), item("b", deductible_minor=300)]
    spend = {"a": 1_000, "b": 1_000}
    floor = {"deductible_minor": 50, "deductible_min_minor": 600, "insurer_share": "1"}
    ceiling = {"deductible_minor": 50, "deductible_max_minor": 250, "insurer_share": "1"}
    assert indemnity(schedule, spend, {"deductible_minor": 50, "insurer_share": "1"}) == 1_550
    assert indemnity(schedule, spend, floor) == 1_400
    assert indemnity(schedule, spend, ceiling) == 1_750


def test_share_is_taken_last_and_the_limit_bounds_the_insurers_part_by_default():
    schedule = [item("a", 10_000)]
    terms = {"deductible_minor": 1_000, "limit_minor": 4_000, "insurer_share": "0.5"}
    assert indemnity(schedule, {"a": 10_000}, terms) == 4_000
    assert indemnity(schedule, {"a": 10_000}, {**terms, "limit_applies": "before_share"}) == 2_000


def test_deductible_is_compared_with_the_limit_on_the_scale_of_the_loss():
    schedule = [item("a", 10_000)]
    terms = {"deductible_minor": 5_000, "limit_minor": 4_000, "insurer_share": "0.4"}
    assert indemnity(schedule, {"a": 10_000}, terms) == 2_000
    with pytest.raises(InsuranceError, match="above the limit"):
        indemnity(schedule, {"a": 10_000}, {**terms, "limit_applies": "before_share"})


def test_attachment_lies_between_the_policy_limit_and_the_layer():
    schedule = [item("a", 10_000)]
    terms = {
        "policy_limit_minor": 8_000,
        "attachment_minor": 5_000,
        "limit_minor": 2_000,
        "insurer_share": "1",
    }
    assert indemnity(schedule, {"a": 10_000}, terms) == 2_000
    assert indemnity(schedule, {"a": 6_500}, terms) == 1_500


def test_half_a_fen_is_rounded_to_even_once():
    schedule = [item("a", 10_000)]
    assert indemnity(schedule, {"a": 1}, {"insurer_share": "0.5"}) == 0
    assert indemnity(schedule, {"a": 3}, {"insurer_share": "0.5"}) == 2


def test_interim_payment_is_taken_off_the_next_one_and_the_limit_can_be_exhausted():
    schedule = [item("a", 10_000)]
    terms = {"limit_minor": 3_000, "insurer_share": "1"}
    assert indemnity(schedule, {"a": 2_500}, terms, paid_before_minor=1_000) == 1_500
    with pytest.raises(InsuranceError) as caught:
        indemnity(schedule, {"a": 5_000}, terms, paid_before_minor=3_000)
    assert caught.value.code == "cover_exhausted"


@st.composite
def policies(draw):
    schedule = [
        item(
            f"item{n}",
            draw(st.integers(1, 10**9)),
            deductible_minor=draw(st.one_of(st.none(), st.just(0))),
            limit_minor=draw(st.one_of(st.none(), AMOUNT)),
        )
        for n in range(draw(st.integers(1, 5)))
    ]
    terms = {
        "deductible_minor": draw(st.integers(0, 10**8)),
        "limit_minor": draw(st.one_of(st.none(), st.integers(10**8, 10**10))),
        "limit_applies": draw(st.sampled_from(["insurer_part", "before_share"])),
        "attachment_minor": draw(st.one_of(st.none(), AMOUNT)),
        "insurer_share": draw(st.sampled_from(["0", "0.3", "0.5", "0.7", "1"])),
    }
    spend = {row["code"]: draw(AMOUNT) for row in schedule}
    return schedule, terms, spend


@settings(max_examples=150, deadline=None)
@given(policies())
def test_insured_loss_never_exceeds_the_share_of_the_ground_up_loss(policy):
    schedule, terms, spend = policy
    steps = apply_terms(schedule, spend, terms)
    share = Fraction(terms["insurer_share"])
    assert 0 <= steps["indemnity_minor"] <= share * sum(spend.values()) + 1
    if terms["limit_minor"] is not None:
        assert steps["indemnity_minor"] <= terms["limit_minor"]


@settings(max_examples=150, deadline=None)
@given(policies(), AMOUNT)
def test_more_accepted_spend_never_pays_less_and_a_higher_deductible_never_more(policy, extra):
    schedule, terms, spend = policy
    base = indemnity(schedule, spend, terms)
    more = dict(spend, **{schedule[0]["code"]: spend[schedule[0]["code"]] + extra})
    assert indemnity(schedule, more, terms) >= base
    if terms["limit_minor"] is None or terms["deductible_minor"] + extra <= terms["limit_minor"]:
        higher = {**terms, "deductible_minor": terms["deductible_minor"] + extra}
        assert indemnity(schedule, spend, higher) <= base


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**12), st.lists(st.integers(1, 25), min_size=0, max_size=4))
def test_split_of_an_indemnity_loses_no_fen(amount, percents):
    assignments = [{"party": f"p{n}", "share": f"0.{value:02d}"} for n, value in enumerate(percents)]
    parts = split_indemnity(amount, assignments, insured="company")
    assert sum(row["amount_minor"] for row in parts) == amount
    for row, percent in zip(parts, percents, strict=False):
        assert abs(row["amount_minor"] - Fraction(amount * percent, 100)) < 1


@pytest.mark.parametrize(
    ("schedule", "spend", "terms", "code"),
    [
        ([item("a")], {"b": 1}, {"insurer_share": "1"}, "unknown_cost_item"),
        (
            [item("a")],
            {"a": 1},
            {"insurer_share": "1", "deductible_minor": 9, "limit_minor": 8},
            "deductible_above_limit",
        ),
        ([item("a", 10, deductible_minor=11)], {"a": 1}, {"insurer_share": "1"}, "deductible_above_limit"),
        ([item("a")], {"a": -1}, {"insurer_share": "1"}, "invalid_insurance_input"),
        ([item("a")], {"a": 1.5}, {"insurer_share": "1"}, "invalid_insurance_input"),
        ([item("a")], {"a": 1}, {"insurer_share": 0.5}, "invalid_insurance_input"),
        ([item("a")], {"a": 1}, {"insurer_share": "1.1"}, "invalid_insurance_input"),
        ([item("a")], {"a": 1}, {"insurer_share": "nan"}, "invalid_insurance_input"),
        ([item("a"), item("a")], {"a": 1}, {"insurer_share": "1"}, "invalid_insurance_input"),
        ([], {}, {"insurer_share": "1"}, "invalid_insurance_input"),
        ([item("a")], {"a": 1}, {"insurer_share": "1", "premium": 3}, "invalid_insurance_input"),
    ],
)
def test_bad_claims_and_terms_name_the_broken_rule(schedule, spend, terms, code):
    with pytest.raises(InsuranceError) as caught:
        indemnity(schedule, spend, terms)
    assert caught.value.code == code
    assert caught.value.field


def test_assigning_more_than_the_whole_is_refused():
    rows = [{"party": "bank", "share": "0.7"}, {"party": "fund", "share": "0.4"}]
    with pytest.raises(InsuranceError) as caught:
        split_indemnity(100, rows, insured="company")
    assert caught.value.code == "shares_not_100"
