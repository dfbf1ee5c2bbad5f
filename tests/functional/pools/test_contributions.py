"""Contributions of a register: bounded in sum, taken back once by a line of their own, listed whole."""

from __future__ import annotations

import csv
import io
import re
import secrets
import threading
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.accounts.services import create_api_key
from marketplace.audit.models import AuditLine
from marketplace.errors import MarketplaceError
from marketplace.money import LIMIT_MINOR
from marketplace.pools import queries, services
from marketplace.pools.errors import (
    BalanceTooSmallError,
    ContributionReversedError,
    NotPoolOperatorError,
    PoolInvalidError,
)
from marketplace.pools.models import PoolFiling, PoolMovement
from tests.conftest import table_counts
from tests.factories import agreements, pools
from tests.worked_examples import test_shared_pool as example

BALANCE = 8_600_000 * example.YUAN
FIRST = "allocation 2027-1"


def contribute(register: pools.Register, amount_minor: int, document: str) -> str:
    with register.factory.database.transaction() as session:
        return services.contribute(
            session, actor=register.office.actor, pool=register.pool(session), amount_minor=amount_minor,
            document=document, on=date(pools.YEAR, 2, 1), now=pools.at("03-01"),
        ).public_id  # fmt: skip


def line_of(register: pools.Register, document: str = FIRST) -> str:
    with register.factory.database.transaction("read") as session:
        return session.scalars(sa.select(PoolMovement.public_id).where(PoolMovement.document == document)).one()


def reverse(register: pools.Register, line: str, *, actor: Any = None, document: str = "receipt 9") -> str:
    with register.factory.database.transaction() as session:
        pool = register.pool(session)
        found = queries.get_movement(session, actor=register.office.actor, pool_id=pool.id, public_id=line)
        return services.reverse_contribution(
            session, actor=actor or register.office.actor, pool=pool, contribution=found, document=document,
            now=pools.at("03-02"),
        ).public_id  # fmt: skip


def actions(register: pools.Register) -> list[str]:
    with register.factory.database.transaction("read") as session:
        return list(session.scalars(sa.select(AuditLine.action).order_by(AuditLine.id)))


def test_contributions_never_add_up_to_more_than_an_amount_may_be(register: pools.Register) -> None:
    with pytest.raises(PoolInvalidError) as refusal:
        contribute(register, LIMIT_MINOR - BALANCE + 1, "too much")
    assert refusal.value.field == "amount"
    contribute(register, LIMIT_MINOR - BALANCE, "just as much")
    with pytest.raises(PoolInvalidError):
        contribute(register, 1, "one fen more")
    scene = pools.make_loan(register, "first")
    agreements.play(scene, example.story("first", year=pools.YEAR))
    pools.file_claim(scene)
    pools.compensate(scene)
    assert register.room("zhongqi")["balance"] == LIMIT_MINOR // example.YUAN - 880_000
    with pytest.raises(PoolInvalidError):
        contribute(register, 1, "room that a compensation made")  # its recovery would have no place


