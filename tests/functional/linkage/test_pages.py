"""The linkage report through the doors: pages, files, API and command; who sees what; bad input."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import openpyxl
import pytest

from tests.conftest import table_counts
from tests.factories.linkage import LinkageScene, make_unsigned_scene
from tests.reference import linkage as reference


@pytest.fixture
def scene(make: Any) -> LinkageScene:
    return make_unsigned_scene(make)


def address(scene: LinkageScene, period: str = "2026") -> str:
    return f"/linkage/funds/{scene.fund.public_id}/{period}"


def member(scene: LinkageScene, party: str) -> Any:
    return scene.scene.members[party]


def read_csv(response: Any) -> list[dict[str, str]]:
    text = response.get_data().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_fund_reads_its_report_and_every_figure_opens_its_rows(
    scene: LinkageScene, browser: Any, language: str
) -> None:
    browser.sign_in(member(scene, "guidance").user)
    page = browser.get(f"{address(scene)}?lang={language}").get_data(as_text=True)
    for text in ("1.750", "2.750", "4.000", "1.375", "7,000,000.00", "5,500,000.00"):
        assert text in page
    for symbol, row in (("G", member(scene, "guidance")), ("V", member(scene, "industrial"))):
        shown = browser.get(f"{address(scene)}/rows?figure={symbol}&reading=look_through&base=committed")
        assert shown.status_code == 200
        assert row.organisation.name("zh" if language == "zh" else "en") in shown.get_data(as_text=True)
    for symbol in ("O", "B", "S", "K", "C", "V.private", "V.direct"):
        assert browser.get(f"{address(scene)}/rows?figure={symbol}&base=paid").status_code == 200


@pytest.mark.parametrize("kind", ["operator", "regulator", "auditor"])
def test_overseers_read_the_report_and_cannot_freeze_it(
    scene: LinkageScene, make: Any, browser: Any, kind: str
) -> None:
    browser.sign_in(make.member(kind).user)
    shown = browser.get(address(scene))
    assert shown.status_code == 200
    assert "/freeze" not in shown.get_data(as_text=True)
    assert browser.submit(f"{address(scene)}/freeze", {"confirmed": "1"}, page="/linkage").status_code == 403


@pytest.mark.parametrize("kind", ["guidance_fund", "venture_fund", "bank"])
def test_another_fund_or_a_co_investor_finds_no_report(scene: LinkageScene, make: Any, browser: Any, kind: str) -> None:
    browser.sign_in(make.member(kind).user)
    for url in (address(scene), f"{address(scene)}/rows?figure=G", f"{address(scene)}/export/report.json"):
        assert browser.get(url).status_code == 404
    assert scene.fund.public_id not in browser.get("/linkage").get_data(as_text=True)


@pytest.mark.parametrize(
    "query", ["?reading=final", "?base=promised", "/rows?figure=Z", "/rows?figure=G&reading=' OR 1=1", "?base=PAID"]
)
def test_unknown_words_in_the_address_are_refused(scene: LinkageScene, browser: Any, query: str) -> None:
    browser.sign_in(member(scene, "guidance").user)
    assert browser.get(f"{address(scene)}{query}").status_code == 422


@pytest.mark.parametrize("period", ["2026Q9", "abcd", "20261", "1999"])
def test_an_unreadable_period_is_refused(scene: LinkageScene, browser: Any, period: str) -> None:
    browser.sign_in(member(scene, "guidance").user)
    assert browser.get(address(scene, period)).status_code == 422


def test_files_carry_the_figures_of_the_page_and_the_rows_rebuild_them(scene: LinkageScene, browser: Any) -> None:
    browser.sign_in(member(scene, "guidance").user)
    raw = browser.get(f"{address(scene)}/export/figures.csv")
    assert raw.get_data().startswith(b"\xef\xbb\xbf")
    figures = {(row["figure"], row["reading"], row["base"]): row["value"] for row in read_csv(raw)}
    assert figures["G", "nominal", "committed"] == "4000000.00"
    assert figures["M2", "look_through", "committed"] == "1.375000"
    assert figures["M2", "nominal", "paid"] == ""
    lines = read_csv(browser.get(f"{address(scene)}/export/rows.csv"))
    for reading, through in (("nominal", False), ("look_through", True)):
        rows = [
            {"investor": line["investor"], "kind": line["kind"], "loan": line["instruments"] == "loan",
             "public": line["public_share"], "amount": round(float(line["committed"]) * 100)}
            for line in lines
        ]  # fmt: skip
        expected = reference.symbols(rows, fund=scene.fund.public_id, look_through=through)
        found = {name: round(float(figures[name, reading, "committed"]) * 100) for name in "GOVB"}
        assert found == expected
    only = read_csv(browser.get(f"{address(scene)}/export/rows.csv?figure=B"))
    assert [line["kind"] for line in only] == ["bank"]


def test_the_workbook_has_figures_and_rows_and_no_formula(scene: LinkageScene, make: Any, browser: Any) -> None:
    import sqlalchemy as sa

    from marketplace.accounts.models import Organisation

    with scene.transaction() as session:
        session.execute(
            sa.update(Organisation)
            .where(Organisation.id == member(scene, "angel").organisation.id)
            .values(name_zh="=HYPERLINK(1)")
        )
    browser.sign_in(member(scene, "guidance").user)
    content = browser.get(f"{address(scene)}/export/report.xlsx").get_data()
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["figures", "rows"]
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    names = [line["investor_name"] for line in read_csv(browser.get(f"{address(scene)}/export/rows.csv"))]
    assert "'=HYPERLINK(1)" in names


def test_a_signatory_freezes_the_report_once_and_a_change_restates_it(
    scene: LinkageScene, make: Any, browser: Any
) -> None:
    from tests.factories.linkage import add_commitment

    browser.sign_in(member(scene, "guidance").user)
    page, act = address(scene), f"{address(scene)}/freeze"
    refused = browser.submit(act, {}, page=page)
    assert refused.status_code == 422
    assert browser.submit(act, {"confirmed": "1"}, page=page).status_code == 302
    assert browser.submit(act, {"confirmed": "1"}, page=page).status_code == 409
    with scene.transaction() as session:
        add_commitment(session, scene.round_id, make.organisation("venture_fund"), 1_000_000 * 100)
    second = browser.submit(act, {"confirmed": "1"}, page=page)
    shown = browser.get(second.location)
    assert shown.status_code == 200
    content = browser.get(f"{second.location}/report.json").get_data()
    assert hashlib.sha256(content).hexdigest() in shown.get_data(as_text=True)
    document = json.loads(content)
    assert document["number"] == 2
    assert document["tables"][0]["amounts_minor"]["V"] == 8_000_000 * 100
    first = browser.get(f"/linkage/reports/{document['restates']}/report.json").get_data()
    assert hashlib.sha256(first).hexdigest() == document["restates_sha256"]
    assert json.loads(first)["tables"][0]["amounts_minor"]["V"] == 7_000_000 * 100


def test_an_editor_of_the_fund_does_not_freeze(scene: LinkageScene, make: Any, browser: Any) -> None:
    editor = make.member("guidance_fund", "editor", organisation=scene.fund)
    browser.sign_in(editor.user)
    before = table_counts(scene.scene.factory.database)
    answer = browser.submit(f"{address(scene)}/freeze", {"confirmed": "1"}, page="/linkage")
    assert answer.status_code == 403
    after = table_counts(scene.scene.factory.database)
    assert after["linkage_report"] == before["linkage_report"] == 0


def filing(scene: LinkageScene, **values: str) -> dict[str, str]:
    return {
        "investor": member(scene, "angel").organisation.public_id, "amount": "800,000", "paid_on": "2026-11-03",
        "evidence": "bank_line", **values,
    }  # fmt: skip


def test_an_investor_files_what_it_paid_and_sees_its_own_filing_only(scene: LinkageScene, new_browser: Any) -> None:
    url = f"/linkage/filings/new/{scene.round_public_id}"
    angel = new_browser().sign_in(member(scene, "angel").user)
    assert scene.round_public_id in angel.get("/linkage/filings/new").get_data(as_text=True)
    assert angel.submit(url, filing(scene)).status_code == 302
    assert "800,000.00" in angel.get("/linkage").get_data(as_text=True)
    bank = new_browser().sign_in(member(scene, "bank").user)
    assert "800,000.00" not in bank.get("/linkage").get_data(as_text=True)
    fund = new_browser().sign_in(member(scene, "guidance").user)
    assert "800,000.00" in fund.get(f"{address(scene)}?base=claimed").get_data(as_text=True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": "-1"}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"paid_on": "soon"}, "paid_on"),
        ({"paid_on": "2999-01-01"}, "paid_on"),
        ({"investor": "org_nobody"}, "investor"),
        ({"evidence": "hearsay"}, "evidence"),
    ],
)
def test_a_filing_that_cannot_be_used_is_refused_at_its_field(
    scene: LinkageScene, browser: Any, values: dict[str, str], field: str
) -> None:
    browser.sign_in(member(scene, "angel").user)
    before = table_counts(scene.scene.factory.database)
    answer = browser.submit(f"/linkage/filings/new/{scene.round_public_id}", filing(scene, **values))
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.get_data(as_text=True)
    assert table_counts(scene.scene.factory.database)["round_report"] == before["round_report"]


def test_who_is_not_in_the_round_files_nothing(scene: LinkageScene, make: Any, browser: Any) -> None:
    browser.sign_in(make.member("venture_fund").user)
    answer = browser.submit(f"/linkage/filings/new/{scene.round_public_id}", filing(scene), page="/linkage")
    assert answer.status_code in (403, 404)


def test_the_api_gives_the_same_document_as_the_file(scene: LinkageScene, browser: Any) -> None:
    browser.sign_in(member(scene, "guidance").user)
    answer = browser.get(f"/api/v1/reports/linkage?fund={scene.fund.public_id}&period=2026")
    assert answer.status_code == 200
    assert answer.get_json() == json.loads(browser.get(f"{address(scene)}/export/report.json").get_data())
    wrong = browser.get(f"/api/v1/reports/linkage?fund={scene.fund.public_id}&period=soon")
    assert (wrong.status_code, wrong.get_json()["error"]["code"]) == (422, "period_invalid")
    assert browser.get("/api/v1/reports/linkage?period=2026").status_code == 422
    assert browser.get("/api/v1/reports/linkage/frozen").get_json()["page"]["total"] == 0


def test_the_command_prints_the_figures_and_names_an_unknown_fund(scene: LinkageScene, app: Any) -> None:
    runner = app.test_cli_runner()
    arguments = ["reports", "linkage", "--fund", scene.fund.credit_code, "--period", "2026"]
    printed = runner.invoke(args=arguments)
    assert printed.exit_code == 0, printed.output
    assert "2.750000" in printed.output
    document = json.loads(runner.invoke(args=[*arguments, "--format", "json"]).output)
    assert document["tables"][0]["ratios"]["M2"]["value"] == "1.750000"
    assert runner.invoke(args=[*arguments, "--format", "csv"]).output.startswith("\ufefffigure,")
    missing = runner.invoke(args=["reports", "linkage", "--fund", "91NOBODY", "--period", "2026"])
    assert missing.exit_code == 1
    assert "linkage_fund_not_found" in missing.output
