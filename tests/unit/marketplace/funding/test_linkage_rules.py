"""Linkage rules: the arithmetic of scenario A under both readings, and properties over random rounds."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from marketplace.funding.linkage_rules import PUBLIC_KIND, Share, evaluate

M = 100_000_000  # one million yuan in fen
SCENARIO_A = (
    Share("angel", "angel", 2 * M, 0, False),
    Share("industrial", "industrial_fund", 5 * M, 3000, False),
    Share("guidance", "guidance_fund", 4 * M, 10_000, False),
    Share("bank", "bank", 5 * M, 0, True),
)

shares = st.builds(
    Share,
    label=st.text("abc", min_size=1, max_size=3),
    kind=st.sampled_from(["angel", "venture_fund", "industrial_fund", PUBLIC_KIND]),
    amount_minor=st.integers(1, 10**12),
    state_owned_bps=st.integers(0, 10_000),
    is_loan=st.booleans(),
)
thresholds = st.sampled_from(["0.2", "0.4", "0.5", "1", "1.5", "3"])


def rule(kind: str, threshold: str, reading: str = "nominal", parts: tuple[Share, ...] = SCENARIO_A):  # type: ignore[no-untyped-def]
    return evaluate(kind=kind, threshold=threshold, reading=reading, base="committed", shares=parts)


def test_guidance_share_of_scenario_a_is_36_36_percent_and_holds() -> None:
    result = rule("guidance_share_max", "0.4")
    assert (result.value, result.holds, result.missing_minor) == (Fraction(4, 11), True, 0)


def test_private_ratio_of_scenario_a_passes_nominally_and_is_short_by_500_000_by_look_through() -> None:
    nominal, through = rule("private_ratio_min", "1.5"), rule("private_ratio_min", "1.5", "look_through")
    assert (nominal.value, nominal.holds) == (Fraction(7, 4), True)
    assert (through.value, through.holds, through.missing_minor) == (Fraction(11, 8), False, 50_000_000)


def test_loan_counts_neither_as_private_nor_as_equity() -> None:
    without_bank = SCENARIO_A[:3]
    assert (
        rule("private_ratio_min", "1.5").private_minor
        == rule("private_ratio_min", "1.5", parts=without_bank).private_minor
    )
    assert rule("equity_before_loan", "1").value == Fraction(11, 5)


@given(st.lists(shares, max_size=12), thresholds, st.sampled_from(["nominal", "look_through"]))
def test_private_money_that_is_missing_is_exactly_what_makes_the_rule_hold(
    parts: list[Share], threshold: str, reading: str
) -> None:
    result = evaluate(kind="private_ratio_min", threshold=threshold, reading=reading, base="committed", shares=parts)
    assert result.holds == (result.missing_minor == 0)
    if not result.holds:
        enough = [*parts, Share("new", "angel", result.missing_minor, 0, False)]
        assert evaluate(
            kind="private_ratio_min", threshold=threshold, reading=reading, base="committed", shares=enough
        ).holds
        short = [
            *parts,
            *([Share("new", "angel", result.missing_minor - 1, 0, False)] if result.missing_minor > 1 else []),
        ]
        assert not evaluate(
            kind="private_ratio_min", threshold=threshold, reading=reading, base="committed", shares=short
        ).holds


@given(st.lists(shares, max_size=12), st.sampled_from(["0.2", "0.4", "0.5", "1"]))
def test_other_equity_that_is_missing_brings_the_guidance_share_down(parts: list[Share], threshold: str) -> None:
    result = evaluate(kind="guidance_share_max", threshold=threshold, reading="nominal", base="committed", shares=parts)
    if not result.holds:
        more = [*parts, Share("new", "angel", result.missing_minor, 0, False)]
        assert evaluate(
            kind="guidance_share_max", threshold=threshold, reading="nominal", base="committed", shares=more
        ).holds


@given(st.lists(shares, max_size=12))
def test_look_through_never_counts_more_than_nominal_and_order_does_not_matter(parts: list[Share]) -> None:
    nominal = evaluate(kind="private_ratio_min", threshold="1", reading="nominal", base="committed", shares=parts)
    through = evaluate(kind="private_ratio_min", threshold="1", reading="look_through", base="committed", shares=parts)
    turned = evaluate(kind="private_ratio_min", threshold="1", reading="nominal", base="committed", shares=parts[::-1])
    assert through.private_minor <= nominal.private_minor
    assert (turned.value, turned.holds) == (nominal.value, nominal.holds)
    assert sum(amount for _label, amount in nominal.counted) == nominal.private_minor
