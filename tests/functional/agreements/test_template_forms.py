"""The forms of the other templates, through the door: what is typed becomes the terms of the template."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.agreements import queries
from marketplace.agreements.models import Agreement
from marketplace.agreements.rules import TEMPLATES
from marketplace.web.agreements.template_forms import FORMS
from tests.conftest import table_counts
from tests.factories import agreements as factory

Json = dict[str, Any]
TITLES = {"title_zh": "协议", "title_en": "Agreement"}
BANK = {
    "founders_zh": "创始人", "founders_en": "Founders", "call1_on": "2027-01-15", "bank_T1": "3,000,000",
    "bank_rate": "4.2", "bank_repay1_on": "2028-01-20", "bank_repay1": "3000000",
}  # fmt: skip


@pytest.fixture
def scene(make: Any, browser: Any) -> Json:
    team = make.member("project_team")
    project = factory.make_project(make, team)
    browser.sign_in(team.user)
    return {"make": make, "browser": browser, "project": project, "url": f"/projects/{project.public_id}/agreements"}


def fill(scene: Json, template: str) -> dict[str, str]:
    """A filled form of the template with members of the kinds that it needs."""

    def member(kind: str) -> str:
        return str(scene["make"].member(kind).organisation.public_id)

    if template == "licence":
        return {
            **TITLES, "licensor_organisation": member("project_team"), "contract": "L-7", "entry_fee": "500,000",
            "entry_fee_milestone": "M0", "entry_fee_credited": "yes", "cap": "5000000",
            "royalty_rate": "3", "base_zh": "不含税销售额", "base_en": "net sales",
        }  # fmt: skip
    if template == "royalty_to_cap":
        return {
            **TITLES, "receiver_organisation": member("pilot_centre"), "contract": "S-3", "royalty_rate": "3",
            "upto1": "1000000", "rate2": "4", "upto2": "5000000", "rate3": "5", "cap": "900000",
            "base_zh": "不含税销售额", "base_en": "net sales",
        }  # fmt: skip
    if template == "fund_first":
        return {
            **TITLES, "shareholders_zh": "股东", "shareholders_en": "Shareholders", "call1_on": "2027-01-15",
            "call2_on": "2027-09-15", "call2_milestone": "M1", "funder_organisation": member("guidance_fund"),
            "funder_T1": "2000000", "funder_T2": "1000000", "auditor_organisation": member("auditor"), "discount": "10",
            "holding_cap": "20", "convert_by": "2029-12-31", "price_rule_zh": "下一轮价格",
            "price_rule_en": "next round",
            "exemption_zh": "尽职免责", "exemption_en": "diligence",
        }  # fmt: skip
    bank = {**TITLES, **BANK, "bank_organisation": member("bank")}
    if template == "guaranteed_loan":
        return {
            **bank, "guarantor_organisation": member("guarantor"), "guarantor_share": "80",
            "guarantor_limit": "2400000", "guarantor_fee": "24000", "chain1_organisation": member("guarantor"),
            "chain1_share": "30", "chain2_organisation": member("guarantor"), "chain2_share": "20",
        }  # fmt: skip
    return {
        **bank, "pool_organisation": member("pool_operator"), "pool_share": "40", "pool_loan_limit": "1500000",
        "pool_year_limit": "3000000",
    }  # fmt: skip


def read_terms(scene: Json) -> Json:
    with scene["make"].database.transaction("read") as session:
        agreement = session.query(Agreement).one()
        return queries.load_terms(queries.get_version(session, agreement=agreement))


def test_every_template_of_a_project_has_a_form_and_the_chooser_leads_to_it(scene: Json) -> None:
    # a sub-fund belongs to no project; the joint pilot has its own page
    assert set(FORMS) | {"joint_pilot", "sub_fund"} == set(TEMPLATES)
    page = scene["browser"].get(f"{scene['url']}/templates").get_data(as_text=True)
    assert f'{scene["url"]}/new"' in page
    for template in FORMS:
        assert f'{scene["url"]}/new/{template}"' in page
        form = scene["browser"].get(f"{scene['url']}/new/{template}")
        assert form.status_code == 200, template
        assert "<form" in form.get_data(as_text=True)
    assert scene["browser"].get(f"{scene['url']}/new/sub_fund").status_code == 404


@pytest.mark.parametrize("template", FORMS)
def test_form_becomes_the_terms_of_its_template(scene: Json, template: str) -> None:
    answer = scene["browser"].submit(f"{scene['url']}/new/{template}", fill(scene, template))
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    terms = read_terms(scene)
    amounts = {item["id"]: item["commitment_minor"] for item in terms.get("instruments", [])}
    if template == "licence":
        assert terms["revenue_share"]["rate"] == "0.03"
        assert (terms["revenue_share"]["cap_minor"], terms["revenue_share"]["advance"]) == (500_000_000, "entry-fee")
        assert terms["claims"][0]["due_on"] == {"milestone": "M0"}
    elif template == "royalty_to_cap":
        assert terms["revenue_share"]["cap_minor"] == 90_000_000
        assert terms["revenue_share"]["mode"] == "marginal"
        assert terms["revenue_share"]["bands"] == [
            {"upto_minor": 100_000_000, "rate": "0.03"}, {"upto_minor": 500_000_000, "rate": "0.04"}, {"rate": "0.05"},
        ]  # fmt: skip
    elif template == "fund_first":
        assert amounts == {"grant": 300_000_000}
        assert terms["instruments"][0]["conversion"]["holding_cap"] == "0.2"
    else:
        assert amounts == {"loan": 300_000_000}
        channel = {"guaranteed_loan": "guarantee", "pooled_loan": "pool"}[template]
        share = terms["programs"]["recoveries"]["recover"][channel]["layer"]["share"]
        assert share == {"guaranteed_loan": "0.8", "pooled_loan": "0.4"}[template]


@pytest.mark.parametrize(
    ("template", "field", "value"),
    [
        ("licence", "royalty_rate", "NaN"), ("licence", "licensor_organisation", "org_unknown"),
        ("licence", "base_en", ""), ("licence", "entry_fee", "-1"), ("licence", "base_zh", "x" * 401),
        ("licence", "cap", "-1"), ("royalty_to_cap", "cap", ""), ("royalty_to_cap", "upto2", "900000"),
        ("royalty_to_cap", "rate2", "1e1"), ("royalty_to_cap", "receiver_organisation", ""),
        ("fund_first", "convert_by", "2029-02-30"), ("fund_first", "holding_cap", "101"),
        ("fund_first", "auditor_organisation", ""), ("fund_first", "funder_T1", "1.001"),
        ("guaranteed_loan", "guarantor_share", "10"), ("guaranteed_loan", "bank_organisation", ""),
        ("pooled_loan", "pool_year_limit", ""), ("pooled_loan", "pool_register", "no-such-register"),
        ("pooled_loan", "bank_repay1", "1"),
    ],
)  # fmt: skip
def test_wrong_field_answers_422_keeps_the_input_and_writes_nothing(
    scene: Json, template: str, field: str, value: str
) -> None:
    filled = fill(scene, template)
    if value == "no-such-register":
        filled |= {"pool_bank_year_limit": "1000000", "pool_balance_limit": "8600000"}
    before = table_counts(scene["make"].database)
    answer = scene["browser"].submit(f"{scene['url']}/new/{template}", {**filled, field: value, "title_en": "Kept"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422, page[:2000]
    assert "error-summary" in page
    assert 'value="Kept"' in page
    after = table_counts(scene["make"].database)
    assert {**after, "audit_line": 0} == {**before, "audit_line": 0}


def test_another_team_finds_neither_chooser_nor_form(scene: Json) -> None:
    scene["browser"].sign_in(scene["make"].member("project_team").user)
    filled = fill(scene, "licence")
    answer = scene["browser"].submit(f"{scene['url']}/new/licence", filled, page="/agreements")
    assert answer.status_code in (403, 404)
    with scene["make"].database.transaction("read") as session:
        assert session.query(Agreement).count() == 0
