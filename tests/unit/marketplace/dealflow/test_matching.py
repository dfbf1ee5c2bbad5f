"""Matching as pure arithmetic: the properties that hold for any mandate and project, and the figures of one pair."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.dealflow.facts import Ask, ProjectFacts
from marketplace.dealflow.matching import compute_score, match_project, write_match, write_share
from marketplace.dealflow.reasons import PLAIN_SPEECH, SENTENCES, write_reason
from marketplace.dealflow.words import BANDS, EXCLUSION_FIGURES, MUST_HAVES, PARTS
from marketplace.projects.words import INSTRUMENTS, SECTORS

TODAY = date(2026, 11, 23)
REGIONS = ("370300", "320400", "110000", "")


def make_mandate(**changes: Any) -> SimpleNamespace:
    values: dict[str, Any] = {
        "organisation_id": 1, "state": "active", "currency": "CNY", "instruments": ["equity"],
        "sectors": ["chemicals"], "region_prefixes": ["37"], "trl_from": 5, "trl_to": 7, "mrl_from": 4, "mrl_to": 8,
        "ticket_min_minor": 200, "ticket_max_minor": 600, "round_size_max_minor": 3000, "needs_co_investor": False,
        "must_have": [], "exclusions": [], "max_band": None, "budget_from": TODAY, "budget_to": TODAY,
        "budget_remaining_minor": 1000, "valid_from": TODAY, "valid_to": TODAY,
        "weights": {"ticket": "0.5", "level": "0.5"}, "name_zh": "", "name_en": "flow chemistry", "target_zh": "",
        "target_en": "",
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def make_facts(**changes: Any) -> ProjectFacts:
    values: dict[str, Any] = {
        "organisation_ids": frozenset({7}), "state": "published", "currency": "CNY", "sector": "chemicals",
        "region_code": "370300", "trl": 6, "mrl": 5, "assessed": True, "asks": (Ask("equity", 1000, 200),),
        "pilot_site_booked": True, "ip_owned": True, "insurance_bound": False, "probability": Decimal("0.4"),
        "band": "elevated", "figures": dict.fromkeys(EXCLUSION_FIGURES, Decimal(2)),
        "words": {"lead_organisation_size": "small", "solids_handling": "true", "sector": "chemicals"},
        "tokens": frozenset({"flow", "pilot"}),
    }  # fmt: skip
    return ProjectFacts(**{**values, **changes})


amounts = st.integers(1, 5000)
exclusions = st.fixed_dictionaries({
    "field": st.sampled_from(EXCLUSION_FIGURES), "operator": st.sampled_from(("above", "below", "is")),
    "value": st.sampled_from(("0", "1", "2", "3")), "reason_zh": st.just("理由"), "reason_en": st.just("reason"),
})  # fmt: skip


@st.composite
def mandates(draw: st.DrawFn) -> SimpleNamespace:
    trl, mrl = (sorted(draw(st.tuples(st.integers(1, top), st.integers(1, top)))) for top in (9, 10))
    ticket = sorted(draw(st.tuples(amounts, amounts)))
    days = sorted(draw(st.tuples(st.integers(-3, 3), st.integers(-3, 3))))
    weights = draw(st.dictionaries(st.sampled_from(PARTS), st.sampled_from(("0.1", "1", "2.5", "30"))))
    return make_mandate(
        organisation_id=draw(st.integers(1, 3)),
        state=draw(st.sampled_from(("active", "active", "active", "paused"))),
        currency=draw(st.sampled_from(("CNY", "CNY", "CNY", "USD"))),
        instruments=draw(st.lists(st.sampled_from(INSTRUMENTS[:4]), min_size=1, unique=True)),
        sectors=draw(st.lists(st.sampled_from(SECTORS[:4]), unique=True)),
        region_prefixes=draw(st.lists(st.sampled_from(("37", "3204", "11")), unique=True)),
        trl_from=trl[0], trl_to=trl[1], mrl_from=mrl[0], mrl_to=mrl[1],
        ticket_min_minor=ticket[0], ticket_max_minor=ticket[1],
        round_size_max_minor=draw(st.none() | amounts), needs_co_investor=draw(st.booleans()),
        must_have=draw(st.lists(st.sampled_from(MUST_HAVES), unique=True, max_size=2)),
        exclusions=draw(st.lists(exclusions, max_size=2)),
        max_band=draw(st.none() | st.sampled_from(BANDS)),
        budget_remaining_minor=draw(st.integers(-100, 5000)),
        valid_from=TODAY + timedelta(days[0]), valid_to=TODAY + timedelta(days[1]), weights=weights,
    )  # fmt: skip


@st.composite
def projects(draw: st.DrawFn) -> ProjectFacts:
    asks = []
    for instrument in draw(st.lists(st.sampled_from(INSTRUMENTS[:4]), unique=True, max_size=3)):
        smallest, amount = sorted(draw(st.tuples(amounts, amounts)))
        asks.append(Ask(instrument, amount, smallest, open=draw(st.booleans())))
    return make_facts(
        organisation_ids=frozenset(draw(st.sets(st.integers(3, 6), min_size=1))),
        state=draw(st.sampled_from(("published", "in_funding", "funded"))),
        sector=draw(st.sampled_from(SECTORS[:4])), region_code=draw(st.sampled_from(REGIONS)),
        trl=draw(st.none() | st.integers(1, 9)), mrl=draw(st.none() | st.integers(1, 10)),
        assessed=draw(st.booleans()), asks=tuple(asks), pilot_site_booked=draw(st.booleans()),
        ip_owned=draw(st.booleans()), insurance_bound=draw(st.booleans()),
        probability=draw(st.none() | st.decimals("0", "1", places=6)), band=draw(st.none() | st.sampled_from(BANDS)),
        figures={name: draw(st.none() | st.decimals("0", "4", places=1)) for name in EXCLUSION_FIGURES},
        tokens=frozenset(draw(st.sets(st.sampled_from(("flow", "chemistry", "pilot"))))),
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(mandates(), projects())
def test_score_and_parts_lie_between_nought_and_one_and_refused_means_no_score(mandate: Any, facts: Any) -> None:
    match = match_project(mandate, facts, today=TODAY)
    assert (match.score is None) == bool(match.refusals) == (not all(check.holds for check in match.checks))
    assert [part.code for part in match.parts] == list(PARTS)
    assert all(0 <= part.value <= 1 for part in match.parts)
    if match.score is not None:
        assert 0 <= match.score <= 1
        weight = sum(part.weight for part in match.parts)
        assert match.score * weight == sum(part.value * part.weight for part in match.parts)


@settings(max_examples=100, deadline=None)
@given(mandates(), projects(), st.randoms(use_true_random=False))
def test_the_order_of_lists_changes_nothing(mandate: Any, facts: Any, random: Any) -> None:
    before = write_match(match_project(mandate, facts, today=TODAY))
    for name in ("instruments", "sectors", "region_prefixes", "must_have", "exclusions"):
        random.shuffle(getattr(mandate, name))
    mandate.weights = dict(random.sample(list(mandate.weights.items()), len(mandate.weights)))
    asks = random.sample(facts.asks, len(facts.asks))
    assert write_match(match_project(mandate, replace(facts, asks=tuple(asks)), today=TODAY)) == before


WIDER = {
    "trl_from": lambda m: {"trl_from": max(1, m.trl_from - 1)},
    "trl_to": lambda m: {"trl_to": min(9, m.trl_to + 1)},
    "mrl_from": lambda m: {"mrl_from": 1},
    "mrl_to": lambda m: {"mrl_to": 10},
    "ticket_min": lambda m: {"ticket_min_minor": max(1, m.ticket_min_minor // 2)},
    "ticket_max": lambda m: {"ticket_max_minor": m.ticket_max_minor * 2},
    "round_size": lambda m: {"round_size_max_minor": None},
    "budget": lambda m: {"budget_remaining_minor": m.budget_remaining_minor + 1000},
    "validity": lambda m: {"valid_from": TODAY - timedelta(9), "valid_to": TODAY + timedelta(9)},
    "sectors": lambda m: {"sectors": [*m.sectors, *SECTORS] if m.sectors else []},
    "regions": lambda m: {"region_prefixes": []},
    "risk": lambda m: {"max_band": None},
}


@settings(max_examples=100, deadline=None)
@given(mandates(), projects(), st.sampled_from(sorted(WIDER)))
def test_widening_a_range_never_adds_a_refusal(mandate: Any, facts: Any, what: str) -> None:
    before = {check.code for check in match_project(mandate, facts, today=TODAY).refusals}
    wider = make_mandate(**{**vars(mandate), **WIDER[what](mandate)})
    assert {check.code for check in match_project(wider, facts, today=TODAY).refusals} <= before


@settings(max_examples=60, deadline=None)
@given(mandates(), projects())
def test_every_check_has_a_sentence_with_its_figures(mandate: Any, facts: Any) -> None:
    for check in match_project(mandate, facts, today=TODAY).checks:
        sentence = write_reason(check, PLAIN_SPEECH)
        assert sentence.endswith(".")
        assert "%(" not in sentence
        assert "None" not in sentence
        assert check.code in SENTENCES


def test_the_figures_of_one_pair() -> None:
    match = match_project(make_mandate(), make_facts(), today=TODAY)
    assert match.holds
    parts = {part.code: part.value for part in match.parts}
    # Tickets 200 to 600 against an ask of 200 to 1000: 400 of 800; TRL 6 is the middle of 5 to 7.
    assert parts == {
        "ticket": Fraction(1, 2), "level": 1, "sector": 1, "region": 1, "risk": Fraction(3, 5),
        "text": Fraction(1, 2),
    }  # fmt: skip
    assert match.score == Fraction(3, 4)
    assert write_share(match.score) == "0.750000"


def test_an_ask_taken_whole_counts_as_inside_or_not() -> None:
    whole = make_facts(asks=(Ask("equity", 500, 500),))
    assert match_project(make_mandate(), whole, today=TODAY).parts[0].value == 1
    larger = match_project(make_mandate(), make_facts(asks=(Ask("equity", 700, 700),)), today=TODAY)
    assert [check.code for check in larger.refusals] == ["ticket"]
    assert larger.parts[0].value == 0


@pytest.mark.parametrize(
    ("mandate", "facts", "code", "sentence"),
    [
        ({"trl_from": 7, "trl_to": 9}, {}, "trl", "TRL 6 lies outside 7 to 9."),
        ({}, {"trl": None}, "trl", "The TRL is not known; the mandate takes 5 to 7."),
        ({"sectors": ["medicine"]}, {}, "sector", "The sector is chemicals; the mandate takes medicine."),
        ({"region_prefixes": ["32"]}, {}, "region", "The region is 370300; the mandate takes 32."),
        ({"instruments": ["loan"]}, {}, "instrument", "The project asks for equity, but the mandate offers only loan."),
        (
            {"ticket_min_minor": 100, "ticket_max_minor": 150}, {}, "ticket",
            "Tickets of CNY 1.00 to CNY 1.50 do not meet an ask of CNY 2.00 to CNY 10.00.",
        ),
        (
            {"budget_remaining_minor": 199}, {}, "budget",
            "CNY 1.99 of the budget from 2026-11-23 to 2026-11-23 is left; the smallest ticket is CNY 2.00.",
        ),
        ({"must_have": ["insurance_bound"]}, {}, "must_insurance_bound", "No pilot-failure policy is bound."),
        ({"must_have": ["assessed_level"]}, {"assessed": False}, "must_assessed_level",
         "The level is only claimed, not assessed."),
        ({"max_band": "moderate"}, {}, "risk", "The risk of failure is elevated; at most moderate is taken."),
        ({"max_band": "moderate"}, {"band": None}, "risk",
         "There is no risk score that this funder may read; at most moderate is taken."),
        ({"organisation_id": 7}, {}, "conflict", "The funder is the team or the pilot centre of the project itself."),
        ({"currency": "USD"}, {}, "currency",
         "The project asks in CNY, the mandate is in USD; nothing is converted."),
        ({}, {"state": "funded"}, "project_open", "The project does not look for money now: funded."),
        ({}, {"asks": (Ask("equity", 1000, 200, open=False),)}, "eligibility", "The assessed level closes equity."),
        (
            {"exclusions": [{"field": "new_process_steps", "operator": "above", "value": "1", "reason_zh": "过多",
                             "reason_en": "too many at once"}]},
            {}, "exclusion", "new_process_steps is 2; refused is above 1: too many at once.",
        ),
        ({"needs_co_investor": True, "ticket_min_minor": 500}, {"asks": (Ask("equity", 500, 500),)}, "co_investor",
         "A ticket of CNY 5.00 leaves no room for another funder in CNY 5.00."),
        ({"valid_to": TODAY - timedelta(1), "valid_from": TODAY - timedelta(9)}, {}, "mandate_open",
         "The mandate takes nothing now; it runs from 2026-11-14 to 2026-11-22."),
    ],
)  # fmt: skip
def test_one_broken_rule_is_the_one_reason(mandate: Any, facts: Any, code: str, sentence: str) -> None:
    match = match_project(make_mandate(**mandate), make_facts(**facts), today=TODAY)
    assert code in [check.code for check in match.refusals]
    refusal = next(check for check in match.refusals if check.code == code)
    assert write_reason(refusal, PLAIN_SPEECH) == sentence
    assert match.score is None


def test_what_is_not_known_is_not_excluded() -> None:
    limit = {"field": "scale_up_factor", "operator": "above", "value": "1", "reason_zh": "", "reason_en": ""}
    unknown = make_facts(figures=dict.fromkeys(EXCLUSION_FIGURES))
    match = match_project(make_mandate(exclusions=[limit]), unknown, today=TODAY)
    assert match.holds
    told = write_reason(next(check for check in match.checks if check.code == "exclusion"), PLAIN_SPEECH)
    assert told == "scale_up_factor is not stated; refused is above 1."


def test_nothing_about_re_investment_is_known_to_matching() -> None:
    """返投 is neither a part nor a fact, so no order can depend on it."""
    known = {*PARTS, *SENTENCES, *ProjectFacts.__dataclass_fields__}
    assert not [word for word in known if ("invest" in word and word != "co_investor") or "return" in word]


def test_shares_sort_as_text() -> None:
    values = [Fraction(0), Fraction(1, 3), Fraction(2, 3), Fraction(999_999, 1_000_000), Fraction(1)]
    texts = [write_share(value) for value in values]
    assert texts == sorted(texts)
    assert all(len(text) == 8 for text in texts)


def test_equal_weights_where_none_are_given() -> None:
    match = match_project(make_mandate(weights={}), make_facts(), today=TODAY)
    assert match.score == compute_score(match.parts) == sum(part.value for part in match.parts) / 6
