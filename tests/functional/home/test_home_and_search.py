"""Home by role, the start page, search and the inbox: what waits, and nothing of others."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.notifications.models import Notification
from marketplace.notifications.services import notify
from tests.conftest import table_counts
from tests.factories import MOMENT, agreements
from tests.factories.linkage import make_round

CHINESE = "\u4e00", "\u9fff"


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def tell(make: Any, organisation: Any, *, kind: str = "organisation.verified", url: str = "/account") -> str:
    with make.database.transaction() as session:
        notify(
            session, organisation_ids=[organisation.id], kind=kind, now=MOMENT, parameters={}, url=url,
            dedupe_key=f"test:{organisation.id}:{kind}",
        )  # fmt: skip
    with make.database.transaction("read") as session:
        row = session.query(Notification).filter_by(organisation_id=organisation.id).one()
        return str(row.public_id)


@pytest.mark.parametrize(("language", "words"), [("zh", "登录"), ("en", "Sign in")])
def test_a_visitor_sees_the_start_page_without_accounts_outside_the_demonstration(
    browser: Any, make: Any, language: str, words: str
) -> None:
    member = make.member("bank")
    page = text_of(browser.get(f"/?lang={language}"))
    assert words in page
    assert member.user.email not in page
    assert "pilot-test-2027" not in page


@pytest.mark.parametrize(
    "kind",
    ["project_team", "pilot_centre", "angel", "guidance_fund", "bank", "insurer", "assessor", "technology_manager",
     "auditor", "operator", "regulator"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_role_has_its_home_in_both_languages(browser: Any, make: Any, kind: str, language: str) -> None:
    member = make.member(kind)
    browser.sign_in(member.user)
    answer = browser.get(f"/?lang={language}")
    assert answer.status_code == 200
    page = text_of(answer)
    assert member.organisation.name(language) in page
    assert ('<html lang="zh-CN"' in page) == (language == "zh")


def test_what_waits_is_counted_and_each_number_opens_its_list(browser: Any, make: Any) -> None:
    scene = agreements.make_scene(make)
    bank = scene.members["bank"]
    browser.sign_in(bank.user)
    page = text_of(browser.get("/?lang=en"))
    assert "Agreements to sign" in page
    assert scene.public_id in page
    assert browser.get("/agreements?state=signing").status_code == 200


def test_search_finds_by_either_language_and_by_id_within_the_scope(new_browser: Any, make: Any) -> None:
    scene = agreements.make_scene(make)
    round_ = make_round(make, scene)
    insider = new_browser().sign_in(scene.members["bank"].user)
    outsider = new_browser().sign_in(make.member("venture_fund").user)
    for query in ("中试联合投资协议", "JOINT PILOT", scene.public_id):
        assert f"/{scene.public_id}" in text_of(insider.get("/search", query_string={"q": query})), query
        assert f"/{scene.public_id}" not in text_of(outsider.get("/search", query_string={"q": query})), query
    for query in ("连续流轮", "continuous-FLOW round", round_.public_id):
        assert f"/{round_.public_id}" in text_of(insider.get("/search", query_string={"q": query})), query


def test_search_finds_no_round_that_is_still_a_draft(browser: Any, make: Any) -> None:
    round_ = make_round(make, agreements.make_scene(make), state="draft", closed_at=None)
    browser.sign_in(make.member("venture_fund").user)
    assert round_.public_id not in text_of(browser.get("/search", query_string={"q": "连续流轮"}))


@pytest.mark.parametrize(
    "query", ["", " ", "%", "_", "' OR 1=1 --", "<script>alert(1)</script>", "字" * 5000, "\u202e"]
)
def test_any_text_may_be_searched_and_is_shown_as_text(browser: Any, make: Any, query: str) -> None:
    browser.sign_in(make.member("operator").user)
    answer = browser.get("/search", query_string={"q": query})
    assert answer.status_code == 200
    assert "<script>alert(1)" not in text_of(answer)


def test_a_notice_is_read_by_a_post_and_never_by_looking(browser: Any, make: Any) -> None:
    member = make.member("bank")
    notice = tell(make, member.organisation)
    browser.sign_in(member.user)
    before = table_counts(make.database)
    assert "Your organisation is verified." in text_of(browser.get("/inbox?lang=en"))
    assert "贵单位" in text_of(browser.get("/inbox?lang=zh")) or "您的单位" in text_of(browser.get("/inbox?lang=zh"))
    assert table_counts(make.database) == before
    assert browser.submit(f"/inbox/{notice}/read", page="/inbox").location == "/account"
    with make.database.transaction("read") as session:
        assert session.query(Notification).filter_by(public_id=notice).one().read_at is not None


def test_the_inbox_of_another_organisation_is_closed(browser: Any, make: Any) -> None:
    notice = tell(make, make.organisation("bank"))
    browser.sign_in(make.member("bank").user)
    assert notice not in text_of(browser.get("/inbox"))
    assert browser.submit(f"/inbox/{notice}/read", page="/inbox").status_code == 404


def test_every_notice_can_be_marked_at_once(browser: Any, make: Any) -> None:
    member = make.member("bank")
    tell(make, member.organisation)
    browser.sign_in(member.user)
    assert browser.submit("/inbox/read-all", page="/inbox").status_code == 302
    with make.database.transaction("read") as session:
        assert session.query(Notification).filter(Notification.read_at.is_(None)).count() == 0


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "page", ["", "/about", "/risk", "/privacy", "/complaints", "/contact", "/accessibility", "/glossary", "/evidence"]
)
def test_standing_pages_are_open_to_anybody_in_both_languages(browser: Any, page: str, language: str) -> None:
    answer = browser.get(f"/help{page}?lang={language}")
    assert answer.status_code == 200
    if language == "zh":
        assert any(CHINESE[0] <= letter <= CHINESE[1] for letter in text_of(answer))


def test_an_unknown_help_page_is_not_found(browser: Any) -> None:
    assert browser.get("/help/nothing").status_code == 404


def test_mails_are_shown_in_the_demonstration_only(browser: Any, make: Any) -> None:
    browser.sign_in(make.member("bank").user)
    assert browser.get("/demo/mail").status_code == 404
