"""Splitting a premium and an indemnity over a panel: nothing is lost, nobody owes more than its own share."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.insurance.rules import WHOLE_BPS, split_by_insurer, split_premium
from marketplace.money import LIMIT_MINOR, Money


@st.composite
def shares(draw: st.DrawFn) -> list[int]:
    """Two to eight shares in basis points that add up to the whole."""
    cuts = draw(st.lists(st.integers(1, WHOLE_BPS - 1), min_size=1, max_size=7, unique=True))
    bounds = [0, *sorted(cuts), WHOLE_BPS]
    return [upper - lower for lower, upper in itertools.pairwise(bounds)]


FEES = st.integers(0, 9_999).map(lambda bps: str(Decimal(bps) / 10_000))


@settings(max_examples=200)
@given(shares(), st.integers(1, LIMIT_MINOR), st.data(), FEES)
def test_premium_and_subsidy_are_split_without_losing_a_unit(
    bps: list[int], premium: int, data: st.DataObject, fee: str
) -> None:
    subsidy = data.draw(st.integers(0, premium))
    parts = split_premium(bps, premium=Money(premium, "CNY"), subsidy_minor=subsidy, lead_fee=fee)
    assert sum(part.share_minor for part in parts) == premium
    assert sum(part.fee_minor for part in parts) == 0
    assert sum(part.taken_minor for part in parts) == premium
    assert sum(part.payable_minor for part in parts) == premium - subsidy
    assert sum(part.subsidy_minor for part in parts) == subsidy
    assert all(min(part.share_minor, part.payable_minor, part.subsidy_minor) >= 0 for part in parts)
    for share, part in zip(bps, parts, strict=True):
        assert abs(part.share_minor - Fraction(share * premium, WHOLE_BPS)) < 1
    for part in parts[1:]:
        assert abs(part.fee_minor + Fraction(fee) * part.share_minor) <= Fraction(1, 2)


@settings(max_examples=200)
@given(shares(), st.lists(st.integers(0, LIMIT_MINOR // 5), min_size=1, max_size=5))
def test_every_insurer_pays_its_own_share_and_every_assignee_gets_its_own_part(
    bps: list[int], parts: list[int]
) -> None:
    rows = split_by_insurer([Money(part, "CNY") for part in parts], bps)
    assert [sum(row) for row in rows] == parts
    owed = [share.amount_minor for share in Money(sum(parts), "CNY").allocate(bps)]
    assert [sum(column) for column in zip(*rows, strict=True)] == owed
    assert all(cell >= 0 for row in rows for cell in row)


def test_sole_insurer_has_the_whole() -> None:
    assert split_by_insurer([Money(7, "CNY"), Money(0, "CNY")], [WHOLE_BPS]) == [[7], [0]]
