"""Mandates through the doors: who sees what, forms that keep their input, matches with every reason."""

from __future__ import annotations

import re
from typing import Any

import pytest

from marketplace.dealflow import queries, tasks
from marketplace.dealflow.models import Mandate
from marketplace.events import PolicyBound
from marketplace.jobs.services import run_due_jobs
from tests.conftest import table_counts
from tests.factories.dealflow import mandate_values

FORM = {
    "name_zh": "精细化工", "name_en": "Fine chemicals", "instruments": ["equity"], "sectors": ["chemicals"],
    "region_prefixes": "37, 32", "trl_from": "5", "trl_to": "7", "mrl_from": "4", "mrl_to": "8",
    "ticket_min": "2,000,000", "ticket_max": "6000000.50", "round_size_max": "", "budget": "20000000",
    "budget_from": "2026-01-01", "budget_to": "2090-12-31", "valid_from": "2026-01-01", "valid_to": "2090-12-31",
    "role": "either", "visibility": "verified", "ownership_max": "15", "weight_ticket": "0.5", "weight_level": "0.5",
    "exclusion_0_field": "scale_up_factor", "exclusion_0_operator": "above", "exclusion_0_value": "500",
    "exclusion_0_reason_zh": "放大过快", "exclusion_0_reason_en": "too fast",
}  # fmt: skip


def text_of(response: Any) -> str:
    return response.get_data(as_text=True)


@pytest.fixture
def market(make: Any, projects: Any) -> dict[str, Any]:
    team = make.member("project_team")
    return {
        "team": team, "fund": make.member("venture_fund"), "rival": make.member("angel"),
        "regulator": make.member("regulator"), "unverified": make.member("angel", verification_state="pending"),
        "published": projects.published(team),
    }  # fmt: skip


def test_a_mandate_is_written_read_matched_and_refuses_with_reasons(
    app: Any, new_browser: Any, market: Any, projects: Any
) -> None:
    other = projects.published(market["team"], sector="medicine", title_en="Vaccine fill pilot", region_code="110000")
    fund = new_browser().sign_in(market["fund"].user)
    answer = fund.submit("/mandates/new?lang=en", FORM)
    assert answer.status_code == 302, text_of(answer)
    run_due_jobs(app.database)
    shown = text_of(fund.get(answer.location))
    assert "Continuous-flow diazotisation pilot" in shown
    assert "Vaccine fill pilot" not in shown
    assert "CNY\N{NO-BREAK SPACE}6,000,000.50" in shown
    # Tickets of 2 to 6.000001 million on an ask of 2 to 11 million, and TRL 6 in the middle of 5 to 7.
    assert "72.2%" in shown
    assert "Tickets of CNY\N{NO-BREAK SPACE}2,000,000.00" in shown
    refused = text_of(fund.get(f"{answer.location}/refused"))
    assert "Vaccine fill pilot" in refused
    assert "The sector is Medicine; the mandate takes Chemicals." in refused
    assert "Continuous-flow" not in refused
    pair = text_of(fund.get(f"{answer.location}/projects/{other.public_id}"))
    assert "The region is Beijing; the mandate takes Jiangsu, Shandong." in pair
    chinese = text_of(fund.get(f"{answer.location}/projects/{other.public_id}?lang=zh"))
    assert "项目属于医药；投资意向限于化工。" in chinese


def test_a_wrong_form_keeps_its_input_and_writes_nothing(app: Any, new_browser: Any, market: Any) -> None:
    fund = new_browser().sign_in(market["fund"].user)
    before = table_counts(app.database)
    wrong = {**FORM, "trl_to": "3", "name_en": "Typed <b>name</b>"}
    answer = fund.submit("/mandates/new?lang=en", wrong)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "The highest level lies below the lowest." in page
    assert 'href="#field-trl_to"' in page
    assert "Typed &lt;b&gt;name&lt;/b&gt;" in page
    assert 'value="500"' in page
    several = text_of(fund.submit("/mandates/new?lang=en", {**FORM, "ticket_min": "much", "instruments": []}))
    assert 'href="#field-ticket_min"' in several
    assert 'href="#field-instruments"' in several
    assert table_counts(app.database) == before


