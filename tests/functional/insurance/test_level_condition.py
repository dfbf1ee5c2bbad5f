"""Cover that the level makes conditional: the quote carries the condition, and it is acknowledged before binding."""

from __future__ import annotations

from typing import Any

from marketplace.insurance import services
from marketplace.insurance.services import disclosure_of
from marketplace.projects.queries import find_project


def priced(market: Any, trl: int, mrl: int) -> Any:
    market.product()
    project = market.project()
    with market.database.transaction() as session:
        found = find_project(session, project_id=project.id)
        assert found is not None
        found.trl_assessed, found.mrl_assessed = trl, mrl
    request = market.request(project)
    return market.act(services.price_quote, "quote", market.quote_of(request), market.insurer)


def test_a_conditional_level_is_recorded_with_the_price_and_shown_in_both_languages(
    market: Any, new_browser: Any
) -> None:
    quote = priced(market, 5, 5)
    (row,) = quote.conditions
    assert row["code"] == "pilot-failure-insurance-trl-4-5-mrl-4-10"
    assert row["valid_from"] == "2024-01-01"
    assert disclosure_of(quote)["conditions"] == [row]
    insurer = new_browser().sign_in(market.insurer.user)
    for language, words in (("en", "A test report in a relevant environment"), ("zh_Hans_CN", "提交相关环境试验报告")):
        assert words in insurer.get(f"/quotes/{quote.public_id}?lang={language}").get_data(as_text=True)


def test_an_open_level_leaves_no_condition(market: Any) -> None:
    quote = priced(market, 6, 5)
    assert quote.conditions == []
    assert "conditions" not in disclosure_of(quote)
