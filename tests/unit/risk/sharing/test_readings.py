"""Explain: each kind of reading is planted by hand, and found; what is equal or not to be found is said."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.sharing import EventError, TermsError, explain, pooled_loan, settle, sub_fund, terms_hash
from risk.sharing.readings.change import REMOVED, rewrite
from risk.sharing.templates.scenario_a import scenario_a
from tests.factories.sub_funds import parameters as fund_parameters
from tests.unit.risk.sharing.test_sub_fund import proceeds
from tests.unit.risk.sharing.test_sub_fund import rows as fund_rows
from tests.worked_examples import test_shared_pool as shared

Json = dict[str, Any]
Mutation = Callable[[Json], None]


def row(place: int, on: str, kind: str, **body: Any) -> Json:
    return {"id": f"e{place}", "kind": kind, "effective_on": on, "body": body}


def fund() -> Json:
    terms = sub_fund(fund_parameters())
    # The surplus over capital and hurdle leaves odd units in every split.
    return {"terms": terms, "events": fund_rows(terms, ("2028-03-01", proceeds(123_456_789)))}


def pooled() -> Json:
    terms = pooled_loan(shared.parameters("first", shared=False))
    claim = {"id": "claim", "kind": "pool_compensation", "effective_on": "2026-09-01", "body": {"channel": "pool"}}
    return {"terms": terms, "events": [*shared.story("first"), claim]}


def licence(amount: Json, paid: int = 900_001, **declared: Any) -> Json:
    """Revenue: one bounded tier to the angel, the rest to the project."""
    leaf = {"party": "angel", "legal_basis": "licence_fee", "rank": 1}
    rest = {"party": "project", "legal_basis": "retained_by_project", "rank": 9}
    terms = {
        "schema": 1, "currency": "CNY", "day_zone": "Asia/Shanghai", "project": "project",
        "parties": [{"id": "angel", "kind": "angel", "name": {"zh": "天使", "en": "Angel"}},
                    {"id": "project", "kind": "project", "name": {"zh": "项目", "en": "Project"}}],
        "instruments": [{"id": "angel-equity", "kind": "equity", "party": "angel", "commitment_minor": 500_000}],
        "tranches": [{"id": "T1", "on": "2027-01-15", "amounts": {"angel-equity": 500_000}}],
        "programs": {"operating": {"seq": [{"cap": {"amount": amount, "then": {"to": leaf}}}, {"to": rest}]}},
        **declared,
    }  # fmt: skip
    return {"terms": terms, "events": [
        row(0, "2027-01-10", "activate"), row(1, "2027-01-15", "drawdown_call", tranche="T1"),
        row(2, "2027-02-15", "drawdown_paid", tranche="T1", instrument="angel-equity"),
        row(3, "2028-01-15", "distribution", amount_minor=paid, source="project", metrics={"sales": 800_001}),
    ]}  # fmt: skip


def put(*path: Any, value: Any) -> Mutation:
    def change(document: Json) -> None:
        document["terms"] = rewrite(document["terms"], path, value)

    return change


def swap(first: int) -> Mutation:
    def change(document: Json) -> None:
        tiers = document["terms"]["programs"]["exit"]["seq"]
        tiers[first], tiers[first + 1] = tiers[first + 1], tiers[first]

    return change


def later(days: int) -> Mutation:
    def change(document: Json) -> None:
        day = document["events"][-1]
        day["effective_on"] = f"{day['effective_on'][:8]}{int(day['effective_on'][8:]) + days:02}"

    return change


def compound_yearly(document: Json) -> None:
    for name in ("method", "compound"):
        document["terms"]["accruals"][0].pop(name, None)
    document["terms"]["accruals"][0] |= {
        "method": "compound", "compound": {"per": "year", "within": "simple", "from": "2027-01-01"}}  # fmt: skip


def concession_off(document: Json) -> None:
    tiers = document["terms"]["pots"]["guidance-sale"]["program"]["seq"]
    tiers[2] = tiers[2]["when"]["else"]


def concession_on(document: Json) -> None:
    leg = document["terms"]["programs"]["exit"]["seq"][4]["share"]["legs"][0]["then"]["share"]["legs"][0]
    leg["then"] = leg["then"]["when"]["then"]


def paid_when_called(document: Json) -> None:
    document["events"][2]["effective_on"] = "2027-01-15"


BOUNDED: Json = {"min": [{"pct": {"rate": "0.05", "of": {"bal": "capital:angel"}}}, {"amount_minor": 20_000}]}
LAYER: Json = {
    "layer": {"loss": {"metric": "sales"}, "deductible_minor": 100_000, "limit_minor": 300_000, "share": "0.5"}
}
UNLIMITED: Json = {"layer": {"loss": {"metric": "sales"}, "deductible_minor": 100_000, "share": "0.5"}}
SALE = ("programs", "exit", "when", "else", "seq")
PREFERENCE: Json = {
    "amount": {"bal": "preference:p"},
    "accruals": [{"id": "p", "party": "angel", "base": "capital:angel", "rate": {"value": "0.07", "per": "year"},
                  "day_count": "A365F"}],
}  # fmt: skip
TIER = ("programs", "operating", "seq", 0, "cap", "amount")
PLANTS: dict[str, tuple[Callable[[], Json], str, str, Mutation]] = {
    "A: return compounded yearly": (lambda: scenario_a("success"), "A-42-exit", "accrual_method", compound_yearly),
    "A: return compounded daily": (lambda: scenario_a("success"), "A-42-exit", "accrual_method",
                                   put("accruals", 0, "method", value="compound")),
    "A: interest by 365": (lambda: scenario_a("success"), "A-15-distribution", "day_count",
                           put("instruments", 3, "day_count", value="A365F")),
    "A: return by 30E/360": (lambda: scenario_a("success"), "A-42-exit", "day_count",
                             put("accruals", 1, "day_count", value="30E/360")),
    "fund: catch-up off": (fund, "last", "catch_up_off", put("programs", "exit", "seq", 3, value=REMOVED)),
    "fund: hurdle left out": (fund, "last", "tier_left_out", put("programs", "exit", "seq", 2, value=REMOVED)),
    "fund: catch-up before hurdle": (fund, "last", "tier_order", swap(2)),
    "fund: hurdle by 360": (fund, "last", "day_count", put("accruals", 1, "day_count", value="A360")),
    "fund: a day more": (fund, "last", "last_day", later(1)),
    "pool: interest by 365": (pooled, "", "day_count", put("instruments", 0, "day_count", value="A365F")),
    "bound off": (lambda: licence(BOUNDED), "e3", "cap_off", put(*TIER, "min", 1, value=REMOVED)),
    "deductible after share": (lambda: licence(UNLIMITED), "e3", "deductible_after_share",
                               put(*TIER, "layer", "deductible_minor", value=200_000)),
    "deductible off": (lambda: licence(UNLIMITED), "e3", "deductible_off",
                       put(*TIER, "layer", "deductible_minor", value=REMOVED)),
    "A: concession off": (lambda: scenario_a("success"), "A-42-exit", "condition_failed", concession_off),
    "A: rate does not step": (lambda: scenario_a("success"), "A-33-distribution", "rate_step",
                              put("instruments", 3, "steps", value=[])),
    "A: odd units in reverse order": (lambda: scenario_a("success"), "A-42-exit", "splitting_policy",
                                      put(*SALE, 4, "share", "policy", value="in_reverse_order")),
    "A: no preferred return": (lambda: scenario_a("success"), "A-42-exit", "tier_left_out",
                               put(*SALE, 3, value=REMOVED)),
    "fund: concession on": (fund, "last", "condition_held", concession_on),
    "fund: odd units in order": (fund, "last", "splitting_policy",
                                 put("programs", "exit", "seq", 4, "share", "policy", value="in_reverse_order")),
    "limit after share": (lambda: licence(LAYER), "e3", "limit_after_share",
                          put(*TIER, "layer", "limit_minor", value=600_000)),
    "limit off": (lambda: licence(LAYER), "e3", "limit_off", put(*TIER, "layer", "limit_minor", value=REMOVED)),
    "rounding": (lambda: licence({"pct": {"rate": "0.5", "of": {"metric": "sales"}}}), "e3", "rounding",
                 put("rounding", value="half_up")),
}  # fmt: skip


def split_of(document: Json, event: str) -> Json:
    rows = {item["id"]: item["flows"] for item in settle(document)["events"]}
    return {party: amount for party, amount in rows[event].items() if amount > 0}


@pytest.mark.parametrize("name", list(PLANTS))
def test_a_planted_reading_is_found(name: str) -> None:
    build, event, code, mutate = PLANTS[name]
    document = build()
    if event == "last":
        event = document["events"][-1]["id"]
    event = event or next(item["id"] for item in document["events"] if item["kind"] == "distribution")
    other = copy.deepcopy(document)
    place = [item["id"] for item in other["events"]].index(event)
    other["events"] = other["events"][: place + 1]
    mutate(other)
    claimed = split_of(other, event)
    before = json.dumps(document, sort_keys=True)
    answer = explain({**document, "event": event, "claimed": claimed})
    assert claimed != split_of(document, event), "a plant that changes nothing would prove nothing"
    assert not answer["equal"]
    exact = [item for item in answer["readings"] if item["exact"]]
    assert code in {change["code"] for item in exact for change in item["changes"]}
    assert all(item["split"] == claimed and item["distance_minor"] == 0 for item in exact)
    assert all(change["words"]["zh"] and change["words"]["en"] for item in exact for change in item["changes"])
    assert json.dumps(document, sort_keys=True) == before


def test_two_readings_together_are_found_where_none_alone_gives_the_claim() -> None:
    document = licence(amount=PREFERENCE["amount"], accruals=PREFERENCE["accruals"])
    other = copy.deepcopy(document)
    put("accruals", 0, "day_count", value="A360")(other)
    paid_when_called(other)
    answer = explain({**document, "event": "e3", "claimed": split_of(other, "e3")})
    exact = [item for item in answer["readings"] if item["exact"]]
    assert {"day_count", "from_call"} in [{change["code"] for change in item["changes"]} for item in exact]
    assert all(len(item["changes"]) == 2 for item in exact)


def test_money_counted_from_its_call_is_found() -> None:
    document = licence(amount=PREFERENCE["amount"], accruals=PREFERENCE["accruals"])
    other = copy.deepcopy(document)
    paid_when_called(other)
    # 500,000 x 7 % x 365 / 365: from 15 January to 15 January.
    assert split_of(other, "e3") == {"angel": 35_000}
    answer = explain({**document, "event": "e3", "claimed": {"angel": 35_000}})
    assert "from_call" in [item["changes"][0]["code"] for item in answer["readings"] if item["exact"]]


@given(st.integers(1, 2_000_000))
@settings(max_examples=50, deadline=None)
def test_the_settled_split_is_equal_and_nothing_is_searched(paid: int) -> None:
    document = licence(BOUNDED, paid)
    answer = explain({**document, "event": "e3", "claimed": split_of(document, "e3")})
    assert (answer["equal"], answer["differences"], answer["readings"], answer["tried"]) == (True, {}, [], 0)


def test_a_claim_that_no_reading_gives_says_so() -> None:
    document = licence(BOUNDED)
    answer = explain({**document, "event": "e3", "claimed": {"angel": 7, "project": 3}})
    assert (answer["equal"], answer["claimed_minor"], answer["ours_minor"]) == (False, 10, 20_000)
    assert answer["differences"] == {"angel": 7 - 20_000, "project": 3}
    assert not [item for item in answer["readings"] if item["exact"]]
    assert answer["tried"] > 0


@pytest.mark.parametrize(("change", "code", "field"), [
    ({"claimed": {"nobody": 1}}, "unknown_party", "claimed.nobody"),
    ({"claimed": {"angel": -1}}, "negative_amount", "claimed.angel"),
    ({"claimed": {"angel": 1.0}}, "float_in_amount", "claimed.angel"),
    ({"claimed": {"angel": True}}, "amount_not_integer", "claimed.angel"),
    ({"claimed": {"angel": 9 * 10**15 + 1}}, "amount_too_large", "claimed.angel"),
    ({"claimed": [1]}, "not_an_object", "claimed"),
    ({"event": "other"}, "unknown_event", "event"),
    ({"event": None}, "unknown_event", "event"),
    ({"extra": 1}, "unknown_key", "document.extra"),
])  # fmt: skip
def test_bad_claims_are_refused_at_their_field(change: Json, code: str, field: str) -> None:
    with pytest.raises(EventError) as refusal:
        explain({**licence(BOUNDED), "event": "e3", "claimed": {}, **change})
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_terms_that_are_refused_stay_refused() -> None:
    document = licence(BOUNDED)
    del document["terms"]["currency"]
    with pytest.raises(TermsError):
        explain({**document, "event": "e3", "claimed": {}})


def test_a_reading_holds_through_an_amendment_that_says_the_same() -> None:
    def amended(edit: Mutation) -> Json:
        document = scenario_a("success")
        first, second = copy.deepcopy(document["terms"]), copy.deepcopy(document["terms"])
        edit(first)
        edit(second)
        second["title"]["en"] += ", amended"
        body = {"terms_hash": terms_hash(second, terms_hash(first)), "version": 2}
        change = {"id": "amend", "kind": "amendment", "effective_on": "2030-01-15", "body": body}
        before = [event for event in document["events"] if event["effective_on"] <= "2030-01-15"]
        return {"terms": first, "amendments": [{"terms": second}],
                "events": [*before, change, *document["events"][len(before) :]]}  # fmt: skip

    def by_360(terms: Json) -> None:
        terms["accruals"][0]["day_count"] = "A360"

    ours, planted = amended(lambda _: None), amended(by_360)
    sale = next(event["id"] for event in ours["events"] if event["kind"] == "exit")
    claimed = {
        party: amount
        for row in settle(planted)["events"]
        for party, amount in row["flows"].items()
        if row["id"] == sale and amount > 0
    }
    answer = explain({**ours, "event": sale, "claimed": claimed})
    assert not answer["equal"]
    exact = [item for item in answer["readings"] if item["exact"]]
    assert [change["clause"] for item in exact for change in item["changes"]] == ["accruals[0].day_count"]
    assert explain({**ours, "event": sale, "claimed": answer["ours"]})["equal"]
