"""Quotes: invariants of the premium, stable codes of refusals, rules, subsidies, step-down."""

from __future__ import annotations

import math
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.pricing import (
    InsuranceError,
    price_quote,
    recompute_premium,
    scenario_a_product,
    scenario_a_request,
    to_minor,
    unearned_premium,
)


def quote(product_changes=None, **request_changes):
    product, request = scenario_a_product(), scenario_a_request()
    request["subsidies"] = []
    product["deductible_options"] = product["insurer_share_options"] = []
    product["min_premium_minor"] = 0
    product["rounding"] = {"unit_minor": 1, "mode": "half_even"}
    product.update(product_changes or {})
    request.update(request_changes)
    return price_quote(request, product)


def terms(**changes):
    return {**scenario_a_request()["terms"], **changes}


LOSSES = st.lists(st.tuples(st.integers(0, 930_000_000), st.integers(1, 50)), min_size=1, max_size=5)


def severity(rows):
    total = sum(weight for _, weight in rows)
    shares = [round(Fraction(weight * 10**6, total)) for _, weight in rows]
    shares[0] += 10**6 - sum(shares)
    return {
        "kind": "table",
        "basis": "judgement",
        "rows": [
            {"probability": f"{share / 10**6:.6f}", "loss_minor": loss}
            for (loss, _), share in zip(rows, shares, strict=True)
        ],
    }


@settings(max_examples=60, deadline=None)
@given(LOSSES, st.integers(100_000_000, 500_000_000), st.integers(0, 300_000_000))
def test_premium_rises_with_the_limit(rows, limit, more):
    low = quote(severity=severity(rows), terms=terms(limit_minor=limit))
    high = quote(severity=severity(rows), terms=terms(limit_minor=limit + more))
    assert high["premium_minor"] >= low["premium_minor"]


@settings(max_examples=60, deadline=None)
@given(LOSSES, st.integers(0, 200_000_000), st.integers(0, 150_000_000))
def test_premium_falls_with_the_deductible(rows, deductible, more):
    low = quote(severity=severity(rows), terms=terms(deductible_minor=deductible))
    high = quote(severity=severity(rows), terms=terms(deductible_minor=deductible + more))
    assert high["premium_minor"] <= low["premium_minor"]


@settings(max_examples=60, deadline=None)
@given(LOSSES, st.integers(0, 400_000_000), st.integers(1, 400_000_000), st.integers(1, 400_000_000))
def test_stacked_layers_cost_the_whole_before_fixed_and_risk_load(rows, attach, first, second):
    loadings = {"variable": "0.05", "commission": "0.10", "profit": "0.10", "risk": "0"}

    def layer(attachment, height):
        own = {
            "attachment_minor": attachment,
            "limit_minor": height,
            "limit_applies": "before_share",
            "insurer_share": "1",
        }
        return quote({"loadings": loadings}, severity=severity(rows), terms=own)["premium"]["gross_unrounded"]

    whole = layer(attach, first + second)
    assert layer(attach, first) + layer(attach + first, second) == pytest.approx(whole, abs=1e-3)


def test_share_of_zero_expects_no_loss():
    priced = quote(terms=terms(insurer_share="0"))
    assert priced["premium"]["expected_loss"] == 0
    assert priced["premium"]["standard_deviation"] == 0


@settings(max_examples=60, deadline=None)
@given(st.decimals("0.001", "0.98", places=3), st.decimals("0", "0.02", places=3), LOSSES)
def test_higher_chance_of_missing_never_lowers_the_premium(missed, more, rows):
    def premium(value):
        factor = {"value": str(value), "basis": "judgement"}
        return quote(target_missed=factor, severity=severity(rows))["premium_minor"]

    assert premium(missed + more) >= premium(missed)


@settings(max_examples=60, deadline=None)
@given(
    LOSSES,
    st.decimals("0.01", "0.9", places=3),
    st.sampled_from(["half_even", "half_up"]),
    st.sampled_from([1, 10, 100]),
)
def test_every_trail_recomputes_to_the_fen(rows, missed, mode, unit):
    priced = quote(
        {"rounding": {"unit_minor": unit, "mode": mode}},
        target_missed={"value": str(missed), "basis": "judgement"},
        severity=severity(rows),
    )
    assert recompute_premium(priced["premium"]) == priced["premium_minor"]
    assert priced["premium_minor"] % unit == 0
    assert abs(priced["premium_minor"] - priced["premium"]["gross_unrounded"]) <= unit / 2 + 1e-6


