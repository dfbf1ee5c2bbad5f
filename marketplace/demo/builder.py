"""Loads the demonstration market: everything is written by the same services that people use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.demo import arrangements, story
from marketplace.demo.cover import insure_projects
from marketplace.demo.deal import Deal
from marketplace.demo.deal_records import Round as RoundRecord
from marketplace.demo.deal_terms import plan_deal, quarter_days
from marketplace.demo.financing import noon
from marketplace.demo.listings import assess_project, get_built, list_project, score_project
from marketplace.demo.market import ASSESSORS, OPENED, Market, hold_round, prepare_market
from marketplace.demo.maturing import NOT_RENEWED, disagree_and_plan, first_levels
from marketplace.demo.panel import insure_by_panels
from marketplace.demo.pool import play_pools
from marketplace.demo.sub_fund import play_sub_funds
from marketplace.files.services import FileStore
from marketplace.jobs.services import run_due_jobs
from marketplace.projects.queries import find_project_by_code
from marketplace.projects.services import move_project

# How far the agreement of each closed round has come; every state of an agreement is there.
AGREEMENT_STATES = {
    "R-LNP": "active", "R-STENT": "signing", "R-COIL": "active", "R-JOURNAL": "negotiating", "R-LYOCELL": "negotiating",
    "R-WING": "draft", "R-TIPOWDER": "completed", "R-SPUNBOND": "terminated", "R-DPCR": "liquidated",
}  # fmt: skip


def load_market(
    database: Database, store: FileStore, settings: Settings, *, password_hash: str, say: Callable[[str], None]
) -> Market:
    """The whole demonstration market on an empty database."""
    market = prepare_market(database, store, settings, password_hash=password_hash, say=say)
    list_projects(market)
    disagree_and_plan(market)
    insure_projects(market)
    insure_by_panels(market)
    story.set_mandates(market)
    rounds = hold_rounds(market)
    make_agreements(market, rounds)
    arrangements.play_arrangements(market)
    play_sub_funds(market)
    play_pools(market)
    for ending in story.ENDINGS:
        say(f"scenario A, {ending}")
        story.play_ending(market, ending)
    story.file_reports(market, rounds)
    run_due_jobs(database)
    return market


def list_projects(market: Market) -> None:
    """Every project of the content, assessed and scored as far as it has come."""
    for number, record in enumerate(market.content.projects):
        now = OPENED + timedelta(days=number % 60, hours=number % 8)
        with market.database.transaction() as session:
            made = list_project(session, record=record, content=market.content, cast=market.cast, now=now)
            project_id = made.id
        if record.state == "draft":
            continue
        # Assessed at the start and again of late, because an assessment expires; scored after each.
        again = noon(market.today - timedelta(days=90 + number))
        for assessor, day in ((number, now + timedelta(days=20)), (number + 1, again)):
            if record.trl_assessed is None or (day == again and record.code in NOT_RENEWED):
                break
            found = record if day == again else first_levels(record, number)
            with market.database.transaction() as session:
                assess_project(
                    session, project=get_built(session, project_id), record=found, cast=market.cast,
                    store=market.store, now=day, assessor=ASSESSORS[assessor % 2],
                )  # fmt: skip
        with market.database.transaction() as session:
            for moment in (now + timedelta(days=21), noon(market.today - timedelta(days=10))):
                score_project(session, project=get_built(session, project_id), model=market.model, now=moment)
    market.say(f"{len(market.content.projects)} pilot projects")


def hold_rounds(market: Market) -> dict[str, int]:
    """Every round of the content in its state; returns their ids by code."""
    rounds = {}
    for record in market.content.rounds:
        rounds[record.code] = hold_round(market, record, project_code=record.project)
    with market.database.transaction() as session:
        for listing in market.content.projects:
            if listing.state == "withdrawn":
                project = find_project_by_code(session, code=listing.code)
                assert project is not None
                move_project(
                    session, actor=market.cast.actor(listing.team), project=project, state="withdrawn",
                    reason="The team postponed the pilot.", now=noon(market.today),
                )  # fmt: skip
    market.say(f"{len(rounds)} rounds")
    return rounds


def make_agreements(market: Market, rounds: dict[str, int]) -> None:
    """An agreement for each closed round, as far as the table says."""
    for record in market.content.rounds:
        wanted = AGREEMENT_STATES.get(record.code)
        if wanted is not None:
            make_agreement(market, record, round_id=rounds[record.code], wanted=wanted)
            market.say(f"agreement of {record.code}: {wanted}")


def make_agreement(market: Market, record: RoundRecord, *, round_id: int, wanted: str) -> Deal:
    """Draft from the closed round and go on to the wanted state."""
    plan = plan_deal(record, project=market.content.get_project(record.project), content=market.content)
    deal = market.deal(plan.seats)
    day = record.closed_on or record.deadline_on
    deal.draft(
        project=market.project(record.project), parameters=plan.parameters, title_zh=record.title_zh,
        title_en=record.title_en, now=noon(day, 18), round_id=round_id, share=wanted != "draft",
    )  # fmt: skip
    if wanted in ("draft", "negotiating"):
        return deal
    if wanted == "terminated":
        deal.terminate(reason="The team found a licensee who pays for the pilot.", on=day, now=noon(day, 19))
        return deal
    deal.simulate(now=noon(day + timedelta(days=1)))
    signing_day = day + timedelta(days=2)
    if wanted == "signing":
        deal.sign(*list(plan.seats)[:2], now=noon(signing_day))
        return deal
    deal.sign_all(now=noon(signing_day))
    deal.start_pilot(now=noon(signing_day, 17))
    deal.play(_life(market, plan.parameters, wanted=wanted, code=record.code))
    if wanted in ("completed", "liquidated"):
        deal.end_pilot("completed" if wanted == "completed" else "failed", now=noon(market.today))
    return deal


def _life(market: Market, parameters: dict[str, Any], *, wanted: str, code: str) -> list[dict[str, Any]]:
    """A dated story for an ordinary deal: calls on their days, milestones before them, interest each quarter."""
    rows: list[tuple[date, str, dict[str, Any]]] = []
    last = market.today - timedelta(days=3)
    ended = wanted in ("completed", "liquidated")
    milestones = [item["id"] for item in parameters["milestones"]]
    loan_from: date | None = None
    for number, call in enumerate(parameters["calls"]):
        on = date.fromisoformat(call["on"])
        if on > last or (ended and milestones[-1] in call["conditions"]):
            break  # the last milestone is decided at the end
        for name in call["conditions"]:
            rows.append((on - timedelta(days=4), "milestone", {"milestone": name, "result": "pass"}))
        rows.append((on, "drawdown_call", {"tranche": call["id"]}))
        if "bank" in parameters and number == 1:
            loan_from = on
    # A deal with a loan ends on the loan's settlement day, because interest is settled on no other.
    settlement = quarter_days(date.fromisoformat(parameters["calls"][0]["on"]), last - timedelta(days=5))
    end = last if not ended else settlement[-1] - timedelta(days=1)
    if loan_from is not None:
        for day in quarter_days(loan_from, end):
            rows.append((day, "interest_due", {"instrument": "loan"}))
            rows.append((day, "distribution", {"source": "project", "collect": ["interest_due:loan"]}))
    if ended:
        rows += _ending(parameters, milestones, wanted=wanted, end=end, loan=loan_from is not None)
    rows.sort(key=lambda row: row[0])
    return [
        {"id": f"{code}-{number:02d}-{kind}", "kind": kind, "effective_on": on.isoformat(), "body": body}
        for number, (on, kind, body) in enumerate(rows, start=1)
    ]


def _ending(
    parameters: dict[str, Any], milestones: list[str], *, wanted: str, end: date, loan: bool
) -> list[tuple[date, str, dict[str, Any]]]:
    good = wanted == "completed"
    invested = sum(sum(item["amounts_minor"].values()) for item in parameters["investors"])
    rows: list[tuple[date, str, dict[str, Any]]] = [
        (end, "milestone", {"milestone": milestones[-1], "result": "pass" if good else "fail"})
    ]
    if good and "centre" in parameters:
        rows.append((end, "distribution", {"source": "project", "collect": ["claim:success-fee"]}))
    if loan:
        rows.append((end + timedelta(days=1), "interest_due", {"instrument": "loan"}))
    proceeds = invested * 4 if good else invested // 2
    rows.append(
        (end + timedelta(days=1), "exit",
         {"kind": "trade_sale" if good else "liquidation", "proceeds_minor": proceeds})
    )  # fmt: skip
    if not good:
        rows.append((end + timedelta(days=2), "write_off", {}))
    rows.append((end + timedelta(days=2), "close", {}))
    return rows
