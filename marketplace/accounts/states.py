"""The verification of an organisation: the arrows that exist, and who may draw them."""

from __future__ import annotations

from marketplace.accounts.errors import IllegalVerificationMoveError

# from state -> to state; the applicant asks, the operator decides.
ARROWS: frozenset[tuple[str, str]] = frozenset(
    {
        ("none", "pending"),
        ("rejected", "pending"),
        ("expired", "pending"),
        ("pending", "verified"),
        ("pending", "rejected"),
        ("verified", "frozen"),
        ("verified", "expired"),
        ("frozen", "verified"),
        ("frozen", "rejected"),
    }
)
DECISIONS = ("verified", "rejected", "frozen")


def require_move(state: str, wanted: str) -> None:
    """Raise IllegalVerificationMoveError unless the arrow exists."""
    if (state, wanted) not in ARROWS:
        raise IllegalVerificationMoveError(state=state, wanted=wanted)


def decisions_from(state: str) -> tuple[str, ...]:
    """What the operator may decide now."""
    return tuple(wanted for wanted in DECISIONS if (state, wanted) in ARROWS)
