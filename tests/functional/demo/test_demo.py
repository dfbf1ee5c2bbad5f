"""The demonstration market is built by the services that people use, and what it shows adds up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.accounts.models import Organisation
from marketplace.agreements import keys
from marketplace.agreements.models import AGREEMENT_STATES, Agreement, AgreementEvent
from marketplace.agreements.overview import list_balances
from marketplace.agreements.queries import find_latest_simulation, get_version
from marketplace.agreements.services.verification import verify_agreement
from marketplace.app import Marketplace
from marketplace.audit.services import verify_chain
from marketplace.demo.builder import load_market
from marketplace.demo.content import load_content
from marketplace.demo.story import ENDINGS, PROJECT, SUFFIX
from marketplace.funding.models import Round
from marketplace.funding.states import ROUND_STATES
from marketplace.insurance.models import Policy, Quote
from marketplace.insurance.panel_models import CoinsuranceLine, CoinsurancePanel
from marketplace.ledger.services import check_ledger
from marketplace.pools.models import PoolFiling, PoolMovement
from marketplace.projects.models import Project
from marketplace.projects.words import SECTORS

WORKED = Path(__file__).parents[2] / "worked_examples" / "data"


@pytest.fixture
def session(app: Marketplace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The market of the content's own day, and on the other engine one that is built half a year later."""
    # The real cost of a signing key has its own unit test; here it would be a fifth of the time.
    monkeypatch.setitem(keys.DERIVATION, "memory_kib", 64)
    monkeypatch.setitem(keys.DERIVATION, "iterations", 1)
    if app.database.engine.dialect.name == "postgresql":
        of_the_day = clock.now
        monkeypatch.setattr(clock, "now", lambda: of_the_day() + timedelta(days=180))
    with app.app_context():
        load_market(app.database, app.file_store, app.settings, password_hash="not a hash", say=lambda _text: None)
    with app.database.transaction("read") as reading:
        yield reading


def counts(session: Any, column: Any) -> dict[str, int]:
    return dict(session.execute(sa.select(column, sa.func.count()).group_by(column)).all())


def check_panel(session: Any) -> None:
    """The panel of the content is a policy in force with three insurers, each paid its own part."""
    panel = session.scalars(
        sa.select(CoinsurancePanel).options(
            sa.orm.selectinload(CoinsurancePanel.lines).joinedload(CoinsuranceLine.premium_payment)
        )
    ).one()
    policy = session.scalar(sa.select(Policy).where(Policy.quote_id == panel.quote_id))
    assert policy.state == "in_force"
    assert session.get(Project, policy.project_id).code == "dry-electrode-coating"
    assert [(line.share_bps, line.is_lead, line.state) for line in panel.lines] == [
        (4500, True, "accepted"), (3200, False, "accepted"), (2300, False, "accepted"),
    ]  # fmt: skip
    assert panel.lead_fee == "0.03"
    payments = [line.premium_payment for line in panel.lines]
    assert {payment.state for payment in payments} == {"confirmed"}
    assert [payment.payee_organisation_id for payment in payments] == [line.organisation_id for line in panel.lines]
    assert sum(payment.amount_minor for payment in payments) == policy.premium_minor - policy.subsidy_minor


def check_sub_fund(session: Any) -> None:
    """The sub-fund's partnership agreement is in force without a project, and its first call is paid as recorded."""
    (record,) = load_content().arrangements.sub_fund
    statement = sa.select(Agreement).options(sa.orm.selectinload(Agreement.parties))
    (agreement,) = session.scalars(statement.where(Agreement.project_id.is_(None))).all()
    assert agreement.state == "active"
    codes = {party.party: party.role for party in agreement.parties if party.organisation_id is not None}
    assert codes == {
        "fund": "fund", "jianghuai-guidance": "guidance_fund", "guanlan-ventures": "general_partner",
        "jianghe-industrial": "industrial_fund", "lufeng-industrial": "industrial_fund",
    }  # fmt: skip
    capital = {row["of"]: row["amount_minor"] for row in list_balances(session, agreement=agreement, locale="en")
               if row["kind"] == "capital"}  # fmt: skip
    names = {party.party: party.name("en") for party in agreement.parties}
    assert capital == {names[partner.organisation]: partner.paid_minor for partner in record.partners}
    version = get_version(session, agreement=agreement)
    assert find_latest_simulation(session, agreement=agreement, terms_hash=version.terms_hash) is not None