def test_two_submits_of_one_form_make_one_mandate(app: Any, new_browser: Any, market: Any) -> None:
    fund = new_browser().sign_in(market["fund"].user)
    first = fund.submit("/mandates/new", {**FORM, "form_key": "once"})
    second = fund.submit("/mandates/new", {**FORM, "form_key": "once"})
    assert first.location == second.location
    with app.database.transaction("read") as session:
        assert queries.count_mandates(session, actor=market["fund"].actor, own=True) == 1


def test_an_edit_keeps_what_the_form_shows(app: Any, new_browser: Any, market: Any, deals: Any) -> None:
    fund = new_browser().sign_in(market["fund"].user)
    place = fund.submit("/mandates/new", FORM).location
    page = text_of(fund.get(f"{place}/edit?lang=en"))
    assert 'value="15"' in page
    assert 'value="37, 32"' in page
    assert 'value="6000000.50"' in page
    assert fund.submit(f"{place}/edit", {**FORM, "budget": "30000000"}).status_code == 302
    with app.database.transaction("read") as session:
        mandate = queries.get_mandate(session, actor=market["fund"].actor, public_id=place.rsplit("/", 1)[1])
    assert (mandate.budget_minor, mandate.budget_remaining_minor) == (3_000_000_000, 3_000_000_000)
    assert mandate.ownership_max_fraction == "0.15"


def test_the_form_keeps_more_limits_than_it_first_shows(new_browser: Any, market: Any, deals: Any) -> None:
    """A mandate written by a program with five limits loses none when it is saved by the form."""
    limits = [
        {"field": "new_process_steps", "operator": "above", "value": str(number), "reason_zh": "", "reason_en": ""}
        for number in range(5, 10)
    ]
    mandate = deals.mandate(market["fund"], exclusions=limits)
    fund = new_browser().sign_in(market["fund"].user)
    page = text_of(fund.get(f"/mandates/{mandate.public_id}/edit"))
    assert 'name="exclusion_4_field"' in page
    assert 'name="exclusion_5_field"' in page
    rows = {
        f"exclusion_{row}_{part}": limit[part]
        for row, limit in enumerate(limits)
        for part in ("field", "operator", "value")
    }
    assert fund.submit(f"/mandates/{mandate.public_id}/edit", {**FORM, **rows}).status_code == 302
    assert [limit["value"] for limit in deals.reload(mandate).exclusions] == ["5", "6", "7", "8", "9"]


def test_others_see_neither_budget_nor_weights_nor_matches(new_browser: Any, market: Any, deals: Any, app: Any) -> None:
    mandate = deals.mandate(market["fund"], budget_minor=1_234_567_800)
    run_due_jobs(app.database)
    place = f"/mandates/{mandate.public_id}?lang=en"
    for name in ("fund", "regulator"):
        page = text_of(new_browser().sign_in(market[name].user).get(place))
        assert "Continuous-flow" in page
        assert "12,345,678" in page
    rival = new_browser().sign_in(market["rival"].user)
    page = text_of(rival.get(place))
    assert "Fine chemicals pilots" in page
    assert "Continuous-flow" not in page
    assert "12,345,678" not in page
    assert rival.get(f"/mandates/{mandate.public_id}/refused").status_code == 403
    assert rival.get(f"/mandates/{mandate.public_id}/edit").status_code == 403
    assert rival.submit(
        f"/mandates/{mandate.public_id}/state", {"state": "paused"}, page="/mandates"
    ).status_code in (400, 403)  # fmt: skip
    sent = rival.get(f"/api/v1/mandates/{mandate.public_id}", headers={"X-CSRFToken": "x"})
    assert "budget" not in (sent.get_json() or {})
    assert new_browser().sign_in(market["team"].user).get("/mandates").status_code == 403


@pytest.mark.parametrize(
    ("visibility", "state", "reader", "seen"),
    [
        ("public", "active", "unverified", True), ("verified", "active", "unverified", False),
        ("verified", "active", "rival", True), ("private", "active", "rival", False),
        ("public", "paused", "rival", False), ("private", "paused", "regulator", True),
        ("private", "paused", "fund", True),
    ],
)  # fmt: skip
def test_visibility_bites_on_list_and_page(
    new_browser: Any, market: Any, deals: Any, visibility: str, state: str, reader: str, seen: bool
) -> None:
    mandate = deals.mandate(market["fund"], visibility=visibility)
    if state == "paused":
        own = new_browser().sign_in(market["fund"].user)
        page = f"/mandates/{mandate.public_id}"
        assert own.submit(f"{page}/state", {"state": "paused"}, page=page).status_code == 302
    browser = new_browser().sign_in(market[reader].user)
    assert (mandate.public_id in text_of(browser.get("/mandates"))) is seen
    assert browser.get(f"/mandates/{mandate.public_id}").status_code == (200 if seen else 404)


