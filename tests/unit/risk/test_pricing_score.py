"""From a project's own score to its premium: a lower start level never makes the cover cheaper."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.pricing import price_quote, scenario_a_product, scenario_a_request
from risk.scoring.score import score_projects

LEVELS = (3, 4, 5, 6, 7)


def premium(score, deadline="2028-09-30"):
    request = scenario_a_request()
    request.update(target_missed=None, subsidies=[], score=score)
    request["period"]["deadline"] = deadline
    return price_quote(request, scenario_a_product())


@settings(max_examples=15, deadline=None)
@given(
    st.integers(2, 8),
    st.sampled_from([6, 12, 20.7, 24, 36]),
    st.sampled_from(["2027-06-30", "2028-01-31", "2028-09-30", "2029-01-09"]),
)
def test_lower_start_level_never_lowers_the_premium(mrl, months, deadline):
    rows = [{"trl_start": level, "trl_target": 8, "mrl_start": mrl, "planned_months": months} for level in LEVELS]
    premiums = [premium(score, deadline)["premium_minor"] for score in score_projects(rows)]
    assert premiums == sorted(premiums, reverse=True)


def test_score_in_its_prior_state_is_marked_a_judgement_and_named():
    score = score_projects([{"trl_start": 6, "trl_target": 7, "mrl_start": 5, "planned_months": 24}])[0]
    factor = premium(score, "2029-01-09")["trigger"]["factors"][0]
    assert factor["basis"] == "judgement"
    assert score["model_version"] in factor["source"]
    assert float(factor["value"]) >= score["probability"] - 1e-6


def test_score_without_enough_data_gives_no_price():
    score = score_projects([{"trl_start": 6, "planned_months": 24}])[0]
    with pytest.raises(Exception) as caught:
        premium(score)
    assert getattr(caught.value, "code", None) == "trigger_not_given"
