"""Signing keys and signatures; the last signature brings the agreement into force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries
from marketplace.agreements.chain import digest_of, signed_bytes
from marketplace.agreements.eligibility import require_conditions, require_open
from marketplace.agreements.errors import (
    AlreadySignedError,
    KeyWaitingError,
    NoSigningKeyError,
    NotSignatoryError,
    SimulationMissingError,
    VersionChangedError,
)
from marketplace.agreements.keys import make_key, sign_with
from marketplace.agreements.models import (
    Agreement,
    AgreementParty,
    AgreementVersion,
    Signature,
    SigningKey,
    SimulationRun,
)
from marketplace.agreements.services.drafting import tell_parties
from marketplace.agreements.services.events import record_house_event
from marketplace.agreements.statement_text import write_statement
from marketplace.agreements.states import require_move, require_state
from marketplace.audit.services import record_act
from marketplace.errors import NotAllowedError
from marketplace.events import AgreementActivated, record_event
from marketplace.notifications.services import notify
from marketplace.projects.queries import find_project

SIGNATORY_ROLES = ("owner", "signatory")


@dataclass(frozen=True)
class Presentation:
    """What a signatory is shown and then signs: one version, one simulation of it, one text."""

    version: AgreementVersion
    simulation: SimulationRun
    party: AgreementParty
    statement: str

    @property
    def digest(self) -> str:
        return digest_of(self.statement)


def create_signing_key(session: orm.Session, *, actor: Any, passphrase: str, now: datetime) -> SigningKey:
    """A key under the actor's own passphrase; a second key replaces the first once an owner has confirmed it."""
    require_permission(actor, Permission.AGREEMENT_SIGN)
    if actor.role not in SIGNATORY_ROLES:
        raise NotSignatoryError()
    sealed = make_key(passphrase)
    held = queries.find_key_of(session, user_id=actor.user_id)
    waiting = queries.find_key_of(session, user_id=actor.user_id, state="waiting")
    if waiting is not None:
        waiting.state, waiting.retired_at = "retired", now
    key = SigningKey(
        user_id=actor.user_id,
        organisation_id=actor.organisation_id,
        public_key=sealed.public_key,
        fingerprint=sealed.fingerprint,
        encrypted_private_key=sealed.encrypted_private_key,
        salt=sealed.salt,
        nonce=sealed.nonce,
        derivation=sealed.derivation,
        state="waiting" if held else "active",
        created_at=now,
    )
    session.add(key)
    session.flush()  # the audit line names the key
    record_act(
        session,
        actor=actor,
        action="signing_key.created",
        subject_kind="signing_key",
        subject_id=key.public_id,
        now=now,
        details={"fingerprint": key.fingerprint, "state": key.state},
    )
    return key


def confirm_signing_key(session: orm.Session, *, actor: Any, key: SigningKey, now: datetime) -> None:
    """An owner of the organisation confirms a replacement key; every party of an open agreement is told."""
    if actor.role != "owner" or actor.organisation_id != key.organisation_id:
        raise NotAllowedError("An owner of the signatory's organisation confirms a new key.")
    if key.state != "waiting":
        raise KeyWaitingError("This key is not waiting for confirmation.")
    held = queries.find_key_of(session, user_id=key.user_id)
    if held is not None:
        held.state, held.retired_at = "retired", now
        session.flush()  # one active key a user: the old one leaves before the new one enters
    key.state, key.confirmed_by = "active", actor.user_public_id
    record_act(
        session,
        actor=actor,
        action="signing_key.confirmed",
        subject_kind="signing_key",
        subject_id=key.public_id,
        now=now,
        details={"fingerprint": key.fingerprint},
    )
    notify(
        session,
        organisation_ids=queries.list_party_organisations_with(session, organisation_id=key.organisation_id),
        kind="signing_key_replaced",
        url="/agreements",
        now=now,
        dedupe_key=f"signing_key:{key.public_id}",
        parameters={"organisation": actor.organisation_name, "fingerprint": key.fingerprint},
    )


def prepare_signing(session: orm.Session, *, agreement: Agreement, actor: Any, locale: str) -> Presentation:
    """What this signatory would sign now; raises when the party cannot sign yet, and says why."""
    require_permission(actor, Permission.AGREEMENT_SIGN)
    party = queries.get_party_of(agreement, actor.organisation_id)
    if actor.role not in SIGNATORY_ROLES:
        raise NotSignatoryError()
    require_state(agreement.state, ("negotiating", "signing"))
    version = queries.get_version(session, agreement=agreement)
    signed = queries.list_signatures(session, agreement_id=agreement.id, version_id=version.id)
    if any(signature.party_id == party.id for signature in signed):
        raise AlreadySignedError(version=version.number)
    simulation = queries.find_latest_simulation(session, agreement=agreement, terms_hash=version.terms_hash)
    if simulation is None:
        raise SimulationMissingError(version=version.number)
    statement = write_statement(
        agreement=agreement, version=version, party=party, simulation=simulation, actor=actor, locale=locale
    )
    return Presentation(version, simulation, party, statement)


