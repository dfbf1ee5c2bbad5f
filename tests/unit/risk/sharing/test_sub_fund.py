"""The sub-fund: whole-fund waterfall with hurdle, catch-up, carry and concession; figures worked out by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.sharing import Engine, EventError, TermsError, describe_terms, sub_fund
from tests.factories.sub_funds import parameters
from tests.reference.sharing import Reference
from tests.reference.splitting import rounded

Json = dict[str, Any]
CATCH_UP = ("programs", "exit", "seq", 3, "cap", "amount", "gap")


def rows(terms: Json, *distributions: tuple[str, Json]) -> list[Json]:
    """Return activation, every call paid on its day, then exits of partnership distributions."""
    found: list[tuple[str, str, Json]] = [("activate", "2027-01-01", {})]
    for tranche in terms["tranches"]:
        found.append(("drawdown_call", tranche["on"], {"tranche": tranche["id"]}))
        found += [("drawdown_paid", tranche["on"], {"tranche": tranche["id"], "instrument": name})
                  for name in tranche["amounts"]]  # fmt: skip
    found += [("exit", on, {"kind": "partnership_distribution", **body}) for on, body in distributions]
    return [{"id": f"e{place}", "kind": kind, "effective_on": on, "body": body}
            for place, (kind, on, body) in enumerate(found)]  # fmt: skip


def settled(terms: Json, *distributions: tuple[str, Json]) -> list[Any]:
    """Settle, beside the reference, and return the outcomes of the distributions."""
    engine, reference = Engine(terms), Reference(terms)
    state, outcomes = engine.open(), []
    for row in rows(terms, *distributions):
        outcome = engine.apply(state, row)
        assert reference.apply(row) == outcome.flows
        state = outcome.state
        outcomes.append(outcome)
    return outcomes[-len(distributions) :]


def proceeds(amount: int, *, raised: bool = False) -> Json:
    return {"proceeds_minor": amount, **({"flags": {"raised": True}} if raised else {})}


def test_a_catch_up_that_is_only_partly_filled() -> None:
    # Capital 100,000,000 for 365 days at 6 %: hurdle 40,000,000 x 0.06 = 2,400,000, 3,000,000 and 600,000, together
    # 6,000,000. Catch-up capacity x = (0.2 x 6,000,000 - 0) / (1 - 0.2) = 1,500,000. Of 107,000,000 there are
    # 107,000,000 - 100,000,000 - 6,000,000 = 1,000,000 left for it: all of that to the carry, nothing is split.
    (outcome,) = settled(sub_fund(parameters()), ("2028-01-01", proceeds(107_000_000)))
    assert outcome.flows == {"public": 42_400_000, "private": 53_000_000, "manager": 10_600_000, "team": 1_000_000}
    tier = next(tier for tier in outcome.explanation if tier["name"]["en"] == "Catch-up")
    assert (tier["capacity_minor"], tier["amount_minor"]) == (1_500_000, 1_000_000)
    # The next 10,000,000 fill the other 500,000 first (the hurdle is paid, no capital is left to earn one); of the
    # 9,500,000 beyond, 20 % = 1,900,000 go to the carry: 3,400,000 in all = 20 % of 6,000,000 + 1,000,000 + 10,000,000.
    outcomes = settled(sub_fund(parameters()), ("2028-01-01", proceeds(107_000_000)),
                       ("2029-01-01", proceeds(10_000_000)))  # fmt: skip
    assert outcomes[1].flows["team"] == 500_000 + 1_900_000
    assert outcomes[1].balances["gain:team"] == 3_400_000 == 17_000_000 // 5


def test_a_catch_up_that_is_rounded_leaves_its_unit_to_the_split() -> None:
    # General partner 10,000,033: hurdle 600,001.98 -> 600,002; together 6,000,002.
    # x = 0.2 x 6,000,002 / 0.8 = 1,500,000.5 -> half to even 1,500,000; the other half unit is left for the split.
    # 110,000,000 - 100,000,033 - 6,000,002 - 1,500,000 = 2,499,965; 20 % of it = 499,993 exactly, 1,999,972 remain:
    # x 40,000,000 / 100,000,033 = 799,988.54; x 50,000,000 / ... = 999,985.67; x 10,000,033 / ... = 199,997.79:
    # floors 799,988 + 999,985 + 199,997 = 1,999,970, the two units go to .79 (general partner) and .67 (private).
    terms = sub_fund(parameters(manager=10_000_033))
    (outcome,) = settled(terms, ("2028-01-01", proceeds(110_000_000)))
    assert outcome.flows == {
        "public": 40_000_000 + 2_400_000 + 799_988, "private": 50_000_000 + 3_000_000 + 999_986,
        "manager": 10_000_033 + 600_002 + 199_998, "team": 1_500_000 + 499_993,
    }  # fmt: skip
    # 1,999,993 against 0.2 x 9,999,967 = 1,999,993.4.
    assert outcome.balances["gain:team"] == 1_999_993


def test_a_concession_is_a_half_of_the_gain_above_the_hurdle_to_named_partners() -> None:
    # As above without the odd units: 110,000,000 - 100,000,000 - 6,000,000 - 1,500,000 = 2,500,000; the partners' 80 %
    # are 2,000,000, of it 4/10 = 800,000 to the public partner. It concedes a half, 400,000, which is below 0.4 x
    # (2,400,000 + 400,000) = 1,120,000; three quarters go to the private partner, a quarter to the manager.
    terms = sub_fund(parameters())
    (plain,) = settled(terms, ("2028-01-01", proceeds(110_000_000)))
    (outcome,) = settled(terms, ("2028-01-01", proceeds(110_000_000, raised=True)))
    assert plain.flows["public"] - outcome.flows["public"] == 400_000
    assert outcome.flows["private"] - plain.flows["private"] == 300_000
    assert outcome.flows["manager"] - plain.flows["manager"] == 100_000
    # What is conceded stays the giver's gain, so that the carry does not change.
    assert outcome.flows["team"] == plain.flows["team"] == 2_000_000
    assert outcome.balances["conceded:public"] == 400_000


def test_a_concession_stops_at_its_cap() -> None:
    # 200,000,000: 92,500,000 beyond the catch-up, the partners' 80 % = 74,000,000, of it 4/10 = 29,600,000 public.
    # It keeps a half, 14,800,000; with the hurdle its gain so far is 17,200,000, and 0.4 of it, 6,880,000, may go.
    terms = sub_fund(parameters())
    (outcome,) = settled(terms, ("2028-01-01", proceeds(200_000_000, raised=True)))
    assert outcome.balances["conceded:public"] == 6_880_000
    assert outcome.flows["public"] == 40_000_000 + 2_400_000 + 29_600_000 - 6_880_000


def test_a_call_after_a_distribution_is_returned_before_any_further_profit() -> None:
    terms = sub_fund(parameters(second=1_000_000))
    engine, state = Engine(terms), Engine(terms).open()
    first, second = rows(terms)[:5], rows(terms)[5:]
    early = {"id": "early", "kind": "exit", "effective_on": "2027-05-01",
             "body": {"kind": "partnership_distribution", "proceeds_minor": 150_000_000}}  # fmt: skip
    late = {**early, "id": "late", "effective_on": "2027-06-01",
            "body": {**early["body"], "proceeds_minor": 2_000_000}}  # fmt: skip
    for row in [*first, early, *second, late]:
        outcome = engine.apply(state, row)
        state = outcome.state
    assert outcome.flows == {"public": 1_000_000, "private": 1_000_000}
    end = {**late, "id": "end", "body": {"kind": "liquidation", "proceeds_minor": 0}}
    state = engine.apply(state, end).state
    with pytest.raises(EventError) as refusal:
        engine.apply(state, {**late, "id": "after"})
    assert refusal.value.code == "already_exited"


SHARES = st.sampled_from(["0.2", "0.08", "0.333333333333", "0.125"])


def team_and_profit(outcome: Any) -> tuple[int, int]:
    """Return the team's gain and the profit of all."""
    gains = [outcome.balances.get(f"gain:{name}", 0) for name in ("public", "private", "manager", "team")]
    return gains[-1], sum(gains)


