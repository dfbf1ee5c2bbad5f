"""Day counts, compound returns and hurdles: figures of ISDA, QuantLib and published glossaries (data/accruals.json)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from risk.sharing import Engine, settle
from risk.sharing.day_counts import DAY_COUNTS, year_parts
from tests.worked_examples.accrual_stories import GOLDEN, capital_and_return, promote, rate, story

FEN = 100
COMPOUND = GOLDEN["compound"]


@pytest.mark.parametrize(("start", "end", "fraction"), GOLDEN["day_counts"]["Act/Act"]["cases"])
def test_act_act_weighs_days_of_leap_years_apart(start: str, end: str, fraction: str) -> None:
    parts = year_parts("Act/Act", date.fromisoformat(start), date.fromisoformat(end))
    # The source compares to ten decimals and prints some figures to no more.
    assert abs(Decimal(parts) / DAY_COUNTS["Act/Act"] - Decimal(fraction)) < Decimal("1e-10")


@pytest.mark.parametrize(("start", "end", "days"), GOLDEN["day_counts"]["30E/360"]["cases"])
def test_thirty_e_over_360_takes_a_31st_as_the_30th_and_leaves_february_alone(start: str, end: str, days: int) -> None:
    assert year_parts("30E/360", date.fromisoformat(start), date.fromisoformat(end)) == days
    assert DAY_COUNTS["30E/360"] == 360


def test_a_million_at_eight_per_cent_compounded_for_five_years() -> None:
    terms = capital_and_return([(COMPOUND["paid_on"], COMPOUND["invested"] * FEN)], rate=rate(COMPOUND["rate"]),
                               method="compound")  # fmt: skip
    settled = settle({"terms": terms, "events": story(terms, [(COMPOUND["distributed_on"], 2_000_000 * FEN)])})
    received = settled["parties"]["a"]["received_minor"]
    assert round(received / FEN) == COMPOUND["before_carry"]
    assert round((received - COMPOUND["invested"] * FEN) / FEN) == COMPOUND["preferred_return"]
    assert settled["parties"]["a"]["xirr"] == "0.080000"


def test_the_same_hurdle_as_an_account_of_all_payments() -> None:
    terms = promote([(COMPOUND["paid_on"], COMPOUND["invested"] * FEN)], first=COMPOUND["rate"])
    settled = settle({"terms": terms, "events": story(terms, [(COMPOUND["distributed_on"], 2_000_000 * FEN)])})
    first = settled["events"][-1]["explanation"][0]
    assert round(first["amount_minor"] / FEN) == COMPOUND["before_carry"]


def test_three_years_of_simple_return_make_240_000() -> None:
    simple = COMPOUND["simple"]
    terms = capital_and_return([("2021-03-01", COMPOUND["invested"] * FEN)], rate=rate(COMPOUND["rate"]))
    engine = Engine(terms)
    state = engine.open()
    for event in story(terms, [("2024-02-29", 0)]):  # 3 x 365 days later
        state = engine.apply(state, event).state
    assert engine.balances(state)["preference:pref"] == simple["preferred_return"] * FEN


def test_a_promote_with_two_hurdles_and_a_shared_rest() -> None:
    # The clause is Nutter's (https://www.nutter.com/the-capital-account/tag/waterfall-provisions): to A until 8 % IRR,
    # then 90 : 10 until A has 15 %, then 80 : 20. The figures follow from it by arithmetic: one year of 365 days on a
    # million, 1,080,000 to A; 70,000 more to A is nine tenths of 77,777.78; of what is left of 1,300,000, 80 : 20.
    terms = promote([("2026-01-01", 1_000_000 * FEN)])
    last = settle({"terms": terms, "events": story(terms, [("2027-01-01", 1_300_000 * FEN)])})["events"][-1]
    assert [tier["amount_minor"] for tier in last["explanation"]] == [108_000_000, 7_777_778, 14_222_222]
    assert last["flows"] == {"a": 108_000_000 + 7_000_000 + 11_377_778, "b": 777_778 + 2_844_444}
