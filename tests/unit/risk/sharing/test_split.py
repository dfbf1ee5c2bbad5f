"""Splitting and exact arithmetic: conservation, quota, permutation, and both number types alike (I2 to I6)."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.sharing import AmountError
from risk.sharing.arithmetic import BOUND, ArrayArithmetic, IntegerArithmetic, multiply_fraction, percentage
from risk.sharing.split import split
from tests.reference.splitting import split as reference_split

INTEGERS = IntegerArithmetic()
POLICIES = st.sampled_from(["carried", "plain_largest_remainder", "in_order", "in_reverse_order"])
WEIGHTS = st.lists(st.integers(0, 10**14), min_size=1, max_size=40).filter(any)
SMALL_WEIGHTS = st.lists(st.integers(0, 7), min_size=1, max_size=7).filter(any)
AMOUNTS = st.one_of(st.integers(0, 60), st.integers(0, BOUND), st.sampled_from([0, 1, BOUND - 1, BOUND]))


def split_integers(amount: int, weights: list[int], carries: list[int], policy: str = "carried", owed: bool = False):
    """Split with integers, ties in list order."""
    ties = list(range(len(weights)))
    return split(INTEGERS, amount, weights, policy=policy, favoured=None, ties=ties, carries=carries, step="test",
                 owed=owed)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(weights=st.one_of(WEIGHTS, SMALL_WEIGHTS), amounts=st.lists(AMOUNTS, min_size=1, max_size=5), policy=POLICIES)
def test_nothing_is_lost_and_nobody_gets_less_than_nothing(weights: list[int], amounts: list[int], policy: str) -> None:
    carries, expected = [0] * len(weights), [0] * len(weights)
    for amount in amounts:
        paid, carries, _ = split_integers(amount, weights, carries, policy)
        assert sum(paid) == amount
        assert min(paid) >= 0
        assert all(units == 0 for units, weight in zip(paid, weights, strict=True) if weight == 0)
        assert paid == reference_split(amount, weights, list(range(len(weights))), expected, policy, False)
        assert sum(carries) == 0


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 12), rounds=st.integers(1, 60))
def test_cumulative_payments_stay_within_two_units_of_the_exact_share(seed: int, size: int, rounds: int) -> None:
    draw = random.Random(seed)
    weights = [draw.choice([1, 2, 3, 80, 3000]) for _ in range(size)]
    carries, paid_so_far, exact = [0] * size, [0] * size, [Fraction(0)] * size
    for _ in range(rounds):
        amount = draw.choice([0, 1, 2, draw.randint(0, 10**6)])
        paid, carries, _ = split_integers(amount, weights, carries)
        for place in range(size):
            paid_so_far[place] += paid[place]
            exact[place] += Fraction(amount * weights[place], sum(weights))
            assert abs(paid_so_far[place] - exact[place]) < 2


@settings(max_examples=100, deadline=None)
@given(weights=st.lists(st.integers(1, 10**9), min_size=2, max_size=8, unique=True), amount=AMOUNTS, data=st.data())
def test_the_order_of_legs_only_permutes_the_result(weights: list[int], amount: int, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(weights))))
    paid, _, _ = split_integers(amount, weights, [0] * len(weights))
    fractions = [Fraction(amount * weight, sum(weights)) % 1 for weight in weights]
    moved, _, _ = split_integers(amount, [weights[place] for place in order], [0] * len(weights))
    if len(set(fractions)) == len(fractions):
        assert moved == [paid[place] for place in order]


@settings(max_examples=100, deadline=None)
@given(owed=st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any), data=st.data())
def test_no_leg_gets_more_than_it_is_owed_even_after_a_carry(owed: list[int], data: st.DataObject) -> None:
    carries, left = [0] * len(owed), list(owed)
    while sum(left):
        amount = data.draw(st.integers(1, sum(left)))
        paid, carries, _ = split_integers(amount, left, carries, owed=True)
        assert sum(paid) == amount
        left = [balance - units for balance, units in zip(left, paid, strict=True)]
        assert min(left) >= 0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 12), policy=POLICIES, owed=st.booleans())
def test_arrays_split_exactly_as_integers(seed: int, size: int, policy: str, owed: bool) -> None:
    draw, scenarios = random.Random(seed), 50
    top = draw.choice([3, 1000, 10**9, BOUND // size])
    ties = draw.sample(range(size), size)
    weights = [[draw.randint(0, top) for _ in range(scenarios)] for _ in range(size)]
    weights[0] = [max(weight, 1) for weight in weights[0]]
    arithmetic = ArrayArithmetic(scenarios)
    carried: list = [arithmetic.zero] * size
    alone = [[0] * size for _ in range(scenarios)]
    for _ in range(4):
        amounts = [draw.randint(0, draw.choice([5, 10**6, BOUND])) for _ in range(scenarios)]
        paid, carried, _ = split(arithmetic, np.array(amounts), [np.array(row) for row in weights], policy=policy,
                                 favoured=None, ties=ties, carries=carried, step="test", owed=owed)  # fmt: skip
        for place in range(scenarios):
            mine, alone[place], _ = split(
                INTEGERS, amounts[place], [row[place] for row in weights], policy=policy, favoured=None, ties=ties,
                carries=alone[place], step="test", owed=owed,
            )  # fmt: skip
            assert mine == [int(leg[place]) for leg in paid]


def test_an_amount_without_any_weight_is_refused() -> None:
    with pytest.raises(AmountError) as refusal:
        split_integers(1, [0, 0], [0, 0])
    assert refusal.value.code == "weights_are_zero"
    assert split_integers(0, [0, 0], [0, 0])[0] == [0, 0]


def test_without_any_weight_only_scenarios_in_which_the_event_happens_are_refused() -> None:
    arithmetic = ArrayArithmetic(3)
    amounts, weights = np.array([10, 10**15, 0]), [np.array([1, 0, 0]), np.array([1, 0, 0])]

    def shared() -> list[Any]:
        return split(arithmetic, amounts, weights, policy="carried", favoured=None, ties=[0, 1],
                     carries=[arithmetic.zero] * 2, step="test")[0]  # fmt: skip

    with pytest.raises(AmountError):
        shared()
    arithmetic.occurs = np.array([True, False, True])
    assert [leg.tolist() for leg in shared()] == [[5, 0, 0], [5, 0, 0]]


def test_a_multiple_beyond_the_bound_counts_only_where_the_event_happens() -> None:
    arithmetic = ArrayArithmetic(2)
    amounts = np.array([100, BOUND])
    with pytest.raises(AmountError):
        multiply_fraction(arithmetic, amounts, 5, 2, "test")
    arithmetic.occurs = np.array([True, False])
    units, remainder = multiply_fraction(arithmetic, amounts, 5, 2, "test")
    assert (int(units[0]), int(remainder[0])) == (250, 0)


@settings(max_examples=200, deadline=None)
@given(amount=st.integers(0, BOUND), pair=st.tuples(st.integers(0, BOUND), st.integers(1, BOUND)))
def test_array_multiplication_is_exact_up_to_the_bound(amount: int, pair: tuple[int, int]) -> None:
    numerator, denominator = min(pair), max(pair)
    edges = [amount, 0, 1, BOUND, BOUND - 1]
    quotient, remainder = ArrayArithmetic(len(edges)).muldivmod(np.array(edges), numerator, denominator)
    for place, value in enumerate(edges):
        assert (int(quotient[place]), int(remainder[place])) == divmod(value * numerator, denominator)


@settings(max_examples=100, deadline=None)
@given(amount=st.integers(0, 10**12), numerator=st.integers(0, 10**6), denominator=st.integers(1, 10**6))
def test_a_percentage_is_rounded_once_half_to_even(amount: int, numerator: int, denominator: int) -> None:
    exact = Fraction(amount * numerator, denominator)
    if exact > BOUND:
        return
    (array,) = percentage(ArrayArithmetic(1), np.array([amount]), (numerator, denominator), "half_even", "test")
    assert percentage(INTEGERS, amount, (numerator, denominator), "half_even", "test") == round(exact) == int(array)
    half_up = percentage(INTEGERS, amount, (numerator, denominator), "half_up", "test")
    assert half_up == int(exact + Fraction(1, 2))


@pytest.mark.parametrize("arithmetic", [INTEGERS, ArrayArithmetic(1)])
def test_amounts_beyond_the_bound_are_refused_by_step_and_party(
    arithmetic: IntegerArithmetic | ArrayArithmetic,
) -> None:
    value = BOUND + 1 + arithmetic.zero
    with pytest.raises(AmountError) as refusal:
        arithmetic.check(value, "programs.exit", "angel")
    assert refusal.value.code == "amount_too_large"
    assert refusal.value.details["party"] == "angel"
    assert "programs.exit" in refusal.value.message
    with pytest.raises(AmountError):
        multiply_fraction(arithmetic, BOUND + arithmetic.zero, 3, 2, "pct")


def test_equal_fractions_are_served_by_priority_and_then_id() -> None:
    paid = [split(INTEGERS, 1, [1, 1, 1], policy="carried", favoured=None, ties=ties, carries=[0, 0, 0], step="test")[0]
            for ties in ([0, 1, 2], [2, 0, 1])]  # fmt: skip
    assert paid == [[1, 0, 0], [0, 0, 1]]


def test_more_cash_never_costs_a_leg_more_than_one_unit() -> None:
    draw = random.Random(7)
    for _ in range(300):
        weights = [draw.randint(1, 60) for _ in range(4)]
        results = [split_integers(amount, weights, [0] * 4)[0] for amount in range(60)]
        for less, more in pairwise(results):
            assert all(after >= before - 1 for before, after in zip(less, more, strict=True))
