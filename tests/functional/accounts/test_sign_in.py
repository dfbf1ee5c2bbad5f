"""Signing in and out: sessions, throttling, one answer for all refusals (trust.md 1, 2, 4, 21)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.accounts.models import Membership, Organisation, User, UserSession
from marketplace.accounts.permissions import Actor
from marketplace.accounts.services import disable_user
from marketplace.app import Marketplace
from marketplace.audit.models import AuditLine
from tests.functional.accounts.support import NEXT_PASSWORD, PASSWORD, give_password, signed_in, type_sign_in


def cookie_of(browser: Any) -> str:
    cookie = browser.client.get_cookie("session")
    return str(cookie.value) if cookie else ""


@pytest.fixture
def member(app: Marketplace, make: Any) -> Any:
    return give_password(app, make.member("bank"))


def test_right_password_opens_the_pages(browser: Any, member: Any) -> None:
    answer = type_sign_in(browser, member)
    assert answer.status_code == 302
    assert signed_in(browser)


def test_address_is_compared_without_case(browser: Any, member: Any) -> None:
    answer = browser.submit("/login", {"email": f" {member.user.email.upper()} ", "password": PASSWORD})
    assert answer.status_code == 302


def test_session_fixed_before_sign_in_dies(browser: Any, new_browser: Any, member: Any) -> None:
    browser.get("/login")
    before = cookie_of(browser)
    type_sign_in(browser, member)
    assert before
    assert cookie_of(browser) != before
    attacker = new_browser()
    attacker.client.set_cookie("session", before)
    assert not signed_in(attacker)


def test_forgery_token_of_before_the_sign_in_is_refused(browser: Any, member: Any) -> None:
    page = browser.get("/login").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    type_sign_in(browser, member)
    assert browser.client.post("/account/sessions/end-others", data={"csrf_token": token}).status_code == 400


def test_unknown_session_id_in_the_cookie_is_not_adopted(browser: Any, member: Any) -> None:
    chosen = "A" * 43
    browser.client.set_cookie("session", chosen)
    type_sign_in(browser, member)
    assert cookie_of(browser) != chosen


def test_copied_cookie_is_dead_after_sign_out(browser: Any, new_browser: Any, member: Any) -> None:
    type_sign_in(browser, member)
    thief = new_browser()
    thief.client.set_cookie("session", cookie_of(browser))
    assert signed_in(thief)
    answer = browser.submit("/logout", page="/account")
    assert answer.status_code == 302
    assert "Clear-Site-Data" in answer.headers
    assert not signed_in(browser)
    assert not signed_in(thief)


def test_sign_out_needs_a_post(browser: Any, member: Any) -> None:
    type_sign_in(browser, member)
    assert browser.get("/logout").status_code == 405
    assert signed_in(browser)


def test_password_change_ends_every_other_session_and_keeps_this_one(
    browser: Any, new_browser: Any, member: Any
) -> None:
    other = new_browser()
    type_sign_in(other, member)
    type_sign_in(browser, member)
    before = cookie_of(browser)
    answer = browser.submit("/account/password", {"present_password": PASSWORD, "password": NEXT_PASSWORD})
    assert answer.status_code == 302
    assert signed_in(browser)
    assert not signed_in(other)
    thief = new_browser()
    thief.client.set_cookie("session", before)
    assert not signed_in(thief)
    assert type_sign_in(new_browser(), member).status_code == 422
    assert type_sign_in(new_browser(), member, NEXT_PASSWORD).status_code == 302


def test_wrong_present_password_changes_nothing(browser: Any, member: Any, new_browser: Any) -> None:
    type_sign_in(browser, member)
    answer = browser.submit("/account/password", {"present_password": "not it at all", "password": NEXT_PASSWORD})
    assert answer.status_code == 422
    assert type_sign_in(new_browser(), member).status_code == 302


def test_disabled_user_is_out_at_once_everywhere(app: Marketplace, browser: Any, make: Any, member: Any) -> None:
    type_sign_in(browser, member)
    operator: Actor = make.member("operator").actor
    with app.database.transaction() as session:
        user = session.get_one(User, member.user.id)
        disable_user(session, actor=operator, user=user, now=member.organisation.created_at)
    assert not signed_in(browser)
    assert browser.client.get("/api/v1/me").status_code == 401
    assert type_sign_in(browser, member).status_code == 422


def test_change_of_role_holds_from_the_next_request(app: Marketplace, browser: Any, member: Any) -> None:
    type_sign_in(browser, member)
    assert browser.get("/organisation/profile").status_code == 200
    with app.database.transaction() as session:
        session.get_one(Membership, member.membership.id).role = "viewer"
    assert browser.get("/organisation/profile").status_code == 403


def test_every_refusal_reads_the_same(app: Marketplace, browser: Any, new_browser: Any, make: Any, member: Any) -> None:
    wrong = type_sign_in(browser, member, "something else entirely")
    unknown = new_browser().submit("/login", {"email": "nobody@test.example", "password": PASSWORD}, page="/login")
    disabled = give_password(app, make.member("bank"))
    with app.database.transaction() as session:
        session.get_one(User, disabled.user.id).active = False
    shut = type_sign_in(new_browser(), disabled)
    texts = set()
    for answer in (wrong, unknown, shut):
        assert answer.status_code == 422
        texts.add(answer.get_data(as_text=True).split('class="error-summary"')[1].split("</div>")[0])
    assert len(texts) == 1
    assert "nobody@test.example" in unknown.get_data(as_text=True), "what was typed is kept"


def test_password_is_hashed_for_unknown_addresses_too(
    browser: Any, member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marketplace.accounts.signin import hashing

    calls: list[str] = []
    verify = hashing._verify
    monkeypatch.setattr(hashing, "_verify", lambda given, kept: calls.append(kept) or verify(given, kept))
    type_sign_in(browser, member, "wrong password here")
    browser.submit("/login", {"email": "nobody@test.example", "password": "wrong password here"})
    assert len(calls) == 2
    assert all(kept.startswith("$argon2id$") for kept in calls)


def test_account_is_paused_after_ten_failures_and_opens_again(
    app: Marketplace, browser: Any, new_browser: Any, member: Any
) -> None:
    for attempt in range(10):
        answer = browser.client.post(
            "/login", data={**_token(browser), "email": member.user.email, "password": f"no {attempt}"}
        )
        assert answer.status_code == 422
    assert type_sign_in(new_browser(), member).status_code == 422, "even the right password waits"
    with app.database.transaction() as session:
        user = session.get_one(User, member.user.id)
        assert user.locked_until is not None
        user.locked_until = user.locked_until.replace(year=2020)
        lines = session.scalars(sa.select(AuditLine).where(AuditLine.action == "session.refused")).all()
        assert len(lines) == 10
    assert type_sign_in(new_browser(), member).status_code == 302
    with app.database.transaction("read") as session:
        assert session.get_one(User, member.user.id).failed_sign_ins == 0


def _token(browser: Any) -> dict[str, str]:
    page = browser.get("/login").get_data(as_text=True)
    return {"csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0]}


def test_addresses_are_throttled_whatever_forwarded_header_they_send(settings: Any) -> None:
    import dataclasses

    from marketplace.app import create_app
    from tests.conftest import Browser

    app = create_app(dataclasses.replace(settings, rate_limits_enabled=True))
    browser = Browser(app)
    data = {**_token(browser), "email": "nobody@test.example", "password": "x"}
    answers = [
        browser.client.post("/login", data=data, headers={"X-Forwarded-For": f"10.0.0.{number}"})
        for number in range(31)
    ]
    app.database.engine.dispose()
    assert [answer.status_code for answer in answers[:30]] == [422] * 30
    assert answers[30].status_code == 429
    assert int(answers[30].headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example/", "/%2f%2fevil.example",
     "/%5cevil.example", "\\\\evil.example", "javascript:alert(1)", "/\tevil", "/\n/evil.example", "evil.example", ""],
)  # fmt: skip
def test_sign_in_leads_only_to_own_paths(browser: Any, member: Any, target: str) -> None:
    answer = type_sign_in(browser, member, next=target)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"


def test_sign_in_leads_back_to_the_page_that_was_asked(browser: Any, member: Any) -> None:
    sent = browser.get("/organisation/members?lang=en")
    assert sent.status_code == 302
    assert sent.headers["Location"].startswith("/login?next=")
    page = browser.get(sent.headers["Location"]).get_data(as_text=True)
    assert 'name="next" value="/organisation/members?lang=en"' in page
    assert (
        type_sign_in(browser, member, next="/organisation/members?lang=en").headers["Location"]
        == "/organisation/members?lang=en"
    )


def test_field_that_was_sent_twice_is_refused(browser: Any, member: Any) -> None:
    answer = browser.client.post(
        "/login", data={**_token(browser), "email": [member.user.email, "other@test.example"], "password": PASSWORD}
    )
    assert answer.status_code == 422
    assert not signed_in(browser)


@pytest.mark.parametrize("password", ["", " ", "\0", "x" * 10_000, "🐼" * 3000])
def test_strange_passwords_are_refused_plainly(browser: Any, member: Any, password: str) -> None:
    assert type_sign_in(browser, member, password).status_code == 422


def test_member_ends_one_session_and_all_others(browser: Any, new_browser: Any, member: Any) -> None:
    type_sign_in(browser, member)
    first, second = new_browser(), new_browser()
    type_sign_in(first, member)
    type_sign_in(second, member)
    page = browser.get("/account").get_data(as_text=True)
    handle = page.split("/account/sessions/")[1].split("/end")[0]
    assert browser.submit(f"/account/sessions/{handle}/end", page="/account").status_code == 302
    assert sorted([signed_in(first), signed_in(second)]) == [False, True]
    browser.submit("/account/sessions/end-others", page="/account")
    assert signed_in(browser)
    assert not signed_in(first)
    assert not signed_in(second)


def test_nobody_ends_the_session_of_another(
    app: Marketplace, browser: Any, new_browser: Any, make: Any, member: Any
) -> None:
    type_sign_in(browser, member)
    stranger = new_browser().sign_in(make.member("insurer").user)
    with app.database.transaction("read") as session:
        row = session.scalars(sa.select(UserSession).where(UserSession.user_id == member.user.id)).one()
    assert stranger.submit(f"/account/sessions/{row.id_hash[:16]}/end", page="/account").status_code == 404
    assert signed_in(browser)


def test_member_of_two_organisations_acts_for_either(app: Marketplace, browser: Any, make: Any, member: Any) -> None:
    second: Organisation = make.organisation("insurer")
    foreign: Organisation = make.organisation("angel")
    with app.database.transaction() as session:
        session.add(
            Membership(user_id=member.user.id, organisation_id=second.id, role="viewer", created_at=second.created_at)
        )
    type_sign_in(browser, member)
    before = cookie_of(browser)
    assert browser.submit("/act-as", {"organisation": second.public_id}, page="/account").status_code == 302
    assert cookie_of(browser) != before
    assert browser.client.get("/api/v1/me").json["organisation"]["id"] == second.public_id
    assert browser.submit("/act-as", {"organisation": foreign.public_id}, page="/account").status_code == 403
    asked = browser.client.get("/api/v1/me", headers={"X-Organisation": member.organisation.public_id})
    assert asked.json["organisation"]["id"] == member.organisation.public_id
    assert browser.client.get("/api/v1/me", headers={"X-Organisation": foreign.public_id}).status_code == 403


def test_private_pages_are_not_stored(browser: Any, member: Any) -> None:
    type_sign_in(browser, member)
    assert "no-store" in browser.get("/account").headers["Cache-Control"]


def test_cookie_is_bound_to_host_and_script_cannot_read_it(settings: Any) -> None:
    import dataclasses

    from marketplace.app import create_app

    app = create_app(dataclasses.replace(settings, base_url="https://pilotage.example"))
    answer = app.test_client().get("/login", base_url="https://pilotage.example")
    app.database.engine.dispose()
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/organisations/a%00b", 404), ("/organisations?q=a%00b", 422), ("/api/v1/organisations?q=%00", 422),
     ("/organisations?lang=en&x=%ED%A0%80", 200)],
)  # fmt: skip
def test_characters_that_no_column_takes_are_refused_alike(browser: Any, make: Any, path: str, status: int) -> None:
    assert browser.sign_in(make.member("bank").user).get(path).status_code == status


@pytest.mark.parametrize(
    "body", [b'{"a": "x\\u0000"}', b'{"a": [{"b": "\\ud800"}]}', b"[" * 100_000, b'{"\\u0000": 1}']
)
def test_json_that_cannot_be_kept_is_refused(browser: Any, make: Any, body: bytes) -> None:
    browser.sign_in(make.member("project_team").user)
    page = browser.get("/account/password").get_data(as_text=True)
    headers = {
        "X-CSRFToken": page.split('name="csrf_token" value="')[1].split('"')[0],
        "Content-Type": "application/json",
    }
    answer = browser.client.post("/api/v1/payments/pay_x/transfers", data=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json["error"]["code"] == "invalid_input"
