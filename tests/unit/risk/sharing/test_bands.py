"""Rates by bands, cap and advance of a share of revenue, franchise and steps of a layer."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.sharing import Engine, EventError, TermsError, describe_terms, licence, settle, validate_terms
from risk.sharing.arithmetic import BOUND, IntegerArithmetic, round_half
from risk.sharing.tiers import Bands

Json = dict[str, Any]
ARITHMETIC = IntegerArithmetic()
RATES = (0, 30, 50, 200, 1000)


def bands(draw: Any, mode: str) -> Bands:
    tops = sorted(draw(st.sets(st.integers(1, BOUND), max_size=4)))
    rates = tuple(draw(st.sampled_from(RATES)) for _ in range(len(tops) + 1))
    return Bands((*tops, None), rates, 1000, mode)


def nearest(exact: Fraction) -> int:
    return int(round_half(ARITHMETIC, exact.numerator // exact.denominator, exact.numerator % exact.denominator,
                          exact.denominator, "half_even"))  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(data=st.data(), base=st.integers(0, BOUND))
def test_marginal_bands_are_layers_that_tile_the_base(data: Any, base: int) -> None:
    found = bands(data.draw, "marginal")
    exact, bottom = Fraction(0), 0
    for top, rate in zip(found.tops, found.rates, strict=True):
        layer = max(min(base, BOUND if top is None else top) - bottom, 0)
        exact += Fraction(rate, 1000) * layer
        bottom = top or bottom
    assert found.of(ARITHMETIC, base, "half_even", "test") == nearest(exact)
    assert found.of(ARITHMETIC, base, "half_even", "test") <= base
    if base:
        assert found.of(ARITHMETIC, base - 1, "half_even", "test") <= found.of(ARITHMETIC, base, "half_even", "test")


@settings(max_examples=200, deadline=None)
@given(data=st.data(), base=st.integers(0, BOUND))
def test_whole_base_takes_the_one_rate_that_the_base_has_reached(data: Any, base: int) -> None:
    found = bands(data.draw, "whole_base")
    rate = next(rate for top, rate in zip(found.tops, found.rates, strict=True) if top is None or base <= top)
    assert found.of(ARITHMETIC, base, "half_even", "test") == nearest(Fraction(rate, 1000) * base)


def royalty(**more: Any) -> Json:
    return licence(
        {
            "title": {"zh": "许可", "en": "Licence"}, "currency": "CNY",
            "project": {"id": "project", "name": {"zh": "被许可方", "en": "Licensee"}},
            "licensor": {"id": "university", "name": {"zh": "高校", "en": "University"}}, "milestones": [],
            "entry_fee_minor": 50_000, "contract": "L-1", "base": {"zh": "销售额", "en": "sales"},
            "royalty_rate": "0.1", **more,
        }
    )  # fmt: skip


def report(month: int, base: int, **more: Any) -> Json:
    period = {"from": f"2027-{month:02d}-01", "to": f"2027-{month:02d}-28"}
    return {"id": f"r{month}-{len(more)}", "kind": "revenue_report", "effective_on": "2028-01-01",
            "body": {"period": period, "base_minor": base, **more}}  # fmt: skip


def after(terms: Json, *events: Json) -> Json:
    start = {"id": "a", "kind": "activate", "effective_on": "2027-01-01", "body": {}}
    return settle({"terms": terms, "events": [start, *events]})


def receivable(terms: Json, *events: Json) -> int:
    return int(after(terms, *events)["accounts"].get("1120", 0))


@settings(max_examples=100, deadline=None)
@given(bases=st.lists(st.integers(0, 10**6), min_size=1, max_size=9), cap=st.integers(0, 300_000))
def test_i19_all_royalty_is_the_cap_exactly_once_it_is_reached(bases: list[int], cap: int) -> None:
    rows = [report(month, base) for month, base in enumerate(bases, start=1)]
    uncapped = receivable(royalty(), *rows)
    assert receivable(royalty(cap_minor=cap), *rows) == min(cap, uncapped)


@settings(max_examples=100, deadline=None)
@given(bases=st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_an_advance_is_credited_until_it_is_used_up(bases: list[int]) -> None:
    rows = [report(month, base) for month, base in enumerate(bases, start=1)]
    due = receivable(royalty(), *rows)
    assert receivable(royalty(entry_fee_credited=True), *rows) == max(due - 50_000, 0)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), cap=st.integers(0, 300_000), credited=st.booleans())
def test_reports_and_restatements_in_any_order_come_to_what_stands_at_last(data: Any, cap: int, credited: bool) -> None:
    terms = royalty(cap_minor=cap, entry_fee_credited=credited)
    bases = data.draw(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 10**6)), min_size=1, max_size=9))
    rows, last = [], dict[int, int]()
    for place, (month, base) in enumerate(bases):
        row = report(month, base, **({"restates": True} if month in last else {}))
        rows.append({**row, "id": f"r{place}"})
        last[month] = base
    assert receivable(terms, *rows) == receivable(terms, *(report(month, base) for month, base in last.items()))


def test_a_restatement_moves_cap_and_advance_too() -> None:
    terms = royalty(entry_fee_credited=True, cap_minor=90_000)
    # 60,000 and 60,000 of royalty: cut to 90,000, of which the advance has paid 50,000.
    assert receivable(terms, report(1, 600_000), report(2, 600_000)) == 40_000
    # The first falls to 10,000: 70,000 in all, 20,000 beside the advance, as if it had been reported so at once.
    restated = report(1, 100_000, restates=True)
    assert receivable(terms, report(1, 600_000), report(2, 600_000), restated) == 20_000
    # The room that it leaves is there for the next.
    assert receivable(terms, report(1, 600_000), report(2, 600_000), restated, report(3, 900_000)) == 40_000


def test_the_account_of_a_report_says_what_the_cap_and_the_advance_did() -> None:
    terms = royalty(entry_fee_credited=True, cap_minor=90_000)
    rows = after(terms, report(1, 600_000), report(2, 600_000))["events"]
    (tier,) = [tier for tier in rows[-1]["explanation"] if tier["clause"] == "revenue_share"]
    assert tier["amount_minor"] == 30_000
    assert "CNY 600.00 was due before" in tier["why"]["en"]
    assert "CNY 900.00 is the most in all" in tier["why"]["en"]
    words = " ".join(row["sentence"] for row in describe_terms(terms, "en"))
    assert "at most CNY 900.00 due" in words
    assert "is an advance" in words


def test_a_state_stored_before_the_counter_is_read_with_what_it_would_count() -> None:
    engine = Engine(royalty(cap_minor=90_000))
    state = engine.open()
    for event in ({"id": "a", "kind": "activate", "effective_on": "2027-01-01", "body": {}}, report(1, 600_000)):
        state = engine.apply(state, event).state
    values = {name: value for name, value in state.values.items() if name != "revenue_due"}
    old = copy.copy(state)
    object.__setattr__(old, "values", values)
    outcome = engine.apply(engine.load(old.to_json()), report(2, 600_000))
    assert outcome.state.values["revenue_due"] == 120_000
    assert outcome.state.accounts["1120"] == 90_000


@pytest.mark.parametrize(
    ("change", "code", "clause"),
    [
        ({"bands": [{"rate": "0.1", "upto_minor": 5}]}, "last_band_bounded", "revenue_share.bands[0]"),
        ({"bands": [{"rate": "0.1"}, {"rate": "0.2"}]}, "band_unbounded", "revenue_share.bands[0]"),
        ({"bands": [{"rate": "0", "upto_minor": 5}, {"rate": "0", "upto_minor": 5}, {"rate": "0"}]},
         "bands_out_of_order", "revenue_share.bands[1]"),
        ({"bands": [{"rate": "0", "upto_minor": 0}, {"rate": "0"}]}, "bands_out_of_order", "revenue_share.bands[0]"),
        ({"bands": [{"rate": "1.1"}]}, "share_above_one", "revenue_share.bands[0].rate"),
        ({"bands": [{"rate": 0.1}]}, "float_in_amount", "revenue_share.bands[0].rate"),
        ({"bands": [{"rate": "0.1", "upto_minor": 1.5}, {"rate": "0"}]}, "float_in_amount",
         "revenue_share.bands[0].upto_minor"),
        ({"bands": [{"rate": "0.1", "upto_minor": 10**30}, {"rate": "0"}]}, "amount_too_large",
         "revenue_share.bands[0].upto_minor"),
        ({"bands": [{"rate": "0", "upto_minor": place + 1} for place in range(20)] + [{"rate": "0"}]},
         "too_many_bands", "revenue_share.bands"),
        ({"bands": [{"rate": "0"}], "mode": "slab"}, "not_allowed", "revenue_share.mode"),
        ({"bands": [{"rate": "0"}], "rate": "0.1"}, "one_rate", "revenue_share"),
        ({"cap_minor": -1, "rate": "0"}, "negative_amount", "revenue_share.cap_minor"),
        ({"advance": "nobody", "rate": "0"}, "unknown_claim", "revenue_share.advance"),
        ({"advance": "open", "rate": "0"}, "advance_not_fixed", "revenue_share.advance"),
    ],
)  # fmt: skip
def test_wrong_bands_are_refused_with_their_clause(change: Json, code: str, clause: str) -> None:
    terms = royalty()
    terms["claims"].append({"id": "open", "party": "university", "name": {"zh": "费", "en": "fee"}})
    share = {"base": terms["revenue_share"]["base"], **({"mode": "marginal"} if "bands" in change else {}), **change}
    with pytest.raises(TermsError) as refusal:
        validate_terms({**terms, "revenue_share": share})
    assert (refusal.value.code, refusal.value.field) == (code, clause)


def test_a_report_that_differs_from_the_capped_royalty_changes_nothing() -> None:
    engine = Engine(royalty(cap_minor=10_000))
    state = engine.apply(engine.open(), {"id": "a", "kind": "activate", "effective_on": "2027-01-01", "body": {}}).state
    before = state.to_json()
    with pytest.raises(EventError) as refusal:
        engine.apply(state, report(1, 600_000, due_minor=10_000))
    assert refusal.value.code == "revenue_share_differs"
    assert state.to_json() == before


def indemnity(spent: int, *, passed: bool, **layer: Any) -> int:
    """What an amount `layer` over the reported spend pays out of a pot that is large enough."""
    block = {"layer": {"loss": {"metric": "accepted_spend"}, "share": "0.5", **layer}}
    terms = royalty()
    terms["milestones"] = [{"id": "M1", "name": {"zh": "一", "en": "one"}}]
    terms["programs"]["operating"] = {"seq": [
        {"cap": {"amount": block, "then": {"to": {"party": "university", "legal_basis": "service_fee", "rank": 1}}}},
        {"to": {"party": "project", "legal_basis": "retained_by_project", "rank": 9}}]}  # fmt: skip
    events = [{"id": "m", "kind": "milestone", "effective_on": "2027-02-01",
               "body": {"milestone": "M1", "result": "pass" if passed else "fail"}},
              {"id": "d", "kind": "distribution", "effective_on": "2027-03-01",
               "body": {"source": "project", "amount_minor": 10**9, "metrics": {"accepted_spend": spent}}}]  # fmt: skip
    return int(after(terms, *events)["events"][-1]["flows"].get("university", 0))


@pytest.mark.parametrize(("spent", "paid"), [(0, 0), (1000, 0), (1001, 500), (4000, 2000)])
def test_a_franchise_pays_nothing_up_to_it_and_from_the_ground_above(spent: int, paid: int) -> None:
    # 1001 x 0.5 = 500.5, half to even.
    assert indemnity(spent, passed=False, franchise_minor=1000) == paid


def test_the_share_of_a_layer_follows_the_milestone() -> None:
    steps = [{"milestone": "M1", "share": "0.2"}]
    assert indemnity(4000, passed=False, steps=steps) == 2000
    assert indemnity(4000, passed=True, steps=steps) == 800


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([{"milestone": "M9", "share": "0.2"}], "unknown_milestone"),
        ([{"milestone": "M1", "share": "0.2"}, {"milestone": "M1", "share": "0.1"}], "step_twice"),
        ([{"milestone": "M1", "share": "1.2"}], "share_above_one"),
        ([{"milestone": "M1"}], "missing_key"),
    ],
)
def test_wrong_steps_are_refused(steps: list[Json], code: str) -> None:
    with pytest.raises(TermsError) as refusal:
        indemnity(1, passed=False, steps=steps)
    assert refusal.value.code == code
