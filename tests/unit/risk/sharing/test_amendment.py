"""Amendments: entries before stay as they were (I23), state is carried over, what has no place is refused by clause."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.sharing import Engine, EventError, TermsError, compare_terms, settle, still_needed, terms_hash
from risk.sharing.journal import MEMO_PAIRS
from risk.sharing.templates.scenario_a import ENDINGS, scenario_a, scenario_a_terms
from risk.sharing.terms import compile_terms

Json = dict[str, Any]
Edit = Callable[[Json], None]


def edited(*edits: Edit) -> Json:
    terms = copy.deepcopy(scenario_a_terms())
    for edit in edits:
        edit(terms)
    return terms


def find(terms: Json, section: str, name: str) -> Json:
    return next(item for item in terms[section] if item["id"] == name)


def amendment(terms: Json, before: Json, on: str, name: str = "amend") -> Json:
    body = {"terms_hash": terms_hash(terms, terms_hash(before)), "version": 2}
    return {"id": name, "kind": "amendment", "effective_on": on, "body": body}


def retitle(terms: Json) -> None:
    terms["title"]["en"] += ", amended"


def dearer(terms: Json) -> None:
    for item in terms["accruals"]:
        item["rate"]["value"] = "0.0375"


def finer_loan(terms: Json) -> None:
    find(terms, "instruments", "loan")["rate"]["value"] = "0.0401"


def wider_limits(terms: Json) -> None:
    for item in terms["limits"]:
        item["amount_minor"] += 12_345


def another_quorum(terms: Json) -> None:
    terms["amendment"] = {"always": ["project"], "share_of_commitments": "0.5"}


EDITS: list[Edit] = [retitle, dearer, finer_loan, wider_limits, another_quorum]


@settings(max_examples=50, deadline=None)
@given(
    ending=st.sampled_from(sorted(ENDINGS)),
    places=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    edits=st.lists(st.sampled_from(EDITS), min_size=1, max_size=5, unique=True),
)
def test_entries_before_an_amendment_stay_and_the_books_balance_after_it(
    ending: str, places: tuple[int, int], edits: list[Edit]
) -> None:
    log = scenario_a(ending)["events"]
    place = min(places[0], len(log) - 1)
    old, new = scenario_a_terms(), edited(*edits)
    plain = settle({"terms": old, "events": log[:place]})
    change = amendment(new, old, log[place - 1]["effective_on"])
    document = {"terms": old, "amendments": [{"terms": new}], "events": [*log[:place], change]}
    settled = settle(document)
    assert settled["events"][:place] == plain["events"]
    assert settled["terms_hash"] == change["body"]["terms_hash"]
    assert settled["trial_balance_minor"] == 0
    assert set(settled["memo_pairs_minor"].values()) == {0}
    memo = {code for pair in MEMO_PAIRS for code in pair}
    assert {row["code"] for row in settled["events"][-1]["postings"]} <= memo
    unchanged = {key: amount for key, amount in plain["accounts"].items() if key.split(":")[0] not in memo}
    assert unchanged == {key: amount for key, amount in settled["accounts"].items() if key.split(":")[0] not in memo}
    names = [name for name in plain["events"][-1]["balances"] if not name.startswith(("limit_left", "preference"))]
    for name in names:
        assert settled["events"][-1]["balances"].get(name, 0) == plain["events"][-1]["balances"][name]
    again = settle(json.loads(json.dumps({**document, "events": [*document["events"], log[0], change]})))
    assert again["events"][-1]["repeated"], "the very same amendment a second time is one amendment"
    assert again["events"][-2]["hash"] == plain["events"][0]["hash"]
    assert again["head"] == settled["head"]


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_an_amendment_that_changes_only_words_changes_no_figure_of_what_follows(ending: str) -> None:
    log = scenario_a(ending)["events"]
    old, new = scenario_a_terms(), edited(retitle)
    plain = settle({"terms": old, "events": log})
    for place in range(1, len(log)):
        change = amendment(new, old, log[place - 1]["effective_on"])
        settled = settle({"terms": old, "amendments": [{"terms": new}], "events": [*log[:place], change, *log[place:]]})
        assert settled["accounts"] == plain["accounts"]
        assert [row["postings"] for row in settled["events"] if row["id"] != "amend"] == [
            row["postings"] for row in plain["events"]
        ]


def at(kind: str, ending: str = "success") -> tuple[Engine, Any, str]:
    """Return the old engine, the state before the first event of a kind and the day of the event before."""
    engine = Engine(scenario_a_terms())
    state, day = engine.open(), ""
    for event in scenario_a(ending)["events"]:
        if event["kind"] == kind:
            break
        state, day = engine.apply(state, event).state, event["effective_on"]
    return engine, state, day


def amend(old: Engine, state: Any, day: str, *edits: Edit) -> Any:
    terms = edited(*edits)
    engine = Engine(terms, old.terms_hash, old)
    return engine, engine.apply(state, amendment(terms, scenario_a_terms(), day))


def drop_angel_equity(terms: Json) -> None:
    terms["instruments"] = [item for item in terms["instruments"] if item["party"] != "angel"]
    for tranche in terms["tranches"]:
        tranche["amounts"] = {
            name: amount for name, amount in tranche["amounts"].items()
            if name in {item["id"] for item in terms["instruments"]}
        }  # fmt: skip


def move_first_call(terms: Json) -> None:
    amounts = [item["amounts"] for item in terms["tranches"]]
    name = next(key for key in amounts[0] if key in amounts[1])
    amounts[0][name] += 100
    amounts[1][name] -= 100


def other_currency(terms: Json) -> None:
    terms["currency"] = "EUR"


REFUSED: list[tuple[str, str, Edit, str, str]] = [
    ("success", "distribution", drop_angel_equity, "tranche_called", "tranches"),
    ("success", "distribution", move_first_call, "tranche_called", "tranches[0].amounts"),
    ("success", "distribution", other_currency, "currency_changed", "currency"),
]


@pytest.mark.parametrize(("ending", "kind", "edit", "code", "clause"), REFUSED)
def test_terms_that_cannot_carry_what_stands_are_refused_by_clause(
    ending: str, kind: str, edit: Edit, code: str, clause: str
) -> None:
    old, state, day = at(kind, ending)
    before = state.to_json()
    with pytest.raises(EventError) as refused:
        amend(old, state, day, edit)
    assert refused.value.code == code
    assert str(refused.value.field).startswith(clause)
    assert {row["code"] for row in refused.value.details["problems"]} >= {code}
    assert state.to_json() == before


def small_loan() -> Json:
    """Return terms of an angel's contribution and a guarantor's limit, to change at will."""
    leaf = {"to": {"party": "project", "legal_basis": "retained_by_project", "rank": 9}}
    names = {"project": "project", "angel": "angel", "founders": "founders"}
    return {
        "schema": 1, "currency": "CNY", "day_zone": "Asia/Shanghai", "project": "project",
        "parties": [{"id": key, "kind": kind, "name": {"zh": key, "en": key}} for key, kind in names.items()],
        "instruments": [{"id": "equity", "kind": "equity", "party": "angel", "commitment_minor": 1_000}],
        "tranches": [{"id": "T1", "on": "2027-01-10", "amounts": {"equity": 1_000}}],
        "accruals": [{"id": "return", "party": "angel", "base": "capital:angel", "day_count": "A365F",
                      "rate": {"value": "0.08", "per": "year"}}],
        "claims": [{"id": "fee", "party": "founders", "name": {"zh": "费用", "en": "Fee"}, "amount_minor": 50,
                    "due_on": {"activation": True}}],
        "flags": [{"id": "early", "name": {"zh": "早期", "en": "Early"}}],
        "programs": {"operating": {"seq": [
            {"cap": {"amount": {"bal": "claim:fee"}, "then": {"to": {
                "party": "founders", "legal_basis": "service_fee", "rank": 1, "settles": "claim:fee"}}}}, leaf]}},
    }  # fmt: skip


def small_state(terms: Json) -> tuple[Engine, Any]:
    engine = Engine(terms)
    state = engine.open()
    for kind, on, body in (
        ("activate", "2027-01-01", {}),
        ("drawdown_call", "2027-01-10", {"tranche": "T1"}),
        ("drawdown_paid", "2027-01-12", {"tranche": "T1", "instrument": "equity"}),
        ("distribution", "2027-02-12", {"source": "project", "amount_minor": 10, "flags": {"early": True}}),
    ):
        state = engine.apply(state, {"id": f"{kind}", "kind": kind, "effective_on": on, "body": body}).state
    return engine, state


def no_accrual(terms: Json) -> None:
    terms["accruals"] = []


def no_flag(terms: Json) -> None:
    terms["flags"] = []


def cheaper_fee(terms: Json) -> None:
    terms["claims"][0]["amount_minor"] = 40


def another_base(terms: Json) -> None:
    terms["accruals"][0]["base"] = "capital:founders"


def gift(terms: Json) -> None:
    terms["instruments"][0]["party"] = "founders"


def no_founders(terms: Json) -> None:
    terms["parties"] = [item for item in terms["parties"] if item["id"] != "founders"]
    terms["claims"] = []
    terms["programs"]["operating"] = terms["programs"]["operating"]["seq"][-1]


@pytest.mark.parametrize(
    ("edit", "code", "clause"),
    [
        (no_accrual, "balance_not_carried", "accruals"),
        (no_flag, "fact_removed", "flags"),
        (cheaper_fee, "claim_due_already", "claims[0]"),
        (another_base, "accrual_changed", "accruals[0]"),
        (gift, "instrument_changed", "instruments[0].party"),
        (no_founders, "balance_not_carried", "parties"),
    ],
)
def test_each_thing_that_stands_needs_its_place(edit: Edit, code: str, clause: str) -> None:
    old = small_loan()
    engine, state = small_state(old)
    new = copy.deepcopy(old)
    edit(new)
    with pytest.raises(EventError) as refused:
        Engine(new, engine.terms_hash, engine).apply(state, amendment(new, old, "2027-03-01"))
    assert code in {row["code"] for row in refused.value.details["problems"]}
    assert clause in {row["clause"] for row in refused.value.details["problems"]}


def test_a_limit_is_never_set_below_what_is_used() -> None:
    log = scenario_a("hard_failure")["events"]
    place = next(index for index, event in enumerate(log) if event["kind"] == "pool_compensation") + 1
    old = Engine(scenario_a_terms())
    state = old.open()
    for event in log[:place]:
        state = old.apply(state, event).state
    name, used = next((key.split(":")[1], value) for key, value in state.values.items()
                      if key.startswith("limit_used") and value)  # fmt: skip

    def lower(amount: int) -> Edit:
        def edit(terms: Json) -> None:
            find(terms, "limits", name)["amount_minor"] = amount

        return edit

    with pytest.raises(EventError) as refused:
        amend(old, state, log[place - 1]["effective_on"], lower(used - 1))
    assert refused.value.code == "limit_below_used"
    assert str(refused.value.field).endswith(".amount_minor")
    _, outcome = amend(old, state, log[place - 1]["effective_on"], lower(used))
    assert outcome.balances.get(f"limit_left:{name}", 0) == 0


def test_a_new_rate_runs_from_the_day_of_the_amendment_and_not_before() -> None:
    old, new = small_loan(), small_loan()
    new["accruals"][0]["rate"]["value"] = "0.16"
    engine, state = small_state(old)
    later = Engine(new, engine.terms_hash, engine)
    state = later.apply(state, amendment(new, old, "2027-07-12")).state
    end = {"id": "end", "kind": "distribution", "effective_on": "2028-01-12",
           "body": {"source": "project", "amount_minor": 0}}  # fmt: skip
    # 1,000 at 8 % for 181 days and at 16 % for 184 days of 365: 39.67 + 80.66 = 120.33.
    assert later.apply(state, end).balances["preference:return"] == 120


def test_superseded_terms_take_no_event_and_an_amendment_is_not_reversed() -> None:
    old, state, day = at("distribution")
    new, outcome = amend(old, state, day, retitle)
    later = {"id": "late", "kind": "write_off", "effective_on": "2031-01-01", "body": {}}
    with pytest.raises(EventError) as superseded:
        old.apply(outcome.state, later)
    assert superseded.value.code == "version_superseded"
    undo = {"id": "undo", "kind": "reversal", "effective_on": day, "body": {"target": "amend"}}
    with pytest.raises(EventError) as stands:
        new.apply(outcome.state, undo)
    assert stands.value.code == "amendment_stands"
    event = {"id": "d", "kind": "distribution", "effective_on": "2030-06-29",
             "body": {"source": "project", "amount_minor": 1_000_000}}  # fmt: skip
    after = new.apply(outcome.state, event)
    undo = {"id": "undo", "kind": "reversal", "effective_on": "2030-06-29", "body": {"target": "d"}}
    assert new.apply(after.state, undo).state.core() == outcome.state.core()


def test_the_words_name_the_changed_clause_and_the_data_names_every_changed_value() -> None:
    found = compare_terms(scenario_a_terms(), edited(dearer, retitle), "en")
    changed = [row for row in found["clauses"] if row["clause"].startswith("accruals")]
    assert changed
    assert all(row["change"] == "changed" for row in changed)
    assert ("new", "3.75") in changed[0]["parts"]
    paths = {row["path"] for row in found["values"]}
    assert "title.en" in paths, "no sentence tells the title, so the data must"
    assert compare_terms(scenario_a_terms(), scenario_a_terms(), "zh")["clauses"] == []


def test_an_inserted_tier_is_added_and_those_after_it_are_not_changed() -> None:
    old = small_loan()
    new = copy.deepcopy(old)
    tier = {"cap": {"amount": {"amount_minor": 7}, "then": {"to": {
        "party": "founders", "legal_basis": "service_fee", "rank": 1}}}}  # fmt: skip
    new["programs"]["operating"]["seq"].insert(0, tier)
    changes = [row["change"] for row in compare_terms(old, new, "zh")["clauses"]]
    assert changes == ["added"]


def test_quorum_asks_those_named_and_the_share_of_commitments() -> None:
    terms = edited(another_quorum)
    terms["amendment"] = {"always": ["project", "bank"], "share_of_commitments": "0.75"}
    model = compile_terms(terms)
    everybody = [item["id"] for item in terms["parties"]]
    assert still_needed(compile_terms(scenario_a_terms()), everybody, everybody[1:]) == everybody[:1]
    assert set(still_needed(model, everybody, [])) >= {"project", "bank"}
    funders = {item["party"] for item in terms["instruments"]}
    assert still_needed(model, everybody, {"project", "bank", *funders}) == []
    left = still_needed(model, everybody, {"project", "bank"})
    assert left
    assert set(left) <= funders - {"bank"}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"always": ["nobody"], "share_of_commitments": "1"}, "unknown_party"),
        ({"always": [], "share_of_commitments": "1"}, "list_too_short"),
        ({"always": ["project", "project"], "share_of_commitments": "1"}, "party_twice"),
        ({"always": ["project"], "share_of_commitments": "0"}, "quorum_empty"),
        ({"always": ["project"]}, "missing_key"),
    ],
)
def test_a_quorum_that_means_nothing_is_refused(rule: Json, code: str) -> None:
    terms = edited()
    terms["amendment"] = rule
    with pytest.raises(TermsError) as refused:
        compile_terms(terms)
    assert refused.value.code == code
    assert str(refused.value.field).startswith("amendment")


def compounded(terms: Json, rate: str = "0.06") -> None:
    find(terms, "accruals", "preference-angel").update(method="compound", rate={"value": rate, "per": "year"})


def test_what_compounds_daily_is_neither_begun_nor_changed_once_money_has_moved() -> None:
    """Its factor runs over all days since the account last moved: another rate would reach back."""
    log = scenario_a("success")["events"]
    paid = next(place for place, event in enumerate(log) if event["kind"] == "drawdown_paid")
    simple, daily, dearer_daily = edited(), edited(compounded), edited(lambda terms: compounded(terms, "0.08"))
    for old, new in ((simple, daily), (daily, dearer_daily), (daily, simple)):
        change = amendment(new, old, "2027-03-01")
        document = {"terms": old, "amendments": [{"terms": new}], "events": [*log[: paid + 1], change]}
        with pytest.raises(EventError) as error:
            settle(document)
        assert error.value.code in ("accrual_changed", "balance_not_carried")
        assert ".accruals" in error.value.field
    renamed = edited(compounded, retitle)
    change = amendment(renamed, daily, log[paid]["effective_on"])
    document = {
        "terms": daily,
        "amendments": [{"terms": renamed}],
        "events": [*log[: paid + 1], change, *log[paid + 1 :]],
    }
    plain = settle({"terms": daily, "events": log})
    changed = settle(document)
    assert {party: row["net_minor"] for party, row in changed["parties"].items()} == {
        party: row["net_minor"] for party, row in plain["parties"].items()
    }
