"""Pages of projects through the door: who sees what, forms that keep their input, one effect for two submits."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from tests.conftest import table_counts

MARKER = "<script>alert('x')</script>"


def text_of(response: Any) -> str:
    return response.get_data(as_text=True)


@pytest.fixture
def market(make: Any, projects: Any) -> dict[str, Any]:
    """One published project and one draft of the same team, and people of several kinds."""
    team = make.member("project_team")
    return {
        "team": team,
        "rival": make.member("project_team"),
        "bank": make.member("bank"),
        "unverified": make.member("bank", verification_state="pending"),
        "regulator": make.member("regulator"),
        "operator": make.member("operator"),
        "published": projects.published(team),
        "draft": projects.draft(team, title_zh="草稿", title_en="Still a draft"),
    }


def test_views_of_one_project_differ_by_field(new_browser: Any, market: Any) -> None:
    url = f"/projects/{market['published'].public_id}"
    anonymous = text_of(new_browser().get(url))
    assert "Continuous-flow" in anonymous or "连续流" in anonymous
    for secret in ("收率考核", "Yield test", "forty tonnes", "四十吨", "11,000,000"):
        assert secret not in anonymous
    rival = text_of(new_browser().sign_in(market["rival"].user).get(url))
    assert "11,000,000" not in rival
    unverified = text_of(new_browser().sign_in(market["unverified"].user).get(url))
    assert "11,000,000" not in unverified
    bank = text_of(new_browser().sign_in(market["bank"].user).get(url))
    assert "11,000,000.00" in bank
    assert "四十吨" not in bank
    own = text_of(new_browser().sign_in(market["team"].user).get(url))
    assert "四十吨" in own or "forty tonnes" in own


def test_a_draft_is_known_to_its_team_only(new_browser: Any, market: Any) -> None:
    url = f"/projects/{market['draft'].public_id}"
    assert new_browser().get(url).status_code == 404
    for name in ("rival", "bank", "regulator", "operator"):
        browser = new_browser().sign_in(market[name].user)
        assert browser.get(url).status_code == 404
        assert market["draft"].public_id not in text_of(browser.get("/projects"))
    assert new_browser().sign_in(market["team"].user).get(url).status_code == 200


@pytest.mark.parametrize(
    "public_id", ["1", "prj_x", "prj_" + "A" * 22, "01", "-1", "9223372036854775808", "..%2f..%2fetc", "prj_%00"]
)
def test_guessed_ids_find_nothing(new_browser: Any, market: Any, public_id: str) -> None:
    browser = new_browser().sign_in(market["bank"].user)
    for url in (f"/projects/{public_id}", f"/projects/{public_id}/score", f"/projects/{public_id}/evidence"):
        assert browser.get(url).status_code == 404


def test_filters_live_in_the_address(new_browser: Any, market: Any) -> None:
    browser = new_browser().sign_in(market["bank"].user)
    found = market["published"].public_id
    for query in ("q=微通道", "q=MICROCHANNELS", "sector=chemicals&sector=medicine", "region=37", "trl_from=6&trl_to=6",
                  "instrument=loan", "amount_from=16,000,000&amount_to=16000000", "state=published",
                  "sort=-amount", "sort=deadline", "sort=level"):  # fmt: skip
        assert found in text_of(browser.get(f"/projects?{query}")), query
    for query in ("q=钢铁", "sector=medicine", "region=11", "trl_from=7", "instrument=grant", "amount_from=16000001",
                  "state=failed", "band=low"):  # fmt: skip
        assert found not in text_of(browser.get(f"/projects?{query}")), query


@pytest.mark.parametrize(
    "query",
    ["sector=gold", "region=x", "trl_from=12", "amount_from=-1", "amount_from=NaN", "amount_from=１２", "sort=id",
     "sort=title;drop", "cursor=abc", "cursor=WzEsMiwzXQ", "state=x", "band=1",
     "q=" + "+".join(f"w{n}" for n in range(30))],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_answered_with_its_field(new_browser: Any, market: Any, query: str) -> None:
    response = new_browser().sign_in(market["bank"].user).get(f"/projects?{query}")
    assert response.status_code == 422


def test_filtering_by_hidden_fields_tells_a_teaser_reader_nothing(new_browser: Any, market: Any) -> None:
    browser = new_browser().sign_in(market["rival"].user)
    found = market["published"].public_id
    assert found in text_of(browser.get("/projects"))
    assert found not in text_of(browser.get("/projects?instrument=loan"))
    assert found not in text_of(browser.get("/projects?amount_from=1"))
    assert browser.get("/projects?sort=risk").status_code == 422


def test_cursor_pages_hold_every_row_once(database: Any, new_browser: Any, make: Any, projects: Any) -> None:
    from marketplace.projects.listing import ProjectFilter, list_projects

    team, operator = make.member("project_team"), make.member("operator")
    bank = make.member("bank")
    ids = {projects.published(team, operator).public_id for _ in range(7)}
    for sort in ("-published", "published", "amount", "-amount", "deadline", "level", "-risk"):
        seen: list[str] = []
        cursor = None
        while True:
            with database.transaction("read") as session:
                page = list_projects(session, actor=bank.actor, wanted=ProjectFilter(sort=sort), limit=3, cursor=cursor)
            assert page.total == 7
            seen += [row.public_id for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sorted(seen) == sorted(ids), sort


def test_the_export_holds_exactly_the_filtered_rows(new_browser: Any, make: Any, projects: Any) -> None:
    team, operator = make.member("project_team"), make.member("operator")
    wanted = projects.published(team, operator, title_en="=HYPERLINK(1)", title_zh="=1+1")
    projects.published(team, operator, sector="medicine")
    browser = new_browser().sign_in(make.member("bank").user)
    response = browser.get("/projects/export.csv?sector=chemicals&lang=en")
    assert response.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == [wanted.public_id]
    assert rows[1][2] == "'=HYPERLINK(1)"
    assert "attachment" in response.headers["Content-Disposition"]
    workbook = browser.get("/projects/export.xlsx?sector=chemicals")
    assert workbook.data.startswith(b"PK")
    assert new_browser().get("/projects/export.pdf").status_code == 422


BASICS = {
    "title_zh": "新项目", "title_en": "New project", "summary_zh": "摘要", "summary_en": "Summary",
    "sector": "chemicals", "industry_code": "2614", "region_code": "370300", "visibility": "teaser",
}  # fmt: skip


def test_a_team_lists_a_project_section_by_section(new_browser: Any, make: Any, database: Any) -> None:
    team, operator = make.member("project_team"), make.member("operator")
    browser = new_browser().sign_in(team.user)
    created = browser.submit("/projects/new", BASICS)
    assert created.status_code == 302
    base = created.headers["Location"]
    public_id = base.split("/")[2]
    sections = {
        "process": {"scale_up_step_zh": "从 5 L 到 2 m³", "scale_up_factor": "400", "new_process_steps": "2",
                    "unproven_equipment_share": "35", "solids_handling": "yes", "recycle_streams": "",
                    "lead_organisation_size": "small"},
        "levels": {"trl_claimed": "6", "mrl_claimed": "5", "target_trl": "7", "target_mrl": "8",
                   "planned_start": "2027-01-10", "planned_end": "2028-09-30", "pilot_centre": "",
                   "elements-0-name_zh": "微通道", "elements-0-trl_claimed": "6"},
        "budget": {"budget_lines-0-kind": "equipment", "budget_lines-0-amount": "1,234.50",
                   "budget_lines-1-kind": "materials", "budget_lines-1-amount": ""},
        "needs": {"funding_needs-0-instrument": "equity", "funding_needs-0-amount": "1000",
                  "funding_needs-0-smallest_ticket": "100", "funding_needs-0-deadline": "2027-01-08"},
        "milestones": {"milestones-1-code": "M1", "milestones-1-name_zh": "半负荷",
                       "milestones-1-planned_on": "2027-06-21",
                       "milestones-1-budget_share": "40"},
        "rights": {"ip-0-owner": "Team", "ip-0-kind": "patent", "failure_menu-first": "retest",
                   "failure_menu-then": "sell_ip", "failure_menu-cost_cap": "600000", "failure_menu-window_days": "90"},
        "room": {"confidential_zh": "秘密"},
    }  # fmt: skip
    for section, data in sections.items():
        response = browser.submit(f"{base}/{section}", data)
        assert response.status_code == 302, (section, text_of(response))
        assert browser.get(f"{base}/{section}").status_code == 200
    assert browser.submit(f"/projects/{public_id}/state/submitted", {}).status_code == 302
    approve = new_browser().sign_in(operator.user)
    assert approve.submit(f"/projects/{public_id}/state/verified", {}).status_code == 302
    assert browser.submit(f"/projects/{public_id}/state/published", {}).status_code == 302
    shown = text_of(browser.get(f"/projects/{public_id}"))
    assert "1,234.50" in shown
    assert "35%" in shown
    assert new_browser().get(f"/projects/{public_id}").status_code == 200


WRONG_FIELDS = [
    ("process", {"scale_up_factor": "1e5"}, "scale_up_factor"),
    ("process", {"scale_up_factor": "NaN"}, "scale_up_factor"),
    ("process", {"scale_up_factor": "４００"}, "scale_up_factor"),
    ("process", {"unproven_equipment_share": "101"}, "unproven_equipment_share"),
    ("process", {"unproven_equipment_share": "-0"}, "unproven_equipment_share"),
    ("process", {"new_process_steps": "2.5"}, "new_process_steps"),
    ("process", {"new_process_steps": "٣"}, "new_process_steps"),
    ("process", {"solids_handling": "maybe"}, "solids_handling"),
    ("process", {"lead_organisation_size": "huge"}, "lead_organisation_size"),
    ("levels", {"trl_claimed": "10"}, "trl_claimed"),
    ("levels", {"trl_claimed": "6", "target_trl": "5"}, "target_trl"),
    ("levels", {"planned_start": "2027-02-30"}, "planned_start"),
    ("levels", {"planned_start": "01/02/2027"}, "planned_start"),
    ("levels", {"planned_start": "2027-05-01", "planned_end": "2027-05-01"}, "planned_end"),
    ("levels", {"pilot_centre": "org_nobody"}, "pilot_centre"),
    ("levels", {"elements-0-trl_claimed": "6"}, "elements-0-name_zh"),
    ("budget", {"budget_lines-0-kind": "equipment", "budget_lines-0-amount": "0"}, "budget_lines-0-amount"),
    ("budget", {"budget_lines-0-kind": "equipment", "budget_lines-0-amount": "1.234"}, "budget_lines-0-amount"),
    ("budget", {"budget_lines-0-kind": "equipment", "budget_lines-0-amount": "1" * 40}, "budget_lines-0-amount"),
    ("budget", {"budget_lines-3-kind": "gold", "budget_lines-3-amount": "5"}, "budget_lines-3-kind"),
    ("needs", {"funding_needs-1-instrument": "equity", "funding_needs-1-amount": "5",
               "funding_needs-1-smallest_ticket": "6", "funding_needs-1-deadline": "2027-01-01"},
     "funding_needs-1-smallest_ticket"),
    ("needs", {"funding_needs-0-amount": "5"}, "funding_needs-0-instrument"),
    ("milestones", {"milestones-0-code": "M 1", "milestones-0-name_en": "x", "milestones-0-planned_on": "2027-01-01"},
     "milestones-0-code"),
    ("milestones", {"milestones-0-code": "M1", "milestones-0-name_en": "x", "milestones-0-planned_on": "2027-01-01",
                    "milestones-0-budget_share": "60", "milestones-1-code": "M2", "milestones-1-name_en": "y",
                    "milestones-1-planned_on": "2027-02-01", "milestones-1-budget_share": "41"}, "milestones"),
    ("rights", {"ip-0-text_zh": "x", "ip-0-kind": "patent"}, "ip-0-owner"),
    ("rights", {"failure_menu-first": "retest"}, "failure_menu-then"),
    ("basics", {**BASICS, "sector": "gold"}, "sector"),
    ("basics", {**BASICS, "region_code": "99"}, "region_code"),
    ("basics", {**BASICS, "title_zh": "x" * 161}, "title_zh"),
    ("basics", {**BASICS, "title_en": "a\x07b"}, "title_en"),
    ("room", {"confidential_zh": "x" * 8001}, "confidential_zh"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "data", "field"), WRONG_FIELDS)
def test_wrong_input_is_named_at_its_field_kept_and_not_written(
    database: Any, new_browser: Any, make: Any, projects: Any, section: str, data: dict[str, str], field: str
) -> None:
    team = make.member("project_team")
    project = projects.draft(team)
    browser = new_browser().sign_in(team.user)
    before = (table_counts(database), projects.reload(project, team).updated_at)
    response = browser.submit(f"/projects/{project.public_id}/edit/{section}", data)
    page = text_of(response)
    assert response.status_code == 422
    assert f'href="#field-{field}"' in page
    for value in data.values():
        if value and len(value) < 50 and "\x07" not in value and value not in ("maybe", "huge", "gold", "org_nobody"):
            assert value in page, value
    assert (table_counts(database), projects.reload(project, team).updated_at) == before


@pytest.mark.parametrize("text", [MARKER, "𠮷野", "👩‍👩‍👧", "\u202eabc", "ＡＢ", "e\u0301", "a" * 160])
def test_text_is_stored_and_shown_exactly(new_browser: Any, make: Any, projects: Any, text: str) -> None:
    from markupsafe import escape

    team = make.member("project_team")
    browser = new_browser().sign_in(team.user)
    created = browser.submit("/projects/new", {**BASICS, "title_zh": text, "title_en": text})
    public_id = created.headers["Location"].split("/")[2]
    for url in (f"/projects/{public_id}", "/projects?own=1", f"/projects/{public_id}/edit/basics"):
        page = text_of(browser.get(url))
        assert str(escape(text)) in page
        assert MARKER not in page


def test_the_same_form_sent_twice_makes_one_project(database: Any, new_browser: Any, make: Any) -> None:
    team = make.member("project_team")
    browser = new_browser().sign_in(team.user)
    key = re.search(r'name="form_key" value="([^"]+)"', text_of(browser.get("/projects/new")))
    assert key
    first = browser.submit("/projects/new", {**BASICS, "form_key": key[1]})
    second = browser.submit("/projects/new", {**BASICS, "form_key": key[1]})
    assert first.headers["Location"] == second.headers["Location"]
    assert table_counts(database)["project"] == 1


def test_fields_that_a_team_may_not_write_are_not_written(new_browser: Any, make: Any, projects: Any) -> None:
    team = make.member("project_team")
    project = projects.draft(team)
    browser = new_browser().sign_in(team.user)
    data = {**BASICS, "state": "published", "trl_assessed": "9", "organisation_id": "1", "total_budget_minor": "1",
            "verified_by": "me", "score_band": "low", "published_at": "2026-01-01"}  # fmt: skip
    assert browser.submit(f"/projects/{project.public_id}/edit/basics", data).status_code == 302
    found = projects.reload(project, team)
    assert (found.state, found.trl_assessed, found.total_budget_minor) == ("draft", None, 1_600_000_000)
    assert found.score_band is None


def test_a_later_change_is_not_overwritten(new_browser: Any, make: Any, projects: Any) -> None:
    team = make.member("project_team")
    project = projects.draft(team)
    browser = new_browser().sign_in(team.user)
    url = f"/projects/{project.public_id}/edit/basics"
    stale = re.search(r'name="seen_at" value="([^"]+)"', text_of(browser.get(url)))
    assert stale
    assert browser.submit(url, {**BASICS, "seen_at": stale[1]}).status_code == 302
    refused = browser.submit(url, {**BASICS, "title_zh": "另一个", "seen_at": stale[1]})
    assert refused.status_code == 409
    assert "另一个" in text_of(refused)
    assert projects.reload(project, team).title_zh == "新项目"


def test_nobody_verifies_what_he_submitted(database: Any, new_browser: Any, make: Any, projects: Any) -> None:
    team = make.member("project_team")
    operator_organisation = make.organisation("operator")
    from marketplace.accounts.models import Membership
    from tests.factories import MOMENT

    with database.transaction() as session:
        session.add(Membership(user_id=team.user.id, organisation_id=operator_organisation.id, role="owner",
                               created_at=MOMENT))  # fmt: skip
    project = projects.draft(team)
    projects.move(project, team, "submitted")
    browser = new_browser().sign_in(team.user, operator_organisation)
    assert browser.submit(f"/projects/{project.public_id}/state/verified", {}).status_code == 403
    assert projects.reload(project, team).state == "submitted"


def test_moves_outside_the_table_are_refused(new_browser: Any, make: Any, projects: Any) -> None:
    team, operator, rival = make.member("project_team"), make.member("operator"), make.member("project_team")
    project = projects.published(team, operator)
    base = f"/projects/{project.public_id}/state"
    page = f"/projects/{project.public_id}"
    browser = new_browser().sign_in(team.user)
    assert browser.submit(f"{base}/funded", {}, page=page).status_code == 409
    assert browser.submit(f"{base}/nowhere", {}, page=page).status_code == 404
    assert browser.submit(f"{base}/withdrawn", {"reason": " "}).status_code == 422
    assert new_browser().sign_in(rival.user).submit(f"{base}/withdrawn", {"reason": "x"}, page=page).status_code == 403
    supervisor = new_browser().sign_in(operator.user)
    assert supervisor.submit(f"{base}/suspended", {"reason": "Under review"}).status_code == 302
    assert projects.reload(project, team).state == "suspended"


def test_only_draft_listings_change(new_browser: Any, make: Any, projects: Any) -> None:
    team = make.member("project_team")
    project = projects.published(team)
    browser = new_browser().sign_in(team.user)
    response = browser.submit(f"/projects/{project.public_id}/edit/basics", BASICS)
    assert response.status_code == 409
    viewer = make.member("project_team", "viewer", organisation=team.organisation)
    assert new_browser().sign_in(viewer.user).get("/projects/new").status_code == 403


def test_access_bites_at_once_and_ends_at_once(new_browser: Any, make: Any, projects: Any) -> None:
    team, manager = make.member("project_team"), make.member("technology_manager")
    project = projects.published(team)
    url = f"/projects/{project.public_id}"
    browser, invited = new_browser().sign_in(team.user), new_browser().sign_in(manager.user)
    assert "四十吨" not in text_of(invited.get(url))
    data = {"organisation": manager.organisation.public_id, "level": "room"}
    assert browser.submit(f"{url}/access", data).status_code == 302
    assert "四十吨" in text_of(invited.get(url + "?lang=zh"))
    revoke = f"{url}/access/{manager.organisation.public_id}/revoke"
    assert browser.submit(revoke, {}, page=f"{url}/access").status_code == 302
    assert "四十吨" not in text_of(invited.get(url))


def test_reading_writes_nothing(database: Any, new_browser: Any, make: Any, projects: Any) -> None:
    team = make.member("project_team")
    project = projects.published(team)
    draft = projects.draft(team)
    browser = new_browser().sign_in(team.user)
    before = table_counts(database)
    urls = ["/projects", "/projects/new", "/assessments", f"/projects/{project.public_id}/score",
            f"/projects/{project.public_id}/evidence", f"/projects/{project.public_id}/access",
            f"/projects/{project.public_id}/assessments/new",
            f"/projects/{project.public_id}/milestones/{project.milestones[0].public_id}",
            f"/projects/{project.public_id}/state/withdrawn", f"/projects/{draft.public_id}/edit"]  # fmt: skip
    for language in ("zh", "en"):
        for url in urls:
            response = browser.get(f"{url}?lang={language}")
            assert response.status_code == 200, (url, text_of(response)[:500])
    assert table_counts(database) == before