@settings(max_examples=60, deadline=None)
@given(manager=st.integers(1, 10**12), share=SHARES, day=st.integers(1, 28))
def test_after_a_full_catch_up_the_team_has_its_share_of_all_profit_to_the_fen(
    manager: int, share: str, day: int
) -> None:
    changed = parameters(manager=manager)
    changed["carry"].update(share=share)
    terms, on = sub_fund(changed), f"2028-02-{day:02d}"
    (plenty,) = settled(terms, (on, proceeds(10**14)))
    full = sum(tier["capacity_minor"] for tier in plenty.explanation if tier["capacity_minor"] and tier["depth"] == 0)
    (outcome,) = settled(terms, (on, proceeds(full)))
    team, profit = team_and_profit(outcome)
    assert team == rounded(Fraction(share) * profit, "half_even")


@settings(max_examples=60, deadline=None)
@given(amounts=st.lists(st.integers(10**8, 10**13), min_size=1, max_size=4), share=SHARES,
       speed=st.sampled_from(["1", "0.8", "0.5"]))  # fmt: skip
def test_further_distributions_keep_the_team_at_its_share(amounts: list[int], share: str, speed: str) -> None:
    changed = parameters(manager=10_000_033)
    changed["carry"].update(share=share, speed=speed)
    days = [f"2028-{month:02d}-01" for month in range(1, len(amounts) + 1)]
    outcomes = settled(sub_fund(changed), *((day, proceeds(part)) for day, part in zip(days, amounts, strict=True)))
    for outcome in outcomes:
        tier = next((tier for tier in outcome.explanation if tier["name"]["en"] == "Catch-up"), None)
        if tier is None or tier["amount_minor"] == tier["capacity_minor"]:
            team, profit = team_and_profit(outcome)
            # The tier rounds once; a split of the tier, and that of the rest, may be a part of a unit off.
            assert profit == 0 or abs(team - Fraction(share) * profit) < 2


