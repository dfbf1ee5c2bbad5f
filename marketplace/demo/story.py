"""Scenario A through the services, and the parts of the market that hang on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from marketplace.demo import cover
from marketplace.demo.deal import Deal
from marketplace.demo.deal_records import QuoteRequest
from marketplace.demo.financing import noon
from marketplace.demo.listings import assess_project, get_built, list_project, score_project
from marketplace.demo.mandates import set_mandate
from marketplace.demo.market import Market, hold_round
from marketplace.funding.queries import find_round
from marketplace.insurance.models import Policy
from marketplace.linkage.services import record_round_report
from marketplace.money import Money

PROJECT, ROUND = "flow-chem", "R-FLOW"
ROUND_DAY = date(2027, 1, 8)
SUCCESS_CLOSED, FAILURE_CLOSED = "2028-09-20", "2028-09-30"
DETERMINED_ON = date(2028, 10, 20)
# The score's raw failure of the story; with the product's factors it gives the trigger of 12 %. Invented.
STATED_MISS = "0.30"
ACCEPTED_SPEND = {"personnel": 270_000_000, "materials": 228_000_000, "centre_fees": 280_000_000, "testing": 62_000_000}
# Failure is shown first.
ENDINGS = ("failure_without_cover", "hard_failure", "success")
SUFFIX = {"failure_without_cover": "f1", "hard_failure": "f2", "success": "s"}
TITLES = {
    "failure_without_cover": ("（情景A：未达标且无赔付）", " (scenario A: missed, no insured event)"),
    "hard_failure": ("（情景A：硬失败）", " (scenario A: hard failure)"),
    "success": ("（情景A：成功）", " (scenario A: success)"),
}
SEATS = {
    "project": "lanqiao", "angel": "chenlu-angel", "industrial": "lufeng-industrial", "guidance": "luzhong-guidance",
    "bank": "zhongqi-bank", "insurer": "anlan-insurance", "pool": "luzhong-pool", "centre": "luzhong-fine-centre",
}  # fmt: skip


def play_ending(market: Market, ending: str) -> Deal:
    """A copy of the flow-chemistry project, taken from listing to one of the three endings of scenario A."""
    code = f"{PROJECT}-{SUFFIX[ending]}"
    titles = list_copy(market, ending, code=code)
    request_id = ask_insurers(market, code=code)
    record = next(item for item in market.content.rounds if item.code == ROUND)
    record = replace(record, project=code, state="closed", closed_on=record.deadline_on)
    round_id = hold_round(market, record, project_code=code)
    deal = sign_deal(market, code=code, round_id=round_id, titles=titles)
    play_to_the_end(market, deal, ending, request_id=request_id)
    last = date.fromisoformat(SUCCESS_CLOSED if ending == "success" else FAILURE_CLOSED)
    deal.end_pilot("completed" if ending == "success" else "failed", now=noon(last, 18))
    return deal


def cover_record(market: Market) -> QuoteRequest:
    """What the team of scenario A asks of the insurers."""
    return next(item for item in market.content.quote_requests if item.project == PROJECT)


def ask_insurers(market: Market, *, code: str) -> str:
    """Three insurers quote under seal; the underwriter of the story states the score's raw 30 %, which is invented."""
    record = cover_record(market)
    now = noon(ROUND_DAY - timedelta(days=8))
    request_id = cover.ask_for_cover(market, record, code=code, now=now)
    cover.answer_request(market, request_id, record=record, now=now + timedelta(hours=2), missing=STATED_MISS)
    return request_id


def sign_deal(market: Market, *, code: str, round_id: int, titles: tuple[str, str]) -> Deal:
    """Drafted from the closed round, simulated for every party, signed by all."""
    from risk.sharing.templates.scenario_a import parameters

    deal = market.deal(SEATS)
    deal.draft(
        project=market.project(code), parameters=parameters(), title_zh=titles[0], title_en=titles[1],
        now=noon(ROUND_DAY, 18), round_id=round_id,
    )  # fmt: skip
    deal.simulate(now=noon(ROUND_DAY, 18))
    deal.sign_all(now=noon(ROUND_DAY, 19))
    deal.start_pilot(now=noon(ROUND_DAY, 20))
    return deal


def play_to_the_end(market: Market, deal: Deal, ending: str, *, request_id: str) -> None:
    """Every event of the ending by whoever decides it; the premium and the claim come from the insurance domain."""
    from risk.sharing.templates.scenario_a import scenario_a

    policies: list[Policy] = []

    def pay_premium(_event: dict[str, Any], on: date) -> None:
        policies.append(
            cover.bind_best(
                market, request_id, record=cover_record(market), insurer=SEATS["insurer"], now=noon(on, 9), paid_on=on
            )
        )

    def settle_claim(_event: dict[str, Any], on: date) -> None:
        cover.settle_claim(market, policies[0], spend=ACCEPTED_SPEND, event_on=DETERMINED_ON, paid_on=on)

    deal.facts = {"premium_paid": pay_premium, "insurance_recovery": settle_claim}
    deal.play(scenario_a(ending)["events"])


def list_copy(market: Market, ending: str, *, code: str) -> tuple[str, str]:
    """List, assess and score the copy; returns its titles."""
    record = market.content.get_project(PROJECT)
    title_zh, title_en = record.title_zh + TITLES[ending][0], record.title_en + TITLES[ending][1]
    copy = replace(record, title_zh=title_zh, title_en=title_en, state="published")
    now = noon(market.content.get_project(PROJECT).planned_start.replace(year=2026, month=8, day=3))
    with market.database.transaction() as session:
        project_id = list_project(session, record=copy, content=market.content, cast=market.cast, now=now, code=code).id
    with market.database.transaction() as session:
        assess_project(
            session, project=get_built(session, project_id), record=copy, cast=market.cast, store=market.store,
            now=now, assessor="chidu-assessors",
        )  # fmt: skip
    with market.database.transaction() as session:
        score_project(session, project=get_built(session, project_id), model=market.model, now=now)
    return title_zh, title_en


def set_mandates(market: Market) -> None:
    """One mandate of each funder of the content."""
    for record in market.content.mandates:
        set_mandate(market, record)
    market.say(f"{len(market.content.mandates)} mandates")


def file_reports(market: Market, rounds: dict[str, int]) -> None:
    """What the reporters of a round say of it: they tell one round differently."""
    count = 0
    for record in market.content.rounds:
        for claim in record.claims:
            with market.database.transaction() as session:
                round_ = find_round(session, round_id=rounds[record.code])
                assert round_ is not None
                record_round_report(
                    session, actor=market.cast.actor(claim.reporter), round_=round_,
                    investor=market.cast.organisations[claim.investor],
                    amount=Money(claim.amount_minor, round_.currency), paid_on=claim.paid_on,
                    filed_on=claim.filed_on, evidence=claim.evidence, now=noon(market.today),
                )  # fmt: skip
            count += 1
    market.say(f"{count} filings of reporters")
