"""What accrues: day counts add up, compound factors are exact, a filled hurdle gives its internal rate (I16)."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.sharing import Engine, TermsError, describe_terms, validate_terms
from risk.sharing.day_counts import DAY_COUNTS, year_parts
from risk.sharing.growth import SCALE, growth_factor
from tests.worked_examples.accrual_stories import Json, capital_and_return, leaf, promote, rate, story

DAYS = st.dates(date(2019, 12, 1), date(2033, 3, 31))
LAST = date(2034, 6, 30)


def run(terms: Json, distributions: list[tuple[str, int]]) -> tuple[Engine, Any, list[tuple[date, int]]]:
    """Return the engine, the last state and A's dated cash flows."""
    engine = Engine(terms)
    state, flows = engine.open(), []
    for event in story(terms, distributions):
        outcome = engine.apply(state, event)
        state = outcome.state
        flows.append((date.fromisoformat(event["effective_on"]), outcome.flows.get("a", 0)))
    return engine, state, flows


@pytest.mark.parametrize("count", DAY_COUNTS)
@given(days=st.tuples(DAYS, DAYS, DAYS).map(sorted))
def test_parts_of_a_year_add_up_over_any_day_between(count: str, days: list[date]) -> None:
    start, middle, end = days
    whole = year_parts(count, start, end)
    assert whole == year_parts(count, start, middle) + year_parts(count, middle, end)
    assert whole >= 0


def test_traps_of_the_calendar() -> None:
    assert year_parts("30E/360", date(2028, 2, 28), date(2028, 2, 29)) == 1
    assert year_parts("30E/360", date(2028, 2, 29), date(2028, 3, 1)) == 2
    assert year_parts("30E/360", date(2027, 1, 30), date(2027, 1, 31)) == 0
    assert year_parts("30E/360", date(2027, 1, 31), date(2027, 2, 1)) == 1
    assert year_parts("Act/Act", date(2027, 12, 31), date(2028, 1, 1)) == 366  # the last day of a common year
    assert year_parts("Act/Act", date(2028, 1, 1), date(2029, 1, 1)) == DAY_COUNTS["Act/Act"]


def test_a_factor_is_rounded_once_to_twelve_places() -> None:
    year = growth_factor(Fraction("0.08"), "A365F", date(2026, 1, 1), date(2027, 1, 1))
    assert Fraction(year, SCALE) == Fraction("1.08")
    quarter = growth_factor(Fraction("0.08"), "30E/360", date(2026, 1, 1), date(2026, 4, 1))
    assert Fraction(quarter, SCALE) == Fraction("1.019426546908")  # the fourth root of 1.08 is 1.0194265469082...
    assert growth_factor(Fraction(0), "A360", date(2026, 1, 1), date(2099, 1, 1)) == SCALE
    assert growth_factor(Fraction(10), "A365F", date(1900, 1, 1), date(2299, 1, 1)) == 9000 * SCALE


@settings(max_examples=150, deadline=None)
@given(
    calls=st.lists(st.tuples(DAYS, st.integers(10**9, 10**13)), min_size=1, max_size=3),
    paid=st.lists(st.tuples(st.integers(0, 2500), st.floats(0, 0.3)), max_size=4),
    hurdle=st.sampled_from(["0", "0.01", "0.08", "0.123456789", "0.5"]),
    wait=st.integers(365, 1500),
)
def test_a_filled_hurdle_gives_its_internal_rate(
    calls: list[tuple[date, int]], paid: list[tuple[int, float]], hurdle: str, wait: int
) -> None:
    calls.sort()
    first, last = calls[0][0], max(day for day, _ in calls)
    # What is paid on the way is too little to fill the hurdle; the last distribution fills it exactly.
    early = [(first + timedelta(days=days), int(part * calls[0][1])) for days, part in paid]
    early = [(on, amount) for on, amount in early if on <= last]
    end = last + timedelta(days=wait)
    terms = promote([(on.isoformat(), amount) for on, amount in calls], first=hurdle, second="1")
    engine, state, _ = run(terms, [(on.isoformat(), amount) for on, amount in early] + [(end.isoformat(), 0)])
    missing = engine.balances(state)["hurdle:first"]
    rows = [(on.isoformat(), amount) for on, amount in early] + [(end.isoformat(), missing)]
    engine, state, flows = run(terms, rows)
    assert "hurdle:first" not in engine.balances(state)
    assert sum(amount for _, amount in flows if amount > 0) >= missing
    largest = max(abs(amount) for _, amount in flows)
    found = pyxirr.xirr([on for on, _ in flows], [amount / largest for _, amount in flows])
    assert found == pytest.approx(float(hurdle), abs=1e-7)


