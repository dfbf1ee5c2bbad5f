"""Linkage rules between public and private money: pure arithmetic, shown with every step.

Amounts are integers of minor units; ratios and shares are exact fractions. A reading says whose money
counts as private: `nominal` takes the organisation, `look_through` takes away its state-owned share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

PUBLIC_KIND = "guidance_fund"


@dataclass(frozen=True)
class Share:
    """One commitment as a rule sees it."""

    label: str
    kind: str
    amount_minor: int
    state_owned_bps: int
    is_loan: bool


@dataclass(frozen=True)
class Evaluation:
    """A rule with its arithmetic: which parts were counted, the ratio, and what is missing."""

    kind: str
    reading: str
    base: str
    threshold: Fraction
    counted: tuple[tuple[str, int], ...]
    private_minor: int
    guidance_minor: int
    equity_minor: int
    loan_minor: int
    value: Fraction | None
    holds: bool
    missing_minor: int


def private_part(share: Share, reading: str) -> int:
    """The non-fiscal part of a commitment in fen, rounded down: a doubt never counts as private."""
    if share.kind == PUBLIC_KIND or share.is_loan:
        return 0
    if reading == "nominal":
        return share.amount_minor
    return share.amount_minor * (10_000 - share.state_owned_bps) // 10_000


def evaluate(*, kind: str, threshold: str, reading: str, base: str, shares: Iterable[Share]) -> Evaluation:
    """Evaluate one rule over the commitments of a round."""
    listed = tuple(shares)
    least = Fraction(threshold)
    counted = tuple((share.label, private_part(share, reading)) for share in listed if private_part(share, reading))
    private = sum(amount for _label, amount in counted)
    guidance = sum(share.amount_minor for share in listed if share.kind == PUBLIC_KIND and not share.is_loan)
    equity = sum(share.amount_minor for share in listed if not share.is_loan)
    loans = sum(share.amount_minor for share in listed if share.is_loan)
    value, holds, missing = _KINDS[kind](least, private, guidance, equity, loans)
    return Evaluation(
        kind, reading, base, least, counted, private, guidance, equity, loans, value, holds, missing
    )  # fmt: skip


def _ceiling(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _private_ratio(
    least: Fraction, private: int, guidance: int, _equity: int, _loans: int
) -> tuple[Fraction | None, bool, int]:
    """private ≥ ratio × guidance; nothing is asked while there is no guidance money."""
    if guidance == 0:
        return None, True, 0
    needed = _ceiling(least * guidance)
    return Fraction(private, guidance), private >= needed, max(0, needed - private)


def _guidance_share(
    largest: Fraction, _private: int, guidance: int, equity: int, _loans: int
) -> tuple[Fraction | None, bool, int]:
    """guidance ≤ share × equity; missing is the other equity that would bring the share down to it."""
    if equity == 0 or guidance == 0:
        return None, True, 0
    share = Fraction(guidance, equity)
    if share <= largest:
        return share, True, 0
    if largest == 0:
        return share, False, guidance
    return share, False, _ceiling(guidance / largest) - equity


def _equity_before_loan(
    least: Fraction, _private: int, _guidance: int, equity: int, loans: int
) -> tuple[Fraction | None, bool, int]:
    """The bank's loan needs equity of at least ratio × loan."""
    if loans == 0:
        return None, True, 0
    needed = _ceiling(least * loans)
    return Fraction(equity, loans), equity >= needed, max(0, needed - equity)


_KINDS = {
    "private_ratio_min": _private_ratio,
    "guidance_share_max": _guidance_share,
    "equity_before_loan": _equity_before_loan,
}
