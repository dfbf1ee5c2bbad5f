"""Several reporters on the same money: one canonical row for each investor of a round, and what does not match.

The rank of the sources is: the investor's own report, bank evidence, the lead's table, other co-investors.
A conflict stays open and out of what is confirmed; what is claimed stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

TOLERANCE_MINOR = 100
TOLERANCE_BPS = 1
TIMING_DAYS = 10
STATUSES = ("matched", "timing", "currency", "missing", "conflict")
CONFIRMING = ("matched", "timing")
OWN, BANK, LEAD, OTHER = "own_report", "bank", "lead_table", "co_investor"


@dataclass(frozen=True)
class Claim:
    """What one reporter says that one investor paid into a round, up to a day."""

    reporter: str
    investor: str
    amount_minor: int
    currency: str
    paid_on: date
    filed_on: date
    evidence: str = ""
    public_id: str = ""

    @property
    def order(self) -> tuple[date, date, int, str, str]:
        return (self.filed_on, self.paid_on, self.amount_minor, self.currency, self.evidence)


@dataclass(frozen=True)
class Receipt:
    """What the bank and the ledger confirm of one investor: the sum, and the day of the last line."""

    investor: str
    amount_minor: int
    currency: str
    paid_on: date | None


@dataclass(frozen=True)
class Reconciled:
    """The canonical row of one investor, with what is confirmed and what is claimed."""

    investor: str
    status: str
    source: str
    claimed_minor: int
    confirmed_minor: int
    difference_minor: int
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class _Row:
    source: str
    amount_minor: int
    currency: str
    paid_on: date | None


def latest_claims(claims: Iterable[Claim]) -> list[Claim]:
    """The last word of each reporter on each investor: a repeated report changes nothing."""
    found: dict[tuple[str, str], Claim] = {}
    for claim in claims:
        key = (claim.reporter, claim.investor)
        if key not in found or claim.order > found[key].order:
            found[key] = claim
    return [found[key] for key in sorted(found)]


def reconcile(
    investors: Iterable[str],
    claims: Iterable[Claim],
    receipts: Iterable[Receipt],
    *,
    currency: str = "CNY",
    leads: frozenset[str] = frozenset(),
) -> list[Reconciled]:
    """One row for each investor of a round in `currency`; the order of claims and investors changes nothing."""
    kept = latest_claims(claims)
    banks = {receipt.investor: receipt for receipt in receipts if receipt.amount_minor}
    names = sorted({*investors, *(claim.investor for claim in kept), *banks})
    return [
        _reconcile_one(name, tuple(claim for claim in kept if claim.investor == name), banks.get(name), leads, currency)
        for name in names
    ]


def _reconcile_one(
    investor: str, claims: tuple[Claim, ...], receipt: Receipt | None, leads: frozenset[str], currency: str
) -> Reconciled:
    rows = _ranked(investor, claims, receipt, leads)
    if not rows:
        return Reconciled(investor, "missing", "", 0, 0, 0, claims)
    canonical = rows[0]
    if canonical.currency != currency:
        # Nothing is converted here: an amount in another currency is no claim in this one.
        return Reconciled(investor, "currency", canonical.source, 0, 0, 0, claims)
    status = _status(canonical, rows[1:])
    if canonical.source not in (OWN, BANK):
        status = "missing"
    bank = receipt.amount_minor if receipt else 0
    confirmed = min(bank, canonical.amount_minor) if status in CONFIRMING else 0
    difference = max((abs(row.amount_minor - canonical.amount_minor) for row in rows[1:]), default=0)
    return Reconciled(investor, status, canonical.source, canonical.amount_minor, confirmed, difference, claims)


def _ranked(investor: str, claims: tuple[Claim, ...], receipt: Receipt | None, leads: frozenset[str]) -> list[_Row]:
    by_source: dict[str, list[_Row]] = {OWN: [], BANK: [], LEAD: [], OTHER: []}
    for claim in sorted(claims, key=lambda item: (item.reporter, item.order)):
        source = OWN if claim.reporter == investor else (LEAD if claim.reporter in leads else OTHER)
        by_source[source].append(_Row(source, claim.amount_minor, claim.currency, claim.paid_on))
    if receipt is not None:
        by_source[BANK].append(_Row(BANK, receipt.amount_minor, receipt.currency, receipt.paid_on))
    return [row for rows in by_source.values() for row in rows]


def _status(canonical: _Row, others: list[_Row]) -> str:
    if any(row.currency != canonical.currency for row in others):
        return "currency"
    late = False
    for row in others:
        # One basis point of the canonical amount, or one yuan where that is more.
        allowed = max(TOLERANCE_MINOR, canonical.amount_minor * TOLERANCE_BPS // 10_000)
        if abs(row.amount_minor - canonical.amount_minor) > allowed:
            return "conflict"
        if row.paid_on is not None and canonical.paid_on is not None:
            days = abs((row.paid_on - canonical.paid_on).days)
            if days > TIMING_DAYS:
                return "conflict"
            late = late or days > 0
    return "timing" if late else "matched"