def check_fund_first(session: Any) -> None:
    """The grant of the content is in force, its first part drawn on its own account, certified by the auditor."""
    (record,) = load_content().arrangements.conversion
    assert sum(call.amount_minor for call in record.calls) == record.amount_minor
    project = session.scalar(sa.select(Project).where(Project.code == record.project))
    statement = sa.select(Agreement).options(sa.orm.selectinload(Agreement.parties))
    (agreement,) = [
        row for row in session.scalars(statement.where(Agreement.project_id == project.id)).all()
        if "auditor" in {party.role for party in row.parties}
    ]  # fmt: skip
    assert agreement.state == "active"
    rows = {row["name"]: row["amount_minor"] for row in list_balances(session, agreement=agreement, locale="en")}
    assert rows == {"grant:grant": record.calls[0].amount_minor}
    version = get_version(session, agreement=agreement)
    assert find_latest_simulation(session, agreement=agreement, terms_hash=version.terms_hash) is not None


def check_pool(session: Any) -> None:
    """Two banks were compensated out of one pool: the second by what the first had left of the year."""
    figures = json.loads((WORKED / "shared_pool.json").read_text(encoding="utf-8"))
    filings = session.scalars(sa.select(PoolFiling).order_by(PoolFiling.number)).all()
    assert [(filing.number, filing.state) for filing in filings] == [(1, "compensated"), (2, "compensated")]
    assert len({filing.bank_organisation_id for filing in filings}) == 2
    rows = session.scalars(sa.select(PoolMovement).order_by(PoolMovement.id)).all()
    used = [row.used_minor for row in rows if row.kind == "compensation"]
    assert used == [figures[which]["compensation"] * 100 for which in ("first", "second")]
    assert sum(row.balance_minor for row in rows) == figures["after"]["balance_left"] * 100
    assert sum(row.used_minor for row in rows) == figures["register"]["year"] * 100


def test_market_is_whole_and_sound(session: Any) -> None:
    """One test, because building the market is what takes the time."""
    projects = session.scalars(sa.select(Project)).all()
    assert len(projects) >= 36
    assert {project.sector for project in projects} == set(SECTORS)
    assert len(counts(session, Organisation.kind)) >= 16
    assert session.scalar(sa.select(sa.func.count()).select_from(Organisation)) >= 24

    assert set(counts(session, Round.state)) == set(ROUND_STATES)
    assert set(counts(session, Agreement.state)) == set(AGREEMENT_STATES)
    assert {"offered", "bound"} <= set(counts(session, Quote.state))
    assert "in_force" in counts(session, Policy.state) or "expired" in counts(session, Policy.state)

    check_panel(session)

    for ending in ENDINGS:
        copy = next(project for project in projects if project.code == f"{PROJECT}-{SUFFIX[ending]}")
        agreement = session.scalar(sa.select(Agreement).where(Agreement.project_id == copy.id))
        assert agreement.state == "completed", ending

    hafnium = next(project for project in projects if project.code == "hafnium-precursor")
    statement = sa.select(Agreement).options(sa.orm.selectinload(Agreement.parties))
    others = session.scalars(statement.where(Agreement.project_id == hafnium.id)).all()
    assert {agreement.state for agreement in others} == {"active"}
    kinds = [{party.role for party in agreement.parties} for agreement in others]
    assert {"bank", "guarantor", "project", "founders", "creditors"} in kinds
    assert {"university", "project"} in kinds
    reports = session.scalars(
        sa.select(AgreementEvent).where(AgreementEvent.kind == "revenue_report").order_by(AgreementEvent.id)
    ).all()
    bodies = [json.loads(event.body) for event in reports]
    assert [body["base_minor"] for body in bodies] == [16_842_000, 24_175_000, 22_635_000]
    assert bodies[-1]["restates"] is True

    check_sub_fund(session)
    check_fund_first(session)
    check_pool(session)
    assert check_ledger(session).sound
    assert verify_chain(session).broken_at is None
    for agreement in session.scalars(sa.select(Agreement)):
        loaded = session.scalar(
            sa.select(Agreement).options(sa.orm.selectinload(Agreement.parties)).where(Agreement.id == agreement.id)
        )
        assert verify_agreement(session, agreement=loaded).problem is None
