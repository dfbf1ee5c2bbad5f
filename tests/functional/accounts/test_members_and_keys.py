"""Members and API keys: one-use invitations, the last owner, scopes, revocation (trust.md 2, 8, 12, 14)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.accounts.models import ApiKey, Invitation, KeptAnswer, Membership
from marketplace.accounts.services import create_api_key, end_membership
from marketplace.app import Marketplace
from tests.conftest import table_counts
from tests.functional.accounts.support import PASSWORD, find_link, give_password, list_mails, signed_in, type_sign_in


@pytest.fixture
def owner(app: Marketplace, make: Any) -> Any:
    return give_password(app, make.member("bank"))


def invite(browser: Any, app: Marketplace, email: str = "new@test.example", role: str = "editor") -> str:
    answer = browser.submit(
        "/organisation/members/invite", {"email": email, "role": role}, page="/organisation/members"
    )
    assert answer.status_code == 302
    return find_link(list_mails(app, email)[-1])


def test_invited_person_joins_once_with_the_role(app: Marketplace, browser: Any, new_browser: Any, owner: Any) -> None:
    link = invite(browser.sign_in(owner.user), app)
    guest = new_browser()
    before = table_counts(app.database)
    assert guest.get(link).status_code == 200
    assert table_counts(app.database) == before
    assert guest.submit(link, {"name": "Zhou Min", "password": "password1"}).status_code == 422
    extra = {"role": "owner", "email": "other@test.example"}
    assert guest.submit(link, {"name": "Zhou Min", "password": PASSWORD, **extra}).headers["Location"] == "/login"
    assert guest.get(link).status_code == 404
    assert guest.submit("/login", {"email": "new@test.example", "password": PASSWORD}).status_code == 302
    me = guest.client.get("/api/v1/me").json
    assert (me["role"], me["organisation"]["id"]) == ("editor", owner.organisation.public_id)


def test_known_person_joins_only_when_signed_in_with_the_invited_address(
    app: Marketplace, browser: Any, new_browser: Any, make: Any, owner: Any
) -> None:
    known = give_password(app, make.member("insurer"))
    link = invite(browser.sign_in(owner.user), app, email=known.user.email, role="signatory")
    thief = new_browser().sign_in(make.member("angel").user)
    assert thief.submit(link, {"name": "X", "password": PASSWORD}, page="/account").status_code == 403
    guest = new_browser()
    assert guest.submit(link, {"name": "X", "password": PASSWORD}, page="/login").status_code == 403
    type_sign_in(guest, known)
    assert guest.submit(link).status_code == 302
    with app.database.transaction("read") as session:
        roles = session.scalars(sa.select(Membership.role).where(Membership.user_id == known.user.id)).all()
    assert sorted(roles) == ["owner", "signatory"]


def test_newer_invitation_and_withdrawal_kill_the_link(
    app: Marketplace, browser: Any, new_browser: Any, owner: Any
) -> None:
    browser.sign_in(owner.user)
    first, second = invite(browser, app), invite(browser, app)
    assert new_browser().get(first).status_code == 404
    with app.database.transaction("read") as session:
        live = session.scalars(sa.select(Invitation).where(Invitation.revoked_at.is_(None))).one()
    browser.submit(f"/organisation/invitations/{live.public_id}/revoke", page="/organisation/members")
    assert new_browser().get(second).status_code == 404


@pytest.mark.parametrize(("field", "value"), [("email", "x"), ("email", ""), ("role", "admin"), ("role", "")])
def test_bad_invitation_is_named_at_its_field(
    app: Marketplace, browser: Any, owner: Any, field: str, value: str
) -> None:
    data = {"email": "new@test.example", "role": "viewer", field: value}
    before = table_counts(app.database)
    answer = browser.sign_in(owner.user).submit("/organisation/members/invite", data, page="/organisation/members")
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.get_data(as_text=True)
    assert table_counts(app.database) == before


def test_member_cannot_be_invited_again(browser: Any, owner: Any) -> None:
    data = {"email": owner.user.email, "role": "viewer"}
    answer = browser.sign_in(owner.user).submit("/organisation/members/invite", data, page="/organisation/members")
    assert answer.status_code == 422


def test_last_owner_stays(app: Marketplace, browser: Any, make: Any, owner: Any) -> None:
    url = f"/organisation/members/{owner.membership.public_id}"
    browser.sign_in(owner.user)
    assert browser.submit(f"{url}/role", {"role": "viewer"}, page="/account").status_code == 409
    assert browser.submit(f"{url}/end", page="/account").status_code == 409
    second = make.member(organisation=owner.organisation)
    other = f"/organisation/members/{second.membership.public_id}"
    assert browser.submit(f"{other}/end", page="/account").status_code == 302
    assert browser.submit(f"{url}/role", {"role": "viewer"}, page="/account").status_code == 409


def test_ended_membership_shuts_pages_and_keys_at_once(
    app: Marketplace, new_browser: Any, make: Any, owner: Any
) -> None:
    editor = make.member(organisation=owner.organisation, role="editor")
    secret = make_key(app, editor, ["read"])
    colleague = new_browser().sign_in(editor.user)
    assert signed_in(colleague)
    with app.database.transaction() as session:
        membership = session.get_one(Membership, editor.membership.id)
        end_membership(session, actor=owner.actor, membership=membership, now=clock.now())
    assert not signed_in(colleague)
    assert call(app, secret).status_code == 401


@pytest.mark.parametrize("role", ["editor", "signatory", "viewer"])
def test_only_owners_manage_members(app: Marketplace, browser: Any, make: Any, owner: Any, role: str) -> None:
    member = make.member(organisation=owner.organisation, role=role)
    browser.sign_in(member.user)
    before = table_counts(app.database)
    url = f"/organisation/members/{member.membership.public_id}"
    assert browser.submit(f"{url}/role", {"role": "owner"}, page="/account").status_code == 403
    answer = browser.submit("/organisation/members/invite", {"email": "a@b.example", "role": "owner"}, page="/account")
    assert answer.status_code == 403
    after = table_counts(app.database)
    assert after.pop("audit_line") == before.pop("audit_line") + 2
    assert after == before


def test_owner_of_one_organisation_cannot_touch_members_of_another(browser: Any, make: Any, owner: Any) -> None:
    foreign = make.member("angel")
    url = f"/organisation/members/{foreign.membership.public_id}"
    browser.sign_in(owner.user)
    assert browser.submit(f"{url}/role", {"role": "viewer"}, page="/account").status_code == 404
    assert browser.submit(f"{url}/end", page="/account").status_code == 404


def make_key(app: Marketplace, member: Any, scopes: list[str]) -> str:
    with app.database.transaction() as session:
        return create_api_key(session, actor=member.actor, name="test", scopes=scopes, days=30, now=clock.now())[1]


def call(app: Marketplace, secret: str, method: str = "GET", path: str = "/api/v1/me", **headers: str) -> Any:
    return app.test_client().open(
        path, method=method, headers={"Authorization": f"Bearer {secret}", **headers}, json=None
    )


def test_key_is_shown_once_and_kept_as_a_fingerprint(app: Marketplace, browser: Any, owner: Any) -> None:
    browser.sign_in(owner.user)
    data = {"name": "reporting", "scopes": "read", "days": "30", "form_key": "k" * 20}
    text = browser.submit("/account/keys", data).get_data(as_text=True)
    secret = text.split('id="api-key">')[1].split("<")[0]
    assert call(app, secret).json["organisation"]["id"] == owner.organisation.public_id
    assert secret not in browser.get("/account/keys").get_data(as_text=True)
    with app.database.transaction("read") as session:
        assert secret not in repr([vars(row) for row in session.scalars(sa.select(ApiKey))])
        assert secret.encode() not in b"".join(row.body for row in session.scalars(sa.select(KeptAnswer)))
    assert browser.submit("/account/keys", {**data, "form_key": "l" * 20}).status_code == 422, "one name, one key"


def test_reading_key_cannot_write(app: Marketplace, owner: Any) -> None:
    refused = call(app, make_key(app, owner, ["read"]), "POST", "/api/v1/organisations")
    assert refused.status_code == 403
    assert refused.json["error"]["code"] == "scope_missing"


def test_writing_key_needs_no_forgery_token(app: Marketplace, owner: Any) -> None:
    assert call(app, make_key(app, owner, ["write"]), "POST", "/api/v1/organisations").status_code == 405


def test_cookie_on_the_api_writes_only_with_the_header(browser: Any, owner: Any) -> None:
    browser.sign_in(owner.user)
    page = browser.get("/account/password").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    url = "/api/v1/payments/pay_x/transfers"
    assert browser.client.post(url, json={}).status_code == 400
    assert browser.client.post(url, data={"csrf_token": token}).status_code == 400
    assert browser.client.post(url, json={}, headers={"X-CSRFToken": token}).status_code in (404, 422)


def test_revoked_expired_and_unknown_keys_are_refused(app: Marketplace, browser: Any, owner: Any) -> None:
    secret = make_key(app, owner, ["read"])
    with app.database.transaction("read") as session:
        key = session.scalars(sa.select(ApiKey)).one()
    assert (
        browser.sign_in(owner.user).submit(f"/account/keys/{key.public_id}/revoke", page="/account/keys").status_code
        == 302
    )
    for wrong in (secret, "pk_unknown", "", "é" * 20, "x" * 9000):
        answer = call(app, wrong)
        assert answer.status_code == 401, wrong[:10]
        assert set(answer.json["error"]) == {"code", "message", "field", "details", "request_id"}
        assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"] != ""
    basic = app.test_client().get("/api/v1/me", headers={"Authorization": "Basic dXNlcjpwYXNz"})
    assert basic.status_code == 401


def test_use_of_a_key_is_noted_once_a_day_outside_the_reading_request(app: Marketplace, owner: Any) -> None:
    secret = make_key(app, owner, ["read"])
    for _attempt in range(2):
        assert call(app, secret).status_code == 200
    with app.database.transaction("read") as session:
        key = session.scalars(sa.select(ApiKey)).one()
        assert key.last_used_on is not None
        assert key.last_used_on.date() == clock.now().date()


def test_key_of_another_member_is_not_found(app: Marketplace, browser: Any, make: Any, owner: Any) -> None:
    make_key(app, owner, ["read"])
    with app.database.transaction("read") as session:
        key = session.scalars(sa.select(ApiKey)).one()
    colleague = make.member(organisation=owner.organisation, role="editor")
    url = f"/account/keys/{key.public_id}/revoke"
    assert browser.sign_in(colleague.user).submit(url, page="/account/keys").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("name", "n" * 81), ("scopes", "admin"), ("days", "9999"), ("days", "x")]
)
def test_bad_key_is_named_at_its_field(app: Marketplace, browser: Any, owner: Any, field: str, value: str) -> None:
    data = {"name": "reporting", "scopes": "read", "days": "30", field: value}
    before = table_counts(app.database)
    answer = browser.sign_in(owner.user).submit("/account/keys", data)
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.get_data(as_text=True)
    assert table_counts(app.database) == before
