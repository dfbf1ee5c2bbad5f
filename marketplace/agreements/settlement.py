"""From what the engine says of one event to the ledger's lines and the payments that must still be made.

The engine settles an event as if all its money moved at once. Here money moves only when a payment is confirmed,
so the cash side of an event is kept apart: what comes in stands as a receivable against its payer, what goes out
as a payable (2010), and each payment that is waiting knows the two accounts that it will post.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CASH, CALLED, PROJECT_DUE, DEPLOYED, PAYABLE = "1010", "1110", "1120", "1510", "2010"
# The account of what a payer owes under each kind of event.
RECEIVABLES = {"insurer": "1130", "pool": "1140", "guarantor": "1150"}
POT_KINDS = ("distribution", "exit", "insurance_recovery", "pool_compensation", "recovery")
ENTRY_KIND = {
    "activate": "activation",
    "drawdown_call": "call",
    "drawdown_paid": "call_paid",
    "premium_paid": "premium",
    "milestone": "milestone",
    "revenue_report": "revenue_due",
    "interest_due": "interest",
    "distribution": "distribution",
    "loss_event": "loss",
    "insurance_recovery": "indemnity",
    "pool_compensation": "pool_compensation",
    "recovery": "recovery",
    "write_off": "write_off",
    "exit": "exit",
    "reversal": "reversal",
    "amendment": "amendment",
    "close": "closing",
    # No kinds of their own in the ledger: the grant's terms change its nature, fall due back, or are given up.
    "conversion": "amendment",
    "grant_audit": "refund",
    "grant_return": "refund",
    "grant_close": "write_off",
    "payment": "payment",
    "deployment": "deployment",
}
PURPOSE = {
    "distribution": "distribution",
    "exit": "exit_proceeds",
    "insurance_recovery": "indemnity",
    "pool_compensation": "pool_compensation",
    "recovery": "recovery",
}
Account = tuple[str, str]
Posting = tuple[str, str | None, int]


@dataclass(frozen=True)
class Move:
    """A payment to be made: from whom, to whom (ids of the terms), and the entry it will post."""

    purpose: str
    payer: str
    payee: str
    amount_minor: int
    debit: tuple[str, str | None]
    credit: tuple[str, str | None]


@dataclass(frozen=True)
class Plan:
    """What one event posts now, and which payments it leaves to be made."""

    postings: list[Posting]
    moves: list[Move]


def plan_event(
    kind: str, postings: Iterable[Posting], *, project: str, payer: str | None, payer_kind: str, supervised: bool
) -> Plan:
    """Split the engine's postings of one event into what is posted now and what waits for money.

    `payer` is the party that brings the event's money (None: the project); `supervised` says whether money paid in
    is first held on a supervised account.
    """
    lines = list(postings)
    if kind == "drawdown_paid" and supervised:
        return Plan(net_postings(line for line in lines if line not in _deployment_of(lines)), [])
    if kind not in POT_KINDS:
        return Plan(net_postings(lines), [])
    source = (PROJECT_DUE, None) if payer is None else _receivable(payer_kind, payer)
    return _plan_pot(PURPOSE[kind], lines, source=source, payer=payer or project, project=project)


def _plan_pot(purpose: str, lines: list[Posting], *, source: tuple[str, str | None], payer: str, project: str) -> Plan:
    now: list[Posting] = []
    moves: list[Move] = []
    incoming = sum(amount for code, _party, amount in lines if code == CASH and amount > 0)
    outgoing = 0
    for code, party, amount in lines:
        if code == CASH:
            continue
        if code == PAYABLE and amount > 0 and party is not None:
            outgoing += amount
            if party == payer:
                now += [(PAYABLE, party, amount), (*source, -amount)]
            else:
                moves.append(Move(purpose, payer, party, amount, (PAYABLE, party), source))
            continue
        now.append((code, party, amount))
    now.append((*source, incoming))
    kept = incoming - outgoing
    if payer != project and kept > 0:
        moves.append(Move(purpose, payer, project, kept, (PROJECT_DUE, None), source))
    return Plan(net_postings(now), moves)


def _receivable(payer_kind: str, payer: str) -> tuple[str, str | None]:
    code = RECEIVABLES[payer_kind]
    return code, None if payer_kind == "pool" else payer


def _deployment_of(lines: list[Posting]) -> list[Posting]:
    """The two lines by which the engine deploys at once what was paid in."""
    amount = sum(value for code, _party, value in lines if code == DEPLOYED and value > 0)
    return [(DEPLOYED, None, amount), (CASH, None, -amount)]


def net_postings(lines: Iterable[Posting]) -> list[Posting]:
    """One line an account, zeros left out."""
    totals: dict[tuple[str, str | None], int] = defaultdict(int)
    for code, party, amount in lines:
        totals[code, party] += amount
    return [(code, party, amount) for (code, party), amount in totals.items() if amount]


def fold_cash(balances: Mapping[Account, int]) -> dict[Account, int]:
    """Balances with cash and what the project owes as one figure: the engine knows no difference between them."""
    folded: dict[Account, int] = defaultdict(int)
    for (code, party), amount in balances.items():
        folded[(CASH, "") if code == PROJECT_DUE else (code, party)] += amount
    return {account: amount for account, amount in folded.items() if amount}
