"""The joint pilot template and the sentences made from terms."""

from __future__ import annotations

import re
from typing import Any

import pytest

from risk.errors import InvalidParameterError
from risk.sharing import Engine, EventError, TermsError, describe_terms, joint_pilot, settle
from risk.sharing.templates.scenario_a import parameters, scenario_a, scenario_a_terms
from tests.reference.sharing_generator import Generator

Json = dict[str, Any]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def without(*names: str) -> Json:
    """Return scenario A's parameters without some of its parties."""
    changed = parameters()
    for name in names:
        del changed[name]
    return changed


@pytest.mark.parametrize("absent", [("pool",), ("bank", "pool"), ("insurer",), ("centre",), ("guidance",),
                                    ("bank", "pool", "insurer", "centre", "guidance")])  # fmt: skip
def test_deals_without_some_parties_share_a_sale_completely(absent: tuple[str, ...]) -> None:
    terms = joint_pilot(without(*absent))
    engine = Engine(terms)
    state = engine.open()
    rows = [("activate", "2027-01-10", {}), ("milestone", "2027-01-10", {"milestone": "M0", "result": "pass"}),
            ("drawdown_call", "2027-01-15", {"tranche": "T1"})]  # fmt: skip
    rows += [("drawdown_paid", "2027-01-15", {"tranche": "T1", "instrument": f"{party}-equity"})
             for party in ("angel", "industrial", "guidance")]  # fmt: skip
    rows.append(("exit", "2028-01-15", {"kind": "trade_sale", "proceeds_minor": 999_999_999}))
    for place, (kind, on, body) in enumerate(rows):
        outcome = engine.apply(state, {"id": f"e{place}", "kind": kind, "effective_on": on, "body": body})
        state = outcome.state
    assert sum(outcome.flows.values()) == 999_999_999
    assert outcome.balances.get("capital:guidance", 0) == 0


def test_six_investors_share_by_their_commitments() -> None:
    changed = without("guidance", "bank", "pool", "insurer", "centre")
    extra = [{"id": f"fund{index}", "kind": "venture_fund", "name": {"zh": "基金", "en": "Fund"},
              "amounts_minor": {"T1": 100 + index, "T2": 0, "T3": 0}} for index in range(3)]  # fmt: skip
    changed["investors"] += extra
    terms = joint_pilot(changed)
    legs = terms["programs"]["exit"]["when"]["else"]["seq"][-1]["share"]["legs"][0]["then"]["share"]["legs"]
    assert [leg["part"] for leg in legs] == [200_000_000, 500_000_000, 400_000_000, 100, 101, 102]
    changed["investors"] += extra[:1]
    with pytest.raises(TermsError) as refusal:
        joint_pilot(changed)
    assert refusal.value.code == "bad_parameters"


@pytest.mark.parametrize(("change", "field"), [
    (lambda p: p.pop("calls"), "calls"), (lambda p: p.pop("bank"), "pool"),
    (lambda p: p.update(surprise=1), "surprise"),
    (lambda p: p["guidance"].update(party="angel"), "guidance.party"),
])  # fmt: skip
def test_bad_parameters_are_named(change: Any, field: str) -> None:
    changed = parameters()
    change(changed)
    with pytest.raises(TermsError) as refusal:
        joint_pilot(changed)
    assert (refusal.value.code, refusal.value.field) == ("bad_parameters", field)


def test_a_partial_concession_stays_within_its_share_of_the_gain() -> None:
    changed = parameters()
    changed["guidance"]["concession"]["cap_share_of_gain"] = "0.5"
    document = {**scenario_a("success"), "terms": joint_pilot(changed)}
    result = settle(document)["parties"]["guidance"]
    gain = 792_979_112 - 400_000_000
    assert 0 < result["gain_conceded_minor"] <= gain // 2
    assert result["received_minor"] + result["gain_conceded_minor"] == 792_979_112


def test_a_concession_above_its_cap_is_refused_and_nothing_is_written() -> None:
    document = scenario_a("success")
    legs = document["terms"]["pots"]["guidance-sale"]["program"]["seq"][2]["when"]["then"]["share"]["legs"]
    for leg in legs:
        leg["then"]["to"]["cap_share_of_gain"] = "0.5"
    with pytest.raises(EventError) as refusal:
        settle(document)
    assert refusal.value.code == "concession_above_cap"