def test_an_unverified_funder_gets_no_matches(app: Any, new_browser: Any, market: Any, deals: Any) -> None:
    mandate = deals.mandate(market["unverified"])
    run_due_jobs(app.database)
    browser = new_browser().sign_in(market["unverified"].user)
    page = text_of(browser.get(f"/mandates/{mandate.public_id}?lang=en"))
    assert "once the operator has verified" in page
    assert "Continuous-flow" not in page
    pair = f"/mandates/{mandate.public_id}/projects/{market['published'].public_id}"
    assert browser.get(pair).status_code == 403


def test_the_team_sees_which_mandates_take_its_project(app: Any, new_browser: Any, market: Any, deals: Any) -> None:
    deals.mandate(market["fund"], name_en="Takes it")
    deals.mandate(market["rival"], name_en="Wants medicine", sectors=["medicine"])
    deals.mandate(market["rival"], name_en="Kept private", visibility="private")
    deals.mandate(market["fund"], name_en="Spent", ticket_max_minor=300_000_000, budget_from="2089-01-01")
    team = new_browser().sign_in(market["team"].user)
    url = f"/projects/{market['published'].public_id}/mandates?lang=en"
    page = text_of(team.get(url))
    assert page.index("Takes it") < page.index("Spent") < page.index("Wants medicine")
    assert "The sector is Chemicals; the mandate takes Medicine." in page
    assert "It fits, but this mandate takes nothing now." in page
    assert "Kept private" not in page
    assert "of the budget" not in page
    assert new_browser().sign_in(market["fund"].user).get(url).status_code == 403


def test_matches_follow_the_project_the_cover_and_the_mandate(
    app: Any, make: Any, market: Any, deals: Any, projects: Any
) -> None:
    plain = deals.mandate(market["fund"])
    insured = deals.mandate(market["rival"], must_have=["insurance_bound"])
    run_due_jobs(app.database)
    project = market["published"]

    def matched(mandate: Mandate) -> list[int]:
        with app.database.transaction("read") as session:
            return [row.project_id for row in queries.list_stored_of_mandate(session, mandate_id=mandate.id)]

    assert matched(plain) == [project.id]
    assert matched(insured) == []
    with app.database.transaction() as session:
        tasks.on_policy_bound(session, PolicyBound(policy_id=1, project_id=project.id))
    run_due_jobs(app.database)
    assert matched(insured) == [project.id]
    projects.move(project, market["team"], "withdrawn", reason="Sold to the group")
    run_due_jobs(app.database)
    assert matched(plain) == matched(insured) == []


def test_the_assessed_level_moves_a_match(app: Any, make: Any, market: Any, deals: Any, projects: Any) -> None:
    mandate = deals.mandate(market["fund"], trl_from=6, trl_to=8)
    strict = deals.mandate(market["rival"], must_have=["assessed_level"], trl_from=4)
    run_due_jobs(app.database)
    projects.assessed(market["published"], market["team"], make.member("assessor"), trl=5, mrl=5)
    run_due_jobs(app.database)
    with app.database.transaction("read") as session:
        assert queries.list_stored_of_mandate(session, mandate_id=mandate.id) == []
        assert len(queries.list_stored_of_mandate(session, mandate_id=strict.id)) == 1


def test_a_mandate_lapses_on_the_day_after_its_last(app: Any, market: Any, deals: Any, database: Any) -> None:
    from datetime import UTC, datetime

    mandate = deals.mandate(market["fund"], valid_to="2026-12-31", budget_to="2026-12-31")
    for moment, state in (
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "active"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "expired"),
    ):
        with database.transaction() as session:
            tasks.record_refresh(session, now=moment)
        assert deals.reload(mandate).state == state