@pytest.mark.parametrize(("profit", "capacity"), [(6_000_002, 1_500_000), (6_000_006, 1_500_002), (5, 1), (0, 0)])
def test_the_capacity_is_rounded_once_half_to_even_in_both_number_types(profit: int, capacity: int) -> None:
    gap = {"party": "team", "share_of_profit": "0.2", "speed": "1", "among": ["team", "private"]}
    terms = sub_fund(parameters())
    terms["programs"]["exit"] = {"seq": [
        {"cap": {"amount": {"amount_minor": profit},
                 "then": {"to": {"party": "private", "legal_basis": "partnership_distribution", "rank": 1}}}},
        {"cap": {"amount": {"gap": gap},
                 "then": {"to": {"party": "team", "legal_basis": "partnership_distribution", "rank": 2}}}},
        {"to": {"party": "fund", "legal_basis": "retained_by_project", "rank": 3}}]}  # fmt: skip
    body = {"kind": "partnership_distribution", "proceeds_minor": 10**9}
    events = [{"id": "a", "kind": "activate", "effective_on": "2027-01-01", "body": {}},
              {"id": "d", "kind": "exit", "effective_on": "2028-01-01", "body": body}]  # fmt: skip
    engine = Engine(terms)
    outcome = engine.apply(engine.apply(engine.open(), events[0]).state, events[1])
    assert outcome.flows.get("team", 0) == capacity
    events[1] = {**events[1], "body": {**body, "proceeds_minor": np.array([10**9, profit])}}
    assert engine.run_paths(events, 2).flows["team"][1].tolist() == [capacity, 0]


