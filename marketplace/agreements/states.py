"""The life of an agreement as a table of arrows."""

from __future__ import annotations

from marketplace.agreements.errors import AgreementStateError

ARROWS: dict[str, tuple[str, ...]] = {
    "draft": ("negotiating", "terminated"),
    "negotiating": ("signing", "terminated"),
    # A change of the terms voids the signatures and leads back to the table.
    "signing": ("negotiating", "active", "terminated"),
    "active": ("completed", "terminated"),
    "completed": (),
    "terminated": (),
}
EDITABLE = ("draft", "negotiating", "signing")


def require_move(state: str, wanted: str) -> str:
    """The new state, or the reason why it cannot be reached from the present one."""
    if wanted not in ARROWS[state]:
        raise AgreementStateError(state=state, wanted=wanted)
    return wanted


def require_state(state: str, allowed: tuple[str, ...]) -> None:
    """Refuse an act outside the states that allow it."""
    if state not in allowed:
        raise AgreementStateError(state=state, allowed=list(allowed))