def test_minimum_premium_applies_and_is_marked():
    priced = quote({"min_premium_minor": 99_000_000})
    assert priced["premium_minor"] == 99_000_000
    assert priced["premium"]["minimum_applies"] is True
    assert recompute_premium(priced["premium"]) == 99_000_000


def test_lognormal_severity_prices_like_a_fine_table_of_it():
    from scipy.stats import lognorm

    mean, spread = 0.5 * 930_000_000, 0.4
    law = {"kind": "lognormal", "basis": "judgement", "mean_share": "0.5", "coefficient_of_variation": "0.4"}
    sigma = math.log1p(spread**2) ** 0.5
    points = lognorm(s=sigma, scale=mean / (1 + spread**2) ** 0.5).ppf([(n + 0.5) / 2000 for n in range(2000)])
    rows = [{"probability": "0.0005", "loss_minor": min(round(x), 930_000_000)} for x in points]
    table = {"kind": "table", "basis": "judgement", "rows": rows}
    smooth, stepped = quote(severity=law)["premium_minor"], quote(severity=table)["premium_minor"]
    assert smooth == pytest.approx(stepped, rel=2e-4)


def test_rating_factors_multiply_the_trigger_and_leave_a_trail():
    factors = [
        {
            "name": "centre",
            "field": "centre_experience",
            "kind": "table",
            "base_level": "some",
            "values": {"none": "1.30", "some": "1", "much": "0.85"},
        },
        {
            "name": "scale",
            "field": "scale_up_factor",
            "kind": "interval",
            "bands": [{"from": "0", "below": "100", "value": "1"}, {"from": "100", "value": "1.5"}],
            "cap": "1.2",
        },
    ]
    priced = quote({"factors": factors}, rating={"centre_experience": "none", "scale_up_factor": "400"})
    assert [row["value"] for row in priced["factors"]] == ["1.3", "1.2"]
    assert priced["factors"][-1]["running_product"] == "1.56"
    assert priced["trigger_probability"] == "0.1872"
    assert priced["trigger"]["probability"] == "0.12"


def test_missing_factor_level_is_an_error_not_one():
    factors = [{"name": "centre", "field": "x", "kind": "table", "base_level": "a", "values": {"a": "1"}}]
    with pytest.raises(InsuranceError) as caught:
        quote({"factors": factors}, rating={"x": "b"})
    assert caught.value.code == "missing_factor_level"


def rule(effect, field, operator, value):
    return {"effect": effect, "field": field, "operator": operator, "value": value, "reason_en": "why"}


def test_refer_and_decline_rules_decide_with_the_worst_flag():
    refer = rule("refer", "trigger_probability", "above", "0.1")
    decline = rule("decline", "trl", "below", "4")
    assert quote({"rules": [refer]})["decision"] == "refer"
    both = quote({"rules": [refer, decline]}, rating={"trl": "3"})
    assert both["decision"] == "decline"
    assert [flag["field"] for flag in both["flags"]] == ["trl", "trigger_probability"]
    assert both["flags"][0]["stated"] == "3"
    assert quote({"rules": [decline]}, rating={"trl": "4"})["decision"] == "offer"


SCORE = {"probability": 0.4, "staircase": [], "valid_until": "2027-12-31"}


@pytest.mark.parametrize(
    ("field", "operator", "bound", "rests"),
    [
        ("trigger_probability", "above", "0.01", True),
        ("premium_minor", "above", "10000000", True),
        ("rate_on_sum_insured", "above", "0.01", True),
        # The fixed loading alone is above this bound, whatever the score says.
        ("premium_minor", "above", "1", False),
        ("premium_minor", "below", "90000000000", False),
        ("sum_insured_minor", "above", "1", False),
        ("trl", "below", "9", False),
    ],
)
def test_a_fired_rule_says_whether_another_score_would_keep_it_silent(field, operator, bound, rests):
    priced = quote(
        {"rules": [rule("decline", field, operator, bound)]}, score=SCORE, target_missed=None, rating={"trl": "6"}
    )
    assert [(flag["field"], flag["rests_on_score"]) for flag in priced["flags"]] == [(field, rests)]


def test_a_stated_probability_is_nobodys_score():
    (flag,) = quote({"rules": [rule("decline", "premium_minor", "above", "10000000")]})["flags"]
    assert "rests_on_score" not in flag


def test_rule_over_an_unstated_figure_stops_the_quote_instead_of_passing_it():
    with pytest.raises(InsuranceError) as caught:
        quote({"rules": [rule("decline", "recycle_streams", "above", "1")]})
    assert caught.value.code == "missing_factor_level"
    assert caught.value.field == "rating.recycle_streams"


