"""The register through its doors: who sees what, forms that keep what was typed, the API, the export."""

from __future__ import annotations

import csv
import io
import re
import secrets
from datetime import timedelta
from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.services import create_api_key
from marketplace.pools.models import PoolFiling
from tests.conftest import table_counts
from tests.factories import agreements, pools
from tests.worked_examples import test_shared_pool as example

NEW = {"code": "north-pool", "name_zh": "北方资金池", "name_en": "Northern pool", "currency": "CNY",
       "year_limit": "3,000,000", "filing_days": "90"}  # fmt: skip


@pytest.fixture
def filed(register: pools.Register, monkeypatch: pytest.MonkeyPatch) -> agreements.Scene:
    """The first loan, in default and filed; the present is the day after."""
    scene = pools.make_loan(register, "first")
    agreements.play(scene, example.story("first", year=pools.YEAR))
    pools.file_claim(scene)
    monkeypatch.setattr(clock, "now", lambda: pools.at("07-21"))
    return scene


def test_the_office_opens_a_register_names_a_bank_and_records_money(make: Any, browser: Any) -> None:
    office, bank = make.member("pool_operator"), make.member("bank")
    browser.sign_in(office.user)
    answer = browser.submit("/pools/new", NEW, page="/pools/new")
    assert answer.status_code == 302
    page = answer.headers["Location"]
    added = browser.submit(f"{page}/banks", {"bank": bank.organisation.public_id, "bank_year_limit": "2000000",
                                             "used": "250000"}, page=page)  # fmt: skip
    assert added.status_code == 302
    today = clock.day_in_zone(clock.now()).isoformat()
    money = {"amount": "8600000", "on": today, "document": "notice 1"}
    assert browser.submit(f"{page}/contributions", money, page=page).status_code == 302
    shown = browser.get(f"{page}?lang=en").get_data(as_text=True)
    for text in ("8,600,000.00", "2,750,000.00", "1,750,000.00", "notice 1", "Used before this register"):
        assert text in shown, text
    assert "鲁" not in shown


@pytest.mark.parametrize(("change", "field"), [
    ({"code": "No Spaces"}, "code"), ({"name_zh": ""}, "name_zh"), ({"currency": "BTC"}, "currency"),
    ({"year_limit": "-1"}, "year_limit"), ({"year_limit": "1e9"}, "year_limit"), ({"filing_days": "0"}, "filing_days"),
    ({"year_limit": "99999999999999999999"}, "year_limit"), ({"filing_days": "x"}, "filing_days"),
])  # fmt: skip
def test_a_wrong_register_is_refused_at_its_field_and_what_was_typed_stays(
    make: Any, browser: Any, change: dict[str, str], field: str
) -> None:
    browser.sign_in(make.member("pool_operator").user)
    before = table_counts(make.database)
    answer = browser.submit("/pools/new?lang=en", {**NEW, **change}, page="/pools/new?lang=en")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in text
    assert "Northern pool" in text
    after = table_counts(make.database)
    assert after["compensation_pool"] == before["compensation_pool"]


def test_a_code_is_given_once(register: pools.Register, browser: Any) -> None:
    browser.sign_in(register.office.user)
    answer = browser.submit("/pools/new", {**NEW, "code": pools.CODE}, page="/pools/new")
    assert answer.status_code == 422


def test_each_sees_its_own_and_a_stranger_nothing(
    register: pools.Register, filed: agreements.Scene, make: Any, new_browser: Any
) -> None:
    page = f"/pools/{register.public_id}"

    def numbers(member: Any) -> tuple[int, int]:
        answer = new_browser().sign_in(member.user).get(f"{page}?lang=en")
        return answer.status_code, len(re.findall(r"/agreements/agr_[A-Za-z0-9]{22}", answer.get_data(as_text=True)))

    assert numbers(register.office) == (200, 1)
    assert numbers(register.banks["zhongqi"]) == (200, 1)
    assert numbers(register.banks["jianghai"]) == (200, 0), "another bank's claim is its own affair"
    for kind in ("operator", "regulator"):
        assert numbers(make.member(kind)) == (200, 1)
    assert numbers(make.member("auditor")) == (200, 0), "an auditor that certifies nothing here"
    for kind in ("bank", "pool_operator"):
        assert numbers(make.member(kind))[0] == 404
    assert numbers(make.member("angel"))[0] == 403


