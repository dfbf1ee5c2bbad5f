"""The pages of insurance: the whole way of a cover by browser, sealed quotes, refused forms keep what was typed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from marketplace import clock
from marketplace.insurance import queries, services
from marketplace.insurance.models import Quote
from tests.conftest import table_counts
from tests.factories.insurance import YUAN, product_values


def request_form(market: Any, **changes: Any) -> dict[str, Any]:
    form = {
        "sum_materials": "2,600,000", "sum_personnel": "2900000", "sum_centre_fees": "3000000.00",
        "sum_testing": "800000", "deductible": "930000", "insurer_share": "50", "limit": "4000000",
        "cover_from": "2027-01-15", "cover_to": "2028-12-31", "target_by": "2028-11-30",
        "event": "收率低于 75%", "event_en": "yield below 75 %", "premium_bearer": "applicant",
        "subsidy": "300000", "subsidy_payer": "Province", "assignee": market.bank.organisation.public_id,
        "assigned_share": "40",
        "insurers": [market.insurer.organisation.public_id, market.rival.organisation.public_id],
        "insurer_freely_chosen": "1",
    }  # fmt: skip
    return {**form, **changes}


def last_id(answer: Any) -> str:
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.headers["Location"]).rsplit("/", 1)[-1]


def test_cover_is_asked_priced_bound_and_paid_through_the_pages(market: Any, new_browser: Any, database: Any) -> None:
    market.product()
    market.product(market.rival, code="rival", loadings={**product_values()["loadings"], "profit": "0.15"})
    project = market.project()
    team = new_browser().sign_in(market.team.user)
    insurer, rival = (new_browser().sign_in(member.user) for member in (market.insurer, market.rival))
    url = f"/projects/{project.public_id}/quote-requests/new"
    request_id = last_id(team.submit(url, request_form(market)))
    with database.transaction("read") as session:
        found = queries.get_request(session, actor=market.team.actor, public_id=request_id)
    quote, other = market.quote_of(found), market.quote_of(found, market.rival)
    for browser, quote_id in ((insurer, quote), (rival, other)):
        assert browser.submit(f"/quotes/{quote_id}/price", page=f"/quotes/{quote_id}").status_code == 302
        assert browser.submit(f"/quotes/{quote_id}/offer", page=f"/quotes/{quote_id}").status_code == 302
    shown = team.get(f"/quote-requests/{request_id}?lang=en").get_data(as_text=True)
    assert "680,657.00" in shown
    assert shown.count("12.0%") >= 2, "both trigger probabilities stand beside the prices"
    page = f"/quotes/{quote}"
    assert team.submit(f"{page}/accept", page=page).status_code == 302
    shown_hash = re.search(r'name="shown_hash" value="([0-9a-f]{64})"', team.get(page).get_data(as_text=True))
    assert shown_hash
    refused = team.submit(f"{page}/bind", {"shown_hash": shown_hash[1]}, page=page)
    assert refused.status_code == 422
    policy_id = last_id(team.submit(f"{page}/bind", {"shown_hash": shown_hash[1], "acknowledged": "1"}, page=page))
    with database.transaction("read") as session:
        policy = queries.get_policy(session, actor=market.team.actor, public_id=policy_id)
    assert (policy.state, policy.premium_minor) == ("bound", 680_657 * YUAN)
    market.pay(policy.premium_payment_id, market.team, date(2027, 1, 10))
    for member in (market.team, market.insurer, market.bank):
        browser = new_browser().sign_in(member.user)
        answer = browser.get(f"/policies/{policy_id}?lang=en")
        assert answer.status_code == 200
        assert "In force" in answer.get_data(as_text=True)
        assert policy.number in browser.get("/policies").get_data(as_text=True)
    assert policy.number in insurer.get("/quotes").get_data(as_text=True)


def test_rivals_see_nothing_of_each_other(market: Any, new_browser: Any) -> None:
    market.product()
    market.product(market.rival, code="rival")
    request = market.request(market.project(), [market.insurer, market.rival])
    market.offered(request)
    quote = market.quote_of(request)
    rival = new_browser().sign_in(market.rival.user)
    assert rival.get(f"/quotes/{quote}").status_code == 404
    for page in (f"/quote-requests/{request.public_id}", "/quotes"):
        text = rival.get(page).get_data(as_text=True)
        assert "680,657" not in text
        assert market.insurer.organisation.name_en not in text
        assert market.insurer.organisation.name_zh not in text


def test_priced_quote_stays_with_its_insurer_until_it_is_offered(market: Any, new_browser: Any) -> None:
    market.product()
    request = market.request(market.project())
    quote = market.quote_of(request)
    market.act(services.price_quote, "quote", quote, market.insurer)
    team = new_browser().sign_in(market.team.user)
    assert team.get(f"/quotes/{quote}").status_code == 404
    assert "680,657" not in team.get(f"/quote-requests/{request.public_id}").get_data(as_text=True)


def test_strangers_find_no_request_quote_policy_or_claim(market: Any, make: Any, new_browser: Any) -> None:
    policy = market.in_force()
    claim = market.claim(policy, datetime(2028, 10, 1, tzinfo=UTC))
    for kind in ("project_team", "insurer", "bank"):
        stranger = new_browser().sign_in(make.member(kind).user)
        for page in (f"/policies/{policy.public_id}", f"/claims/{claim.public_id}"):
            assert stranger.get(page).status_code == 404
        assert policy.number not in stranger.get("/policies").get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"deductible": "NaN"}, "deductible"),
        ({"deductible": "-1"}, "deductible"),
        ({"deductible": "9300000"}, "deductible"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1e9"}, "limit"),
        ({"limit": "４０００"}, "limit"),
        ({"insurer_share": "150"}, "insurer_share"),
        ({"insurer_share": "NaN"}, "insurer_share"),
        ({"sum_materials": "0.001"}, "sum_materials"),
        ({"cover_from": "2027-02-30"}, "cover_from"),
        ({"cover_from": "2020-01-01"}, "cover_from"),
        ({"cover_to": "2027-01-15"}, "cover_to"),
        ({"event_en": "  "}, "event"),
        ({"insurers": []}, "insurers"),
        ({"insurers": ["org_nobody"]}, "insurers"),
        ({"assigned_share": "101"}, "assigned_share"),
        ({"assigned_share": "0"}, "assignments"),
        ({"subsidy_payer": ""}, "subsidy_payer"),
        ({"insurer_freely_chosen": ""}, "insurer_freely_chosen"),
        ({"premium_bearer": "bank"}, "premium_bearer"),
    ],
)
def test_wrong_request_is_refused_at_the_field_and_nothing_is_written(
    market: Any, new_browser: Any, database: Any, changes: dict[str, Any], field: str
) -> None:
    market.product()
    project = market.project()
    team = new_browser().sign_in(market.team.user)
    before = table_counts(database)
    answer = team.submit(f"/projects/{project.public_id}/quote-requests/new", request_form(market, **changes))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422, text[:2000]
    assert f'href="#field-{field}"' in text or f'href="#field-terms.{field}_minor"' in text
    assert "收率低于 75%" in text
    assert table_counts(database) == before


def test_second_submit_of_a_form_asks_once(market: Any, new_browser: Any, database: Any) -> None:
    market.product()
    project = market.project()
    team = new_browser().sign_in(market.team.user)
    url = f"/projects/{project.public_id}/quote-requests/new"
    first, second = (team.submit(url, request_form(market, form_key="once")) for _ in range(2))
    assert (first.status_code, first.headers["Location"]) == (second.status_code, second.headers["Location"])
    with database.transaction("read") as session:
        assert queries.count_requests(session, actor=market.team.actor) == 1


def test_comparison_is_hidden_where_the_market_leaves_it_to_a_broker(market: Any, app: Any, new_browser: Any) -> None:
    import dataclasses

    market.product()
    request = market.request(market.project())
    market.offered(request)
    team = new_browser().sign_in(market.team.user)
    app.settings = dataclasses.replace(app.settings, insurance_comparison="broker")
    assert "680,657" not in team.get(f"/quote-requests/{request.public_id}").get_data(as_text=True)
    assert "680,657" in team.get(f"/quotes/{market.quote_of(request)}").get_data(as_text=True)


def test_product_is_filed_once_by_form(market: Any, new_browser: Any, database: Any) -> None:
    insurer = new_browser().sign_in(market.insurer.user)
    form = {
        "code": "pf", "version": "1", "name_zh": "中试险", "name_en": "Pilot cover", "filing_number": "X-1",
        "valid_from": "2026-01-01", "cost_items": ["materials", "testing"], "deductible_options": "10, 20",
        "insurer_share_options": "50", "insured_cause": "50", "determination_agrees": "80", "variable": "5",
        "commission": "10", "profit": "10", "risk": "5", "loss_share_of_limit": "90", "fixed": "20000",
        "disclosures": "除外一\n除外二", "disclosures_en": "one\ntwo",
    }  # fmt: skip
    assert insurer.submit("/insurance-products/new", {**form, "filing_number": ""}).status_code == 422
    assert insurer.submit("/insurance-products/new", {**form, "commission": "90"}).status_code == 422
    assert insurer.submit("/insurance-products/new", {**form, "disclosures_en": "one"}).status_code == 422
    product_id = last_id(insurer.submit("/insurance-products/new", form))
    assert insurer.get(f"/insurance-products/{product_id}").status_code == 200
    assert insurer.submit("/insurance-products/new", form).status_code == 409
    team = new_browser().sign_in(market.team.user)
    assert "X-1" in team.get("/insurance-products").get_data(as_text=True)
    assert team.get("/insurance-products/new").status_code == 403


def test_referred_quote_is_offered_on_an_underwriters_ground_only(market: Any, new_browser: Any) -> None:
    market.product()
    quote = market.quote_of(market.request(market.project(probability=None)))
    insurer = new_browser().sign_in(market.insurer.user)
    page = f"/quotes/{quote}"
    assert insurer.submit(f"{page}/price", page=page).status_code == 302
    assert insurer.submit(f"{page}/offer", {"stated_value": "0.3"}, page=page).status_code == 422
    assert insurer.submit(f"{page}/offer", {"ground": "own view", "stated_value": "2"}, page=page).status_code == 422
    kept = insurer.submit(f"{page}/offer", {"ground": "own view", "stated_value": ""}, page=page)
    assert kept.status_code == 422
    assert "own view" in kept.get_data(as_text=True)
    assert insurer.submit(f"{page}/offer", {"ground": "own view", "stated_value": "0.3"}, page=page).status_code == 302
    with market.database.transaction("read") as session:
        offered: Quote = queries.get_quote(session, actor=market.team.actor, public_id=quote)
        assert (offered.state, offered.premium_minor) == ("offered", 680_657 * YUAN)
        assert offered.trail is not None
        assert offered.trail["trigger"]["factors"][0]["source"] == "own view"
        assert offered.valid_until is not None
        assert offered.valid_until <= clock.day_in_zone(clock.now()) + timedelta(days=30)
