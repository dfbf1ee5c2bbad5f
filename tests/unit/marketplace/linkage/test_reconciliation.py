"""Reporters who agree, differ, are late or silent; the order and repetition of their reports change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.linkage.reconciliation import STATUSES, Claim, Receipt, reconcile

DAY = date(2026, 11, 3)


def claim(reporter: str, investor: str, amount: int, *, days: int = 0, currency: str = "CNY") -> Claim:
    return Claim(reporter, investor, amount, currency, DAY + timedelta(days=days), DAY)


def receipt(investor: str, amount: int) -> Receipt:
    return Receipt(investor, amount, "CNY", DAY)


def one(claims: list[Claim], receipts: list[Receipt], **options: Any) -> Any:
    (result,) = reconcile(["a"], claims, receipts, **options)
    return result


def test_own_report_and_bank_line_that_agree_are_confirmed() -> None:
    result = one([claim("a", "a", 5_000)], [receipt("a", 5_000)])
    assert (result.status, result.claimed_minor, result.confirmed_minor) == ("matched", 5_000, 5_000)


def test_own_report_without_a_bank_line_is_claimed_only() -> None:
    result = one([claim("a", "a", 5_000)], [])
    assert (result.status, result.claimed_minor, result.confirmed_minor) == ("matched", 5_000, 0)


def test_own_report_ranks_before_the_bank_and_the_bank_before_the_lead() -> None:
    rows = [claim("a", "a", 1_000), claim("lead", "a", 1_200), claim("other", "a", 1_300)]
    assert one(rows, [receipt("a", 1_100)], leads=frozenset({"lead"})).source == "own_report"
    assert one(rows[1:], [receipt("a", 1_100)], leads=frozenset({"lead"})).source == "bank"
    assert one(rows[1:], [], leads=frozenset({"lead"})).claimed_minor == 1_200


@pytest.mark.parametrize(
    ("amount", "difference", "status"),
    [(5_000, 100, "matched"), (5_000, 101, "conflict"), (10**9, 10**5, "matched"), (10**9, 10**5 + 1, "conflict")],
)
def test_one_yuan_or_one_basis_point_is_tolerated(amount: int, difference: int, status: str) -> None:
    result = one([claim("a", "a", amount), claim("b", "a", amount + difference)], [receipt("a", amount)])
    assert result.status == status
    assert result.confirmed_minor == (amount if status == "matched" else 0)


@pytest.mark.parametrize(("days", "status"), [(0, "matched"), (1, "timing"), (-10, "timing"), (11, "conflict")])
def test_days_that_differ_are_a_matter_of_timing_up_to_ten(days: int, status: str) -> None:
    assert one([claim("a", "a", 500, days=days)], [receipt("a", 500)]).status == status


def test_another_currency_is_no_claim_in_this_one() -> None:
    assert one([claim("a", "a", 500, currency="USD")], []).claimed_minor == 0
    result = one([claim("a", "a", 500), claim("b", "a", 500, currency="USD")], [receipt("a", 500)])
    assert (result.status, result.confirmed_minor) == ("currency", 0)


def test_what_only_others_tell_is_missing_its_own_evidence() -> None:
    result = one([claim("b", "a", 700)], [])
    assert (result.status, result.claimed_minor, result.confirmed_minor) == ("missing", 700, 0)
    assert one([], []).status == "missing"


def test_a_corrected_report_replaces_the_one_before() -> None:
    late = replace(claim("a", "a", 900), filed_on=DAY + timedelta(days=5))
    assert one([late, claim("a", "a", 100)], []).claimed_minor == 900


CLAIMS = st.lists(
    st.builds(
        Claim,
        reporter=st.sampled_from("abc"),
        investor=st.sampled_from("abc"),
        amount_minor=st.integers(0, 10**6),
        currency=st.sampled_from(("CNY", "USD")),
        paid_on=st.dates(date(2026, 11, 1), date(2026, 11, 30)),
        filed_on=st.dates(date(2026, 12, 1), date(2026, 12, 5)),
    ),
    max_size=10,
)
RECEIPTS = st.lists(
    st.builds(receipt, st.sampled_from("abc"), st.integers(0, 10**6)), max_size=3, unique_by=lambda r: r.investor
)


@settings(max_examples=200, deadline=None)
@given(CLAIMS, RECEIPTS, st.randoms())
def test_order_and_repetition_change_nothing_and_confirmed_is_at_most_claimed(
    claims: list[Claim], receipts: list[Receipt], random: Any
) -> None:
    results = reconcile("abc", claims, receipts)
    shuffled = [*claims, *claims]
    random.shuffle(shuffled)
    assert reconcile("cba", shuffled, receipts[::-1]) == results
    for result in results:
        assert 0 <= result.confirmed_minor <= result.claimed_minor
        assert result.status in STATUSES
