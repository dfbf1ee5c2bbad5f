"""Settling a whole log: per event postings, explanation and balances; totals and internal rates per party."""

from __future__ import annotations

import datetime
from itertools import pairwise
from typing import Any

from risk.errors import RiskError
from risk.sharing import reading
from risk.sharing.engine import Engine
from risk.sharing.errors import EventError
from risk.sharing.journal import MEMO_PAIRS
from risk.sharing.state import State


def settle(document: dict[str, Any]) -> dict[str, Any]:
    """Settle a log of events under terms.

    Parameters
    ----------
    document : dict
        ``{"terms": {...}, "events": [...]}``; events in the order in which they were recorded. ``amendments`` lists
        the later versions in the order in which they took effect: ``terms`` and, where they were not written straight
        after the one before, the ``previous_hash`` of the version they were.

    Returns
    -------
    dict
        ``terms_hash``, ``currency``, ``events`` (per event ``id``, ``kind``, ``effective_on``, ``postings``,
        ``explanation``, ``balances``, ``flows``, ``hash``), ``parties`` (per party what it paid, received, its net, its
        losses, its dated cash flows and ``xirr``), ``accounts``, ``trial_balance_minor``, ``head``.

    Raises
    ------
    TermsError, EventError, AmountError
        With a stable code; an event's refusal names its place and id in ``details``.
    """
    document = reading.mapping(document, "document", ("terms", "events"), ("amendments",), EventError)
    events = reading.sequence(document["events"], "events", EventError)
    engine = Engine(document["terms"])
    flows: dict[str, list[tuple[datetime.date, int]]] = {party: [] for party in engine.model.parties}
    for index, row in enumerate(reading.sequence(document.get("amendments", []), "amendments", EventError)):
        row = reading.mapping(row, f"amendments[{index}]", ("terms",), ("previous_hash",), EventError)
        engine = Engine(row["terms"], row.get("previous_hash") or engine.terms_hash, engine)
        flows |= {party: [] for party in engine.model.parties if party not in flows}
    state, rows = engine.open(), []
    for index, event in enumerate(events):
        try:
            outcome = engine.apply(state, event)
        except RiskError as error:
            error.details = {
                **error.details,
                "event": index,
                "id": event.get("id") if isinstance(event, dict) else None,
            }
            error.field = f"events[{index}].{error.field}" if error.field else f"events[{index}]"
            raise
        state = outcome.state
        for day, earlier in outcome.earlier_flows:
            for party, amount in earlier.items():
                flows[party].append((day, amount))
        for party, amount in outcome.flows.items():
            flows[party].append((datetime.date.fromisoformat(event["effective_on"]), amount))
        rows.append(
            {
                "id": event["id"],
                "kind": event["kind"],
                "effective_on": event["effective_on"],
                "postings": [
                    {"code": code, "party": party, "amount_minor": amount} for code, party, amount in outcome.postings
                ],
                "explanation": outcome.explanation,
                "balances": outcome.balances,
                "flows": outcome.flows,
                "hash": outcome.hash,
                "repeated": outcome.repeated,
            }
        )
    return {
        "terms_hash": state.terms_hash,
        "currency": engine.model.currency,
        "events": rows,
        "parties": party_totals(engine, state, flows),
        "accounts": state.accounts,
        "trial_balance_minor": sum(state.accounts.values()),
        "memo_pairs_minor": {
            "/".join(pair): sum(amount for key, amount in state.accounts.items() if key.split(":")[0] in pair)
            for pair in MEMO_PAIRS
        },
        "status": state.status,
        "head": state.head,
    }


def party_totals(
    engine: Engine, state: State, flows: dict[str, list[tuple[datetime.date, int]]]
) -> dict[str, dict[str, Any]]:
    """Return per party what it paid and received, what it lost and its internal rate of return."""
    result = {}
    for party, dated in flows.items():
        values = state.values
        result[party] = {
            "paid_minor": -sum(amount for _, amount in dated if amount < 0),
            "received_minor": sum(amount for _, amount in dated if amount > 0),
            "net_minor": sum(amount for _, amount in dated),
            "capital_not_returned_minor": values.get(f"capital:{party}", 0),
            "loss_borne_minor": state.accounts.get(f"3040:{party}", 0) + _grants_lost(engine, state, party),
            "gain_conceded_minor": values.get(f"conceded:{party}", 0),
            "flows": [{"on": on.isoformat(), "amount_minor": amount} for on, amount in dated],
            "xirr": internal_rate(dated),
        }
    return result


def _grants_lost(engine: Engine, state: State, party: str) -> int:
    own = [item.id for item in engine.in_force(state).model.grants if item.party == party]
    return sum(state.values[f"{kind}:{name}"] for name in own for kind in ("grant_exempted", "grant_lost"))


def internal_rate(dated: list[tuple[datetime.date, int]]) -> str | None:
    """Return the yearly internal rate of dated cash flows as decimal text with six places.

    None where it does not exist or is not known to be unique: fewer than two dates, a party that received before it
    paid, or a running total that changes its sign more than once (Norstrom's condition).
    """
    import pyxirr

    totals: dict[datetime.date, int] = {}
    for on, amount in dated:
        totals[on] = totals.get(on, 0) + amount
    ordered = sorted((on, amount) for on, amount in totals.items() if amount)
    flow_signs = [amount > 0 for _, amount in ordered]
    running, balance = [], 0
    for _, amount in ordered:
        balance += amount
        if balance:
            running.append(balance > 0)
    if not flow_signs or flow_signs[0] or (_changes(flow_signs) != 1 and _changes(running) != 1):
        return None
    # Relative amounts: the solver stops short where a sum of many digits does not cancel to its absolute tolerance.
    largest = max(abs(amount) for _, amount in ordered)
    rate = pyxirr.xirr([on for on, _ in ordered], [amount / largest for _, amount in ordered])
    return None if rate is None else f"{rate:.6f}"


def _changes(signs: list[bool]) -> int:
    return sum(first != second for first, second in pairwise(signs))
