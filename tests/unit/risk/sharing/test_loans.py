"""Plans of repayment: they add up, an annuity pays the same each time, bad plans are refused at the clause."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.sharing import TermsError, validate_terms
from risk.sharing.day_counts import DAY_COUNTS
from risk.sharing.terms import compile_terms
from tests.reference.sharing_loans import repayments
from tests.worked_examples.accrual_stories import Json, loan, service

MONTHLY = {"first": "2027-02-01", "every_months": 1, "count": 24}
ANNUITY = {"annuity": {"start": "2027-01-01", **MONTHLY}}


@settings(max_examples=100, deadline=None)
@given(
    principal=st.integers(10_000, 9 * 10**15),
    rate=st.sampled_from(["0", "0.0345", "0.06", "0.123456789", "0.36"]),
    count=st.sampled_from(list(DAY_COUNTS)),
    instalments=st.integers(1, 36),
    kind=st.sampled_from(["linear", "annuity"]),
)
def test_a_plan_repays_the_loan_and_is_that_of_the_reference(
    principal: int, rate: str, count: str, instalments: int, kind: str
) -> None:
    plan = {**MONTHLY, "count": instalments, **({"start": "2027-01-01"} if kind == "annuity" else {})}
    terms = loan(principal, rate, count, "2027-01-01", {"schedule": {kind: plan}})
    made = compile_terms(terms).instruments["loan"].repayments
    assert sum(amount for _, amount in made) == principal
    assert min(amount for _, amount in made) >= 0
    assert [(day.isoformat(), amount) for day, amount in made] == repayments(terms["instruments"][0], "half_even")
    if kind == "annuity" and principal < 10**14:
        rows = service(terms, [day.isoformat() for day, _ in made])
        payments = [interest + part for _, interest, part in rows]
        assert len(set(payments[:-1])) <= 1
        # The last payment differs by what the roundings before it come to, with interest on them.
        assert abs(payments[-1] - payments[0]) <= 2 * instalments * (1 + Fraction(rate)) ** 3


def changed(**more: object) -> Json:
    terms = loan(100_000, "0.06", "A360", "2027-01-01", {"schedule": ANNUITY})
    terms["instruments"][0] |= more
    return terms


@pytest.mark.parametrize(("code", "field", "terms"), [
    ("one_repayment_plan", "instruments[0].repayments", changed(repayments=[])),
    ("unknown_schedule", "instruments[0].schedule", changed(schedule={"balloon": {}})),
    ("unknown_schedule", "instruments[0].schedule", changed(schedule="annuity")),
    ("annuity_off_interest_dates", "instruments[0].schedule.annuity",
     changed(settled={"day": 20, "months": [3, 6, 9, 12]})),
    ("annuity_off_interest_dates", "instruments[0].schedule.annuity",
     changed(schedule={"annuity": {**ANNUITY["annuity"], "every_months": 3}})),
    # At 1000 % almost nothing is repaid before the end, so a leap year's interest is more than the payment.
    ("instalment_below_interest", "instruments[0].schedule.annuity",
     changed(schedule={"annuity": {"start": "2026-01-01", "first": "2027-01-01", "every_months": 12, "count": 9}},
             settled={"day": 1, "months": [1]}, rate={"value": "10", "per": "year"})),
    ("bad_period", "instruments[0].schedule.annuity.start",
     changed(schedule={"annuity": {**ANNUITY["annuity"], "start": "2027-02-01"}})),
    ("bad_day", "instruments[0].schedule.linear.first",
     changed(schedule={"linear": {**MONTHLY, "first": "2027-01-31"}})),
    ("out_of_range", "instruments[0].schedule.linear.count", changed(schedule={"linear": {**MONTHLY, "count": 601}})),
    ("out_of_range", "instruments[0].schedule.linear.every_months",
     changed(schedule={"linear": {**MONTHLY, "every_months": 0}})),
    ("bad_date", "instruments[0].schedule.linear.count",
     changed(schedule={"linear": {**MONTHLY, "every_months": 120, "count": 60}})),
])  # fmt: skip
def test_bad_plans_are_refused_at_the_clause(code: str, field: str, terms: Json) -> None:
    with pytest.raises(TermsError) as refusal:
        validate_terms(terms)
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_rounding_that_repays_too_much_is_refused() -> None:
    terms = loan(30, "0.06", "A360", "2027-01-01", {"schedule": {"linear": {**MONTHLY, "count": 40}}})
    with pytest.raises(TermsError) as refusal:
        validate_terms(terms)
    assert refusal.value.code == "instalments_too_small"