def test_new_matches_of_the_home_page_are_ones_own(app: Any, market: Any, deals: Any) -> None:
    deals.mandate(market["fund"])
    run_due_jobs(app.database)
    with app.database.transaction("read") as session:
        rows = queries.list_new_matches(session, actor=market["fund"].actor, limit=5)
        assert [row.project.public_id for row in rows] == [market["published"].public_id]
        for other in ("rival", "team", "unverified"):
            assert not queries.list_new_matches(session, actor=market[other].actor, limit=5)


def test_at_most_two_hundred_matches_are_kept(
    app: Any, market: Any, deals: Any, monkeypatch: Any, projects: Any
) -> None:
    from marketplace.dealflow.services import matches

    monkeypatch.setattr(matches, "MATCHES_KEPT", 2)
    for number in range(3):
        projects.published(market["team"], title_en=f"More {number}", trl_claimed=5)
    mandate = deals.mandate(market["fund"], trl_from=5, trl_to=7)
    run_due_jobs(app.database)
    with app.database.transaction("read") as session:
        rows = queries.list_stored_of_mandate(session, mandate_id=mandate.id)
    # The project at TRL 6 is nearest to the middle, then the first of the equal ones.
    assert len(rows) == 2
    assert rows[0].project_id == market["published"].id
    assert rows[1].project_id == market["published"].id + 1


def api_headers(browser: Any) -> dict[str, str]:
    page = text_of(browser.get("/"))
    token = re.search(r'name="csrf[-_]token" (?:content|value)="([^"]+)"', page)
    assert token
    return {"X-CSRFToken": token[1]}


def api_body(**changes: Any) -> dict[str, Any]:
    values = mandate_values()
    for name in ("ticket_min", "ticket_max", "round_size_max", "budget"):
        values[name] = {"amount_minor": values.pop(f"{name}_minor"), "currency": "CNY"}
    return {**values, **changes}


def test_the_api_writes_lists_matches_and_refuses_by_field(app: Any, new_browser: Any, market: Any) -> None:
    fund = new_browser().sign_in(market["fund"].user)
    headers = api_headers(fund)
    made = fund.client.post("/api/v1/mandates", json=api_body(), headers=headers)
    assert made.status_code == 201, made.get_json()
    mandate = made.get_json()
    assert mandate["ticket_max"] == {"amount_minor": 600_000_000, "currency": "CNY"}
    run_due_jobs(app.database)
    matches = fund.get(f"/api/v1/mandates/{mandate['id']}/matches").get_json()
    assert matches["page"]["total"] == 1
    (row,) = matches["data"]
    assert row["project"] == market["published"].public_id
    assert row["score"] == "0.722222"
    assert {check["code"] for check in row["checks"]} >= {"trl", "ticket", "sector"}
    single = fund.get(f"/api/v1/mandates/{mandate['id']}/matches/{row['project']}").get_json()
    assert single["parts"] == row["parts"]
    for body, code, field in (
        (api_body(trl_from=7, trl_to=5), "mandate_empty_range", "trl_to"),
        (api_body(ticket_min={"amount_minor": 5, "currency": "USD"}), "currency_mismatch", "ticket_min"),
        (api_body(colour="red"), "invalid_input", "colour"),
        (api_body(weights={"local_reinvestment": "1"}), "invalid_input", None),
    ):
        answer = fund.client.post("/api/v1/mandates", json=body, headers=headers)
        error = answer.get_json()["error"]
        assert (answer.status_code, error["code"]) == (422, code), error
        assert field is None or field in str(error["field"])
    changed = fund.client.patch(f"/api/v1/mandates/{mandate['id']}", json={"trl_to": 9}, headers=headers)
    assert (changed.status_code, changed.get_json()["trl_to"]) == (200, 9)
    listed = fund.get("/api/v1/mandates?own=true").get_json()
    assert [item["id"] for item in listed["data"]] == [mandate["id"]]
    rival = new_browser().sign_in(market["rival"].user)
    seen = rival.get(f"/api/v1/mandates/{mandate['id']}").get_json()
    assert "budget" not in seen
    assert "weights" not in seen
    assert "budget_remaining" not in seen
    assert rival.get(f"/api/v1/mandates/{mandate['id']}/matches").get_json()["data"] == []
    denied = rival.client.patch(
        f"/api/v1/mandates/{mandate['id']}", json={"trl_to": 8}, headers=api_headers(rival)
    )  # fmt: skip
    assert denied.status_code == 403
