"""A risk-compensation pool that two banks share: what it pays under one agreement leaves less for the next.

Every figure is in `data/shared_pool.json`, worked out by hand before the code.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from risk.sharing import Engine, EventError, TermsError, describe_terms, pooled_loan, settle
from risk.simulation import default_drivers, simulate

Json = dict[str, Any]
YUAN = 100
FIGURES: Json = json.loads((Path(__file__).parent / "data" / "shared_pool.json").read_text(encoding="utf-8"))
BANKS = {"first": "zhongqi", "second": "jianghai"}
LIMITS = {"per_loan": "pool-loan", "bank_year": "pool-bank-year", "year": "pool-year", "balance": "pool-balance"}
SCORE = {
    "probability": 0.3, "interval_80": (0.15, 0.47), "interval_95": (0.08, 0.6), "horizon_months": 24,
    "state": "prior_only",
}  # fmt: skip
DRAWN = {"first": "2026-02-10", "second": "2026-03-05"}


def name(zh: str, en: str) -> Json:
    return {"zh": zh, "en": en}


def parameters(which: str, *, year: int = 2026, shared: bool = True) -> Json:
    """The loan of one bank; `year` moves the whole story."""
    register, loan = FIGURES["register"], FIGURES[which]
    amounts = {"per_loan": register["per_loan"], "bank_year": register["banks"][BANKS[which]],
               "year": register["year"], "balance": register["balance"]}  # fmt: skip
    limits: list[Json] = [
        {"id": LIMITS[counts], "amount_minor": amount * YUAN, "name": name(f"{counts}额度", f"limit {counts}")}
        for counts, amount in amounts.items()
    ]
    for counts, limit in zip(amounts, limits, strict=True):
        if counts != "per_loan" and shared:
            limit["shared"] = {"register": "luzhong-pool", "counts": counts, "order": "acceptance_number"}
    return {
        "title": name("中试贷款", "Loan for a pilot test"),
        "currency": "CNY",
        "project": {"id": "project", "name": name("项目公司", "Project company")},
        "founders": {"id": "founders", "name": name("创始人", "Founders")},
        "milestones": [],
        "calls": [{"id": "T1", "on": DRAWN[which].replace("2026", str(year)), "conditions": []}],
        "bank": {
            "id": "bank", "name": name("银行", "Bank"), "rate": loan["rate"],
            "amounts_minor": {"T1": loan["principal"] * YUAN},
            "repayments": [{"on": f"{year + 2}-12-20", "amount_minor": loan["principal"] * YUAN}],
        },
        "pool": {"id": "pool", "name": name("风险补偿资金池", "Compensation pool"), "share": register["share"],
                 "limits": limits},
    }  # fmt: skip


def story(which: str, *, year: int = 2026) -> list[Json]:
    """Drawn, in default, collateral sold; the first also pays two quarters of interest before."""
    loan = FIGURES[which]

    def row(day: str, kind: str, /, **body: Any) -> Json:
        return {"id": f"{day}-{kind}", "kind": kind, "effective_on": f"{year}-{day}", "body": body}

    drawn = DRAWN[which][5:]
    rows = [
        row("01-20", "activate"),
        row(drawn, "drawdown_call", tranche="T1"),
        row(drawn, "drawdown_paid", tranche="T1", instrument="loan"),
    ]
    for day in (day[5:] for day in loan.get("interest", {})):
        rows += [
            row(day, "interest_due", instrument="loan"),
            row(day, "distribution", source="project", collect=["interest_due:loan"]),
        ]
    sold = loan["collateral"]
    rows += [
        row("06-25", "loss_event", kind="default"),
        row("07-15", "recovery", channel="collateral", proceeds_minor=sold["proceeds"] * YUAN,
            costs_minor=sold["costs"] * YUAN),
    ]  # fmt: skip
    return rows


def compensation(which: str, *, year: int = 2026) -> Json:
    room = {LIMITS[counts]: amount * YUAN for counts, amount in FIGURES[which]["room"].items() if counts != "per_loan"}
    return {"id": "compensation", "kind": "pool_compensation", "effective_on": f"{year}-08-05", "body": {"room": room}}


def later(*, year: int = 2026) -> Json:
    found = FIGURES["first"]["later"]
    body = {"channel": "later", "proceeds_minor": found["proceeds"] * YUAN, "costs_minor": found["costs"] * YUAN}
    return {"id": "later", "kind": "recovery", "effective_on": f"{year}-10-12", "body": body}


@pytest.mark.parametrize("which", ["first", "second"])
def test_the_pool_pays_its_share_of_the_net_principal_loss_within_what_is_left(which: str) -> None:
    result = settle({"terms": pooled_loan(parameters(which)), "events": [*story(which), compensation(which)]})
    assert result["parties"]["pool"]["paid_minor"] == FIGURES[which]["compensation"] * YUAN
    before = result["events"][-2]["balances"]["net_principal_loss:loan"]
    assert before == FIGURES[which]["net_principal_loss"] * YUAN
    assert result["trial_balance_minor"] == 0


def test_interest_is_settled_on_the_days_of_the_contract() -> None:
    result = settle({"terms": pooled_loan(parameters("first")), "events": story("first")})
    paid = {row["effective_on"]: row["flows"]["bank"] for row in result["events"]
            if row["kind"] == "distribution"}  # fmt: skip
    assert paid == {day: round(amount * YUAN) for day, (_days, amount) in FIGURES["first"]["interest"].items()}


def test_what_is_recovered_later_goes_back_pro_rata_to_the_loss_borne() -> None:
    events = [*story("first"), compensation("first"), later()]
    flows = settle({"terms": pooled_loan(parameters("first")), "events": events})["events"][-1]["flows"]
    found = FIGURES["first"]["later"]
    assert flows == {"bank": found["to_bank"] * YUAN, "pool": found["to_pool"] * YUAN}


def test_the_order_of_acceptance_decides_who_is_cut() -> None:
    had, entitled = FIGURES["had_the_second_been_accepted_first"], 600_000 * YUAN
    whole = {"pool-bank-year": 600_000 * YUAN, "pool-year": 1_100_000 * YUAN, "pool-balance": 8_600_000 * YUAN}
    early = {**compensation("second"), "body": {"room": whole}}
    second = settle({"terms": pooled_loan(parameters("second")), "events": [*story("second"), early]})
    assert second["parties"]["pool"]["paid_minor"] == had["second"] * YUAN == entitled
    left = {"pool-bank-year": 1_000_000 * YUAN, "pool-year": 500_000 * YUAN, "pool-balance": 8_000_000 * YUAN}
    late = {**compensation("first"), "body": {"room": left}}
    first = settle({"terms": pooled_loan(parameters("first")), "events": [*story("first"), late]})
    assert first["parties"]["pool"]["paid_minor"] == had["first"] * YUAN


@pytest.mark.parametrize(("body", "code"), [
    ({}, "room_missing"),
    ({"room": {"pool-year": 1}}, "room_missing"),
    ({"room": {"pool-loan": 1}}, "unknown_shared_limit"),
    ({"room": {"pool-year": -1, "pool-bank-year": 1, "pool-balance": 1}}, "negative_amount"),
    ({"room": {"pool-year": 1.5, "pool-bank-year": 1, "pool-balance": 1}}, "float_in_amount"),
    ({"room": []}, "not_an_object"),
])  # fmt: skip
def test_room_that_is_not_told_or_not_shared_is_refused(body: Json, code: str) -> None:
    engine = Engine(pooled_loan(parameters("first")))
    state = engine.open()
    for event in story("first"):
        state = engine.apply(state, event).state
    before = state.to_json()
    with pytest.raises(EventError) as refusal:
        engine.apply(state, {**compensation("first"), "body": body})
    assert refusal.value.code == code
    assert state.to_json() == before


def test_a_limit_of_ones_own_needs_no_room() -> None:
    terms = pooled_loan(parameters("first", shared=False))
    result = settle({"terms": terms, "events": [*story("first"), {**compensation("first"), "body": {}}]})
    assert result["parties"]["pool"]["paid_minor"] == 880_000 * YUAN


def test_a_shared_limit_stands_only_where_a_register_is_asked() -> None:
    terms = pooled_loan(parameters("first"))
    broken = copy.deepcopy(terms)
    broken["policies"] = [{"id": "policy", "party": "pool", "insured": "project", "premium_minor": 0, "paid_by": {}}]
    recover = broken["programs"]["recoveries"]["recover"]
    recover["insurance"] = recover["pool"]
    with pytest.raises(TermsError) as refusal:
        settle({"terms": broken, "events": []})
    assert refusal.value.code == "shared_limit_misplaced"


@pytest.mark.parametrize("shared", [True, False])
def test_a_simulation_says_that_it_takes_a_shared_limit_whole(shared: bool) -> None:
    given = parameters("first", year=2027, shared=shared)
    given["milestones"] = [{"id": "M1", "name": name("许可齐备", "permits in place")}]
    terms = pooled_loan(given)
    result = simulate(terms, default_drivers(terms, SCORE, as_of="2026-11-23"), scenarios=200, seed=1)
    assert any("taken whole" in row["text_en"] for row in result["assumptions"]) is shared


@pytest.mark.parametrize(("locale", "words"), [
    ("zh_Hans_CN", "按登记簿luzhong-pool的受理编号先后使用"), ("en", "acceptance numbers of the register luzhong-pool"),
])  # fmt: skip
def test_the_terms_say_that_a_limit_is_shared(locale: str, words: str) -> None:
    sentences = describe_terms(pooled_loan(parameters("first")), locale)
    assert any(words in json.dumps(row, ensure_ascii=False) for row in sentences)
