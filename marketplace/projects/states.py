"""The way of a project as one table of arrows: from where, to where, moved by whom."""

from __future__ import annotations

TEAM, OPERATOR, HOUSE = "team", "operator", "house"

# (from, to): who may draw the arrow. `house` is an effect of another domain (a round that closes, a settlement).
ARROWS: dict[tuple[str, str], tuple[str, ...]] = {
    ("draft", "submitted"): (TEAM,),
    ("submitted", "draft"): (TEAM, OPERATOR),
    ("submitted", "verified"): (OPERATOR,),
    ("verified", "draft"): (TEAM, OPERATOR),
    ("verified", "published"): (TEAM,),
    ("published", "in_funding"): (TEAM, HOUSE),
    ("published", "withdrawn"): (TEAM,),
    ("in_funding", "published"): (TEAM, HOUSE),
    ("in_funding", "funded"): (HOUSE,),
    ("in_funding", "withdrawn"): (TEAM,),
    ("funded", "in_pilot"): (TEAM, HOUSE),
    ("in_pilot", "extended"): (TEAM, HOUSE),
    ("in_pilot", "completed"): (TEAM, HOUSE),
    ("in_pilot", "partially_completed"): (TEAM, HOUSE),
    ("in_pilot", "failed"): (TEAM, HOUSE),
    ("extended", "completed"): (TEAM, HOUSE),
    ("extended", "partially_completed"): (TEAM, HOUSE),
    ("extended", "failed"): (TEAM, HOUSE),
    ("failed", "liquidating"): (TEAM, HOUSE),
    ("liquidating", "failed"): (HOUSE,),
    ("withdrawn", "draft"): (TEAM,),
    **{(state, "suspended"): (OPERATOR,) for state in ("published", "in_funding", "funded", "in_pilot", "extended")},
    **{
        ("suspended", state): (OPERATOR,)
        for state in ("published", "in_funding", "funded", "in_pilot", "extended", "withdrawn")
    },
    **{
        (state, "disputed"): (OPERATOR, HOUSE)
        for state in ("funded", "in_pilot", "extended", "completed", "partially_completed", "failed")
    },
    **{
        ("disputed", state): (OPERATOR, HOUSE)
        for state in ("funded", "in_pilot", "extended", "completed", "partially_completed", "failed", "liquidating")
    },
}
# A move into one of these, or back to the draft by the operator, is not accepted without a reason.
REASONED = ("withdrawn", "suspended", "disputed", "failed", "partially_completed", "extended", "liquidating")
EDITABLE = ("draft",)
# What happens to the money is still open in some of these; whether the pilot reaches its target no longer is.
ENDED_STATES = ("completed", "partially_completed", "failed", "withdrawn", "liquidating")


def list_moves(state: str, mover: str) -> list[str]:
    """Where this mover may take a project from a state, in the order of the table."""
    return [target for (start, target), movers in ARROWS.items() if start == state and mover in movers]


def may_move(state: str, target: str, mover: str) -> bool:
    return mover in ARROWS.get((state, target), ())


def needs_reason(state: str, target: str, mover: str) -> bool:
    """Whether the move has to be explained."""
    return target in REASONED or (target == "draft" and mover == OPERATOR) or state == "suspended"
