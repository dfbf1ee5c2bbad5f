"""Small agreements around one accrual: a partnership with capital and return, a partnership with hurdles, a loan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from risk.sharing import Engine

Json = dict[str, Any]
GOLDEN = json.loads((Path(__file__).parent / "data" / "accruals.json").read_text(encoding="utf-8"))
BASIS = "partnership_distribution"


def name(text: str) -> Json:
    return {"zh": text, "en": text}


def rate(value: str) -> Json:
    return {"value": value, "per": "year"}


def leaf(party: str, settles: str | None = None, basis: str = BASIS) -> Json:
    inner = {"party": party, "legal_basis": basis, "rank": 1}
    return {"to": {**inner, "settles": settles} if settles else inner}


def paid_up_to(amount: Json, then: Json) -> Json:
    return {"cap": {"amount": amount, "then": then}}


def partnership(calls: list[tuple[str, int]], exit_program: Json, **sections: Any) -> Json:
    """Return terms in which A pays in by calls and a program shares out what the partnership distributes."""
    return {
        "schema": 1, "currency": "CNY", "day_zone": "UTC", "project": "fund",
        "parties": [{"id": party, "kind": "other", "name": name(party.upper())} for party in ("a", "b", "fund")],
        "instruments": [{"id": "a-equity", "kind": "equity", "party": "a",
                         "commitment_minor": sum(amount for _, amount in calls)}],
        "tranches": [{"id": f"T{place}", "on": on, "amounts": {"a-equity": amount}}
                     for place, (on, amount) in enumerate(calls)],
        **sections, "programs": {"exit": exit_program},
    }  # fmt: skip


def capital_and_return(calls: list[tuple[str, int]], **accrual: Any) -> Json:
    """Return a partnership that returns capital, then A's return, then pays B."""
    item = {"id": "pref", "party": "a", "base": "capital:a", "day_count": "A365F", **accrual}
    program = {"seq": [
        paid_up_to({"bal": "capital:a"}, leaf("a", "capital:a")),
        paid_up_to({"bal": "preference:pref"}, leaf("a", "preference:pref")),
        leaf("b"),
    ]}  # fmt: skip
    return partnership(calls, program, accruals=[item])


def promote(calls: list[tuple[str, int]], *, carry_excess: bool = True, day_count: str = "A365F",
            first: str = "0.08", second: str = "0.15") -> Json:  # fmt: skip
    """Return a promote: all to A up to its first internal rate, 90 : 10 up to the second, then 80 : 20."""
    hurdles = [{"id": key, "party": "a", "rate": rate(value), "day_count": day_count, "carry_excess": carry_excess}
               for key, value in (("first", first), ("second", second))]  # fmt: skip

    def shared(part_of_a: str, part_of_b: str) -> Json:
        return {"share": {"legs": [{"share": part_of_a, "then": leaf("a")}, {"share": part_of_b, "then": leaf("b")}]}}

    program = {"seq": [
        paid_up_to({"gap": {"hurdle": "first"}}, leaf("a")),
        paid_up_to({"gap": {"hurdle": "second", "speed": "0.9"}}, shared("0.9", "0.1")),
        shared("0.8", "0.2"),
    ]}  # fmt: skip
    return partnership(calls, program, hurdles=hurdles)


def story(terms: Json, distributions: list[tuple[str, int]]) -> list[Json]:
    """Return the events: every call paid on its day, then what is distributed, in the order of the days."""
    rows: list[tuple[str, str, Json]] = []
    for tranche in terms["tranches"]:
        rows.append((tranche["on"], "drawdown_call", {"tranche": tranche["id"]}))
        rows += [(tranche["on"], "drawdown_paid", {"tranche": tranche["id"], "instrument": item})
                 for item in tranche["amounts"]]  # fmt: skip
    rows += [(on, "exit", {"kind": BASIS, "proceeds_minor": amount}) for on, amount in distributions]
    rows.sort(key=lambda row: row[0])
    rows.insert(0, (rows[0][0], "activate", {}))
    return [{"id": f"e{place}", "kind": kind, "effective_on": on, "body": body}
            for place, (on, kind, body) in enumerate(rows)]  # fmt: skip


def loan(principal: int, value: str, day_count: str, drawn_on: str, plan: Json) -> Json:
    """Return a loan that is drawn at once; the first of every month may settle interest."""
    item = {"id": "loan", "kind": "loan", "party": "a", "commitment_minor": principal, "rate": rate(value),
            "day_count": day_count, "settled": {"day": 1, "months": list(range(1, 13))}, **plan}  # fmt: skip
    program = {"seq": [
        paid_up_to({"bal": "interest_due:loan"}, leaf("a", "interest_due:loan", "loan_interest")),
        paid_up_to({"bal": "principal_due:loan"}, leaf("a", "principal_due:loan", "loan_principal")),
        leaf("fund", basis="retained_by_project"),
    ]}  # fmt: skip
    return {
        "schema": 1, "currency": "USD", "day_zone": "UTC", "project": "fund",
        "parties": [{"id": party, "kind": kind, "name": name(party.upper())}
                    for party, kind in (("a", "bank"), ("fund", "project"))],
        "instruments": [item], "tranches": [{"id": "T0", "on": drawn_on, "amounts": {"loan": principal}}],
        "programs": {"operating": program},
    }  # fmt: skip


def service(terms: Json, days: list[str]) -> list[tuple[str, int, int]]:
    """Settle a loan that is served on each of the days; return day, interest and principal paid."""
    engine, rows = Engine(terms), []
    state = engine.open()
    for event in story(terms, []):
        state = engine.apply(state, event).state
    for place, day in enumerate(days):
        due = {
            "id": f"i{place}",
            "kind": "interest_due",
            "effective_on": day,
            "body": {"instrument": "loan", "final": True},
        }
        state = engine.apply(state, due).state
        interest = engine.balances(state).get("interest_due:loan", 0)
        body = {"source": "project", "collect": ["interest_due:loan", "principal_due:loan"]}
        outcome = engine.apply(state, {"id": f"p{place}", "kind": "distribution", "effective_on": day, "body": body})
        state = outcome.state
        rows.append((day, interest, outcome.flows.get("a", 0) - interest))
    return rows
