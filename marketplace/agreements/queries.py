"""Every SELECT of agreements; `visible_agreements` is the one scope of page, API, export and search."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.agreements.errors import AgreementNotFoundError, NotAPartyError
from marketplace.agreements.models import (
    Agreement,
    AgreementEvent,
    AgreementParty,
    AgreementPayment,
    AgreementVersion,
    EventProposal,
    Signature,
    SigningKey,
    SimulationRun,
)
from marketplace.assessments.models import StoredScore
from marketplace.db import lock_rows
from marketplace.jobs.models import Job
from marketplace.projects.models import Project
from marketplace.projects.queries import own_projects
from marketplace.projects.words import LISTED_STATES

OVERSEERS = ("operator", "regulator")


def visible_agreements(actor: Any) -> sa.Select[Agreement]:
    """Parties see their agreements from the moment they are shared; the operator and the regulator see all of these."""
    statement = sa.select(Agreement).options(orm.selectinload(Agreement.parties))
    drafted = Agreement.drafted_by_organisation_id == actor.organisation_id
    shared = Agreement.state != "draft"
    if actor.organisation_kind in OVERSEERS:
        return statement.where(sa.or_(shared, drafted))
    own = sa.select(AgreementParty.agreement_id).where(AgreementParty.organisation_id == actor.organisation_id)
    return statement.where(sa.or_(drafted, sa.and_(shared, Agreement.id.in_(own))))


def own_agreement_ids(actor: Any) -> sa.Select[str]:
    """Public ids of the shared agreements that the organisation is a party of; for what names agreements from below."""
    return (
        sa.select(Agreement.public_id)
        .join(AgreementParty, AgreementParty.agreement_id == Agreement.id)
        .where(AgreementParty.organisation_id == actor.organisation_id, Agreement.state != "draft")
    )


def get_agreement(session: orm.Session, *, actor: Any, public_id: str) -> Agreement:
    """One visible agreement with its parties."""
    found = session.scalar(visible_agreements(actor).where(Agreement.public_id == public_id))
    if found is None:
        raise AgreementNotFoundError()
    return found


def list_agreements(
    session: orm.Session,
    *,
    actor: Any,
    state: str | None = None,
    project_id: int | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> Sequence[Agreement]:
    """Newest first; `before_id` is the last id of the page before."""
    statement = _filtered(actor, state=state, project_id=project_id).order_by(Agreement.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(Agreement.id < before_id)
    return session.scalars(statement).all()


def count_agreements(
    session: orm.Session, *, actor: Any, state: str | None = None, project_id: int | None = None
) -> int:
    statement = _filtered(actor, state=state, project_id=project_id).with_only_columns(Agreement.id)
    return session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


def _filtered(actor: Any, *, state: str | None, project_id: int | None) -> sa.Select[Agreement]:
    statement = visible_agreements(actor)
    if state is not None:
        statement = statement.where(Agreement.state == state)
    if project_id is not None:
        statement = statement.where(Agreement.project_id == project_id)
    return statement


def list_active_agreements_of_project(session: orm.Session, *, project_id: int) -> Sequence[Agreement]:
    """For handlers that act for the house."""
    return session.scalars(
        sa.select(Agreement)
        .options(orm.selectinload(Agreement.parties))
        .where(Agreement.project_id == project_id, Agreement.state == "active")
        .order_by(Agreement.id)
    ).all()


def find_agreement(session: orm.Session, *, agreement_id: int) -> Agreement | None:
    """One agreement by its database id, for handlers and jobs that act for the house."""
    return session.scalar(
        sa.select(Agreement).options(orm.selectinload(Agreement.parties)).where(Agreement.id == agreement_id)
    )


def lock_agreement(session: orm.Session, *, agreement_id: int) -> Agreement:
    """The agreement under a row lock, read anew: one writer at a time."""
    statement = (
        sa.select(Agreement)
        .options(orm.selectinload(Agreement.parties))
        .where(Agreement.id == agreement_id)
        .execution_options(populate_existing=True)
    )
    locked = session.scalar(lock_rows(session, statement))
    assert locked is not None
    return locked


def find_party_of(agreement: Agreement, organisation_id: int) -> AgreementParty | None:
    """The party for which an organisation acts."""
    return next((party for party in agreement.parties if party.organisation_id == organisation_id), None)


def get_party_of(agreement: Agreement, organisation_id: int) -> AgreementParty:
    party = find_party_of(agreement, organisation_id)
    if party is None:
        raise NotAPartyError()
    return party


def get_party(agreement: Agreement, party: str) -> AgreementParty:
    """A party by its id in the terms."""
    found = next((item for item in agreement.parties if item.party == party), None)
    if found is None:
        raise AgreementNotFoundError("There is no such party in this agreement.")
    return found


def find_custodian(agreement: Agreement) -> AgreementParty | None:
    """The lending bank keeps the supervised account; without one, money is paid straight to the project."""
    return next((party for party in agreement.parties if party.role == "bank" and party.organisation_id), None)


def list_versions(session: orm.Session, *, agreement_id: int) -> Sequence[AgreementVersion]:
    return session.scalars(
        sa.select(AgreementVersion)
        .where(AgreementVersion.agreement_id == agreement_id)
        .order_by(AgreementVersion.number)
    ).all()


def get_version(session: orm.Session, *, agreement: Agreement, number: int | None = None) -> AgreementVersion:
    """A version by number; the newest where none is named."""
    wanted = agreement.version_number if number is None else number
    # An address may name a number of any length; a database refuses one that its column cannot hold.
    found = (
        None
        if wanted > agreement.version_number
        else session.scalar(
            sa.select(AgreementVersion).where(
                AgreementVersion.agreement_id == agreement.id, AgreementVersion.number == wanted
            )
        )
    )
    if found is None:
        raise AgreementNotFoundError("There is no such version of this agreement.")
    return found


def load_terms(version: AgreementVersion) -> dict[str, Any]:
    """The terms of a version as a document."""
    terms: dict[str, Any] = json.loads(version.terms)
    return terms


def list_signatures(session: orm.Session, *, agreement_id: int, version_id: int | None = None) -> Sequence[Signature]:
    statement = (
        sa.select(Signature)
        .options(orm.joinedload(Signature.party))
        .where(Signature.agreement_id == agreement_id)
        .order_by(Signature.id)
    )
    if version_id is not None:
        statement = statement.where(Signature.version_id == version_id)
    return session.scalars(statement).all()


def list_signatures_with_keys(session: orm.Session, *, agreement_id: int) -> Sequence[tuple[Signature, SigningKey]]:
    """Signatures with the registered key and its user, for the check of an agreement."""
    statement = (
        sa.select(Signature, SigningKey)
        .join(SigningKey, SigningKey.id == Signature.key_id)
        .options(orm.joinedload(SigningKey.user))
        .where(Signature.agreement_id == agreement_id)
        .order_by(Signature.id)
    )
    return [(signature, key) for signature, key in session.execute(statement)]


def find_key_of(session: orm.Session, *, user_id: int, state: str = "active") -> SigningKey | None:
    return session.scalar(
        sa.select(SigningKey)
        .where(SigningKey.user_id == user_id, SigningKey.state == state)
        .order_by(SigningKey.id.desc())
        .limit(1)
    )


def list_keys_of(session: orm.Session, *, user_id: int) -> Sequence[SigningKey]:
    return session.scalars(
        sa.select(SigningKey).where(SigningKey.user_id == user_id).order_by(SigningKey.id.desc())
    ).all()


def list_waiting_keys(session: orm.Session, *, organisation_id: int) -> Sequence[SigningKey]:
    """Replacement keys of an organisation's signatories that an owner has yet to confirm."""
    return session.scalars(
        sa.select(SigningKey)
        .options(orm.joinedload(SigningKey.user))
        .where(SigningKey.organisation_id == organisation_id, SigningKey.state == "waiting")
        .order_by(SigningKey.id)
    ).all()


