"""Repeats: the same key gives the same answer and one effect, on the API and on pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.accounts.models import Membership
from marketplace.app import Marketplace
from marketplace.audit.models import AuditLine
from marketplace.projects.models import Project
from marketplace.schemes.models import SchemeRule
from tests.conftest import table_counts
from tests.factories import MOMENT, Member
from tests.functional.house.support import at_once, rule_form

Keys = Callable[[Member], dict[str, str]]
URL = "/api/v1/projects"


def body(title: str = "Continuous flow") -> dict[str, str]:
    return {"title_zh": "连续流", "title_en": title, "sector": "chemicals"}


def count(app: Marketplace, model: Any) -> int:
    with app.database.transaction("read") as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


@pytest.fixture
def headers(make: Any, make_key: Keys) -> dict[str, str]:
    return {**make_key(make.member("project_team")), "Idempotency-Key": "key-1"}


def test_same_key_twice_gives_the_same_bytes_and_one_effect(app: Marketplace, headers: dict[str, str]) -> None:
    client = app.test_client()
    first = client.post(URL, json=body(), headers=headers)
    assert (first.status_code, "Idempotent-Replayed" in first.headers) == (201, False)
    again = client.post(URL, json=body(), headers=headers)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.get_data() == first.get_data()
    assert again.content_type == first.content_type
    assert count(app, Project) == 1


def test_same_key_twenty_times_at_one_moment_is_one_effect(app: Marketplace, headers: dict[str, str]) -> None:
    answers = at_once([lambda: app.test_client().post(URL, json=body(), headers=headers) for _ in range(20)])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_data() for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 19
    assert count(app, Project) == 1


def test_other_body_address_or_method_under_the_key_is_no_repeat(app: Marketplace, headers: dict[str, str]) -> None:
    client = app.test_client()
    first = client.post(URL, json=body(), headers=headers).json
    before = table_counts(app.database)
    other = client.post(URL, json=body("Another"), headers=headers)
    assert (other.status_code, other.json["error"]["code"]) == (409, "idempotency_key_reused")
    query = client.post(f"{URL}?x=1", json=body(), headers=headers)
    assert query.status_code == 409
    assert table_counts(app.database) == before
    # Another address has its own keys.
    changed = client.patch(f"{URL}/{first['id']}", json=body("Changed"), headers=headers)
    assert changed.status_code == 200
    assert client.post(f"{URL}/{first['id']}/submit", headers=headers).status_code == 422


def test_users_are_apart(app: Marketplace, make: Any, make_key: Keys) -> None:
    made = []
    for _ in range(2):
        headers = {**make_key(make.member("project_team")), "Idempotency-Key": "same"}
        answer = app.test_client().post(URL, json=body(), headers=headers)
        assert "Idempotent-Replayed" not in answer.headers
        made.append(answer.json["id"])
    assert len(set(made)) == 2


def test_organisations_of_one_user_are_apart(app: Marketplace, make: Any, browser: Any) -> None:
    """Acting for another organisation is another act; the first one's answer is not shown."""
    member, other = make.member("project_team"), make.organisation("project_team")
    with app.database.transaction() as session:
        session.add(Membership(user_id=member.user.id, organisation_id=other.id, role="owner", created_at=MOMENT))
    browser.sign_in(member.user)
    page = browser.get("/account").get_data(as_text=True)
    token = re.search(r'name="csrf[-_]token" (?:content|value)="([^"]+)"', page)
    assert token
    headers = {"X-CSRFToken": token[1], "Idempotency-Key": "same"}
    first = browser.client.post(URL, json=body(), headers=headers)
    assert first.status_code == 201
    second = browser.client.post(URL, json=body(), headers={**headers, "X-Organisation": other.public_id})
    assert second.status_code == 409
    assert first.json["id"] not in second.get_data(as_text=True)
    assert count(app, Project) == 1


def test_refused_attempt_may_be_made_again_with_the_key(app: Marketplace, headers: dict[str, str]) -> None:
    client = app.test_client()
    assert client.post(URL, json={**body(), "trl_claimed": 99}, headers=headers).status_code == 422
    answer = client.post(URL, json=body(), headers=headers)
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)


def test_key_of_a_restarted_server_is_still_known(app: Marketplace, headers: dict[str, str]) -> None:
    from marketplace.app import create_app

    first = app.test_client().post(URL, json=body(), headers=headers)
    restarted = create_app(app.settings)
    again = restarted.test_client().post(URL, json=body(), headers=headers)
    restarted.database.engine.dispose()
    assert (again.get_data(), again.headers["Idempotent-Replayed"]) == (first.get_data(), "true")


@pytest.mark.parametrize("key", ["k" * 256, "\x00"])
def test_unusable_key_is_refused_by_name(app: Marketplace, browser: Any, make: Any, key: str) -> None:
    browser.sign_in(make.member("operator").user)
    before = table_counts(app.database)
    form = {**rule_form("r"), "form_key": key}
    assert browser.submit("/schemes/new", form).status_code == 422
    assert table_counts(app.database) == before


def test_api_key_header_that_is_too_long_is_refused(app: Marketplace, headers: dict[str, str]) -> None:
    answer = app.test_client().post(URL, json=body(), headers={**headers, "Idempotency-Key": "k" * 256})
    assert (answer.status_code, answer.json["error"]["field"]) == (422, "Idempotency-Key")
    assert count(app, Project) == 0


def test_form_sent_twice_has_one_effect_and_leads_to_the_same_page(app: Marketplace, browser: Any, make: Any) -> None:
    browser.sign_in(make.member("operator").user)
    form = {**rule_form("double"), "form_key": "form-1"}
    first, again = (browser.submit("/schemes/new", form) for _ in range(2))
    assert (first.status_code, again.status_code) == (302, 302)
    assert first.headers["Location"] == again.headers["Location"]
    assert count(app, SchemeRule) == 1
    with app.database.transaction("read") as session:
        acts = session.scalars(sa.select(AuditLine.action)).all()
    assert acts == ["scheme.rule_recorded"]


def test_double_click_at_one_moment_has_one_effect(app: Marketplace, new_browser: Any, make: Any) -> None:
    operator = make.member("operator")
    browsers = [new_browser().sign_in(operator.user) for _ in range(8)]
    form = {**rule_form("double"), "form_key": "form-1"}
    answers = at_once([lambda who=who: who.submit("/schemes/new", form) for who in browsers])
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count(app, SchemeRule) == 1


def test_corrected_form_may_be_sent_with_the_key_of_the_refused_one(app: Marketplace, browser: Any, make: Any) -> None:
    browser.sign_in(make.member("operator").user)
    wrong = {**rule_form("mended", valid_to="2020-01-01"), "form_key": "form-1"}
    assert browser.submit("/schemes/new", wrong).status_code == 422
    assert browser.submit("/schemes/new", {**rule_form("mended"), "form_key": "form-1"}).status_code == 302
    assert count(app, SchemeRule) == 1