def test_quote_never_outlives_the_product_version_or_the_score():
    score = {"probability": 0.3, "staircase": [], "valid_until": "2026-12-31"}
    assert quote(score=score, target_missed=None)["valid_until"] == "2026-12-31"
    assert quote({"valid_to": "2026-12-25"})["valid_until"] == "2026-12-25"
    assert quote()["valid_until"] == "2027-01-19"


@pytest.mark.parametrize(
    ("product", "request_", "code"),
    [
        ({"filing_number": None}, {}, "product_not_filed"),
        ({"valid_to": "2026-12-01"}, {}, "version_expired"),
        ({}, {"as_of": "2026-06-30"}, "version_expired"),
        ({"sum_max_minor": 900_000_000}, {}, "sum_out_of_range"),
        ({"sum_min_minor": 940_000_000}, {}, "sum_out_of_range"),
        ({"term_days_max": 300}, {}, "term_out_of_range"),
        ({"loadings": {"variable": "0.5", "commission": "0.3", "profit": "0.2"}}, {}, "loadings_exceed_one"),
        ({"commission_cap": "0.05"}, {}, "commission_above_cap"),
        ({"deductible_options": ["0.2"]}, {}, "option_not_offered"),
        ({"insurer_share_options": ["0.4"]}, {}, "option_not_offered"),
        ({"cost_items": ["personnel"]}, {}, "option_not_offered"),
        ({"limit_max_minor": 399_999_999}, {}, "option_not_offered"),
        ({"rules": [{"effect": "allow", "field": "trl", "operator": "above"}]}, {}, "invalid_insurance_input"),
        ({}, {"terms": terms(limit_minor=1_000)}, "deductible_above_limit"),
        ({}, {"target_missed": None}, "trigger_not_given"),
        (
            {},
            {"target_missed": None, "score": {"probability": 0.3, "valid_until": "2026-12-19"}},
            "score_expired",
        ),
        (
            {},
            {"target_missed": {"value": "1", "basis": "judgement"}, "currency": "USD"},
            "invalid_insurance_input",
        ),
        ({}, {"subsidies": [{"payer": "p", "amount_minor": 90_000_000}]}, "subsidy_above_premium"),
        ({}, {"assignments": [{"party": "b", "share": "1.01"}]}, "invalid_insurance_input"),
        ({}, {"period": {"start": "2027-01-10", "end": "2027-01-10"}}, "invalid_insurance_input"),
        ({}, {"premium": 3}, "invalid_insurance_input"),
        ({"severity": {"kind": "guess", "basis": "judgement"}}, {}, "invalid_insurance_input"),
    ],
)
def test_refusals_carry_their_stable_code(product, request_, code):
    with pytest.raises(InsuranceError) as caught:
        quote(product, **request_)
    assert caught.value.code == code
    assert caught.value.message


def test_nearly_certain_event_is_refused_where_the_risk_load_would_make_it_cheaper():
    ones = {name: {"value": "1", "basis": "judgement"} for name in ("insured_cause", "determination_agrees")}
    with pytest.raises(InsuranceError) as caught:
        quote({"trigger_map": ones}, target_missed={"value": "0.999", "basis": "judgement"})
    assert caught.value.code == "trigger_too_certain"


def test_step_down_refunds_the_unearned_part_and_factors_multiply():
    rows = [
        {"milestone": "M1", "on": "2028-01-10", "factor": "0.8"},
        {"milestone": "M2", "on": "2028-07-01", "factor": "0.5"},
    ]
    priced = quote(step_down=rows)
    gross = priced["premium_minor"]
    first = Fraction(gross * 365, 730) * Fraction("0.2")
    second = Fraction(gross * 192, 730) * Fraction("0.8") * Fraction("0.5")
    assert [row["refund_minor"] for row in priced["step_down"]] == [round(first), round(second)]


def test_premium_is_earned_by_days_and_never_below_zero():
    start, end = date(2027, 1, 1), date(2028, 1, 1)
    assert unearned_premium(36_500, start=start, end=end, on=start) == 36_500
    assert unearned_premium(36_500, start=start, end=end, on=date(2027, 1, 11)) == 35_500
    assert unearned_premium(36_500, start=start, end=end, on=date(2029, 1, 1)) == 0


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -1.0, 9.1e15])
def test_float_outside_the_range_of_money_never_becomes_money(amount):
    with pytest.raises(InsuranceError):
        to_minor(amount)


def test_halves_become_money_by_the_named_rounding():
    assert to_minor(250.0, unit_minor=100) == 200
    assert to_minor(250.0, unit_minor=100, mode="half_up") == 300