def test_what_is_paid_beyond_a_hurdle_is_carried_on_or_forgotten() -> None:
    calls = [("2026-01-01", 100_000_000), ("2027-01-01", 100_000_000)]
    balances = {}
    for carry in (True, False):
        engine, state, _ = run(
            promote(calls, carry_excess=carry, first="0.10", second="0.10"),
            [("2026-06-30", 150_000_000), ("2028-01-01", 0)],
        )
        balances[carry] = engine.balances(state)["hurdle:first"]
    # Forgotten: only the second call counts, for a year. Carried: the surplus has grown at the same 10 % meanwhile.
    assert balances[False] == 110_000_000
    grown = 100_000_000 * 1.1 ** (180 / 365)
    to_a = grown + 0.8 * (150_000_000 - grown)
    surplus = (to_a - grown) * 1.1 ** (185 / 365)
    assert balances[True] == pytest.approx((100_000_000 - surplus) * 1.1, abs=1)


@pytest.mark.parametrize("way", [
    {"method": "simple"}, {"method": "compound"},
    {"method": "compound", "compound": {"per": "quarter", "within": "simple", "from": "2026-01-01"}},
])  # fmt: skip
def test_days_on_which_nothing_is_paid_change_nothing(way: Json) -> None:
    terms = capital_and_return([("2026-01-05", 123_456_789)], rate=rate("0.0835"), **way)
    quiet = [((date(2026, 1, 31) + timedelta(days=17 * step)).isoformat(), 0) for step in range(60)]
    rows = [("2027-03-03", 7_777_777), ("2029-08-31", 0)]
    plain, noisy = run(terms, rows)[1], run(terms, sorted([*quiet, *rows]))[1]
    engine = Engine(terms)
    assert engine.balances(plain) == engine.balances(noisy)
    assert engine.balances(plain)["preference:pref"] > 0


def test_unpaid_return_is_added_to_the_capital_at_the_end_of_each_year() -> None:
    yearly = {"method": "compound", "compound": {"per": "year", "within": "simple", "from": "2026-01-01"}}
    terms = capital_and_return([("2026-01-01", 100_000_000)], rate=rate("0.10"), **yearly)
    engine, state, _ = run(terms, [("2028-01-01", 0)])
    assert engine.balances(state)["preference:pref"] == 21_000_000
    engine, state, _ = run(terms, [("2027-07-02", 0)])
    assert engine.balances(state)["preference:pref"] == 10_000_000 + round(110_000_000 * 0.10 * 182 / 365)
    # Capital comes back first, so the year-old return goes on accruing and what is paid on it is taken off it first.
    engine, state, _ = run(terms, [("2027-01-01", 104_000_000), ("2028-01-01", 0)])
    assert engine.balances(state)["preference:pref"] == 6_600_000


