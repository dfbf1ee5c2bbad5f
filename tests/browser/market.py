"""A compact demonstration market for the browser: the builder's own steps on a few records of its content."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from marketplace import clock
from marketplace.accounts.services.demonstration import DEMO_PASSWORD
from marketplace.accounts.signin.hashing import hash_password
from marketplace.app import create_app
from marketplace.config import Settings
from marketplace.db import Base
from marketplace.demo import arrangements, builder, story
from marketplace.demo.cover import insure_projects
from marketplace.demo.deal_terms import plan_deal
from marketplace.demo.pool import open_register
from marketplace.jobs.services import run_due_jobs

# In a round that is open, in one that is closed with an agreement in signing, published, verified, draft.
PROJECTS = (
    "flow-chem", "hafnium-precursor", "zinc-alloy-stent", "direct-peroxide", "low-fire-porcelain", "fdca-bubble-column",
)  # fmt: skip
ROUNDS = ("R-FLOW", "R-HAFNIUM", "R-STENT")
SMALL_CODE = "flow-chem-small"
SMALL_TITLES = ("小协议：连续流中试", "Small agreement: continuous-flow pilot")
SMALL_INVESTORS = ("angel", "industrial")
# A round that lacks exactly one ticket of the angel before its team can close it.
LAST_TICKET_PROJECT = "fdca-bubble-column"
LAST_TICKET_TITLES = ("只差一笔的轮次", "Round that lacks one ticket")


def build_market(settings: Settings) -> None:
    """Fill an empty database; every row is written by the services that people use."""
    app = create_app(settings)
    Base.metadata.create_all(app.database.engine)
    with app.app_context():
        market = builder.prepare_market(
            app.database, app.file_store, settings, password_hash=hash_password(DEMO_PASSWORD), say=lambda text: None
        )
        whole = market.content
        market.content = replace(
            whole,
            projects=tuple(item for item in whole.projects if item.code in PROJECTS),
            rounds=tuple(item for item in whole.rounds if item.code in ROUNDS),
            quote_requests=tuple(item for item in whole.quote_requests if item.project in PROJECTS),
        )
        builder.list_projects(market)
        insure_projects(market)
        story.set_mandates(market)
        rounds = builder.hold_rounds(market)
        builder.make_agreements(market, rounds)
        arrangements.play_arrangements(market)
        for record in whole.arrangements.pool:
            open_register(market, record)
        story.play_ending(market, "success")
        _negotiate_small(market)
        _leave_one_ticket(market)
        run_due_jobs(app.database)
    app.database.engine.dispose()


def _negotiate_small(market: builder.Market) -> None:
    """A draft that a team and two funds have before them; the browser simulates and signs it."""
    story.list_copy(market, "success", code=SMALL_CODE)
    record = next(item for item in market.content.rounds if item.code == story.ROUND)
    investors = [story.SEATS[name] for name in SMALL_INVESTORS]
    commitments = tuple(item for item in record.commitments if item.investor in investors)
    amount = sum(item.amount_minor for item in commitments)
    record = replace(
        record, project=SMALL_CODE, state="closed", closed_on=record.deadline_on, commitments=commitments,
        rules=(), target_minor=amount, minimum_minor=amount, cap_minor=amount,
    )  # fmt: skip
    round_id = builder.hold_round(market, record, project_code=SMALL_CODE)
    project = replace(market.content.get_project(story.PROJECT), pilot_centre=None)
    plan = plan_deal(record, project=project, content=market.content)
    for number, call in enumerate(plan.parameters["calls"]):
        # The first drawdown can be called on the day on which the browser signs.
        call["on"] = (market.today + timedelta(days=120 * number)).isoformat()
    market.deal(plan.seats).draft(
        project=market.project(SMALL_CODE), parameters=plan.parameters, title_zh=SMALL_TITLES[0],
        title_en=SMALL_TITLES[1], now=clock.now(), round_id=round_id,
    )  # fmt: skip


def _leave_one_ticket(market: builder.Market) -> None:
    record = next(item for item in market.content.rounds if item.code == story.ROUND)
    industrial = tuple(item for item in record.commitments if item.investor == story.SEATS["industrial"])
    record = replace(
        record, code="R-LAST", commitments=industrial, rules=(), title_zh=LAST_TICKET_TITLES[0],
        title_en=LAST_TICKET_TITLES[1], target_minor=700_000_000, minimum_minor=700_000_000, cap_minor=700_000_000,
    )  # fmt: skip
    builder.hold_round(market, record, project_code=LAST_TICKET_PROJECT)
