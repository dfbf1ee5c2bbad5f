"""Password policies: what ASVS 6.2 asks and forbids, and the switch to the other rule."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.accounts.errors import WeakPasswordError
from marketplace.accounts.passwords import check_password, is_guessable, is_too_old

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "password",
    [
        "kr8 vnl2",
        "nur kleine buchstaben",
        "   three leading spaces",
        "汉字密码八个字吧",
        "x" * 64,
        "q7 " * 340,
        "🐼🎋🐼🎍🐼🎏🐼🎑",
    ],
)
def test_length_is_the_only_form_that_is_asked(password: str) -> None:
    assert check_password(password, policy="asvs") == unicodedata.normalize("NFC", password)


@pytest.mark.parametrize(
    "password",
    ["kr8 vnl", "", " " * 8, "aaaaaaaa", "abababab", "12345678", "87654321", "qwertyui", "1qaz2wsx", "abcabcabc",
     "password1", "PASSWORD", "P@ssw0rd", "Passw0rd!", "password123!", "iloveyou2", "Welcome2026", "admin@123",
     "woaini1314", "Pilotage!", "pilotage2026", "引航引航引航引航", "q7 " * 400],
)  # fmt: skip
def test_short_listed_and_patterned_passwords_are_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError) as caught:
        check_password(password, policy="asvs")
    assert caught.value.field == "password"


def test_own_name_with_trimmings_is_refused() -> None:
    assert is_guessable("liwenhao88", own_words=["liwenhao"])
    assert not is_guessable("liwenhao rides a slow green train", own_words=["liwenhao"])


def test_one_text_typed_on_two_systems_is_one_password() -> None:
    composed, taken_apart = "Zoë Müller fährt", unicodedata.normalize("NFD", "Zoë Müller fährt")
    assert composed != taken_apart
    assert check_password(composed, policy="asvs") == check_password(taken_apart, policy="asvs")
    assert check_password("ｆｕｌｌ ｗｉｄｔｈ", policy="asvs") != check_password("full width", policy="asvs")


@pytest.mark.parametrize(("password", "accepted"), [("kr8 vnl2", True), ("kr8vnl2q", False), ("Kr8vnl2q", True)])
def test_other_policy_asks_for_three_classes(password: str, accepted: bool) -> None:
    if accepted:
        assert check_password(password, policy="mlps3") == password
        return
    with pytest.raises(WeakPasswordError):
        check_password(password, policy="mlps3")


def test_only_the_other_policy_knows_age() -> None:
    old = NOW - timedelta(days=91)
    assert is_too_old(old, policy="mlps3", now=NOW)
    assert not is_too_old(old, policy="asvs", now=NOW)
    assert not is_too_old(NOW - timedelta(days=89), policy="mlps3", now=NOW)
