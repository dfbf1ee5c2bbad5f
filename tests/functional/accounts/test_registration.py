"""Registration, confirmation, forgotten passwords and change of address by links that work once (trust.md 3, 7)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.accounts.credit_code import compute_check_character
from marketplace.accounts.models import AccountToken, Membership, Organisation, User
from marketplace.app import Marketplace
from tests.conftest import table_counts
from tests.functional.accounts.support import (
    NEXT_PASSWORD,
    PASSWORD,
    find_link,
    give_password,
    list_mails,
    signed_in,
    type_sign_in,
)

FIRST = "91310000MA1FL0AB1"
CODE = FIRST + compute_check_character(FIRST)
FORM = {
    "email": "founder@new.example", "name": "吴霖舟", "password": PASSWORD, "kind": "project_team",
    "name_zh": "新材料中试有限公司",
    "name_en": "New Materials Pilot Ltd", "credit_code": CODE, "region_code": "310000", "terms": "1",
}  # fmt: skip


@pytest.fixture
def member(app: Marketplace, make: Any) -> Any:
    return give_password(app, make.member("bank"))


def test_registration_exists_only_after_the_button_behind_the_link(app: Marketplace, browser: Any) -> None:
    assert browser.submit("/register", FORM).status_code == 200
    before = table_counts(app.database)
    assert before["user_account"] == before["organisation"] == 0
    link = find_link(list_mails(app, FORM["email"])[0])
    page = browser.get(link)
    assert page.status_code == 200
    assert page.get_data(as_text=True).count('<button class="button button--main') == 1
    assert table_counts(app.database) == before, "looking at the link writes nothing"
    assert browser.submit(link).headers["Location"] == "/login"
    with app.database.transaction("read") as session:
        membership = session.scalars(sa.select(Membership)).one()
        organisation, user = (
            session.get_one(Organisation, membership.organisation_id),
            session.scalars(sa.select(User)).one(),
        )
        assert (membership.role, organisation.verification_state, user.name_zh) == ("owner", "none", "吴霖舟")
        assert user.password is not None
        assert user.password.startswith("$argon2id$")
    signed = browser.submit("/login", {"email": FORM["email"], "password": PASSWORD})
    assert signed.status_code == 302
    assert signed_in(browser)


def test_confirmation_link_works_once(app: Marketplace, browser: Any) -> None:
    browser.submit("/register", FORM)
    link = find_link(list_mails(app, FORM["email"])[0])
    browser.submit(link)
    assert browser.get(link).status_code == 404


def test_newest_confirmation_link_is_the_only_one(app: Marketplace, browser: Any) -> None:
    browser.submit("/register", FORM)
    browser.submit("/register", FORM)
    old, new = [find_link(mail) for mail in list_mails(app, FORM["email"])]
    assert browser.get(old).status_code == 404
    assert browser.get(new).status_code == 200


def test_known_address_gets_the_same_page_and_another_mail(app: Marketplace, browser: Any, member: Any) -> None:
    fresh = browser.submit("/register", FORM).get_data(as_text=True)
    known = browser.submit("/register", {**FORM, "email": member.user.email}).get_data(as_text=True)
    assert fresh.replace(FORM["email"], "X") == known.replace(member.user.email, "X")
    with app.database.transaction("read") as session:
        assert session.scalar(sa.select(AccountToken).where(AccountToken.email == member.user.email)) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no-at-sign"), ("email", "a@b@c.example"), ("email", ""), ("name", ""), ("name", "x" * 81),
        ("name", "line\nbreak"), ("kind", "operator"), ("kind", "regulator"), ("kind", ""), ("name_zh", " "),
        ("name_en", "n" * 121), ("credit_code", "91310000MA1FL0AB10"), ("credit_code", CODE[:-1]), ("credit_code", ""),
        ("region_code", "31"), ("region_code", "３１００００"), ("terms", ""), ("name_en", "nul\0byte"),
        ("password", "seven77"), ("password", "password1"), ("password", " " * 12), ("password", "Pilotage2026"),
        ("password", "founder2026"), ("password", "x" * 10_000), ("password", ""),
    ],
)  # fmt: skip
def test_fault_is_named_at_its_field_and_nothing_is_written(
    app: Marketplace, browser: Any, field: str, value: str
) -> None:
    before = table_counts(app.database)
    answer = browser.submit("/register?lang=en", {**FORM, field: value}, page="/register?lang=en")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in text
    assert "<title>Error:" in text
    assert field == "name_zh" or FORM["name_zh"] in text, "what was typed is kept"
    assert PASSWORD not in text, "a password is never sent back"
    assert table_counts(app.database) == before


@pytest.mark.parametrize(
    "password", [" leading and trailing ", "汉字也可以当作密码用", "🐼🎋🐼🎍🐼🎏🐼🎑", "a1B2" * 16, "x9 " * 300]
)
def test_password_is_taken_exactly_as_typed(app: Marketplace, browser: Any, password: str) -> None:
    browser.submit("/register", {**FORM, "password": password})
    browser.submit(find_link(list_mails(app, FORM["email"])[0]))
    trimmed = browser.submit("/login", {"email": FORM["email"], "password": password[:-1]})
    assert trimmed.status_code == 422
    assert browser.submit("/login", {"email": FORM["email"], "password": password}).status_code == 302


def test_unknown_fields_have_no_effect(app: Marketplace, browser: Any) -> None:
    extra = {"verification_state": "verified", "role": "owner", "verified": "1", "id": "7", "organisation_id": "1"}
    browser.submit("/register", {**FORM, **extra})
    browser.submit(find_link(list_mails(app, FORM["email"])[0]), extra)
    with app.database.transaction("read") as session:
        assert session.scalars(sa.select(Organisation)).one().verification_state == "none"


def test_code_taken_while_the_mail_was_under_way_is_refused(app: Marketplace, browser: Any, make: Any) -> None:
    browser.submit("/register", FORM)
    make.organisation("bank", credit_code=CODE)
    answer = browser.submit(find_link(list_mails(app, FORM["email"])[0]))
    assert answer.status_code == 422
    assert table_counts(app.database)["user_account"] == 0


def test_reset_link_works_once_and_the_newest_only(
    app: Marketplace, browser: Any, new_browser: Any, member: Any
) -> None:
    signed = new_browser()
    type_sign_in(signed, member)
    browser.submit("/password/forgot", {"email": member.user.email})
    browser.submit("/password/forgot", {"email": member.user.email})
    old, new = [find_link(mail) for mail in list_mails(app, member.user.email)]
    assert browser.get(old).status_code == 404
    before = table_counts(app.database)
    assert browser.get(new).status_code == 200
    assert table_counts(app.database) == before
    weak = browser.submit(new, {"password": "password1"})
    assert weak.status_code == 422
    assert browser.submit(new, {"password": NEXT_PASSWORD}).status_code == 302
    assert browser.get(new).status_code == 404
    assert not signed_in(signed), "a reset ends every session"
    assert type_sign_in(new_browser(), member).status_code == 422
    assert type_sign_in(new_browser(), member, NEXT_PASSWORD).status_code == 302


def test_reset_answers_alike_for_known_and_unknown_addresses(app: Marketplace, browser: Any, member: Any) -> None:
    known = browser.submit("/password/forgot", {"email": member.user.email}).get_data(as_text=True)
    unknown = browser.submit("/password/forgot", {"email": "nobody@test.example"}).get_data(as_text=True)
    assert known.replace(member.user.email, "X") == unknown.replace("nobody@test.example", "X")
    assert list_mails(app, "nobody@test.example") == []


def test_links_carry_the_configured_host_whatever_the_request_says(app: Marketplace, browser: Any, member: Any) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    page = browser.client.get("/password/forgot", headers=headers)
    token = page.get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    browser.client.post("/password/forgot", data={"csrf_token": token, "email": member.user.email}, headers=headers)
    for mail in list_mails(app):
        assert "evil.example" not in mail.body


def test_reset_link_dies_with_the_address(app: Marketplace, browser: Any, new_browser: Any, member: Any) -> None:
    new_browser().submit("/password/forgot", {"email": member.user.email})
    reset = find_link(list_mails(app, member.user.email)[0])
    type_sign_in(browser, member)
    browser.submit("/account/email", {"email": "moved@test.example"})
    link = find_link(list_mails(app, "moved@test.example")[0])
    assert len(list_mails(app, member.user.email)) == 2, "the old address is told at once"
    assert browser.submit(link).status_code == 302
    assert browser.get(link).status_code == 404
    assert browser.get(reset).status_code == 404
    other = new_browser()
    assert type_sign_in(other, member).status_code == 422
    assert other.submit("/login", {"email": "moved@test.example", "password": PASSWORD}).status_code == 302
    assert len(list_mails(app, member.user.email)) == 3, "and told again when it happened"


@pytest.mark.parametrize(
    "path",
    ["/password/reset/x", "/register/confirm/x", "/invitations/x", "/account/email/confirm/x", "/password/reset/%00",
     "/register/confirm/" + "9" * 500],
)  # fmt: skip
def test_made_up_links_lead_nowhere(browser: Any, path: str) -> None:
    assert browser.get(path).status_code == 404
