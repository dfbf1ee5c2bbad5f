"""Pricing and referring: from the stored score, by the filed product, and what an underwriter may and may not do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from marketplace import clock
from marketplace.accounts.services.keys import create_api_key
from marketplace.errors import InvalidInputError, NotAllowedError
from marketplace.insurance import queries, services
from marketplace.insurance.errors import (
    CoverNotOpenError,
    DeclineStandsError,
    OptionNotOfferedError,
    ProductExistsError,
    ProductNotFiledError,
    QuoteStateError,
    RequestStateError,
    SubsidyAbovePremiumError,
    SumOutOfRangeError,
    VersionExpiredError,
)
from marketplace.projects.queries import find_project, list_consents
from marketplace.projects.services import revoke_score_consent
from tests.factories import MOMENT
from tests.factories.insurance import EVENT, YUAN, product_values


def price(market: Any, request: Any, **values: Any) -> Any:
    return market.act(services.price_quote, "quote", market.quote_of(request), market.insurer, **values)


def test_missing_score_refers_without_a_price(market: Any) -> None:
    market.product()
    quote = price(market, market.request(market.project(probability=None)))
    assert (quote.state, quote.premium_minor, quote.flags[0]["code"]) == ("referred", None, "trigger_not_given")


def test_expired_score_refers(market: Any) -> None:
    market.product()
    project = market.project(probability=None)
    market.score(project, 0.3, MOMENT - timedelta(days=181))
    quote = price(market, market.request(project))
    assert (quote.state, quote.flags[0]["code"]) == ("referred", "score_expired")


def test_quote_is_never_valid_beyond_the_score_behind_it(market: Any) -> None:
    market.product()
    project = market.project(probability=None)
    market.score(project, 0.3, MOMENT - timedelta(days=175))
    quote = price(market, market.request(project))
    assert quote.valid_until == date(2026, 11, 23) + timedelta(days=5)


def test_latest_score_decides(market: Any) -> None:
    market.product()
    project = market.project(probability=0.6)
    score = market.score(project, 0.3)
    quote = price(market, market.request(project))
    assert (quote.score_id, quote.premium_minor) == (score.id, 680_657 * YUAN)


@pytest.mark.parametrize(
    ("field", "value"),
    [("trigger_probability", "0.1"), ("premium_minor", "50000000"), ("rate_on_sum_insured", "0.05")],
)
def test_the_score_alone_declines_nobody(market: Any, field: str, value: str) -> None:
    """Premium and rate follow the score: a rule over them is the score in another dress."""
    rule = {"effect": "decline", "field": field, "operator": "above", "value": value,
            "reason_zh": "过高", "reason_en": "too high"}  # fmt: skip
    market.product(rules=[rule])
    quote = price(market, market.request(market.project()))
    assert (quote.state, quote.state_reason, quote.flags[0]["reason_en"]) == ("referred", "score_alone", "too high")
    with pytest.raises(DeclineStandsError):
        market.act(services.offer_quote, "quote", quote.public_id, market.insurer, ground="still want it")
    declined = market.act(
        services.decline_quote, "quote", quote.public_id, market.insurer, reason="No line of ours fits this process."
    )
    assert declined.state == "declined"


def test_a_rule_over_the_premium_that_any_score_would_break_declines(market: Any) -> None:
    rule = {"effect": "decline", "field": "premium_minor", "operator": "above", "value": "1",
            "reason_zh": "过高", "reason_en": "too high"}  # fmt: skip
    market.product(rules=[rule])
    quote = price(market, market.request(market.project()))
    assert (quote.state, quote.state_reason) == ("declined", "rule of the product")


def test_a_score_that_was_closed_again_prices_nothing(market: Any) -> None:
    market.product()
    project = market.project()
    request = market.request(project)
    with market.database.transaction() as session:
        found = find_project(session, project_id=project.id)
        (consent,) = list_consents(session, project_id=project.id)
        assert (consent.organisation_id, consent.basis) == (market.insurer.organisation.id, "quote_request")
        revoke_score_consent(session, actor=market.team.actor, project=found, consent=consent, now=MOMENT)
    quote = price(market, request)
    assert (quote.state, quote.score_id, quote.state_reason) == ("referred", None, "trigger_not_given")


def test_declining_rule_of_the_product_stands(market: Any) -> None:
    rule = {"effect": "decline", "field": "trl", "operator": "below", "value": "9",
            "reason_zh": "过低", "reason_en": "too high"}  # fmt: skip
    market.product(rules=[rule])
    request = market.request(market.project())
    quote = price(market, request)
    assert (quote.state, quote.flags[0]["reason_en"]) == ("declined", "too high")
    with pytest.raises(QuoteStateError):
        market.act(services.offer_quote, "quote", quote.public_id, market.insurer, ground="still want it")


def test_referring_rule_waits_for_the_underwriters_ground(market: Any) -> None:
    rule = {"effect": "refer", "field": "recycle_streams", "operator": "above", "value": "0",
            "reason_zh": "循环流", "reason_en": "recycle"}  # fmt: skip
    market.product(rules=[rule])
    quote = price(market, market.request(market.project()))
    assert (quote.state, quote.premium_minor) == ("referred", 680_657 * YUAN)
    with pytest.raises(InvalidInputError):
        market.act(services.offer_quote, "quote", quote.public_id, market.insurer)
    offered = market.act(services.offer_quote, "quote", quote.public_id, market.insurer, ground="Filter added.")
    assert (offered.state, offered.underwriter_ground) == ("offered", "Filter added.")


def test_unknown_figure_of_a_rule_refers(market: Any) -> None:
    rule = {"effect": "decline", "field": "not_stated", "operator": "above", "value": "1", "reason_zh": "x",
            "reason_en": "x"}  # fmt: skip
    market.product(rules=[rule])
    quote = price(market, market.request(market.project()))
    assert (quote.state, quote.flags[0]["code"]) == ("referred", "missing_factor_level")


@pytest.mark.parametrize(
    ("product", "request_", "error"),
    [
        ({"sum_min_minor": 10**10}, {}, SumOutOfRangeError),
        ({"deductible_options": ["0.20"]}, {}, OptionNotOfferedError),
        ({"insurer_share_options": ["0.40"]}, {}, OptionNotOfferedError),
        ({"cost_items": ["materials"]}, {}, OptionNotOfferedError),
        ({}, {"subsidies": [{"payer": "p", "amount_minor": 10**12, "source": "p"}]}, SubsidyAbovePremiumError),
        ({"valid_to": date(2026, 11, 22)}, {}, ProductNotFiledError),
    ],
)
def test_terms_that_the_product_does_not_offer_leave_the_draft(
    market: Any, product: dict[str, Any], request_: dict[str, Any], error: type[Exception]
) -> None:
    market.product(**product)
    request = market.request(market.project(), **request_)
    with pytest.raises(error):
        price(market, request)
    with market.database.transaction("read") as session:
        quote = queries.get_quote(session, actor=market.insurer.actor, public_id=market.quote_of(request))
    assert (quote.state, quote.trail, quote.product_id) == ("draft", None, None)


def test_expired_version_is_refused_by_name(market: Any) -> None:
    product = market.product(valid_to=date(2026, 11, 22))
    with pytest.raises(VersionExpiredError):
        price(market, market.request(market.project()), product=product)


def test_new_version_supersedes_the_one_before(market: Any) -> None:
    market.product()
    request = market.request(market.project())
    first = market.offered(request)
    second = market.act(services.revise_quote, "quote", first.public_id, market.insurer)
    assert (second.version, second.state) == (2, "draft")
    with market.database.transaction("read") as session:
        assert queries.get_quote(session, actor=market.team.actor, public_id=first.public_id).state == "superseded"
    assert market.offered(request).version == 2


def test_refusals_are_kept_with_their_reason(market: Any) -> None:
    market.product()
    request = market.request(market.project())
    with pytest.raises(InvalidInputError):
        market.act(services.decline_quote, "quote", market.quote_of(request), market.insurer, reason=" ")
    declined = market.act(
        services.decline_quote, "quote", market.quote_of(request), market.insurer, reason="No capacity."
    )
    assert (declined.state, declined.state_reason) == ("declined", "No capacity.")


def test_withdrawn_request_takes_no_price(market: Any) -> None:
    market.product()
    request = market.request(market.project())
    quote = market.quote_of(request)
    market.act(services.withdraw_request, "request", request.public_id, market.team)
    with pytest.raises(RequestStateError):
        market.act(services.price_quote, "quote", quote, market.insurer)


def test_claimed_level_opens_nothing_without_an_underwriter(market: Any) -> None:
    market.product()
    project = market.projects.published(market.team, market.operator)
    market.score(project)
    quote = price(market, market.request(project))
    assert (quote.state, quote.premium_minor, quote.flags[0]["code"]) == ("referred", None, "level_not_assessed")


def test_cover_closed_at_the_assessed_level_is_not_asked_for(market: Any) -> None:
    project = market.projects.published(market.team, market.operator)
    market.projects.assessed(project, market.team, market.assessor, trl=3, mrl=3)
    with pytest.raises(CoverNotOpenError):
        market.request(project)


def test_only_the_team_asks_and_only_the_asked_insurer_prices(market: Any, make: Any) -> None:
    market.product()
    project = market.project()
    with pytest.raises(NotAllowedError), market.database.transaction() as session:
        services.request_quotes(
            session, actor=make.member("project_team").actor, project=project, insurers=[market.insurer.organisation],
            schedule=[{"code": "materials", "sum_insured_minor": 1}], deductible_minor=0, limit_minor=1,
            insurer_share="0.5", cover_from=date(2027, 1, 1), cover_to=date(2028, 1, 1), insured_event=EVENT,
            now=MOMENT,
        )  # fmt: skip
    with pytest.raises(NotAllowedError):
        market.act(services.price_quote, "quote", market.quote_of(market.request(project)), market.operator)


def test_product_version_is_filed_once_and_only_with_sound_figures(market: Any) -> None:
    market.product()
    with pytest.raises(ProductExistsError):
        market.product()
    for changes in (
        {"loadings": {**product_values()["loadings"], "profit": "0.9"}},
        {"trigger_map": {}},
        {"disclosures": []},
        {"filing_number": " "},
        {"cost_items": ["wages"]},
        {"loss_share_of_limit": None},
        {"valid_to": date(2020, 1, 1)},
    ):
        with pytest.raises(InvalidInputError):
            market.product(code="other", **changes)
    with pytest.raises(NotAllowedError):
        market.product(market.team, code="other")


def test_api_shows_trail_and_money_objects_and_refuses_unknown_keys(market: Any, new_browser: Any) -> None:
    market.product()
    project = market.project()
    with market.database.transaction() as session:
        keys = {
            name: create_api_key(
                session, actor=member.actor, name="k", scopes=["read", "write"], days=365, now=clock.now()
            )[1]
            for name, member in (("team", market.team), ("insurer", market.insurer), ("rival", market.rival))
        }
    client = new_browser().client
    headers = {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
    body = {
        "project_id": project.public_id, "insurer_ids": [market.insurer.organisation.public_id],
        "schedule": [{"code": "materials", "sum_insured": {"amount_minor": 930_000_000, "currency": "CNY"}}],
        "deductible": {"amount_minor": 93_000_000, "currency": "CNY"},
        "limit": {"amount_minor": 400_000_000, "currency": "CNY"}, "insurer_share": "0.50",
        "cover_from": "2027-01-15", "cover_to": "2028-12-31", "target_by": "2028-11-30",
        "insured_event": {"text_zh": "收率低", "text_en": "low yield"}, "insurer_freely_chosen": True,
    }  # fmt: skip
    base = "/api/v1/quotes"
    for wrong in (
        {"extra": 1}, {"insurer_share": 0.5}, {"insurer_share": "1e-1"}, {"deductible": 1}, {"limit": None},
        {"limit": {"amount_minor": "4", "currency": "CNY"}}, {"limit": {"amount_minor": 4, "currency": "USD"}},
        {"schedule": []}, {"cover_to": "x"}, {"insurer_freely_chosen": False},
    ):  # fmt: skip
        answer = client.post(f"{base}/requests", json={**body, **wrong}, headers=headers["team"])
        assert answer.status_code == 422, (wrong, answer.json)
        assert answer.json["error"]["code"]
    made = client.post(f"{base}/requests", json=body, headers=headers["team"])
    assert made.status_code == 201, made.json
    quote = client.get(base, headers=headers["insurer"]).json["data"][0]["id"]
    assert client.get(base, headers=headers["rival"]).json["data"] == []
    assert client.get(f"{base}/{quote}", headers=headers["rival"]).status_code == 404
    assert client.get(f"{base}/{quote}", headers=headers["team"]).status_code == 404
    priced = client.post(f"{base}/{quote}/price", headers=headers["insurer"])
    assert priced.status_code == 200, priced.json
    assert priced.json["premium"] == {"amount_minor": 680_657 * YUAN, "currency": "CNY"}
    assert priced.json["trail"]["trigger"]["probability"] == "0.12"
    assert client.post(f"{base}/{quote}/offer", json={}, headers=headers["insurer"]).status_code == 200
    assert client.post(f"{base}/{quote}/accept", headers=headers["insurer"]).status_code == 403
    assert client.post(f"{base}/{quote}/accept", headers=headers["team"]).json["state"] == "accepted"
    assert client.post(f"{base}/{quote}/accept", headers=headers["team"]).status_code == 409
    listed = client.get(f"{base}?request_id={made.json['id']}", headers=headers["team"]).json
    assert [row["state"] for row in listed["data"]] == ["accepted"]