def list_party_organisations_with(session: orm.Session, *, organisation_id: int) -> Sequence[int]:
    """The organisations that share an open agreement with this one."""
    own = sa.select(AgreementParty.agreement_id).where(AgreementParty.organisation_id == organisation_id)
    return session.scalars(
        sa.select(AgreementParty.organisation_id)
        .join(Agreement, Agreement.id == AgreementParty.agreement_id)
        .where(AgreementParty.agreement_id.in_(own), AgreementParty.organisation_id.is_not(None))
        .where(Agreement.state.in_(("negotiating", "signing", "active")))
        .distinct()
    ).all()  # type: ignore[return-value]  # the nulls are filtered out above


def list_events(session: orm.Session, *, agreement_id: int, after_number: int = 0) -> Sequence[AgreementEvent]:
    return session.scalars(
        sa.select(AgreementEvent)
        .where(AgreementEvent.agreement_id == agreement_id, AgreementEvent.number > after_number)
        .order_by(AgreementEvent.number)
    ).all()


def find_event(session: orm.Session, *, agreement_id: int, event_id: str) -> AgreementEvent | None:
    return session.scalar(
        sa.select(AgreementEvent).where(
            AgreementEvent.agreement_id == agreement_id, AgreementEvent.event_id == event_id
        )
    )


def get_event(session: orm.Session, *, agreement: Agreement, public_id: str) -> AgreementEvent:
    found = session.scalar(
        sa.select(AgreementEvent).where(
            AgreementEvent.agreement_id == agreement.id, AgreementEvent.public_id == public_id
        )
    )
    if found is None:
        raise AgreementNotFoundError("There is no such event in this agreement.")
    return found