def test_the_bank_files_on_the_page_of_the_agreement_and_takes_it_back(
    register: pools.Register, filed: agreements.Scene, new_browser: Any
) -> None:
    bank = new_browser().sign_in(filed.members["bank"].user)
    page = f"/agreements/{filed.public_id}"
    assert "File the claim" not in bank.get(f"{page}?lang=en").get_data(as_text=True)
    with filed.transaction() as session:
        filing = session.query(PoolFiling).one().public_id
    assert bank.submit(f"/pool-filings/{filing}/withdraw", page=f"/pools/{register.public_id}").status_code == 302
    assert "File the claim" in bank.get(f"{page}?lang=en").get_data(as_text=True)
    assert bank.submit(f"{page}/pool-filing", page=page).status_code == 302
    with filed.transaction() as session:
        assert [(row.number, row.state) for row in session.query(PoolFiling).order_by(PoolFiling.number)] == [
            (1, "withdrawn"), (2, "waiting")]  # fmt: skip


def test_the_office_refuses_with_a_reason_or_compensates_by_the_form(
    register: pools.Register, filed: agreements.Scene, new_browser: Any
) -> None:
    office = new_browser().sign_in(register.office.user)
    with filed.transaction() as session:
        filing = session.query(PoolFiling).one().public_id
    refused = office.submit(f"/pool-filings/{filing}/refuse", {"reason": " "}, page=f"/pools/{register.public_id}")
    assert refused.status_code == 422
    form = f"/agreements/{filed.public_id}/events/new/pool_compensation"
    values = {"event_id": "by-form", "effective_on": f"{pools.YEAR}-07-21", "channel": "pool"}
    assert office.submit(form, values, page=form).status_code == 302
    shown = office.get(f"/pools/{register.public_id}?lang=en").get_data(as_text=True)
    assert "-880,000.00" in shown.replace("−", "-")
    assert "Compensated" in shown


def test_the_lines_as_csv_are_those_of_the_page(
    register: pools.Register, filed: agreements.Scene, new_browser: Any
) -> None:
    def rows(member: Any) -> list[dict[str, str]]:
        answer = new_browser().sign_in(member.user).get(f"/pools/{register.public_id}/movements.csv")
        return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))

    assert sum(int(row["used_minor"]) for row in rows(register.office)) == 1_900_000 * example.YUAN
    mine = rows(register.banks["zhongqi"])
    assert {row["bank"] for row in mine} == {"", register.banks["zhongqi"].organisation.public_id}


def test_the_api_shows_what_is_left_and_files_once(
    app: Any, register: pools.Register, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = pools.make_loan(register, "first")
    agreements.play(scene, example.story("first", year=pools.YEAR))
    monkeypatch.setattr(clock, "now", lambda: pools.at("07-21"))

    def ask(member: Any, method: str, path: str, body: Any = None) -> Any:
        with app.database.transaction() as session:
            _key, secret = create_api_key(
                session,
                actor=member.actor,
                name=secrets.token_hex(4),
                scopes=["read", "write"],
                days=30,
                now=clock.now(),
            )
        headers = {"Authorization": f"Bearer {secret}"}
        return app.test_client().open(f"/api/v1/pools{path}", method=method, json=body, headers=headers)

    bank, stranger = scene.members["bank"], make.member("bank")
    first = ask(bank, "POST", "/filings", {"agreement": scene.public_id})
    again = ask(bank, "POST", "/filings", {"agreement": scene.public_id})
    assert (first.status_code, first.get_json()["acceptance_number"]) == (201, 1)
    assert again.get_json() == first.get_json()
    shown = ask(bank, "GET", f"/{register.public_id}").get_json()
    assert shown["room"]["bank_year_left"] == {"amount_minor": 100_000_000, "currency": "CNY"}
    assert [row["acceptance_number"] for row in shown["filings"]] == [1]
    assert [row["id"] for row in ask(bank, "GET", "").get_json()["data"]] == [register.public_id]
    assert ask(stranger, "POST", "/filings", {"agreement": scene.public_id}).status_code == 404
    assert ask(stranger, "GET", f"/{register.public_id}").status_code == 404
    assert ask(scene.members["project"], "POST", "/filings", {"agreement": scene.public_id}).status_code == 403
    monkeypatch.setattr(clock, "now", lambda: pools.at("07-21") + timedelta(days=200))
    assert ask(bank, "POST", "/filings", {"agreement": scene.public_id}).get_json()["acceptance_number"] == 1
