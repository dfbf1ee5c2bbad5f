"""An agreement drafted from a closed round holds exactly what was committed."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from marketplace.agreements import queries
from marketplace.agreements.models import Agreement
from marketplace.app import Marketplace
from marketplace.demo.content import load_content
from marketplace.demo.listings import assess_project, get_built, list_project
from marketplace.demo.market import Market, hold_round, prepare_market
from marketplace.demo.people import Cast
from marketplace.demo.story import PROJECT, ROUND
from tests.conftest import Browser

FIELD = re.compile(r'<(?:input|select|textarea)[^>]*name="([^"]+)"[^>]*?(?:value="([^"]*)")?[^>]*>')


def closed_round(app: Marketplace) -> tuple[Market, int]:
    from dataclasses import replace

    with app.app_context():
        market = prepare_market(
            app.database, app.file_store, app.settings, password_hash="not a hash", say=lambda _text: None
        )
    record = load_content().get_project(PROJECT)
    with app.database.transaction() as session:
        project_id = list_project(
            session, record=replace(record, state="published"), content=market.content, cast=market.cast,
            now=market_day(market),
        ).id  # fmt: skip
    with app.database.transaction() as session:
        assess_project(
            session, project=get_built(session, project_id), record=record, cast=market.cast, store=market.store,
            now=market_day(market), assessor="chidu-assessors",
        )  # fmt: skip
    listed = next(item for item in market.content.rounds if item.code == ROUND)
    hold_round(market, replace(listed, state="closed", closed_on=listed.deadline_on), project_code=PROJECT)
    return market, project_id


def market_day(market: Market) -> Any:
    from datetime import date

    from marketplace.demo.financing import noon

    return noon(date(2026, 8, 3))


def sign_in(app: Marketplace, cast: Cast, code: str) -> Browser:
    from marketplace.accounts.models import User

    with app.database.transaction("read") as session:
        user = session.get_one(User, cast.actor(code).user_id)
    return Browser(app).sign_in(user)


def test_round_page_leads_to_a_draft_with_the_committed_amounts(app: Marketplace) -> None:
    market, _project_id = closed_round(app)
    browser = sign_in(app, market.cast, "lanqiao")
    rounds = browser.get("/rounds?lang=en").get_data(as_text=True)
    address = re.search(r'href="(/rounds/rnd_\w+)"', rounds)
    assert address is not None
    page = browser.get(address[1]).get_data(as_text=True)
    link = re.search(r'href="([^"]+/agreements/new\?round=rnd_\w+)"', page)
    assert link is not None
    form = browser.get(link[1]).get_data(as_text=True)
    assert 'value="2000000.00"' in form  # 40 % of the industrial fund's five million
    assert 'value="4400' not in form

    values = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    values |= dict(re.findall(r'id="field-[^"]+" name="([^"]+)" value="([^"]*)"', form))
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        values[name] = chosen[1] if chosen else ""
    values |= {
        "bank_rate": "4", "bank_repay1_on": "2029-06-20", "bank_repay1": "5000000.00", "centre_fee": "600000.00",
        "centre_contract": "A-1", "centre_milestone": "M3",
    }  # fmt: skip
    for unused in ("insurer_organisation", "pool_organisation", "approval_number", "subordinated"):
        values.pop(unused, None)
    values.pop("csrf_token", None)
    answer = browser.submit(link[1].split("?")[0], values, page=link[1])
    assert answer.status_code == 302, re.findall(r"field-error[^>]*>(.*?)</p>", answer.get_data(as_text=True), re.S)
    with app.database.transaction("read") as session:
        agreement = session.scalar(sa.select(Agreement))
        assert agreement is not None
        assert agreement.round_id is not None
        version = session.scalars(
            sa.select(queries.AgreementVersion).where(queries.AgreementVersion.agreement_id == agreement.id)
        ).one()
        promised = {item["party"]: item["commitment_minor"] for item in queries.load_terms(version)["instruments"]}
    assert sorted(promised.values()) == [200_000_000, 400_000_000, 500_000_000, 500_000_000]


def test_amount_that_drifts_from_the_round_is_refused(app: Marketplace) -> None:
    market, project_id = closed_round(app)
    browser = sign_in(app, market.cast, "lanqiao")
    with app.database.transaction("read") as session:
        project = get_built(session, project_id)
    foreign = browser.get(f"/projects/{project.public_id}/agreements/new?round=rnd_{'x' * 22}")
    assert foreign.status_code == 404
