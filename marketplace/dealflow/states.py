"""The arrows between the states of a mandate."""

from __future__ import annotations

from marketplace.dealflow.errors import MandateMoveRefusedError

MANDATE_ARROWS: dict[str, tuple[str, ...]] = {
    "active": ("paused", "expired"),
    "paused": ("active", "expired"),
    # An edit that moves the last day into the future opens it again.
    "expired": ("active",),
}


def check_mandate_move(before: str, after: str) -> None:
    if after not in MANDATE_ARROWS[before]:
        raise MandateMoveRefusedError(before=before, after=after)