def sign_agreement(
    session: orm.Session,
    *,
    agreement: Agreement,
    actor: Any,
    version_number: int,
    statement_digest: str,
    passphrase: str,
    locale: str,
    now: datetime,
) -> Signature:
    """Sign exactly what was shown; raises when anything of it has changed in the meantime."""
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    shown = prepare_signing(session, agreement=agreement, actor=actor, locale=locale)
    if version_number != shown.version.number or statement_digest != shown.digest:
        raise VersionChangedError(version=shown.version.number)
    # A level may have lapsed or fallen since the draft.
    project = find_project(session, project_id=agreement.project_id) if agreement.project_id else None
    terms, today = queries.load_terms(shown.version), clock.day_in_zone(now)
    require_open(project, terms, on=today)
    conditions = require_conditions(session, agreement=agreement, project=project, terms=terms, on=today)
    key = _require_key(session, actor=actor)
    signature = _make_signature(agreement, shown, actor, key, passphrase, now)
    session.add(signature)
    session.flush()  # the count below reads it
    record_act(
        session,
        actor=actor,
        action="agreement.signed",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={
            "party": shown.party.party,
            "version": shown.version.number,
            "signature": signature.public_id,
            "key": key.fingerprint,
            # What the level still asked for on the day, and what met it.
            **(
                {"conditions": {row.instrument: [row.answer.code, row.met_by] for row in conditions}}
                if conditions
                else {}
            ),
        },
    )
    if agreement.state == "negotiating":
        agreement.state = require_move(agreement.state, "signing")
    if not list_missing_parties(session, agreement=agreement, version=shown.version):
        _activate(session, agreement=agreement, version=shown.version, actor=actor, now=now)
    else:
        tell_parties(
            session,
            agreement=agreement,
            kind="agreement_signed",
            now=now,
            without=actor.organisation_id,
            key=f"signed:{signature.public_id}",
            parameters={"party": shown.party.party},
        )
    return signature


def list_missing_parties(
    session: orm.Session, *, agreement: Agreement, version: AgreementVersion
) -> list[AgreementParty]:
    """The parties with an organisation that have not signed this version."""
    signed = {
        signature.party_id
        for signature in queries.list_signatures(session, agreement_id=agreement.id, version_id=version.id)
    }
    return [party for party in agreement.parties if party.organisation_id is not None and party.id not in signed]


def _require_key(session: orm.Session, *, actor: Any) -> SigningKey:
    key = queries.find_key_of(session, user_id=actor.user_id)
    if key is None:
        raise NoSigningKeyError()
    return key


def _make_signature(
    agreement: Agreement, shown: Presentation, actor: Any, key: SigningKey, passphrase: str, now: datetime
) -> Signature:
    signed_at = now.isoformat(timespec="microseconds")
    message = signed_bytes(
        agreement=agreement.public_id,
        version_number=shown.version.number,
        terms_hash=shown.version.terms_hash,
        party=shown.party.party,
        organisation=actor.organisation_public_id,
        user=actor.user_public_id,
        role=actor.role,
        capacity=shown.party.capacity,
        signed_at=signed_at,
        statement=shown.statement,
    )
    return Signature(
        agreement_id=agreement.id,
        version_id=shown.version.id,
        party_id=shown.party.id,
        key_id=key.id,
        simulation_id=shown.simulation.id,
        user_public_id=actor.user_public_id,
        user_name=actor.user_name,
        organisation_public_id=actor.organisation_public_id,
        role=actor.role,
        capacity=shown.party.capacity,
        signed_at=signed_at,
        statement=shown.statement,
        public_key=key.public_key,
        signature=sign_with(key, passphrase, message),
    )


def _activate(
    session: orm.Session, *, agreement: Agreement, version: AgreementVersion, actor: Any, now: datetime
) -> None:
    """All have signed: the version is in force, the commitments stand in the ledger, those who wait are told."""
    agreement.state = require_move(agreement.state, "active")
    agreement.active_version_number, agreement.activated_at = version.number, now
    session.flush()  # the event below runs under the active version
    record_house_event(
        session,
        agreement=agreement,
        actor=actor,
        event_id="activate",
        kind="activate",
        effective_on=clock.day_in_zone(now),
        body={},
        now=now,
    )
    record_act(
        session,
        actor=actor,
        action="agreement.activated",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"version": version.number, "hash": version.terms_hash},
    )
    record_event(session, AgreementActivated(agreement_id=agreement.id))
    tell_parties(session, agreement=agreement, kind="agreement_activated", now=now, key="activated", parameters={})