@pytest.mark.parametrize(("change", "code", "field"), [
    (lambda gap: gap.update(share_of_profit="0"), "share_out_of_range", "share_of_profit"),
    (lambda gap: gap.update(share_of_profit="1"), "share_out_of_range", "share_of_profit"),
    (lambda gap: gap.update(share_of_profit="1.2"), "share_above_one", "share_of_profit"),
    (lambda gap: gap.update(speed="0.2"), "speed_too_low", "speed"),
    (lambda gap: gap.update(speed="0.1"), "speed_too_low", "speed"),
    (lambda gap: gap.update(speed="1.5"), "share_above_one", "speed"),
    (lambda gap: gap.pop("speed"), "missing_key", "speed"),
    (lambda gap: gap.update(multiple="2"), "unknown_key", "multiple"),
    (lambda gap: gap.update(among=["public"]), "bad_scope", "among"),
    (lambda gap: gap.update(among=["team", "team"]), "bad_scope", "among"),
    (lambda gap: gap.update(among=["team", "nobody"]), "unknown_party", "among[1]"),
    (lambda gap: gap.update(party="nobody"), "unknown_party", "party"),
])  # fmt: skip
def test_a_bad_catch_up_is_refused_at_its_clause(change: Callable[[Json], None], code: str, field: str) -> None:
    terms = copy.deepcopy(sub_fund(parameters()))
    gap: Any = terms
    for key in CATCH_UP:
        gap = gap[key]
    change(gap)
    with pytest.raises(TermsError) as refusal:
        Engine(terms)
    assert refusal.value.code == code
    assert refusal.value.field == f"programs.exit.seq[3].cap.amount.gap.{field}"


def test_profit_may_not_hide_in_a_part_while_it_is_counted() -> None:
    terms = sub_fund(parameters())
    leaf = {"to": {"party": "public", "legal_basis": "partnership_distribution", "rank": 1}}
    terms["pots"] = {"part": {"name": {"zh": "份额", "en": "Part"}, "program": leaf}}
    with pytest.raises(TermsError) as refusal:
        Engine(terms)
    assert refusal.value.code == "profit_in_a_part"


@pytest.mark.parametrize(("change", "field"), [
    (lambda p: p.pop("carry"), "carry"), (lambda p: p.update(bank={}), "bank"),
    (lambda p: p["partners"].__delitem__(slice(1, 3)), "partners"),
    (lambda p: p["carry"]["party"].update(id="manager"), "carry.party"),
    (lambda p: p["guidance"].update(party="private"), "guidance.party"),
])  # fmt: skip
def test_bad_parameters_are_named(change: Any, field: str) -> None:
    changed = parameters()
    change(changed)
    with pytest.raises(TermsError) as refusal:
        sub_fund(changed)
    assert (refusal.value.code, refusal.value.field) == ("bad_parameters", field)


def test_the_clauses_read_as_a_fund_document() -> None:
    terms = sub_fund(parameters())
    chinese = {row["clause"]: row["sentence"] for row in describe_terms(terms, "zh_Hans_CN")}
    assert chinese["programs.exit.seq[3].cap"] == (
        "以绩效分成方累计收益达到合伙人public、合伙人private、合伙人manager、绩效分成方累计收益合计的20%所需金额为限，"
        "支付绩效分成方（合伙企业分配，第6顺位）。"
    )
    english = {row["clause"]: row["sentence"] for row in describe_terms(terms, "en")}
    assert english["programs.exit.seq[3].cap"] == (
        "Up to what it takes until Carry has 20% of all profit distributed to public, private, manager, Carry, paid to "
        "Carry (partnership distribution, rank 6)."
    )
    split = english["programs.exit.seq[4].share"]
    assert "conceded by public out of its own realised gains, at most 40% of them" in split
    assert chinese["tranches.C1"].startswith("计划于2027-01-01缴付出资1,000,000.00元：")
    changed = parameters()
    changed["carry"]["speed"] = "0.5"
    slower = {row["clause"]: row["sentence"] for row in describe_terms(sub_fund(changed), "zh_Hans_CN")}
    assert "（追补比例50%）" in slower["programs.exit.seq[3].cap"]
