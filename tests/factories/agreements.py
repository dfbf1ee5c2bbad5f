"""Scenario A as an agreement between organisations of a test market, and the money that it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.agreements import queries
from marketplace.agreements.chain import hash_result
from marketplace.agreements.models import Agreement, AgreementEvent, SimulationRun
from marketplace.agreements.services import drafting, events, proposals, signing
from marketplace.payments.models import BankLine, PaymentIntent
from marketplace.payments.services import confirm_transfer, record_transfer
from marketplace.projects.models import Milestone, Project
from risk.sharing.templates.scenario_a import parameters as scenario_a_parameters
from tests.factories import MOMENT, Factory, Member

ORGANISATIONS = {
    "angel": "angel",
    "industrial": "industrial_fund",
    "guidance": "guidance_fund",
    "bank": "bank",
    "insurer": "insurer",
    "pool": "pool_operator",
    "centre": "pilot_centre",
    "project": "project_team",
}
PASSPHRASE = "a long signing passphrase"
# The engine's own events that another domain or the house records.
BY_HOUSE = ("activate", "milestone", "drawdown_paid", "premium_paid", "insurance_recovery")
DECIDER = {
    "drawdown_call": "project",
    "revenue_report": "project",
    "interest_due": "bank",
    "distribution": "project",
    "pool_compensation": "pool",
    "recovery": "bank",
    "loss_event": "bank",
    "grant_audit": "auditor",
    "grant_return": "project",
}


@dataclass
class Scene:
    """An agreement with a member for each of its parties, and an operator who confirms bank lines."""

    factory: Factory
    members: dict[str, Member]
    operator: Member
    # None: the agreement of a fund.
    project: Project | None
    public_id: str

    def transaction(self) -> Any:
        return self.factory.database.transaction()

    def agreement(self, session: orm.Session) -> Agreement:
        return queries.get_agreement(session, actor=self.members["project"].actor, public_id=self.public_id)


def make_project(factory: Factory, team: Member, *, code: str = "flow-chem", state: str = "funded") -> Project:
    """A project with the levels and the four milestones of scenario A."""
    with factory.database.transaction() as session:
        project = Project(
            code=code,
            organisation_id=team.organisation.id,
            title_zh="连续流中试",
            title_en="Continuous-flow pilot",
            sector="chemicals",
            state=state,
            trl_assessed=6,
            mrl_assessed=5,
            created_at=MOMENT,
            updated_at=MOMENT,
        )
        session.add(project)
        session.flush()
        for number, day in enumerate((date(2027, 1, 14), date(2027, 6, 18), date(2027, 12, 17), date(2028, 9, 30))):
            session.add(Milestone(project_id=project.id, code=f"M{number}", planned_on=day))
    return project


def make_scene(
    factory: Factory,
    *,
    shared: bool = True,
    members: dict[str, Member] | None = None,
    project: Project | None = None,
    terms: dict[str, Any] | None = None,
    kinds: dict[str, str] | None = None,
) -> Scene:
    """An agreement that its team drafted and shared: scenario A, or other terms with the kinds of their seats."""
    given = members or {}
    members = {party: given.get(party) or factory.member(kind) for party, kind in (kinds or ORGANISATIONS).items()}
    project = project or make_project(factory, members["project"])
    terms = terms or drafting.make_terms(scenario_a_parameters())
    seats = [
        drafting.Seat(party["id"], members[party["id"]].organisation.id if party["id"] in members else None)
        for party in terms["parties"]
    ]
    with factory.database.transaction() as session:
        actor = members["project"].actor
        agreement = drafting.draft_agreement(
            session,
            actor=actor,
            project=project,
            terms=terms,
            seats=seats,
            title_zh="中试联合投资协议",
            title_en="Joint pilot agreement",
            now=MOMENT,
        )
        public_id = agreement.public_id
        if shared:
            drafting.share_draft(session, actor=actor, agreement=agreement, now=MOMENT)
    return Scene(factory, members, factory.member("operator"), project, public_id)


def add_simulation(scene: Scene, *, version_number: int | None = None) -> str:
    """A finished simulation of the newest version, with the figures that the signing page shows."""
    money = {"value_minor": 1_000_000, "standard_error_minor": 1_000}
    party = {
        "expected_profit": money,
        "loss_probability": {"value": "0.25", "standard_error": "0.004"},
        "expected_shortfall": {"0.95": money, "0.99": money},
    }
    result: dict[str, Any] = {"parties": dict.fromkeys(scene.members, party)}
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        version = queries.get_version(session, agreement=agreement, number=version_number)
        if version.base_number is not None:
            result["difference"] = made_up_difference(list(scene.members))
        run = SimulationRun(
            agreement_id=agreement.id,
            version_number=version.number,
            base_number=version.base_number,
            terms_hash=version.terms_hash,
            drivers={},
            seed=1,
            scenarios=10_000,
            state="done",
            result=result,
            result_hash=hash_result(result),
            requested_by_user="",
            requested_at=MOMENT,
        )
        session.add(run)
        session.flush()
        return run.public_id


def made_up_difference(parties: list[str]) -> dict[str, Any]:
    """What an amendment changes for each party, shaped as the simulation gives it."""
    money = {"a_minor": 1, "b_minor": 2, "change_minor": -250_000, "standard_error_minor": 1_000}
    loss = {"a": "0.25", "b": "0.26", "change": "0.01", "standard_error": "0.001"}
    row = {"expected_profit": money, "loss_probability": loss, "expected_shortfall": {"level": "0.95", **money}}
    return {"scenarios": 10_000, "seed": 1, "currency": "CNY", "parties": dict.fromkeys(parties, row)}


def sign(scene: Scene, party: str, *, passphrase: str = PASSPHRASE, now: datetime = MOMENT) -> None:
    """One signatory makes a key where there is none and signs what is shown."""
    actor = scene.members[party].actor
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        if queries.find_key_of(session, user_id=actor.user_id) is None:
            signing.create_signing_key(session, actor=actor, passphrase=PASSPHRASE, now=now)
        shown = signing.prepare_signing(session, agreement=agreement, actor=actor, locale="en")
        signing.sign_agreement(
            session,
            agreement=agreement,
            actor=actor,
            version_number=shown.version.number,
            statement_digest=shown.digest,
            passphrase=passphrase,
            locale="en",
            now=now,
        )


def make_active(factory: Factory, **given: Any) -> Scene:
    """Scenario A, simulated and signed by all."""
    scene = make_scene(factory, **given)
    add_simulation(scene)
    for party in scene.members:
        sign(scene, party)
    return scene


def pay_intent(scene: Scene, intent_id: int, *, paid_on: date | None = None) -> None:
    """The payer records the transfer, the operator confirms it, in two transactions."""
    with scene.transaction() as session:
        intent = session.get_one(PaymentIntent, intent_id)
        payer = next(
            member for member in scene.members.values() if member.organisation.id == intent.payer_organisation_id
        )
        line = record_transfer(
            session,
            actor=payer.actor,
            intent=intent,
            amount=intent.money,
            paid_on=paid_on or intent.due_on,
            bank_reference=f"REF-{intent.id:06d}",
            remittance_code=intent.remittance_code,
            now=MOMENT,
        )
        line_id = line.id
    with scene.transaction() as session:
        line = session.scalars(
            sa.select(BankLine).options(orm.joinedload(BankLine.intent)).where(BankLine.id == line_id)
        ).one()
        confirm_transfer(session, actor=scene.operator.actor, line=line, now=MOMENT)


def pay_all(scene: Scene) -> int:
    """Pay whatever waits, until nothing does; returns how many payments were made."""
    count = 0
    while True:
        with scene.transaction() as session:
            waiting = session.scalars(
                sa.select(PaymentIntent.id).where(PaymentIntent.state == "pending").order_by(PaymentIntent.id)
            ).first()
        if waiting is None:
            return count
        pay_intent(scene, waiting)
        count += 1


def record(scene: Scene, party: str, event: dict[str, Any], *, now: datetime = MOMENT) -> AgreementEvent:
    """One party records an event of its own."""
    with scene.transaction() as session:
        return events.record_agreement_event(
            session,
            agreement=scene.agreement(session),
            actor=scene.members[party].actor,
            event_id=event["id"],
            kind=event["kind"],
            effective_on=date.fromisoformat(event["effective_on"]),
            body=event["body"],
            now=now,
        )


def record_by_house(scene: Scene, event: dict[str, Any]) -> AgreementEvent:
    """What a handler records when another domain has decided."""
    from marketplace.agreements.handlers import HOUSE

    with scene.transaction() as session:
        return events.record_house_event(
            session,
            agreement=scene.agreement(session),
            actor=HOUSE,
            event_id=event["id"],
            kind=event["kind"],
            effective_on=date.fromisoformat(event["effective_on"]),
            body=event["body"],
            now=MOMENT,
        )


def agree(scene: Scene, event: dict[str, Any], *, proposer: str = "project", confirmer: str = "industrial") -> None:
    """One side proposes, the other confirms."""
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        proposals.propose_event(
            session,
            agreement=agreement,
            actor=scene.members[proposer].actor,
            event_id=event["id"],
            kind=event["kind"],
            effective_on=date.fromisoformat(event["effective_on"]),
            body=event["body"],
            now=MOMENT,
        )
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        proposal = queries.find_proposal(session, agreement_id=agreement.id, event_id=event["id"])
        assert proposal is not None
        proposals.confirm_proposal(
            session, agreement=agreement, actor=scene.members[confirmer].actor, proposal=proposal, now=MOMENT
        )


def play(scene: Scene, story: Iterable[dict[str, Any]]) -> None:
    """Run a story of the engine's events through the marketplace: each by its decider, money only by payments."""
    for event in story:
        kind = event["kind"]
        if kind in ("activate", "drawdown_paid"):
            continue  # signed by all; paid by the intents of the call
        funder = "industrial" if "industrial" in scene.members else "guidance"
        if kind in ("exit", "close"):
            agree(scene, event, confirmer=funder)
        elif kind in ("conversion", "grant_close"):
            agree(scene, event, confirmer="auditor")
        elif kind in BY_HOUSE:
            record_by_house(scene, event)
        else:
            record(scene, funder if kind == "write_off" else DECIDER[kind], event)
        pay_all(scene)
