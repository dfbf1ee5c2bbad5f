"""People act through the browser: list, commit, close, simulate, sign, draw, pay, decide; the regulator only reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

from marketplace import clock
from marketplace.demo.deal import PASSPHRASE as DEAL_PASSPHRASE
from tests.browser.market import LAST_TICKET_PROJECT, LAST_TICKET_TITLES, SMALL_CODE, SMALL_TITLES
from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]
PASSPHRASE = "nine otters walk by night"
DATA = b"run;result\nM0;passed\n"


def today() -> date:
    return clock.day_in_zone(clock.now())


def find_link(visitor: Visitor, list_path: str, text: str) -> str:
    """The address behind the first link of a list that has this text."""
    visitor.open(list_path, lang="en")
    address = visitor.page.locator("main a", has_text=text).first.get_attribute("href")
    assert address, text
    return str(address).partition("?")[0]


def project_path(market: Any, code: str) -> str:
    from marketplace.projects.queries import find_project_by_code

    with market.app.database.transaction("read") as session:
        project = find_project_by_code(session, code=code)
        assert project is not None
        return f"/projects/{project.public_id}"


def test_a_refused_listing_keeps_what_was_typed_and_a_whole_one_is_a_draft_of_its_team(visit: Visit) -> None:
    team = visit("team").open("/projects/new", lang="en")
    team.page.fill("#field-title_en", "Crystalliser for a battery salt")
    team.page.fill("#field-region_code", "37030x")
    team.expected_status = {422}
    team.submit()
    assert team.page.title().startswith("Error:")
    assert team.page.evaluate("() => document.activeElement.className") == "error-summary"
    assert team.page.input_value("#field-title_en") == "Crystalliser for a battery salt"
    assert team.page.input_value("#field-region_code") == "37030x"
    described = team.page.get_attribute("#field-region_code", "aria-describedby") or ""
    assert any("error" in word for word in described.split())
    assert team.page.locator(".error-summary a[href='#field-region_code']").count() == 1
    assert team.check("en", width=390) == [] == team.run_axe()
    team.expected_status = set()
    team.page.fill("#field-region_code", "370300")
    team.page.select_option("#field-sector", "chemicals")
    team.submit()
    assert team.page.title().startswith("Crystalliser for a battery salt")
    made = team.links("/projects/prj_[0-9A-Za-z]+")[0]
    assert "Crystalliser for a battery salt" in team.open(made).text()
    assert team.check("en", width=1440) == []
    visit("venture").open(made, status=404)


def test_the_last_ticket_is_committed_in_secret_and_the_team_closes_the_round(visit: Visit, market: Any) -> None:
    title = LAST_TICKET_TITLES[1]
    angel = visit("angel")
    path = find_link(angel, "/rounds", title)
    angel.open(path, lang="en")
    assert "Lufeng" not in angel.page.inner_text("#commitments")
    angel.page.select_option("#commit #field-instrument", "equity")
    angel.page.fill("#commit #field-amount", "1000000")
    angel.expected_status = {422}
    angel.submit("#commit form.form")
    assert angel.page.input_value("#commit #field-amount") == "1000000"
    assert "#field-amount" in angel.page.inner_html(".error-summary")
    angel.expected_status = set()
    angel.page.fill("#commit #field-amount", "2,000,000")
    angel.submit("#commit form.form")
    assert "2,000,000.00" in angel.page.inner_text("#commitments")

    university = visit("university")
    angel.press("Make firm")
    assert angel.page.get_by_role("button", name="Make firm").count() == 0
    assert angel.check("en", width=1440) == []

    rival = visit("venture").open(path, lang="en")
    assert "Chenlu" not in rival.text()
    assert "Lufeng" not in rival.text()
    rival.page.fill("#commit #field-amount", "2000000")
    rival.expected_status = {409, 422}
    rival.submit("#commit form.form")
    assert rival.page.locator(".error-summary, .error-page").count() == 1

    university.open(path, lang="en")
    assert "Chenlu" in university.page.inner_text("#commitments")
    university.press("Close the round")
    assert "Closed" in university.page.inner_text(".page-header")
    assert university.check("en", width=390) == []


def test_an_agreement_is_simulated_signed_by_all_drawn_and_paid(visit: Visit, market: Any) -> None:
    team = visit("team.signatory", fresh=True)
    path = find_link(team, "/agreements", SMALL_TITLES[1])
    team.open(path, lang="en")
    assert team.page.get_by_role("link", name="Read and sign").count() == 0
    with team.page.expect_navigation():
        team.page.get_by_role("link", name="Simulate", exact=True).click()
    team.submit()
    market.run_jobs()
    team.page.reload()
    team.settle()
    assert team.check("en", width=1440) == [] == team.run_axe()
    assert team.page.locator("[data-chart-picture] canvas, [data-chart-picture] svg").count() == 1
    rows = team.page.eval_on_selector_all("[data-chart-table] tbody tr", "all => all.length")
    assert rows > 10

    sign(team.open(f"{path}/sign"), DEAL_PASSPHRASE)
    for name in ("angel", "industrial"):
        signatory = visit(name, fresh=True).open(f"{path}/sign", lang="en")
        make_key(signatory)
        sign(signatory, PASSPHRASE)
    team.open(path, lang="en")
    assert "In force" in team.page.inner_text(".page-header")
    draw_and_pay(visit, team, path)
    assert path in team.open(project_path(market, SMALL_CODE)).links("/agreements/agr_[0-9A-Za-z]+")


def make_key(signatory: Visitor) -> None:
    """From the page of signing to the key and back to it."""
    with signatory.page.expect_navigation():
        signatory.page.get_by_role("link", name="Make a signing key").click()
    signatory.page.fill("#field-passphrase", PASSPHRASE)
    signatory.page.fill("#field-repeated", PASSPHRASE)
    signatory.submit()


def sign(signatory: Visitor, passphrase: str) -> None:
    """A wrong passphrase signs nothing, the right one gives a receipt."""
    assert signatory.check("en", width=390) == [] == signatory.run_axe()
    signatory.page.fill("#field-passphrase", "not the passphrase at all")
    signatory.expected_status = {422}
    signatory.press("Sign the agreement")
    assert signatory.page.locator(".error-summary").count() == 1
    signatory.expected_status = set()
    signatory.page.fill("#field-passphrase", passphrase)
    signatory.press("Sign the agreement")
    assert "Signed. Receipt:" in signatory.text()


def draw_and_pay(visit: Visit, team: Visitor, path: str) -> None:
    """The team calls the first drawdown; the angel records its transfer; the operator confirms it."""
    team.open(f"{path}/events/new/drawdown_call", lang="en")
    team.page.select_option("#field-tranche", "T1")
    team.page.fill("#field-effective_on", today().isoformat())
    team.submit()
    assert team.check("en", width=1440) == []

    angel = visit("angel", fresh=True)
    waiting = find_link(angel, "/payments?state=pending", "Drawdown")
    angel.open(waiting, lang="en")
    terms, values = (angel.page.locator(f"#what {tag}").all_inner_texts() for tag in ("dt", "dd"))
    facts = dict(zip(terms, values, strict=True))
    angel.page.fill("#field-amount", facts["Amount"].removeprefix("CNY\xa0"))
    angel.page.fill("#field-bank_reference", "BROWSER-1")
    angel.page.fill("#field-remittance_code", facts["Remittance code"])
    angel.submit("#record form.form")
    assert "BROWSER-1" in angel.page.inner_text("#lines")
    assert angel.page.get_by_role("button", name="Confirm: it is on the bank statement").count() == 0

    operator = visit("operator", fresh=True).open(waiting, lang="en")
    assert operator.check("en", width=390) == [] == operator.run_axe()
    operator.press("Confirm: it is on the bank statement")
    assert "Confirmed" in operator.page.inner_text(".page-header")
    assert facts["Amount"] in angel.open(path, lang="en").text()


def test_a_milestone_stands_when_two_deciders_find_the_same(visit: Visit, market: Any, tmp_path: Any) -> None:
    project = project_path(market, SMALL_CODE)
    team = visit("team").open(f"{project}/state/in_pilot", lang="en")
    team.submit()
    team.open(project)
    milestone = team.links(f"{project}/milestones/[0-9A-Za-z_]+")[0]
    for decider in ("Mingjing", "Chidu"):
        team.open(milestone, lang="en")
        value = team.page.locator("#field-organisation option", has_text=decider).first.get_attribute("value")
        team.page.select_option("#field-organisation", value)
        team.submit("#engage form.form")

    file = tmp_path / "M0.csv"
    file.write_bytes(DATA)
    centre = visit("centre").open(milestone, lang="en")
    assert centre.page.locator("#field-result").count() == 0
    centre.page.set_input_files("#field-file", str(file))
    centre.page.fill("#field-stated_sha256", hashlib.sha256(DATA).hexdigest())
    centre.page.fill("#field-run_ended_on", today().isoformat())
    centre.submit("#reports form.form")
    assert centre.check("en", width=390) == []

    for number, name in enumerate(("testing", "assessor")):
        decider = visit(name).open(milestone, lang="en")
        assert "Data handed over" in decider.page.inner_text(".page-header")
        decider.page.check("#findings input[value=passed]")
        decider.page.fill("#field-decided_on", today().isoformat())
        decider.page.fill("#field-grounds", "The sealed data hold the agreed figures.")
        decider.submit("#findings form.form")
        assert decider.check("en", width=1440) == [], number
    assert "Passed" in team.open(milestone, lang="en").page.inner_text(".page-header")


def test_the_regulator_reads_and_writes_nothing(visit: Visit, market: Any) -> None:
    regulator = visit("regulator")
    path = find_link(regulator, "/rounds", LAST_TICKET_TITLES[1])
    for page in (path, project_path(market, LAST_TICKET_PROJECT), "/operation", "/payments", "/agreements", "/schemes"):
        regulator.open(page, lang="en")
        assert regulator.page.locator("main form[method=post]").count() == 0, page
    token = regulator.page.locator("input[name=csrf_token]").first.get_attribute("value")
    for address in (f"{path}/commit", f"{path}/close", "/schemes/new"):
        answer = regulator.page.request.post(
            market.url + address, form={"csrf_token": token, "form_key": "regulator-1"}, headers={"Referer": market.url}
        )
        assert answer.status == 403, address
