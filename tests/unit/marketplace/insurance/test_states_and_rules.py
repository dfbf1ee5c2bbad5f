"""Pure decisions of insurance: the tables of arrows, the loss behind a share of the limit, hashes and deadlines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.insurance import states
from marketplace.insurance.errors import (
    PRICING_ERRORS,
    ClaimStateError,
    PolicyStateError,
    PricingInputError,
    QuoteStateError,
    RequestStateError,
    ScoreExpiredError,
    translate_error,
)
from marketplace.insurance.rules import compute_loss, hash_content, list_deadlines, score_valid_until
from risk.pricing import InsuranceError, apply_terms

TABLES = [
    (states.REQUEST_ARROWS, states.REQUEST_STATES, states.check_request_move, RequestStateError),
    (states.QUOTE_ARROWS, states.QUOTE_STATES, states.check_quote_move, QuoteStateError),
    (states.POLICY_ARROWS, states.POLICY_STATES, states.check_policy_move, PolicyStateError),
    (states.CLAIM_ARROWS, states.CLAIM_STATES, states.check_claim_move, ClaimStateError),
]


@pytest.mark.parametrize(("arrows", "words", "check", "error"), TABLES)
def test_no_state_is_reached_except_by_the_arrows(arrows: Any, words: Any, check: Any, error: Any) -> None:
    assert set(arrows) == set(words)
    for before in words:
        for after in words:
            if after in arrows[before]:
                check(before, after)
            else:
                with pytest.raises(error):
                    check(before, after)


def test_a_policy_is_in_force_only_after_it_was_bound_and_never_again_after_its_end() -> None:
    assert [state for state, targets in states.POLICY_ARROWS.items() if "in_force" in targets] == ["bound"]
    assert [state for state, targets in states.CLAIM_ARROWS.items() if "paid" in targets] == ["agreed"]
    assert [state for state, targets in states.QUOTE_ARROWS.items() if "bound" in targets] == ["accepted"]
    assert [state for state, targets in states.QUOTE_ARROWS.items() if "accepted" in targets] == ["offered"]


@settings(max_examples=150)
@given(
    share_of_limit=st.sampled_from(["0.5", "0.8", "0.85", "0.90", "1"]),
    insurer_share=st.sampled_from(["0.40", "0.50", "0.60"]),
    deductible=st.integers(0, 10**10),
    limit=st.integers(1, 10**11),
)
def test_stated_share_of_the_limit_is_what_the_insurer_pays(
    share_of_limit: str, insurer_share: str, deductible: int, limit: int
) -> None:
    """Run through the terms, the loss gives the share of the limit to half a unit, unless the schedule is smaller."""
    total = 10**12
    loss = compute_loss(share_of_limit=share_of_limit, limit_minor=limit, deductible_minor=deductible,
                        insurer_share=insurer_share, sum_insured_minor=total)  # fmt: skip
    assert loss <= total
    terms = {"deductible_minor": min(deductible, limit), "limit_minor": limit, "insurer_share": insurer_share}
    if deductible <= limit and loss < total:
        paid = apply_terms([{"code": "x", "sum_insured_minor": total}], {"x": loss}, terms)["indemnity_minor"]
        assert abs(paid - Fraction(share_of_limit) * limit) <= 1


def test_loss_never_passes_the_schedule() -> None:
    assert compute_loss(share_of_limit="1", limit_minor=100, deductible_minor=50, insurer_share="0.1",
                        sum_insured_minor=300) == 300  # fmt: skip


def test_hash_is_of_the_content_and_not_of_its_order() -> None:
    assert hash_content({"a": 1, "b": "中"}) == hash_content({"b": "中", "a": 1})
    assert hash_content({"a": 1}) != hash_content({"a": 2})


def test_score_is_priced_from_for_half_a_year_by_the_shanghai_day() -> None:
    assert score_valid_until(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == date(2027, 6, 30)


def test_refusals_of_the_core_keep_their_code() -> None:
    for code, kind in PRICING_ERRORS.items():
        assert translate_error(InsuranceError("x", code=code, field="f")).code == kind.code == code
    assert isinstance(translate_error(InsuranceError("x", code="score_expired")), ScoreExpiredError)
    assert isinstance(translate_error(InsuranceError("x")), PricingInputError)


def _claim(**changes: Any) -> Any:
    values = {"notified_at": datetime(2028, 10, 2, 2, 0, tzinfo=UTC), "assessed_at": None, "agreed_at": None,
              "refused_at": None, "settled_on": None, "determination": ""}  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def test_refusal_is_due_three_days_after_a_negative_finding() -> None:
    claim = _claim(assessed_at=datetime(2028, 10, 20, tzinfo=UTC), determination="no_insured_event")
    rows = {row.key: row for row in list_deadlines(claim, today=date(2028, 10, 24))}
    assert rows["refuse"].due_on == date(2028, 10, 23)
    assert rows["refuse"].late
    claim.refused_at = datetime(2028, 10, 22, tzinfo=UTC)
    rows = {row.key: row for row in list_deadlines(claim, today=date(2030, 1, 1))}
    assert not rows["refuse"].late
    assert "interim" not in rows


def test_paid_claim_has_no_running_clock() -> None:
    claim = _claim(assessed_at=datetime(2028, 10, 5, tzinfo=UTC), agreed_at=datetime(2028, 10, 6, tzinfo=UTC),
                   settled_on=date(2028, 10, 10), determination="insured_event")  # fmt: skip
    assert not any(row.late or row.done_on is None for row in list_deadlines(claim, today=date(2040, 1, 1)))
