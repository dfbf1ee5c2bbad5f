"""A university licence: entry fee, 3 % of reported net sales, one quarter restated for returned goods.

Invented figures: sales of 168,420, 241,750 and (restated) 226,350 yuan; royalties of 5,052.60, 7,252.50 and 6,790.50.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from risk.sharing import Engine, EventError, TermsError, describe_terms, licence, settle
from risk.simulation import default_drivers, simulate
from tests.reference.sharing import Reference

Json = dict[str, Any]
YUAN = 100
Q2, Q3, Q4 = ({"from": f"2027-{first}-01", "to": f"2027-{last}"}
              for first, last in (("04", "06-30"), ("07", "09-30"), ("10", "12-31")))  # fmt: skip


def parameters() -> Json:
    return {
        "title": {"zh": "专利实施许可协议", "en": "Patent licence"},
        "currency": "CNY",
        "project": {"id": "project", "name": {"zh": "被许可方", "en": "Licensee"}},
        "licensor": {"id": "university", "name": {"zh": "许可高校", "en": "University"}},
        "milestones": [{"id": "M1", "name": {"zh": "晶圆厂认证", "en": "qualified at a wafer plant"}}],
        "entry_fee_minor": 800_000 * YUAN,
        "royalty_rate": "0.03",
        "base": {"zh": "不含税销售额，扣除退货", "en": "net sales, less returns"},
        "contract": "LIC-2027-04",
    }


def row(on: str, kind: str, /, **body: Any) -> Json:
    return {"id": f"{on}-{kind}", "kind": kind, "effective_on": on, "body": body}


def story() -> list[Json]:
    return [
        row("2027-04-01", "activate"),
        row("2027-04-03", "distribution", source="project", collect=["claim:entry-fee"]),
        row("2027-07-15", "revenue_report", period=Q2, base_minor=168_420 * YUAN, due_minor=5_052_60),
        row("2027-07-16", "distribution", source="revenue", amount_minor=5_052_60),
        row("2027-10-14", "revenue_report", period=Q3, base_minor=241_750 * YUAN),
        row("2027-10-15", "distribution", source="revenue", amount_minor=7_252_50),
        row("2027-11-05", "revenue_report", period=Q3, base_minor=226_350 * YUAN, restates=True),
    ]


def refused(*more: Json) -> str:
    with pytest.raises(EventError) as refusal:
        settle({"terms": licence(parameters()), "events": [*story(), *more]})
    return refusal.value.code


def test_what_was_paid_too_much_is_kept_back_from_the_next_royalty() -> None:
    # 7,252.50 − 6,790.50 = 462.00 too much; the next quarter's 9,000.00 pays 8,538.00.
    report = row("2028-01-14", "revenue_report", period=Q4, base_minor=300_000 * YUAN)
    assert refused(report, row("2028-01-15", "distribution", source="revenue", amount_minor=8_538_01)) == (
        "more_than_reported"
    )
    rest = [report, row("2028-01-15", "distribution", source="revenue", amount_minor=8_538_00),
            row("2028-01-16", "close")]  # fmt: skip
    result = settle({"terms": licence(parameters()), "events": [*story(), *rest]})
    royalties = 5_052_60 + 6_790_50 + 9_000_00
    assert result["parties"]["university"]["received_minor"] == 800_000 * YUAN + royalties
    assert result["trial_balance_minor"] == 0
    assert "1120" not in result["accounts"]


def test_the_independent_evaluator_finds_the_same() -> None:
    terms = licence(parameters())
    engine, reference = Engine(terms), Reference(terms)
    state = engine.open()
    for event in story():
        outcome = engine.apply(state, event)
        assert reference.apply(event) == outcome.flows
        state = outcome.state
    assert engine.load(state.to_json()) == state


def test_reversing_a_restatement_brings_the_earlier_report_back() -> None:
    engine = Engine(licence(parameters()))
    state = engine.open()
    for event in story():
        before, state = state, engine.apply(state, event).state
    target = story()[-1]["id"]
    after = engine.apply(state, row("2027-11-06", "reversal", target=target, reason="wrong lot")).state
    assert after.reports == before.reports
    assert after.values == before.values


@pytest.mark.parametrize(("event", "code"), [
    (row("2027-11-06", "revenue_report", period=Q3, base_minor=1), "period_already_reported"),
    (row("2028-01-06", "revenue_report", period=Q4, base_minor=1, restates=True), "period_not_reported"),
    (row("2028-01-06", "revenue_report", period=Q4, base_minor=100, due_minor=4), "revenue_share_differs"),
    (row("2028-01-06", "revenue_report", period=Q4, base_minor=100, restates="yes"), "not_a_truth_value"),
    (row("2028-01-06", "close"), "not_settled"),
])  # fmt: skip
def test_reports_that_cannot_stand_are_refused(event: Json, code: str) -> None:
    assert refused(event) == code


@pytest.mark.parametrize(("change", "code"), [
    ({"royalty_rate": "1.5"}, "share_above_one"), ({"royalty_rate": 0.03}, "float_in_amount"),
    ({"entry_fee_minor": -1}, "negative_amount"), ({"tax": 1}, "bad_parameters"),
])  # fmt: skip
def test_parameters_that_cannot_stand_are_refused(change: Json, code: str) -> None:
    with pytest.raises(TermsError) as refusal:
        licence({**parameters(), **change})
    assert refusal.value.code == code


def test_the_licence_says_in_both_languages_what_is_due() -> None:
    for locale, words in (("zh_Hans_CN", "3%"), ("en", "3% of the base reported")):
        (sentence,) = [item for item in describe_terms(licence(parameters()), locale)
                       if item["clause"] == "revenue_share"]  # fmt: skip
        assert words in sentence["sentence"]


def test_a_simulated_licence_pays_the_rate_of_the_revenue_and_the_fee() -> None:
    terms = licence(parameters())
    score = {"probability": 0.0, "interval_80": [0.0, 0.0], "state": "prior_only", "horizon_months": 12}
    drivers = default_drivers(terms, score, as_of="2027-04-01")
    chances = ("cost_growth", "delay", "commercial_failure")
    for name in chances:
        drivers["parameters"][name] |= {"value": "0", "low": "0", "high": "0"}
    yearly = {"value_minor": 1_000_000 * YUAN, "low_minor": 0, "high_minor": 2_000_000 * YUAN, "sigma": "0"}
    drivers["parameters"]["yearly_revenue"] |= yearly
    result = simulate(terms, drivers, scenarios=100, seed=1)
    # Ramp of a third, two thirds, then the whole; the horizon of 5 x 365 days holds four yearly reports:
    # (1/3 + 2/3 + 1 + 1) x 3 % of a million = 90,000.
    got = result["parties"]["university"]["expected_received"]["value_minor"]
    assert abs(got - (800_000 + 90_000) * YUAN) <= 5


def test_terms_with_neither_exit_nor_revenue_cannot_be_simulated() -> None:
    terms = copy.deepcopy(licence(parameters()))
    del terms["revenue_share"]
    with pytest.raises(Exception, match="cannot be simulated"):
        default_drivers(terms, {"probability": 0.3}, as_of="2027-04-01")
