"""The table of arrows: everything reachable, nobody with more than he should have."""

from __future__ import annotations

import pytest

from marketplace.projects.states import ARROWS, HOUSE, OPERATOR, TEAM, list_moves, may_move, needs_reason
from marketplace.projects.words import LISTED_STATES, PROJECT_STATES


def test_arrows_join_known_states() -> None:
    assert {state for arrow in ARROWS for state in arrow} == set(PROJECT_STATES)


def test_every_state_can_be_reached_from_the_draft() -> None:
    reached, edge = {"draft"}, ["draft"]
    while edge:
        state = edge.pop()
        for start, target in ARROWS:
            if start == state and target not in reached:
                reached.add(target)
                edge.append(target)
    assert reached == set(PROJECT_STATES)


def test_no_listing_becomes_public_without_verification() -> None:
    into_market = {arrow for arrow in ARROWS if arrow[1] in LISTED_STATES and arrow[0] not in LISTED_STATES}
    assert into_market == {("verified", "published")}
    assert {start for start, target in ARROWS if target == "verified"} == {"submitted"}


@pytest.mark.parametrize(("start", "target"), [("submitted", "verified"), ("published", "suspended")])
def test_a_team_cannot_do_the_operators_part(start: str, target: str) -> None:
    assert may_move(start, target, OPERATOR)
    assert not may_move(start, target, TEAM)


def test_only_the_house_makes_a_project_funded() -> None:
    assert may_move("in_funding", "funded", HOUSE)
    assert "funded" not in list_moves("in_funding", TEAM)


def test_going_back_and_ending_badly_is_explained() -> None:
    assert needs_reason("submitted", "draft", OPERATOR)
    assert not needs_reason("submitted", "draft", TEAM)
    assert needs_reason("in_pilot", "failed", TEAM)
    assert needs_reason("suspended", "published", OPERATOR)
