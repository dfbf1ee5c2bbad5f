"""The premium by assessed level, through the pages: entered by the insurer, shown on the quote, kept from followers."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from marketplace.insurance import queries, services
from marketplace.insurance.level_premiums import build_level_factor
from tests.conftest import table_counts
from tests.factories.insurance import YUAN, PanelFactory
from tests.functional.insurance.test_panel_score import read_by_api, set_consent

TABLE = [{"trl": 5, "value": "1"}, {"trl": 6, "value": "0.9"}, {"trl": 8, "value": "0.5"}]
FORM = {
    "code": "x", "version": "1", "name_zh": "产品", "name_en": "Product", "filing_number": "X-1",
    "filing_is_fictional": "1", "valid_from": "2026-01-01",
    "cost_items": ["materials", "personnel", "centre_fees", "testing"], "deductible_options": "10, 20",
    "insurer_share_options": "40, 50", "insured_cause": "50", "determination_agrees": "80", "variable": "5",
    "commission": "10", "profit": "10", "risk": "5", "loss_share_of_limit": "90", "fixed": "20000",
    "disclosures": "除外一", "disclosures_en": "one",
}  # fmt: skip
CELLS = {"level_factor_trl5": "100", "level_factor_trl6": "90", "level_factor_trl8": "50"}


def premium_at(factor: float) -> int:
    """The premium by hand: 0.3 x 0.5 x 0.8 of 90 % of 4 million, 20,000 fixed, 5 % of the deviation, over 0.75."""
    probability, payout = 0.12 * factor, 3_600_000
    technical = probability * payout + 20_000 + 0.05 * payout * math.sqrt(probability * (1 - probability))
    return round(technical / 0.75) * YUAN


def read_rows(page: str) -> dict[str, list[str]]:
    """Cells of the table by level."""
    section = page.split('id="levels"', 1)[1].split("</section>", 1)[0]
    rows = re.findall(r'<th scope="row">(TRL \d)</th>(.*?)</tr>', section, flags=re.DOTALL)
    cells = {level: re.findall(r"<td[^>]*>(.*?)</td>", rest, flags=re.DOTALL) for level, rest in rows}
    return {
        level: [re.sub(r"<[^>]+>", "", cell).replace("\N{NO-BREAK SPACE}", " ") for cell in row]
        for level, row in cells.items()
    }


def test_a_product_filed_with_factors_by_level_prices_and_shows_every_level(market: Any, new_browser: Any) -> None:
    insurer = new_browser().sign_in(market.insurer.user)
    filed = insurer.submit("/insurance-products/new", {**FORM, **CELLS})
    assert filed.status_code == 302, filed.get_data(as_text=True)[:3000]
    shown = read_rows(insurer.get(f"{filed.headers['Location']}?lang=en").get_data(as_text=True))
    assert {level: row[0] for level, row in shown.items()} == {
        "TRL 5": "× 100.0%", "TRL 6": "× 90.0%", "TRL 7": "× 90.0%", "TRL 8": "× 50.0%", "TRL 9": "× 50.0%",
    }  # fmt: skip
    quote = market.offered(market.request(market.project()))
    assert quote.premium_minor == premium_at(0.9)
    for member in (market.insurer, market.team):
        page = new_browser().sign_in(member.user).get(f"/quotes/{quote.public_id}?lang=en").get_data(as_text=True)
        rows = read_rows(page)
        assert list(rows) == ["TRL 5", "TRL 6", "TRL 7", "TRL 8", "TRL 9"]
        for level, factor in (("TRL 5", 1.0), ("TRL 6", 0.9), ("TRL 8", 0.5)):
            assert rows[level][1] == f"CNY {premium_at(factor) // YUAN:,}.00"
        assert rows["TRL 6"][2:] == ["CNY 0.00", "The level of this quote"]
        assert rows["TRL 8"][2].endswith(f"{(premium_at(0.9) - premium_at(0.5)) // YUAN:,}.00")


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"level_factor_trl6": "90"}, "level_factor_trl6"),
        ({"level_factor_trl6": "100", "level_factor_trl7": "100"}, "level_factor_trl7"),
        ({"level_factor_trl6": "100", "level_factor_trl7": "80", "level_factor_trl8": "85"}, "level_factor_trl8"),
        ({"level_factor_trl6": "100", "level_factor_trl7": "0"}, "level_factor_trl7"),
        ({"level_factor_trl6": "101"}, "level_factor_trl6"),
        ({"level_factor_trl6": "100", "level_factor_trl9": "NaN"}, "level_factor_trl9"),
    ],
)
def test_a_wrong_factor_is_refused_at_its_cell_and_nothing_is_filed(
    market: Any, new_browser: Any, cells: dict[str, str], field: str
) -> None:
    insurer = new_browser().sign_in(market.insurer.user)
    before = table_counts(market.database)
    refused = insurer.submit("/insurance-products/new", {**FORM, **cells, "name_en": "Kept"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert f'href="#field-{field}"' in page
    assert 'value="Kept"' in page
    after = table_counts(market.database)
    assert {**after, "audit_line": 0} == {**before, "audit_line": 0}


def test_a_level_below_the_table_is_referred_and_a_rule_is_named_beside_its_row(market: Any, new_browser: Any) -> None:
    market.product(level_factors=[{"trl": 7, "value": "1"}, {"trl": 8, "value": "0.6"}])
    request = market.request(market.project())
    quote = market.act(services.price_quote, "quote", market.quote_of(request), market.insurer)
    assert (quote.state, quote.state_reason) == ("referred", "missing_factor_level")
    assert services.premiums_by_level(quote) == []
    rule = {"effect": "decline", "field": "trl", "operator": "below", "value": "6", "reason_zh": "六级起",
            "reason_en": "from level 6"}  # fmt: skip
    market.product(market.rival, code="rival", rules=[rule], level_factors=TABLE)
    asked = market.request(market.project(), [market.rival])
    offered = market.offered(asked, market.rival)
    with market.database.transaction("read") as session:
        found = queries.get_quote(session, actor=market.rival.actor, public_id=offered.public_id)
        decisions = {row.trl: row.decision for row in services.premiums_by_level(found)}
    assert decisions == {5: "decline", 6: "offer", 7: "offer", 8: "offer", 9: "offer"}
    page = new_browser().sign_in(market.rival.user).get(f"/quotes/{offered.public_id}?lang=en").get_data(as_text=True)
    assert read_rows(page)["TRL 5"][3] == "A rule of the product declines"


def test_a_level_too_certain_to_be_priced_says_so(market: Any, new_browser: Any) -> None:
    loadings = {"fixed_minor": 0, "variable": "0", "commission": "0", "profit": "0", "risk": "1"}
    market.product(level_factors=[{"trl": 5, "value": "1"}, {"trl": 6, "value": "0.1"}], loadings=loadings,
                   trigger_map={name: {"value": "1", "basis": "judgement", "source": "own"}
                                for name in ("insured_cause", "determination_agrees")})  # fmt: skip
    quote = market.offered(market.request(market.project(probability=0.9)))
    page = new_browser().sign_in(market.team.user).get(f"/quotes/{quote.public_id}?lang=en").get_data(as_text=True)
    assert read_rows(page)["TRL 5"][1:] == ["—", "—", "Cannot be priced at this level"]


def test_a_product_without_factors_shows_no_table(market: Any, new_browser: Any) -> None:
    market.product()
    quote = market.offered(market.request(market.project()))
    page = new_browser().sign_in(market.team.user).get(f"/quotes/{quote.public_id}").get_data(as_text=True)
    assert 'id="levels"' not in page


def test_a_follower_without_consent_reads_no_premium_of_another_level(make: Any, new_browser: Any) -> None:
    panel = PanelFactory(make)
    quote = panel.shared(level_factors=TABLE)
    client, follower = new_browser().client, new_browser().sign_in(panel.second.user)
    page = f"/quotes/{quote.public_id}?lang=en"
    assert 'id="levels"' not in follower.get(page).get_data(as_text=True)
    assert read_by_api(panel, client, panel.second, quote)["premiums_by_level"] == []
    set_consent(panel, quote, panel.second.organisation, given=True)
    rows = read_by_api(panel, client, panel.second, quote)["premiums_by_level"]
    assert [(row["trl"], row["priced"]) for row in rows] == [(5, False), (6, True), (7, False), (8, False), (9, False)]
    assert rows[3]["premium"] == {"amount_minor": premium_at(0.5), "currency": "CNY"}
    assert 'id="levels"' in follower.get(page).get_data(as_text=True)


def test_levels_between_two_rows_hold_the_value_of_the_row_below() -> None:
    values = build_level_factor(TABLE)["values"]
    assert values == {"5": "1", "6": "0.9", "7": "0.9", "8": "0.5", "9": "0.5"}
