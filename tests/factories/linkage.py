"""Scenario A with its closed round, so that a linkage report can be computed from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from marketplace.agreements.models import Agreement
from marketplace.funding.models import Commitment, Round
from marketplace.money import Money
from marketplace.projects.models import Project
from risk.sharing.templates.scenario_a import scenario_a
from tests.factories import MOMENT, Factory, agreements

YUAN = 100
CLOSED_AT = datetime(2026, 12, 21, 9, 0, tzinfo=UTC)
# (party, instrument, amount in yuan, state-owned basis points, why the money came, evidence)
INVESTORS = (
    ("angel", "equity", 2_000_000, 0, "introduced_here", "introduction 1"),
    ("industrial", "equity", 5_000_000, 3000, "clause", "clause 4"),
    ("guidance", "equity", 4_000_000, 10_000, "none", ""),
    ("bank", "loan", 5_000_000, 0, "contract", "loan contract"),
)


@dataclass
class LinkageScene:
    """Scenario A, the round it came from, and the fund that reports."""

    scene: agreements.Scene
    round_id: int
    round_public_id: str

    @property
    def fund(self) -> Any:
        return self.scene.members["guidance"].organisation

    def transaction(self) -> Any:
        return self.scene.transaction()


def make_round(
    factory: Factory, scene: agreements.Scene, *, state: str = "closed", closed_at: datetime | None = CLOSED_AT
) -> Round:
    """The closed round of scenario A with its four commitments, tied to the agreement."""
    with factory.database.transaction() as session:
        round_ = Round(
            project_id=scene.project.id, title_zh="连续流轮", title_en="Continuous-flow round",
            target_minor=11_000_000 * YUAN, minimum_minor=0, cap_minor=11_000_000 * YUAN,
            loan_cap_minor=5_000_000 * YUAN, ticket_minimum_minor=100_000 * YUAN,
            committed_minor=11_000_000 * YUAN, committed_loan_minor=5_000_000 * YUAN, deadline=date(2026, 12, 31),
            state=state, created_at=MOMENT, closed_at=closed_at,
        )  # fmt: skip
        session.add(round_)
        session.flush()
        for party, instrument, amount, state_owned, cause, evidence in INVESTORS:
            add_commitment(
                session, round_.id, scene.members[party].organisation, amount * YUAN, instrument=instrument,
                state_owned_bps=state_owned, link_cause=cause, link_evidence=evidence,
            )  # fmt: skip
        session.execute(sa.update(Agreement).where(Agreement.public_id == scene.public_id).values(round_id=round_.id))
        session.execute(
            sa.update(Project).where(Project.id == scene.project.id).values(total_budget_minor=16_000_000 * YUAN)
        )
    return round_


def add_commitment(session: Any, round_id: int, organisation: Any, amount_minor: int, **values: Any) -> Commitment:
    """A firm commitment of an organisation."""
    commitment = Commitment(
        round_id=round_id, organisation_id=organisation.id, organisation_kind=organisation.kind,
        amount_minor=amount_minor, state=values.pop("state", "hard"), committed_at=MOMENT,
        instrument=values.pop("instrument", "equity"), **values,
    )  # fmt: skip
    session.add(commitment)
    session.flush()
    return commitment


def make_linkage_scene(factory: Factory) -> LinkageScene:
    """Scenario A signed by all, its round closed, nothing paid."""
    scene = agreements.make_active(factory)
    round_ = make_round(factory, scene)
    return LinkageScene(scene, round_.id, round_.public_id)


def make_unsigned_scene(factory: Factory) -> LinkageScene:
    """The same round beside an agreement that nobody has signed: quicker where nothing is paid."""
    scene = agreements.make_scene(factory)
    round_ = make_round(factory, scene)
    return LinkageScene(scene, round_.id, round_.public_id)


def pay_calls(linkage: LinkageScene, tranches: int = 3) -> None:
    """Play the story until this many tranches are called and paid."""
    called = 0
    for event in scenario_a("success")["events"]:
        agreements.play(linkage.scene, [event])
        called += event["kind"] == "drawdown_call"
        if called == tranches and event["kind"] == "drawdown_call":
            return


def yuan(amount: int) -> Money:
    return Money(amount * YUAN, "CNY")
