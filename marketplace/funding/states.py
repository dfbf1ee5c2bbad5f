"""The arrows between the states of rounds and commitments."""

from __future__ import annotations

from marketplace.funding.errors import IllegalMoveError

ROUND_STATES = ("draft", "open", "closed", "failed", "withdrawn")
COMMITMENT_STATES = ("soft", "hard", "called", "paid", "defaulted", "released")

ROUND_ARROWS: dict[str, tuple[str, ...]] = {
    "draft": ("open", "withdrawn"),
    "open": ("closed", "failed", "withdrawn"),
    "closed": (),
    "failed": (),
    "withdrawn": (),
}
COMMITMENT_ARROWS: dict[str, tuple[str, ...]] = {
    "soft": ("hard", "released"),
    "hard": ("called", "released"),
    "called": ("called", "paid", "defaulted"),
    "paid": ("called",),
    "defaulted": ("called", "released"),
    "released": (),
}


def check_round_move(before: str, after: str) -> None:
    if after not in ROUND_ARROWS[before]:
        raise IllegalMoveError(before=before, after=after)


def check_commitment_move(before: str, after: str) -> None:
    if after not in COMMITMENT_ARROWS[before]:
        raise IllegalMoveError(before=before, after=after)