def test_a_concession_before_the_principal_is_back_is_refused() -> None:
    document = scenario_a("success")
    del document["terms"]["pots"]["guidance-sale"]["program"]["seq"][0]
    with pytest.raises(EventError) as refusal:
        settle(document)
    assert refusal.value.code == "concession_before_principal"


def test_dividends_need_an_audited_distributable_profit() -> None:
    document = scenario_a("success")
    document["terms"]["programs"]["operating"]["seq"][-1]["to"] = {
        "party": "angel", "legal_basis": "dividend", "rank": 9}  # fmt: skip
    engine = Engine(document["terms"])
    state = engine.open()
    for row in document["events"][:3]:
        state = engine.apply(state, row).state
    body = {"source": "project", "amount_minor": 100}
    row = {"id": "d", "kind": "distribution", "effective_on": "2027-02-01", "body": body}
    for profit in ({}, {"distributable_profit_minor": 99}):
        with pytest.raises(EventError) as refusal:
            engine.apply(state, {**row, "body": {**body, **profit}})
        assert refusal.value.code == "dividend_above_distributable_profit"
    paid = engine.apply(state, {**row, "body": {**body, "distributable_profit_minor": 100}})
    assert paid.flows == {"project": -100, "angel": 100}


def test_a_royalty_stops_exactly_at_its_multiple() -> None:
    terms = joint_pilot(without("guidance", "bank", "pool", "insurer", "centre"))
    royalty = {"cap": {"amount": {"min": [{"pct": {"rate": "0.05", "of": {"metric": "revenue"}}},
                                          {"gap": {"party": "angel", "multiple": "2"}}]},
                       "then": {"to": {"party": "angel", "legal_basis": "licence_fee", "rank": 1}}}}  # fmt: skip
    terms["programs"]["operating"]["seq"].insert(0, royalty)
    engine = Engine(terms)
    state = engine.open()
    for row in [row for row in scenario_a("success")["events"][:6] if row["body"].get("instrument") != "loan"]:
        state = engine.apply(state, row).state
    paid = []
    for quarter, month in enumerate(("04", "07", "10"), start=1):
        body = {"source": "project", "amount_minor": 10**9, "metrics": {"revenue": 1_500_000_001}}
        outcome = engine.apply(state, {"id": f"q{quarter}", "kind": "distribution",
                                       "effective_on": f"2027-{month}-01", "body": body})  # fmt: skip
        state = outcome.state
        paid.append(outcome.flows.get("angel", 0))
    assert paid == [75_000_000, 75_000_000, 10_000_000]


@pytest.mark.parametrize("locale", ["zh_Hans_CN", "en"])
def test_every_clause_has_a_sentence_in_its_language(locale: str) -> None:
    rows = describe_terms(scenario_a_terms(), locale)
    for row in rows:
        assert row["sentence"][-1] in "。."
        for text in (row["title"], row["sentence"]):
            assert bool(CHINESE.search(text)) == locale.startswith("zh"), text
    clauses = [row["clause"] for row in rows]
    assert len(set(clauses)) == len(clauses)
    for clause in ("instruments.loan", "tranches.T2", "programs.exit.when.then.seq[3].cap",
                   "programs.recoveries.recover.pool.layer", "pots.guidance-sale.program.seq[2].when"):  # fmt: skip
        assert clause in clauses


def test_a_changed_figure_changes_its_sentence() -> None:
    terms = scenario_a_terms()
    before = {row["clause"]: row["sentence"] for row in describe_terms(terms, "zh_Hans_CN")}
    assert "30.6" not in before["programs.recoveries.recover.pool.layer"]
    terms["programs"]["recoveries"]["recover"]["pool"]["layer"]["share"] = "0.306"
    after = {row["clause"]: row["sentence"] for row in describe_terms(terms, "zh_Hans_CN")}
    assert "30.6%" in after["programs.recoveries.recover.pool.layer"]
    changed = {clause for clause in after if after[clause] != before[clause]}
    assert changed == {"programs.recoveries.recover.pool.layer"}


@pytest.mark.parametrize("seed", range(12))
def test_any_valid_terms_can_be_described(seed: int) -> None:
    terms = Generator(seed).agreement().terms
    assert all(row["sentence"] for row in describe_terms(terms, "en"))


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InvalidParameterError):
        describe_terms(scenario_a_terms(), "fr")
