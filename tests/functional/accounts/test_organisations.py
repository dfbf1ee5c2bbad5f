"""Organisations: verification by somebody else, profile, what is visible to whom (trust.md 8, 13, 14, 16, 33)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.accounts.access import require_verified
from marketplace.accounts.errors import NotVerifiedError
from marketplace.accounts.models import Membership, Organisation
from marketplace.accounts.services import register_organisation, verify_organisation
from marketplace.app import Marketplace
from marketplace.audit.models import AuditLine
from marketplace.events import OrganisationVerified
from marketplace.notifications.models import Notification
from tests.conftest import table_counts


def state_of(app: Marketplace, organisation: Organisation) -> str:
    with app.database.transaction("read") as session:
        return session.get_one(Organisation, organisation.id).verification_state


def notices(app: Marketplace, organisation: Organisation) -> list[str]:
    with app.database.transaction("read") as session:
        statement = sa.select(Notification.kind).where(Notification.organisation_id == organisation.id)
        return list(session.scalars(statement.order_by(Notification.id)))


@pytest.fixture
def applicant(make: Any) -> Any:
    return make.member("venture_fund", verification_state="none")


@pytest.fixture
def operator(make: Any) -> Any:
    return make.member("operator")


def test_owner_asks_and_operator_verifies(
    app: Marketplace, browser: Any, new_browser: Any, applicant: Any, operator: Any
) -> None:
    with pytest.raises(NotVerifiedError):
        require_verified(applicant.actor)
    heard: list[OrganisationVerified] = []
    app.database.handlers = {OrganisationVerified: [lambda session, event: heard.append(event)]}
    browser.sign_in(applicant.user)
    assert browser.submit("/organisation/verification", page="/organisation").status_code == 302
    assert state_of(app, applicant.organisation) == "pending"
    assert notices(app, operator.organisation) == ["organisation.verification_requested"]
    checker, url = new_browser().sign_in(operator.user), f"/organisations/{applicant.organisation.public_id}"
    assert applicant.organisation.name_en in checker.get("/organisations?state=pending&lang=en").get_data(as_text=True)
    answer = checker.submit(f"{url}/verification", {"decision": "verified", "note": ""}, page=url)
    assert answer.status_code == 302
    assert state_of(app, applicant.organisation) == "verified"
    assert heard == [OrganisationVerified(organisation_id=applicant.organisation.id)]
    assert notices(app, applicant.organisation) == ["organisation.verified"]


def test_refusal_needs_a_note_that_the_organisation_reads(
    app: Marketplace, browser: Any, new_browser: Any, make: Any, operator: Any
) -> None:
    applicant = make.member("bank", verification_state="pending")
    url = f"/organisations/{applicant.organisation.public_id}"
    browser.sign_in(operator.user)
    empty = browser.submit(f"{url}/verification", {"decision": "rejected", "note": "  "}, page=url)
    assert empty.status_code == 422
    assert 'href="#field-note"' in empty.get_data(as_text=True)
    assert state_of(app, applicant.organisation) == "pending"
    note = "<b>Licence</b> & name differ {{ 7*7 }}"
    browser.submit(f"{url}/verification", {"decision": "rejected", "note": note}, page=url)
    text = new_browser().sign_in(applicant.user).get("/organisation").get_data(as_text=True)
    assert "&lt;b&gt;Licence&lt;/b&gt; &amp; name differ {{ 7*7 }}" in text


def test_nobody_verifies_an_organisation_that_he_belongs_to(
    app: Marketplace, browser: Any, make: Any, operator: Any
) -> None:
    second: Organisation = make.organisation("bank", verification_state="pending")
    with app.database.transaction() as session:
        session.add(
            Membership(user_id=operator.user.id, organisation_id=second.id, role="viewer", created_at=second.created_at)
        )
    browser.sign_in(operator.user, operator.organisation)
    page = browser.get(f"/organisations/{second.public_id}").get_data(as_text=True)
    assert 'name="decision"' not in page
    answer = browser.submit(
        f"/organisations/{second.public_id}/verification", {"decision": "verified"}, page="/account"
    )
    assert answer.status_code == 403
    assert state_of(app, second) == "pending"


def test_decision_on_an_organisation_that_did_not_ask_is_a_conflict(
    app: Marketplace, browser: Any, applicant: Any, operator: Any
) -> None:
    browser.sign_in(operator.user)
    url = f"/organisations/{applicant.organisation.public_id}/verification"
    assert browser.submit(url, {"decision": "verified"}, page="/account").status_code == 409
    assert browser.submit(url, {"decision": "owner"}, page="/account").status_code == 422
    assert state_of(app, applicant.organisation) == "none"


def test_second_decision_finds_the_first(app: Marketplace, browser: Any, make: Any, operator: Any) -> None:
    applicant = make.member("bank", verification_state="pending")
    url = f"/organisations/{applicant.organisation.public_id}/verification"
    browser.sign_in(operator.user)
    data = {"decision": "verified", "form_key": "same-key-twice-1234"}
    assert browser.submit(url, data, page="/account").status_code == 302
    again = browser.submit(url, data, page="/account")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert browser.submit(url, {"decision": "rejected", "note": "no"}, page="/account").status_code == 409
    assert notices(app, applicant.organisation) == ["organisation.verified"]
    with app.database.transaction("read") as session:
        lines = session.scalars(sa.select(AuditLine).where(AuditLine.action == "organisation.verified")).all()
    assert len(lines) == 1


@pytest.mark.parametrize("kind", ["bank", "project_team", "regulator", "insurer"])
def test_only_the_operator_decides(app: Marketplace, browser: Any, make: Any, kind: str) -> None:
    applicant = make.member("bank", verification_state="pending")
    browser.sign_in(make.member(kind).user)
    url = f"/organisations/{applicant.organisation.public_id}/verification"
    assert browser.submit(url, {"decision": "verified"}, page="/account").status_code == 403
    assert state_of(app, applicant.organisation) == "pending"
    with app.database.transaction("read") as session:
        assert session.scalars(sa.select(AuditLine).where(AuditLine.action == "access.denied")).one()


@pytest.mark.parametrize("door", ["/organisations/{id}", "/api/v1/organisations/{id}"])
def test_unverified_organisation_is_seen_by_itself_operator_and_regulator_only(
    browser: Any, new_browser: Any, make: Any, applicant: Any, operator: Any, door: str
) -> None:
    url = door.format(id=applicant.organisation.public_id)
    for member, status in (
        (applicant, 200),
        (operator, 200),
        (make.member("regulator"), 200),
        (make.member("bank"), 404),
    ):
        assert new_browser().sign_in(member.user).get(url).status_code == status


def test_lists_search_and_counts_show_no_trace_of_what_is_not_visible(
    new_browser: Any, make: Any, applicant: Any, operator: Any
) -> None:
    name = applicant.organisation.name_en
    for door in ("/organisations", "/api/v1/organisations"):
        stranger = new_browser().sign_in(make.member("bank").user)
        door += "?lang=en"
        assert name not in stranger.get(door).get_data(as_text=True)
        assert name in new_browser().sign_in(operator.user).get(door).get_data(as_text=True)
    shown = new_browser().sign_in(make.member("bank").user).get(f"/api/v1/organisations?q={name}").json
    assert shown == {"data": [], "page": {"next_cursor": None, "total": 0}}


def test_profile_is_edited_by_owners_within_its_fields(app: Marketplace, browser: Any, make: Any) -> None:
    owner = make.member("pilot_centre")
    browser.sign_in(owner.user)
    form = {"profile_zh": "连续流中试线两条。", "profile_en": "Two lines.\r\nOpen all year.", "region_code": "320000"}
    extra = {"credit_code": "X", "verification_state": "frozen", "kind": "bank", "name_en": "Other"}
    assert browser.submit("/organisation/profile", {**form, **extra}).status_code == 302
    with app.database.transaction("read") as session:
        saved = session.get_one(Organisation, owner.organisation.id)
        assert (saved.profile_en, saved.region_code) == ("Two lines.\nOpen all year.", "320000")
        assert (saved.kind, saved.verification_state, saved.name_en) == (
            "pilot_centre",
            "verified",
            owner.organisation.name_en,
        )
    before = table_counts(app.database)
    for field, value in (("region_code", "32"), ("profile_zh", "长" * 2001), ("profile_en", "nul\0")):
        wrong = browser.submit("/organisation/profile", {**form, field: value})
        assert wrong.status_code == 422
        assert f'href="#field-{field}"' in wrong.get_data(as_text=True)
    assert table_counts(app.database) == before


def test_list_pages_go_through_all_rows_once(browser: Any, make: Any) -> None:
    for _number in range(7):
        make.organisation("angel")
    browser.sign_in(make.member("bank").user)
    seen: list[str] = []
    cursor, total = "", None
    while cursor is not None:
        page = browser.client.get(f"/api/v1/organisations?limit=3{'&cursor=' + cursor if cursor else ''}").json
        seen += [row["id"] for row in page["data"]]
        total = page["page"]["total"]
        cursor = page["page"]["next_cursor"]
    assert len(seen) == len(set(seen)) == total == 8


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1000000000", "limit=x", "cursor=org_nobody", "cursor=1'%20or%201=1", "kind=bank'", "q=%00"],
)  # fmt: skip
def test_queries_that_make_no_sense_are_refused(browser: Any, make: Any, query: str) -> None:
    answer = browser.sign_in(make.member("bank").user).get(f"/api/v1/organisations?{query}")
    assert answer.status_code == 422
    assert answer.json["error"]["code"] == "invalid_input"


@pytest.mark.parametrize(
    "identifier", ["1", "org_1", "01", "-1", "1.0", "9223372036854775808", "..", "%00", "org_" + "a" * 22]
)
@pytest.mark.parametrize("door", ["/organisations/", "/api/v1/organisations/"])
def test_guessed_ids_lead_nowhere(browser: Any, make: Any, door: str, identifier: str) -> None:
    assert browser.sign_in(make.member("bank").user).get(door + identifier).status_code == 404


def test_services_for_imports_register_and_verify_in_one_go(app: Marketplace, operator: Any) -> None:
    with app.database.transaction() as session:
        organisation = register_organisation(
            session, kind="bank", name_zh="中齐银行", name_en="Zhongqi Bank", credit_code="91350100M000100Y43",
            region_code="370300", now=clock.now(), actor=operator.actor, state_owned_bps=3000,
        )  # fmt: skip
        verify_organisation(session, organisation=organisation, actor=operator.actor, now=clock.now())
    assert state_of(app, organisation) == "verified"