def test_scenarios_that_were_paid_on_different_days_grow_from_their_own_days() -> None:
    terms = promote([("2026-01-01", 100_000_000)], first="0.08", second="0.15")
    events = story(terms, [("2026-05-05", 10_000_000), ("2027-09-09", 20_000_000), ("2029-02-28", 500_000_000)])
    array = [dict(event) for event in events]
    where = {3: [True, False, True], 4: [False, True, True]}
    for place, occurs in where.items():
        array[place]["occurs"] = np.array(occurs)
    paths = Engine(terms).run_paths(array, 3)
    for scenario in range(3):
        engine, state = Engine(terms), Engine(terms).open()
        for place, event in enumerate(events):
            if where.get(place, [True] * 3)[scenario]:
                state = engine.apply(state, event).state
        assert (
            int(paths.flows["b"][5, scenario])
            == engine.apply(engine.open(), events[0]).flows.get("b", 0) + (state.values["received:b"])
        )


def bad(change: Json, section: str = "accruals") -> Json:
    terms = capital_and_return([("2026-01-01", 1)], rate=rate("0.1"))
    terms["hurdles"] = [{"id": "h", "party": "a", "rate": rate("0.1"), "day_count": "A365F", "carry_excess": True}]
    terms["milestones"] = [{"id": "M", "name": {"zh": "M", "en": "M"}}]
    terms[section][0] |= change
    return terms


@pytest.mark.parametrize(("code", "field", "section", "change"), [
    ("not_allowed", "accruals[0].method", "accruals", {"method": "magic"}),
    ("not_allowed", "accruals[0].day_count", "accruals", {"day_count": "A366"}),
    ("not_compound", "accruals[0].compound", "accruals",
     {"compound": {"per": "year", "within": "simple", "from": "2026-01-01"}}),
    ("bad_day", "accruals[0].compound.from", "accruals",
     {"method": "compound", "compound": {"per": "year", "within": "simple", "from": "2026-01-31"}}),
    ("not_allowed", "accruals[0].compound.per", "accruals",
     {"method": "compound", "compound": {"per": "week", "within": "simple", "from": "2026-01-01"}}),
    ("steps_compound_daily", "accruals[0].steps", "accruals",
     {"method": "compound", "steps": [{"milestone": "M", "from": "2026-01-01", "rate": rate("0.05")}]}),
    ("rate_too_fine", "accruals[0].rate", "accruals", {"day_count": "Act/Act", "rate": rate("0.123456789012")}),
    ("not_a_truth_value", "hurdles[0].carry_excess", "hurdles", {"carry_excess": "yes"}),
    ("unknown_party", "hurdles[0].party", "hurdles", {"party": "nobody"}),
    ("id_twice", "hurdles[0].id", "hurdles", {"id": "pref"}),
])  # fmt: skip
def test_bad_accruals_are_refused_at_the_clause(code: str, field: str, section: str, change: Json) -> None:
    with pytest.raises(TermsError) as refusal:
        validate_terms(bad(change, section))
    assert (refusal.value.code, refusal.value.field) == (code, field)


@pytest.mark.parametrize(("code", "gap"), [
    ("unknown_hurdle", {"hurdle": "none"}), ("speed_too_low", {"hurdle": "h", "speed": "0"}),
])  # fmt: skip
def test_bad_gaps_to_a_hurdle_are_refused(code: str, gap: Json) -> None:
    terms = bad({})
    terms["programs"]["exit"] = {"seq": [{"cap": {"amount": {"gap": gap}, "then": leaf("a")}}, leaf("b")]}
    with pytest.raises(TermsError) as refusal:
        validate_terms(terms)
    assert refusal.value.code == code


def test_the_sentences_name_rule_factor_and_excess() -> None:
    said = {row["clause"]: row["sentence"] for row in describe_terms(promote([("2026-01-01", 1)]), "en")}
    assert "the internal rate of return is 8%" in said["hurdles.first"]
    assert "1.019157" in said["hurdles.first"]
    assert "lowers what is missing later" in said["hurdles.first"]
    tier = said["programs.exit.seq[1].cap"]
    assert "what A lacks to an internal rate of return of 15%" in tier
    assert "90% of each payment" in tier
    chinese = " ".join(row["sentence"] for row in describe_terms(promote([("2026-01-01", 1)]), "zh"))
    assert "内部收益率" in chinese
    assert "结转，并按同一利率增长" in chinese
