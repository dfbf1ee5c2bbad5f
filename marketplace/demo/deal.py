"""One agreement played through the services: drafted, simulated, signed, drawn, decided, settled, paid."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.permissions import Actor
from marketplace.agreements import queries
from marketplace.agreements.eligibility import list_conditions
from marketplace.agreements.models import Agreement
from marketplace.agreements.services import conditions, drafting, events, proposals, signing, simulations
from marketplace.assessments.services.milestones import decide_milestone, engage_decider, report_milestone
from marketplace.db import Database
from marketplace.demo.financing import noon
from marketplace.demo.people import Cast
from marketplace.files.services import FileStore
from marketplace.jobs.services import run_due_jobs
from marketplace.payments.models import PaymentIntent
from marketplace.payments.queries import get_line, list_pending_of_book
from marketplace.payments.services import confirm_transfer, record_transfer
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from marketplace.projects.services import move_project

PASSPHRASE = "a passphrase of the demonstration"
# Who records which kind of the engine's events; the rest is recorded by the house when another domain has decided.
TEAM_RECORDS = ("drawdown_call", "revenue_report", "distribution")
RECORDER = {
    "interest_due": "bank",
    "loss_event": "bank",
    "pool_compensation": "pool",
    "recovery": "bank",
}
RESULTS = {"pass": "passed", "fail": "failed", "conditional": "conditional", "partial": "partial", "void": "void"}


@dataclass
class Deal:
    """An agreement with the organisation behind each party of its terms."""

    database: Database
    store: FileStore
    cast: Cast
    seats: dict[str, str]
    testing_body: str
    assessor: str
    # The party that drafts and uses the money: the project, or the fund of a partnership agreement.
    team: str = "project"
    public_id: str = ""
    project_id: int | None = None
    engaged: bool = False
    payments: int = 0
    simulation: Any = None
    # How a fact of another domain comes about: an event's kind and what makes it happen there.
    facts: dict[str, Callable[[dict[str, Any], date], None]] = field(default_factory=dict)

    def actor(self, party: str) -> Actor:
        return self.cast.signatory(self.seats[party])

    def agreement(self, session: orm.Session) -> Agreement:
        return queries.get_agreement(session, actor=self.actor(self.team), public_id=self.public_id)

    def draft(
        self,
        *,
        project: Project | None,
        parameters: dict[str, Any],
        title_zh: str,
        title_en: str,
        now: datetime,
        round_id: int | None = None,
        share: bool = True,
        template: str = "joint_pilot",
    ) -> None:
        """The team drafts the template with its figures and shows it to the parties."""
        terms = drafting.make_terms(parameters, template=template)
        seats = [
            drafting.Seat(
                party["id"],
                self.cast.organisations[self.seats[party["id"]]].id if party["id"] in self.seats else None,
            )
            for party in terms["parties"]
        ]
        with self.database.transaction() as session:
            actor = self.actor(self.team)
            agreement = drafting.draft_agreement(
                session, actor=actor, project=project, terms=terms, seats=seats, title_zh=title_zh, title_en=title_en,
                now=now, round_id=round_id,
            )  # fmt: skip
            if share:
                drafting.share_draft(session, actor=actor, agreement=agreement, now=now)
            self.public_id, self.project_id = agreement.public_id, agreement.project_id

    def simulate(self, *, now: datetime, drivers: dict[str, Any] | None = None, scenarios: int = 10_000) -> Any:
        """Ask for the simulation and let the job run it; returns the stored run."""
        with self.database.transaction() as session:
            agreement = self.agreement(session)
            chosen = drivers or simulations.suggest_drivers(session, agreement=agreement, today=now.date())
            run = simulations.request_simulation(
                session, agreement=agreement, actor=self.actor(self.team), drivers=chosen, now=now, scenarios=scenarios
            )
            run_id = run.public_id
        run_due_jobs(self.database, now=now)
        with self.database.transaction("read") as session:
            self.simulation = queries.get_simulation(session, agreement=self.agreement(session), public_id=run_id)
        return self.simulation

    def sign(self, *parties: str, now: datetime, locale: str = "zh_Hans_CN") -> None:
        """Each signatory makes a key where there is none and signs exactly what is shown."""
        for party in parties:
            actor = self.actor(party)
            with self.database.transaction() as session:
                if queries.find_key_of(session, user_id=actor.user_id) is None:
                    signing.create_signing_key(session, actor=actor, passphrase=PASSPHRASE, now=now)
            with self.database.transaction() as session:
                agreement = queries.get_agreement(session, actor=actor, public_id=self.public_id)
                shown = signing.prepare_signing(session, agreement=agreement, actor=actor, locale=locale)
                signing.sign_agreement(
                    session, agreement=agreement, actor=actor, version_number=shown.version.number,
                    statement_digest=shown.digest, passphrase=PASSPHRASE, locale=locale, now=now,
                )  # fmt: skip

    def meet_conditions(self, *, on: date) -> None:
        """Where the level asks for something that only a document meets, its party names an invented one."""
        with self.database.transaction() as session:
            agreement = self.agreement(session)
            assert agreement.project_id is not None, "the agreement of a fund has no level"
            rows = list_conditions(
                session, agreement=agreement, project=find_project(session, project_id=agreement.project_id), on=on,
                terms=queries.load_terms(queries.get_version(session, agreement=agreement)),
            )  # fmt: skip
            for row in rows:
                if row.met_by is None:
                    conditions.meet_condition(
                        session, actor=self.actor(row.party), agreement=agreement, instrument=row.instrument,
                        ground=f"演示虚构：{row.answer.opens_zh}", document_number="演示凭证", document_on=on,
                        now=noon(on),
                    )  # fmt: skip

    def sign_all(self, *, now: datetime) -> None:
        self.sign(*self.seats, now=now)

    def start_pilot(self, *, now: datetime) -> None:
        """The team starts the pilot; from then on data may be handed over."""
        with self.database.transaction() as session:
            project = self._project(session)
            if project.state == "funded":
                move_project(session, actor=self.actor(self.team), project=project, state="in_pilot", now=now)

    def end_pilot(self, state: str, *, now: datetime) -> None:
        """The team reports how the pilot ended."""
        with self.database.transaction() as session:
            project = self._project(session)
            if project.state in ("in_pilot", "extended"):
                reason = "The target level was reached." if state == "completed" else "The target level was missed."
                move_project(session, actor=self.actor(self.team), project=project, state=state, reason=reason, now=now)

    def terminate(self, *, reason: str, on: date, now: datetime) -> None:
        """The talks end before signing."""
        with self.database.transaction() as session:
            drafting.terminate_agreement(
                session, actor=self.actor(self.team), agreement=self.agreement(session), reason=reason, on=on, now=now
            )

    def play(self, story: Iterable[dict[str, Any]], *, pay: bool = True) -> None:
        """Run the engine's events, each by whoever decides it; money moves by confirmed payments only."""
        for event in story:
            kind, on = event["kind"], date.fromisoformat(event["effective_on"])
            if kind in ("activate", "drawdown_paid"):
                continue  # signed by all; paid by the intents of the call
            if kind == "milestone":
                self.decide(event["body"]["milestone"], event["body"]["result"], on=on)
            elif kind in self.facts:
                self.facts[kind](event, on)
            elif kind in ("exit", "close"):
                self._agree(event, on)
            elif kind in TEAM_RECORDS:
                self._record(event, on, self.actor(self.team))
            elif kind in RECORDER:
                self._record(event, on, self.actor(RECORDER[kind]))
            elif kind == "write_off":
                funder = next(name for name in self.seats if name in ("industrial", "venture", "angel"))
                self._record(event, on, self.actor(funder))
            else:
                raise ValueError(f"nobody here decides on {kind}")
            if pay:
                self.pay_all()

    def decide(self, code: str, result: str, *, on: date) -> None:
        """The centre hands over sealed data; the testing body and the assessor find the same."""
        now = noon(on, 16)
        data = f"{code};{result};sealed raw data of the demonstration\n".encode()
        deciders = (self.testing_body, self.assessor)
        with self.database.transaction() as session:
            project = self._project(session)
            milestone = next(item for item in project.milestones if item.code == code)
            if not self.engaged:
                for decider in deciders:
                    organisation = self.cast.organisations[decider]
                    engage_decider(
                        session, actor=self.actor(self.team), project=project, organisation=organisation, now=now
                    )
                self.engaged = True
            reporter = self.cast.actor(self.seats["centre"]) if "centre" in self.seats else self.actor(self.team)
            report_milestone(
                session, actor=reporter, project=project, milestone=milestone, now=now, store=self.store,
                values={"stated_sha256": hashlib.sha256(data).hexdigest(), "run_ended_on": on.isoformat(), "note": ""},
                stream=io.BytesIO(data), file_name=f"{code}.txt",
            )  # fmt: skip
        for decider in deciders:
            with self.database.transaction() as session:
                project = self._project(session)
                milestone = next(item for item in project.milestones if item.code == code)
                decide_milestone(
                    session, actor=self.cast.actor(decider), project=project, milestone=milestone, now=now,
                    values={"result": RESULTS[result], "decided_on": on.isoformat(),
                            "grounds": "Protocol followed; the sealed data were evaluated as agreed before the run."},
                )  # fmt: skip

    def _project(self, session: orm.Session) -> Project:
        assert self.project_id is not None, "the agreement of a fund has no pilot"
        project: Project = _get(find_project(session, project_id=self.project_id))
        return project

    def pay_all(self) -> int:
        """Pay whatever waits: the payer records the transfer, the operator confirms it as the second person."""
        count = 0
        while True:
            with self.database.transaction("read") as session:
                waiting = list_pending_of_book(session, book=f"agreement:{self.public_id}")
            if not waiting:
                self.payments += count
                return count
            for intent in waiting:
                self.pay(intent)
                count += 1

    def pay(self, intent: PaymentIntent) -> None:
        """One payment in two transactions by two people."""
        pay_intent(self.database, self.cast, intent)

    def _record(self, event: dict[str, Any], on: date, actor: Actor) -> None:
        with self.database.transaction() as session:
            agreement = queries.get_agreement(session, actor=actor, public_id=self.public_id)
            events.record_agreement_event(
                session, agreement=agreement, actor=actor, event_id=event["id"], kind=event["kind"], effective_on=on,
                body=event["body"], now=noon(on, 17),
            )  # fmt: skip

    def _agree(self, event: dict[str, Any], on: date) -> None:
        """One side proposes, the other confirms."""
        confirmer = next(name for name in ("industrial", "venture", "angel", "guidance", "bank") if name in self.seats)
        with self.database.transaction() as session:
            proposals.propose_event(
                session, agreement=self.agreement(session), actor=self.actor(self.team), event_id=event["id"],
                kind=event["kind"], effective_on=on, body=event["body"], now=noon(on, 15),
            )  # fmt: skip
        with self.database.transaction() as session:
            agreement = self.agreement(session)
            proposal = _get(queries.find_proposal(session, agreement_id=agreement.id, event_id=event["id"]))
            proposals.confirm_proposal(
                session, agreement=agreement, actor=self.actor(confirmer), proposal=proposal, now=noon(on, 16)
            )


def pay_intent(database: Database, cast: Cast, intent: PaymentIntent, *, paid_on: date | None = None) -> None:
    """The payer's member records the bank line, an operator confirms it; two people, two transactions."""
    payer = next(
        cast.signatory(code)
        for code, organisation in cast.organisations.items()
        if organisation.id == intent.payer_organisation_id
    )
    day = paid_on or intent.due_on
    moment = noon(day, 11)
    with database.transaction() as session:
        line = record_transfer(
            session, actor=payer, intent=intent, amount=intent.money, paid_on=day,
            bank_reference=f"DEMO-{intent.public_id[-16:]}", remittance_code=intent.remittance_code, now=moment,
        )  # fmt: skip
        line_id = line.public_id
    operator = cast.first_of("operator")
    with database.transaction() as session:
        confirm_transfer(
            session, actor=operator, line=get_line(session, actor=operator, public_id=line_id),
            now=moment + timedelta(hours=1),
        )  # fmt: skip


def _get(value: Any) -> Any:
    assert value is not None, "the builder made it a moment ago"
    return value
