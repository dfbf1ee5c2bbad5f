"""The second factor: accepted once, throttled, not skipped by a reset; acts that bind ask again (trust.md 5, 6)."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.accounts.models import KeptAnswer, User, UserSession
from marketplace.app import Marketplace
from tests.functional.accounts.support import (
    NEXT_PASSWORD,
    PASSWORD,
    find_link,
    give_password,
    list_mails,
    signed_in,
    type_sign_in,
)

CODES = re.compile(r"<li>([0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4})</li>")


def present_code(key: str) -> str:
    """The code of now; near the end of its 30 seconds the next one is awaited, so that a test cannot straddle two."""
    left = 30 - time.time() % 30
    if left < 4:
        time.sleep(left + 0.1)
    return pyotp.TOTP(key).now()


def set_up(browser: Any) -> tuple[str, list[str]]:
    """Turn the second factor on as a person does; returns the key and the recovery codes."""
    page = browser.get("/account/second-factor").get_data(as_text=True)
    key = page.split('class="mono">')[1].split("<")[0].replace("-", "").replace(" ", "")
    assert "data:image/svg+xml" in page
    answer = browser.submit("/account/second-factor", {"code": present_code(key)})
    assert answer.status_code == 200
    return key, CODES.findall(answer.get_data(as_text=True))


def forget_counter(app: Marketplace, member: Any) -> None:
    """As if the code of the set-up lay further back."""
    with app.database.transaction() as session:
        session.get_one(User, member.user.id).tf_last_counter = None


@pytest.fixture
def member(app: Marketplace, make: Any) -> Any:
    return give_password(app, make.member("bank"))


@pytest.fixture
def guarded(app: Marketplace, new_browser: Any, member: Any) -> tuple[str, list[str]]:
    """The member has a second factor."""
    browser = new_browser()
    type_sign_in(browser, member)
    made = set_up(browser)
    forget_counter(app, member)
    return made


def test_password_alone_opens_nothing(browser: Any, member: Any, guarded: Any) -> None:
    answer = type_sign_in(browser, member)
    assert answer.headers["Location"] == "/login/second-factor"
    assert not signed_in(browser)
    assert browser.client.get("/api/v1/me").status_code == 401


def test_code_opens_once_only(browser: Any, new_browser: Any, member: Any, guarded: Any) -> None:
    type_sign_in(browser, member)
    code = present_code(guarded[0])
    assert browser.submit("/login/second-factor", {"code": code}).status_code == 302
    assert signed_in(browser)
    other = new_browser()
    type_sign_in(other, member)
    assert other.submit("/login/second-factor", {"code": code}).status_code == 422
    assert not signed_in(other)


@pytest.mark.parametrize("age", [-90, -60, 60])
def test_code_of_another_minute_is_refused(browser: Any, member: Any, guarded: Any, age: int) -> None:
    type_sign_in(browser, member)
    present_code(guarded[0])
    code = pyotp.TOTP(guarded[0]).at(time.time() + age)
    assert browser.submit("/login/second-factor", {"code": code}).status_code == 422


def test_ten_guesses_pause_the_account(app: Marketplace, browser: Any, member: Any, guarded: Any) -> None:
    type_sign_in(browser, member)
    right = present_code(guarded[0])
    for guess in range(10):
        wrong = f"{(int(right) + 7 + guess) % 1_000_000:06d}"
        assert browser.submit("/login/second-factor", {"code": wrong}).status_code == 422
    assert browser.submit("/login/second-factor", {"code": present_code(guarded[0])}).status_code == 422
    with app.database.transaction("read") as session:
        assert session.get_one(User, member.user.id).locked_until is not None


def test_recovery_code_opens_once_only(browser: Any, new_browser: Any, member: Any, guarded: Any) -> None:
    code = guarded[1][0]
    assert len(guarded[1]) == 8
    type_sign_in(browser, member)
    assert browser.submit("/login/second-factor", {"code": code.upper()}).status_code == 302
    other = new_browser()
    type_sign_in(other, member)
    assert other.submit("/login/second-factor", {"code": code}).status_code == 422
    assert other.submit("/login/second-factor", {"code": guarded[1][1]}).status_code == 302


def test_reset_of_the_password_does_not_skip_the_second_factor(
    app: Marketplace, browser: Any, member: Any, guarded: Any
) -> None:
    browser.submit("/password/forgot", {"email": member.user.email})
    link = find_link(list_mails(app, member.user.email)[-1])
    assert browser.submit(link, {"password": NEXT_PASSWORD}).status_code == 302
    assert not signed_in(browser)
    assert type_sign_in(browser, member, NEXT_PASSWORD).headers["Location"] == "/login/second-factor"


def test_second_step_without_the_first_leads_back(browser: Any) -> None:
    assert browser.get("/login/second-factor").headers["Location"] == "/login"


def test_secrets_are_nowhere_in_plain_text(app: Marketplace, member: Any, guarded: Any) -> None:
    key, codes = guarded
    with app.database.transaction("read") as session:
        user = session.get_one(User, member.user.id)
        kept = json.dumps([user.tf_totp_secret, user.mf_recovery_codes, user.password])
        kept += json.dumps([row.content for row in session.scalars(sa.select(UserSession))])
        kept += repr([row.body for row in session.scalars(sa.select(KeptAnswer))])
    assert key not in kept
    assert not any(code in kept for code in codes)


def test_old_session_is_asked_again_before_the_second_factor_changes(
    app: Marketplace, browser: Any, member: Any
) -> None:
    type_sign_in(browser, member)
    grow_old(app, member)
    sent = browser.get("/account/second-factor")
    assert sent.headers["Location"] == "/verify?next=/account/second-factor"
    refused = browser.submit(sent.headers["Location"], {"password": "wrong", "next": "/account/second-factor"})
    assert refused.status_code == 422
    back = browser.submit(sent.headers["Location"], {"password": PASSWORD, "next": "/account/second-factor"})
    assert back.headers["Location"] == "/account/second-factor"
    assert browser.get("/account/second-factor").status_code == 200


def test_stale_act_writes_nothing_and_works_after_confirming(app: Marketplace, browser: Any, member: Any) -> None:
    type_sign_in(browser, member)
    grow_old(app, member)
    data = {"name": "reporting", "scopes": "read", "days": "30", "form_key": "k" * 20}
    sent = browser.submit("/account/keys", data, headers={"Referer": "http://localhost/account/keys"})
    assert sent.headers["Location"] == "/verify?next=/account/keys"
    browser.submit("/verify", {"password": PASSWORD, "next": "/account/keys"})
    made = browser.submit("/account/keys", data)
    assert made.status_code == 200
    assert "pk_" in made.get_data(as_text=True)


def test_change_of_the_second_factor_is_told_by_mail(app: Marketplace, browser: Any, member: Any) -> None:
    type_sign_in(browser, member)
    set_up(browser)
    browser.submit("/account/second-factor/remove", page="/account")
    subjects = [mail.subject for mail in list_mails(app, member.user.email)]
    assert len(subjects) == 2
    with app.database.transaction("read") as session:
        user = session.get_one(User, member.user.id)
        assert user.tf_totp_secret is None
        assert user.mf_recovery_codes is None


def test_wrong_code_at_set_up_turns_nothing_on(app: Marketplace, browser: Any, member: Any) -> None:
    type_sign_in(browser, member)
    browser.get("/account/second-factor")
    for code in ("000000", "", "abc", "１２３４５６", "1" * 11):
        assert browser.submit("/account/second-factor", {"code": code}).status_code == 422
    with app.database.transaction("read") as session:
        assert session.get_one(User, member.user.id).tf_totp_secret is None


def test_required_second_factor_shuts_every_other_page(settings: Any, make: Any, app: Marketplace) -> None:
    import dataclasses

    from marketplace.app import create_app
    from tests.conftest import Browser

    member = give_password(app, make.member("bank"))
    strict = create_app(dataclasses.replace(settings, second_factor_required=True))
    browser = Browser(strict)
    assert type_sign_in(browser, member).headers["Location"] == "/account/second-factor"
    assert browser.get("/organisation").headers["Location"] == "/account/second-factor"
    assert browser.client.get("/api/v1/me").status_code == 403
    set_up(browser)
    assert browser.get("/organisation").status_code == 200
    assert browser.submit("/account/second-factor/remove", page="/account").status_code == 403
    strict.database.engine.dispose()


def grow_old(app: Marketplace, member: Any) -> None:
    """As if the sign-in lay sixteen minutes back."""
    with app.database.transaction() as session:
        for row in session.scalars(sa.select(UserSession).where(UserSession.user_id == member.user.id)):
            row.content = {**row.content, "fs_paa": clock.now().timestamp() - 16 * 60}
