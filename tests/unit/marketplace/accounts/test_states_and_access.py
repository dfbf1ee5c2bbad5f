"""Arrows of the verification, freshness of a sign-in, own paths."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from marketplace import clock
from marketplace.accounts.access import require_fresh_sign_in, set_signed_in_at
from marketplace.accounts.errors import FreshSignInNeededError, IllegalVerificationMoveError
from marketplace.accounts.models import VERIFICATION_STATES
from marketplace.accounts.permissions import MEMBER_ROLES, ORGANISATION_KINDS, Permission, permissions_of
from marketplace.accounts.signin.reading import own_path
from marketplace.accounts.states import ARROWS, decisions_from, require_move


def test_only_drawn_arrows_can_be_walked() -> None:
    for move in product(VERIFICATION_STATES, VERIFICATION_STATES):
        if move in ARROWS:
            require_move(*move)
        else:
            with pytest.raises(IllegalVerificationMoveError):
                require_move(*move)


def test_nothing_is_verified_that_did_not_ask() -> None:
    assert {source for source, target in ARROWS if target == "verified"} == {"pending", "frozen"}
    assert decisions_from("none") == ()


@pytest.mark.parametrize(("age_minutes", "fresh"), [(0, True), (14, True), (16, False), (-5, False)])
def test_sign_in_is_fresh_for_fifteen_minutes(age_minutes: int, fresh: bool) -> None:
    set_signed_in_at(clock.now() - timedelta(minutes=age_minutes))
    if fresh:
        require_fresh_sign_in()
    else:
        with pytest.raises(FreshSignInNeededError):
            require_fresh_sign_in()
    set_signed_in_at(None)


def test_without_a_browser_session_nothing_is_fresh() -> None:
    set_signed_in_at(None)
    with pytest.raises(FreshSignInNeededError):
        require_fresh_sign_in()


def test_regulator_and_viewer_only_read() -> None:
    for kind in ORGANISATION_KINDS:
        for role in MEMBER_ROLES:
            if kind == "regulator" or role == "viewer":
                assert all(permission.value.endswith(":read") for permission in permissions_of(kind, role)), (
                    kind,
                    role,
                )


def test_only_owners_manage_members_and_no_editor_signs() -> None:
    for kind in ORGANISATION_KINDS:
        for role in MEMBER_ROLES:
            allowed = permissions_of(kind, role)
            assert (Permission.MEMBER_MANAGE in allowed) == (role == "owner" and kind != "regulator")
            if role == "editor":
                assert not allowed & {Permission.AGREEMENT_SIGN, Permission.POLICY_BIND, Permission.LINKAGE_SIGN}


@pytest.mark.parametrize("path", ["/", "/projects?sector=chemicals&lang=en", "/projects/prj_1#risk", "/搜索?q=催化"])
def test_own_paths_are_kept(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "x",
        "//x",
        "///x",
        "/\\x",
        "https://x",
        "https:x",
        "/%2f%2fx",
        "/%5Cx",
        "/ /x",
        "/\r\nX: y",
        "/" + "a" * 1001,
    ],
)
def test_other_targets_lead_home(path: str | None) -> None:
    assert own_path(path) == "/"