def list_proposals(session: orm.Session, *, agreement_id: int, state: str | None = None) -> Sequence[EventProposal]:
    statement = (
        sa.select(EventProposal).where(EventProposal.agreement_id == agreement_id).order_by(EventProposal.id.desc())
    )
    if state is not None:
        statement = statement.where(EventProposal.state == state)
    return session.scalars(statement).all()


def find_proposal(session: orm.Session, *, agreement_id: int, event_id: str) -> EventProposal | None:
    return session.scalar(
        sa.select(EventProposal).where(EventProposal.agreement_id == agreement_id, EventProposal.event_id == event_id)
    )


def get_proposal(session: orm.Session, *, agreement: Agreement, public_id: str) -> EventProposal:
    found = session.scalar(
        sa.select(EventProposal).where(EventProposal.agreement_id == agreement.id, EventProposal.public_id == public_id)
    )
    if found is None:
        raise AgreementNotFoundError("There is no such proposal in this agreement.")
    return found


def list_payments(
    session: orm.Session, *, agreement_id: int, state: str | None = None, event_id: int | None = None
) -> Sequence[AgreementPayment]:
    statement = (
        sa.select(AgreementPayment).where(AgreementPayment.agreement_id == agreement_id).order_by(AgreementPayment.id)
    )
    if state is not None:
        statement = statement.where(AgreementPayment.state == state)
    if event_id is not None:
        statement = statement.where(AgreementPayment.event_id == event_id)
    return session.scalars(statement).all()


def list_payments_of_intent(session: orm.Session, *, payment_id: int) -> Sequence[AgreementPayment]:
    """What an agreement waits for, by the intent of the payments domain."""
    return session.scalars(
        sa.select(AgreementPayment).where(AgreementPayment.payment_id == payment_id).order_by(AgreementPayment.id)
    ).all()


def list_simulations(session: orm.Session, *, agreement_id: int) -> Sequence[SimulationRun]:
    return session.scalars(
        sa.select(SimulationRun).where(SimulationRun.agreement_id == agreement_id).order_by(SimulationRun.id.desc())
    ).all()


def get_simulation(session: orm.Session, *, agreement: Agreement, public_id: str) -> SimulationRun:
    found = session.scalar(
        sa.select(SimulationRun).where(SimulationRun.agreement_id == agreement.id, SimulationRun.public_id == public_id)
    )
    if found is None:
        raise AgreementNotFoundError("There is no such simulation of this agreement.")
    return found


def find_latest_simulation(session: orm.Session, *, agreement: Agreement, terms_hash: str) -> SimulationRun | None:
    """The newest finished simulation of exactly one version."""
    return session.scalar(
        sa.select(SimulationRun)
        .where(
            SimulationRun.agreement_id == agreement.id,
            SimulationRun.terms_hash == terms_hash,
            SimulationRun.state == "done",
        )
        .order_by(SimulationRun.id.desc())
        .limit(1)
    )


def find_latest_score(session: orm.Session, *, project_id: int) -> dict[str, Any] | None:
    """The content of the project's newest score that has a probability."""
    return session.scalar(
        sa.select(StoredScore.content)
        .where(StoredScore.project_id == project_id, StoredScore.probability.is_not(None))
        .order_by(StoredScore.id.desc())
        .limit(1)
    )


def find_job(session: orm.Session, *, public_id: str) -> Job | None:
    """The job of a simulation; whoever sees the agreement sees how far it is."""
    return session.scalar(sa.select(Job).where(Job.public_id == public_id))


def list_unsigned_by(session: orm.Session, *, actor: Any) -> Sequence[Agreement]:
    """Agreements in signing that the actor's organisation is a party of and has not signed."""
    signed = (
        sa.select(Signature.id)
        .join(AgreementParty, Signature.party_id == AgreementParty.id)
        .join(AgreementVersion, Signature.version_id == AgreementVersion.id)
        .where(
            AgreementParty.agreement_id == Agreement.id,
            AgreementParty.organisation_id == actor.organisation_id,
            AgreementVersion.number == Agreement.version_number,
        )
    )
    mine = sa.select(AgreementParty.agreement_id).where(AgreementParty.organisation_id == actor.organisation_id)
    return session.scalars(
        visible_agreements(actor)
        .where(Agreement.state == "signing", Agreement.id.in_(mine), ~signed.exists())
        .order_by(Agreement.id)
    ).all()


def list_own_projects(session: orm.Session, *, actor: Any, limit: int = 50) -> Sequence[Project]:
    """The actor's projects for which an agreement can be drafted, newest first."""
    return session.scalars(
        own_projects(actor).where(Project.state.in_(LISTED_STATES)).order_by(Project.id.desc()).limit(limit)
    ).all()
