"""Bullet, linear and annuity loans against the public vectors of ACTUS (PAM, LAM, ANN) to the minor unit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from risk.sharing import describe_terms
from risk.sharing.terms import compile_terms
from tests.worked_examples.accrual_stories import GOLDEN, Json, loan, service

LOANS = GOLDEN["loans"]


def cents(text: str) -> Decimal:
    return Decimal(text) * 100


def terms_of(vector: Json, plan: Json) -> Json:
    return loan(
        int(cents(vector["principal"])), vector["rate"], vector["day_count"], vector["start"], {"schedule": plan}
    )


@pytest.mark.parametrize("key", ["pam01", "pam02", "pam03", "pam05"])
def test_a_bullet_loan_pays_the_interest_of_each_period_rounded_alone(key: str) -> None:
    vector = LOANS[key]
    rows = service(terms_of(vector, {"bullet": {"on": vector["end"]}}), [day for day, _ in vector["interest"]])
    for (day, interest, principal), (expected_on, payoff) in zip(rows, vector["interest"], strict=True):
        assert day == expected_on
        # ACTUS rounds nothing: the minor unit nearest to its payoff.
        assert abs(interest - cents(payoff)) <= Decimal("0.5000001")
        assert principal == (cents(vector["principal"]) if day == vector["end"] else 0)


def test_a_linear_loan_repays_equal_parts_of_principal() -> None:
    vector = LOANS["lam01"]
    plan = {"linear": {"first": vector["first"], "every_months": 1, "count": vector["instalments"]}}
    terms = terms_of(vector, plan)
    repayments = compile_terms(terms).instruments["loan"].repayments
    assert [amount for _, amount in repayments] == [cents(vector["each"])] * vector["instalments"]
    assert repayments[-1][0].isoformat() == vector["end"]
    rows = service(terms, [day for day, _ in vector["interest"]])
    for (_, interest, principal), (_, payoff) in zip(rows, vector["interest"], strict=True):
        assert abs(interest - cents(payoff)) <= Decimal("0.5000001")
        assert principal == cents(vector["each"])


@pytest.mark.parametrize("key", ["ann01", "ann02"])
def test_an_annuity_pays_the_same_every_time_and_the_rest_at_last(key: str) -> None:
    vector = LOANS[key]
    plan = {"start": vector["start"], "first": vector["first"], "every_months": 1, "count": vector["instalments"]}
    terms = terms_of(vector, {"annuity": plan})
    repayments = compile_terms(terms).instruments["loan"].repayments
    days = [day.isoformat() for day, _ in repayments]
    assert days[-1] == vector["end"]
    rows = service(terms, days)
    payment = round(cents(vector["payment"]))
    assert {interest + principal for _, interest, principal in rows[:-1]} == {payment}
    for (day, interest, principal), (expected_on, principal_of, interest_of) in zip(rows, vector["rows"], strict=False):
        assert day == expected_on
        # The payment is rounded once and each period's interest again; the last instalment takes what they leave.
        slack = len(days) if day == days[-1] else 1
        assert abs(interest - cents(interest_of)) <= 1
        assert abs(principal - cents(principal_of)) <= slack
    assert sum(principal for _, _, principal in rows) == cents(vector["principal"])
    assert abs(rows[-1][1] + rows[-1][2] - payment) <= len(days)


def test_the_plan_is_said_in_words() -> None:
    vector = LOANS["ann01"]
    plan = {"start": vector["start"], "first": vector["first"], "every_months": 1, "count": vector["instalments"]}
    terms = terms_of(vector, {"annuity": plan})
    english = next(row["sentence"] for row in describe_terms(terms, "en") if row["clause"] == "instruments.loan")
    assert "12 instalments, every 1 months from 2013-02-01: equal payments of USD 434.87" in english
    chinese = next(row["sentence"] for row in describe_terms(terms, "zh") if row["clause"] == "instruments.loan")
    assert "共12期，等额本息，每期本息合计434.87美元" in chinese