def test_of_two_contributions_at_once_that_pass_the_bound_together_one_is_refused(register: pools.Register) -> None:
    refused: list[str | None] = []

    def pay_in(document: str) -> None:
        try:
            contribute(register, LIMIT_MINOR - BALANCE, document)
        except PoolInvalidError as error:
            refused.append(error.field)

    threads = [threading.Thread(target=pay_in, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["amount"]


def test_a_register_filled_beyond_the_bound_before_still_compensates(register: pools.Register) -> None:
    scene = pools.make_loan(register, "first")
    agreements.play(scene, example.story("first", year=pools.YEAR))
    with register.factory.database.transaction() as session:
        session.add(
            PoolMovement(
                pool_id=register.pool(session).id,
                kind="contribution",
                year=pools.YEAR,
                reference="document:old",
                balance_minor=LIMIT_MINOR,
                used_minor=0,
                moved_on=date(pools.YEAR, 2, 1),
                document="old",
                recorded_at=pools.at("02-01"),
                recorded_by="",
            )
        )
    pools.file_claim(scene)
    pools.compensate(scene)
    assert register.room("zhongqi")["year"] == 220_000


def test_a_contribution_is_taken_back_once_and_its_document_can_be_recorded_anew(register: pools.Register) -> None:
    before = register.room("zhongqi")
    line = contribute(register, 5_000, "receipt 7")
    with pytest.raises(PoolInvalidError):
        contribute(register, 500, "receipt 7")
    taken_back = reverse(register, line)
    assert register.room("zhongqi") == before
    counted = table_counts(register.factory.database)
    with pytest.raises(ContributionReversedError):
        reverse(register, line)
    with pytest.raises(PoolInvalidError):
        reverse(register, taken_back)
    assert table_counts(register.factory.database) == counted
    contribute(register, 500, "receipt 7")
    with pytest.raises(PoolInvalidError):
        contribute(register, 500, "receipt 7")
    assert register.room("zhongqi")["balance"] == before["balance"] + 5
    assert actions(register)[-2:] == ["pool.contribution_reversed", "pool.contributed"]


def test_what_was_used_up_is_not_taken_back(register: pools.Register) -> None:
    scene = pools.make_loan(register, "first")
    agreements.play(scene, example.story("first", year=pools.YEAR))
    pools.file_claim(scene)
    pools.compensate(scene)
    before = table_counts(register.factory.database)
    with pytest.raises(BalanceTooSmallError):
        reverse(register, line_of(register))
    assert table_counts(register.factory.database) == before
    contribute(register, 880_000 * example.YUAN, "receipt 8")
    reverse(register, line_of(register))
    assert register.room("zhongqi")["balance"] == 0


@pytest.mark.parametrize("document", ["", " ", "x" * 121])
def test_a_reversal_names_its_document_and_only_the_office_makes_it(
    register: pools.Register, make: Any, document: str
) -> None:
    with pytest.raises(MarketplaceError) as refusal:
        reverse(register, line_of(register), document=document)
    assert refusal.value.field == "document"
    with pytest.raises(NotPoolOperatorError):
        reverse(register, line_of(register), actor=make.member("pool_operator").actor)


def test_the_office_takes_a_contribution_back_on_the_page(
    register: pools.Register, new_browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: pools.at("03-03"))
    page, office = f"/pools/{register.public_id}", new_browser().sign_in(register.office.user)
    line = line_of(register)
    act = f"{page}/contributions/{line}/reverse"
    assert f'action="{act}"' in office.get(page).get_data(as_text=True)
    wrong = office.submit(f"{act}?lang=en", {"correction": "y" * 121}, page=page)
    text = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    assert f'id="error-correction-{line}"' in text
    assert "y" * 121 in text
    assert office.submit(act, {"correction": "receipt 9"}, page=page).status_code == 302
    again = office.submit(f"{act}?lang=en", {"correction": "receipt 10"}, page=page)
    assert again.status_code == 409
    assert "reversed already" in again.get_data(as_text=True)
    shown = new_browser().sign_in(register.banks["jianghai"].user).get(f"{page}?lang=en").get_data(as_text=True)
    assert "Contribution reversed" in shown
    words = re.sub(r"<[^>]+>", "", shown)
    assert f"Takes back the contribution of {pools.YEAR}-01-06: {FIRST}" in words
    assert "-8,600,000.00" in shown.replace("−", "-")
    assert act not in shown


@pytest.fixture
def ask(app: Any) -> Any:
    def do(member: Any, method: str, path: str, body: Any = None) -> Any:
        with app.database.transaction() as session:
            _key, secret = create_api_key(
                session, actor=member.actor, name=secrets.token_hex(4), scopes=["read", "write"], days=30,
                now=clock.now(),
            )  # fmt: skip
        headers = {"Authorization": f"Bearer {secret}"}
        return app.test_client().open(f"/api/v1/pools{path}", method=method, json=body, headers=headers)

    return do


def test_the_api_takes_a_contribution_back_and_lists_the_lines_in_pages(
    register: pools.Register, make: Any, ask: Any
) -> None:
    here, line = f"/{register.public_id}/lines", line_of(register)
    path = f"{here}/{line}/reversal"
    assert ask(register.banks["zhongqi"], "POST", path, {"document": "x"}).status_code == 403
    assert ask(make.member("pool_operator"), "POST", path, {"document": "x"}).status_code == 404
    assert ask(register.office, "POST", path, {}).status_code == 422
    made = ask(register.office, "POST", path, {"document": "receipt 9"})
    assert (made.status_code, made.get_json()["reverses"]) == (201, line)
    assert made.get_json()["balance"] == {"amount_minor": -BALANCE, "currency": "CNY"}
    again = ask(register.office, "POST", path, {"document": "receipt 9"})
    assert (again.status_code, again.get_json()["error"]["code"]) == (409, "contribution_reversed")
    seen: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = ask(register.office, "GET", f"{here}?limit=2{cursor}").get_json()
        seen += page["data"]
        cursor = f"&cursor={page['page']['next_cursor']}" if page["page"]["next_cursor"] else None
    assert [row["id"] for row in seen][:2] == [made.get_json()["id"], line]
    assert len({row["id"] for row in seen}) == len(seen) == page["page"]["total"] == 5


def add_lines(register: pools.Register, count: int) -> None:
    """Straight into the table, because a thousand acts take their time."""
    with register.factory.database.transaction() as session:
        pool_id = register.pool(session).id
        session.add_all(
            PoolMovement(
                pool_id=pool_id,
                kind="contribution",
                year=pools.YEAR,
                reference=f"document:n{place}",
                document=f"n{place}",
                balance_minor=1,
                used_minor=0,
                moved_on=date(pools.YEAR, 2, 1),
                recorded_at=pools.at("02-01"),
                recorded_by="",
            )
            for place in range(count)
        )


def test_the_csv_is_whole_and_the_page_begins_with_the_newest_line(register: pools.Register, new_browser: Any) -> None:
    add_lines(register, 1_100)
    office = new_browser().sign_in(register.office.user)
    answer = office.get(f"/pools/{register.public_id}/movements.csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert (len(rows), rows[-1]["document"]) == (1_104, "n1099")
    assert len({row["line"] for row in rows}) == 1_104
    found: list[str] = []
    address = f"/pools/{register.public_id}?lang=en"
    for _page in range(3):
        text = office.get(address).get_data(as_text=True)
        found += re.findall(r">(n\d+)<", text)
        address = re.findall(r'rel="next" href="([^"#]+)#lines"', text)[0].replace("&amp;", "&")
    assert found == [f"n{place}" for place in range(1_099, 949, -1)]


def test_filings_are_paged_newest_first_and_the_turn_is_named(
    register: pools.Register, new_browser: Any, ask: Any
) -> None:
    with register.factory.database.transaction() as session:
        pool_id, bank = register.pool(session).id, register.banks["zhongqi"].organisation.id
        session.add_all(
            PoolFiling(
                pool_id=pool_id,
                number=number,
                agreement=f"agr_{number:022d}",
                bank_organisation_id=bank,
                filed_on=date(pools.YEAR, 3, 1),
                filed_at=pools.at("03-01"),
                filed_by="",
            )
            for number in range(1, 61)
        )
    office = new_browser().sign_in(register.office.user)
    text = office.get(f"/pools/{register.public_id}?lang=en").get_data(as_text=True)
    assert "No. 1<" in text
    assert re.findall(r'<td class="num">(\d+)</td><th', text)[:2] == ["60", "59"]
    next_page = re.findall(r'rel="next" href="([^"#]+)#filings"', text)[0].replace("&amp;", "&")
    text = office.get(next_page).get_data(as_text=True)
    assert re.findall(r'<td class="num">(\d+)</td><th', text) == [str(number) for number in range(10, 0, -1)]
    refusal = re.findall(r'action="(/pool-filings/[^"]+)"', text)[-1].replace("&amp;", "&")
    wrong = office.submit(refusal, {"reason": ""}, page=next_page)
    assert wrong.status_code == 422
    assert re.findall(r'<td class="num">(\d+)</td><th', wrong.get_data(as_text=True))[-1] == "1", "the same page again"
    listed = ask(register.office, "GET", f"/{register.public_id}/filings?limit=50").get_json()
    assert [row["acceptance_number"] for row in listed["data"]] == list(range(60, 10, -1))
    assert listed["page"]["total"] == 60
