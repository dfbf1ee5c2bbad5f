"""Measures per party: sums, drawdown, merged dates, shares of rates, whole of the parties."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.simulation.measures import WHOLE, Outcomes, measure_party, merge_by_date, worst_drawdown

DAYS = [date(2027, 1, 15), date(2027, 6, 21), date(2028, 12, 20)]


def outcomes_of(flows, days=DAYS, *, chunk=None, sample=20_000):
    count = next(iter(flows.values())).shape[1]
    outcomes = Outcomes(list(flows), count, return_sample=sample)
    step = chunk or count
    for first in range(0, count, step):
        outcomes.add(first, days, {party: rows[:, first : first + step] for party, rows in flows.items()})
    return outcomes


def random_flows(count=5_000, seed=1):
    generator = np.random.default_rng(seed)
    paid = -generator.integers(0, 10**9, (2, count))
    back = generator.integers(0, 3 * 10**9, (1, count)) * (generator.random((1, count)) < 0.6)
    return {"angel": np.concatenate([paid, back]), "bank": np.concatenate([paid // 2, back // 3])}


def test_measures_agree_with_plain_definitions():
    flows = random_flows()
    result = measure_party(outcomes_of(flows), "angel")
    profit = flows["angel"].sum(axis=0)
    assert result["expected_profit"]["value_minor"] == round(profit.mean())
    assert result["expected_profit"]["standard_error_minor"] == pytest.approx(profit.std(ddof=1) / 5_000**0.5, abs=1)
    assert result["loss_probability"]["value"] == pytest.approx((profit < 0).mean(), abs=1e-6)
    assert result["quantiles"]["0.5"]["value_minor"] == np.sort(profit)[2_499]
    losses = np.sort(-profit)
    assert result["expected_shortfall"]["0.95"]["value_minor"] == round(losses[-250:].mean())
    paid = -flows["angel"][:2].sum(axis=0)
    assert result["moic"]["mean"] == pytest.approx((flows["angel"][2][paid > 0] / paid[paid > 0]).mean(), abs=1e-6)


def test_chunks_give_the_same_measures_as_one_piece():
    flows = random_flows()
    whole, pieces = outcomes_of(flows), outcomes_of(flows, chunk=700)
    for party in ("angel", "bank", WHOLE):
        assert measure_party(whole, party) == measure_party(pieces, party)


def test_whole_is_the_sum_of_the_parties_in_every_scenario():
    flows = random_flows()
    result = measure_party(outcomes_of(flows), WHOLE)
    profit = (flows["angel"] + flows["bank"]).sum(axis=0)
    assert result["expected_profit"]["value_minor"] == round(profit.mean())
    assert "rate_of_return" not in result


def test_events_of_one_day_count_as_one_payment():
    days = [DAYS[0], DAYS[0], DAYS[2]]
    flows = {"bank": np.array([[-100], [30], [90]], dtype=np.int64)}
    merged_days, merged = merge_by_date(days, flows)
    assert merged_days == [DAYS[0], DAYS[2]]
    assert merged["bank"].tolist() == [[-70], [90]]
    assert measure_party(outcomes_of(flows, days), "bank")["expected_paid"]["value_minor"] == 70


def test_drawdown_is_the_largest_fall_from_the_highest_point_so_far():
    flows = np.array([[-10, 50, 0], [-5, -20, 0], [100, -60, 0], [-30, 10, 0]], dtype=np.int64)
    assert worst_drawdown(flows).tolist() == [30, 80, 0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(-(10**9), 10**9), min_size=4, max_size=4), min_size=1, max_size=20))
def test_drawdown_is_never_below_the_final_loss_nor_above_what_was_paid(rows):
    flows = np.array(rows, dtype=np.int64).T
    drawdown = worst_drawdown(flows)
    assert (drawdown >= np.maximum(-flows.sum(axis=0), 0)).all()
    assert (drawdown <= -np.minimum(flows, 0).sum(axis=0)).all()


def test_shares_of_paths_with_and_without_a_rate_add_up_to_one():
    flows = random_flows()
    flows["angel"][:, :100] = 0
    returns = measure_party(outcomes_of(flows, sample=1_000), "angel")["rate_of_return"]
    names = ("share_unique", "share_total_loss", "share_no_investment", "share_none", "share_not_unique")
    assert returns["sample"] == 1_000
    assert sum(returns[name] for name in names) == pytest.approx(1)
    assert returns["share_no_investment"] == pytest.approx(0.1)


def test_party_that_never_pays_has_no_multiple():
    flows = {"founders": np.array([[0, 0], [5, 7], [1, 1]], dtype=np.int64)}
    result = measure_party(outcomes_of(flows), "founders")
    assert result["moic"] is None
    assert result["rate_of_return"]["quantiles"] is None
    assert result["loss_probability"]["value"] == 0


def test_cumulative_cash_by_year_ends_at_the_profit():
    flows = random_flows()
    result = measure_party(outcomes_of(flows), "angel")
    assert [row["year"] for row in result["by_year"]] == [2027, 2028]
    assert result["by_year"][-1]["cumulative_cash_minor"]["0.5"] == result["quantiles"]["0.5"]["value_minor"]


def test_single_scenario_has_values_but_no_standard_error():
    flows = {"angel": np.array([[-10], [0], [5]], dtype=np.int64)}
    result = measure_party(outcomes_of(flows), "angel")
    assert result["expected_profit"] == {"value_minor": -5, "standard_error_minor": None}
