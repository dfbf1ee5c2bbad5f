"""Tables of agreements: parties, versions, signatures, keys, events, simulations and the payments they wait for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation, User
from marketplace.db import Base, PublicId, UtcDateTime, amount_check, amount_column, words_check
from marketplace.ledger.triggers import install_append_only
from marketplace.money import EXPONENTS

AGREEMENT_STATES = ("draft", "negotiating", "signing", "active", "completed", "terminated")
CAPACITIES = ("principal", "agent", "entrusted")
KEY_STATES = ("waiting", "active", "retired")
# held: received and not yet released; outside: the payee is not on the market, so nobody here confirms it.
PAYMENT_STATES = ("held", "waiting", "paid", "outside", "cancelled")
PROPOSAL_STATES = ("waiting", "recorded", "refused")
SIMULATION_STATES = ("waiting", "done", "failed")


class Agreement(Base, PublicId):
    """One agreement of one project, or of a fund; its terms live in versions, its life in events."""

    PREFIX = "agr"
    __tablename__ = "agreement"
    __table_args__ = (words_check("state", AGREEMENT_STATES), words_check("currency", tuple(EXPONENTS)))

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    # None: the agreement of a fund, which belongs to no single project.
    project_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("project.id"), index=True)
    # The funding round that it came from; funding lies below and is named by its number only.
    round_id: orm.Mapped[int | None] = orm.mapped_column(index=True)
    title_zh: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    title_en: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="draft")
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    drafted_by_organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"))
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    activated_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    ended_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    end_reason: orm.Mapped[str] = orm.mapped_column(sa.String(400), default="")
    version_number: orm.Mapped[int] = orm.mapped_column(default=0)
    active_version_number: orm.Mapped[int | None]
    # The engine's state after the event named by `state_head`; thrown away and recomputed where they differ.
    engine_state: orm.Mapped[str | None] = orm.mapped_column(sa.Text)
    engine_state_head: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    event_count: orm.Mapped[int] = orm.mapped_column(default=0)
    head_hash: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    # Conditions of the level that no commitment carries and that a document has met, as `funding.conditions` has them.
    conditions: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list, server_default="[]")

    parties: orm.Mapped[list[AgreementParty]] = orm.relationship(
        order_by="AgreementParty.id", lazy="raise", back_populates="agreement"
    )

    def title(self, locale: str) -> str:
        return self.title_zh if locale.startswith("zh") else self.title_en

    @property
    def book(self) -> str:
        """The ledger book of this agreement."""
        return f"agreement:{self.public_id}"


class AgreementParty(Base):
    """A party of the terms and the organisation behind it; a party without one is an outsider who does not sign."""

    __tablename__ = "agreement_party"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "party"),
        # Nobody acts for two parties of one agreement.
        sa.UniqueConstraint("agreement_id", "organisation_id"),
        words_check("capacity", CAPACITIES),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    agreement_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement.id"), index=True)
    organisation_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    party: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    role: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    capacity: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    name_zh: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    name_en: orm.Mapped[str] = orm.mapped_column(sa.String(200))

    agreement: orm.Mapped[Agreement] = orm.relationship(lazy="raise", back_populates="parties")
    organisation: orm.Mapped[Organisation | None] = orm.relationship(lazy="joined")

    def name(self, locale: str) -> str:
        return self.name_zh if locale.startswith("zh") else self.name_en

    @property
    def ledger_party(self) -> str:
        """How the ledger names this party: by organisation, or by its id in the terms where it has none."""
        return self.organisation.public_id if self.organisation else self.party


class AgreementVersion(Base):
    """One wording of the terms; append-only, its hash chained to the version before."""

    __tablename__ = "agreement_version"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "number"),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    agreement_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement.id"), index=True)
    number: orm.Mapped[int]
    # Canonical JSON as text, so that the bytes that were hashed are the bytes that are kept.
    terms: orm.Mapped[str] = orm.mapped_column(sa.Text)
    terms_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    previous_hash: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    note: orm.Mapped[str] = orm.mapped_column(sa.String(400), default="")
    created_by_user: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    created_by_organisation: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)


class SigningKey(Base, PublicId):
    """An Ed25519 key of one user; the private half is kept only under the signatory's own passphrase."""

    PREFIX = "sgk"
    __tablename__ = "signing_key"
    __table_args__ = (
        words_check("state", KEY_STATES),
        sa.Index(
            "uq_signing_key_active_user",
            "user_id",
            unique=True,
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        ),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("user_account.id"), index=True)
    organisation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("organisation.id"), index=True)
    public_key: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    fingerprint: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    encrypted_private_key: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)
    salt: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)
    nonce: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)
    derivation: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    created_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    confirmed_by: orm.Mapped[str | None] = orm.mapped_column(sa.String(40))
    retired_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)

    user: orm.Mapped[User] = orm.relationship(lazy="raise")


class Signature(Base, PublicId):
    """A party's signature over one version; append-only and good for that version only."""

    PREFIX = "sig"
    __tablename__ = "agreement_signature"
    __table_args__ = (sa.UniqueConstraint("version_id", "party_id"), words_check("capacity", CAPACITIES))

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    agreement_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement.id"), index=True)
    version_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement_version.id"), index=True)
    party_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement_party.id"))
    key_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("signing_key.id"))
    simulation_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement_simulation.id"))
    user_public_id: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    user_name: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    organisation_public_id: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    role: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    capacity: orm.Mapped[str] = orm.mapped_column(sa.String(12))
    # The instant as it stands in the signed bytes.
    signed_at: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    statement: orm.Mapped[str] = orm.mapped_column(sa.Text)
    public_key: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    signature: orm.Mapped[str] = orm.mapped_column(sa.String(128))

    party: orm.Mapped[AgreementParty] = orm.relationship(lazy="raise")


class AgreementEvent(Base, PublicId):
    """What happened under an active agreement; append-only and hash-chained."""

    PREFIX = "aev"
    __tablename__ = "agreement_event"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "number"), sa.UniqueConstraint("agreement_id", "event_id"))

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    agreement_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement.id"), index=True)
    number: orm.Mapped[int]
    event_id: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    effective_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    recorded_at: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    # Canonical JSON of the body as text, the bytes that the hash covers.
    body: orm.Mapped[str] = orm.mapped_column(sa.Text)
    version_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    actor_user: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    actor_organisation: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    previous_hash: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    ledger_entry_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("ledger_entry.id"))
    explanation: orm.Mapped[list[Any]] = orm.mapped_column(sa.JSON, default=list)


class EventProposal(Base, PublicId):
    """An event that one party proposes and another side confirms before it is recorded."""

    PREFIX = "aep"
    __tablename__ = "agreement_proposal"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "event_id"), words_check("state", PROPOSAL_STATES))

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    agreement_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement.id"), index=True)
    event_id: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    effective_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    body: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="waiting")
    proposed_by_user: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    proposed_by_party_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement_party.id"))
    proposed_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    decided_by_user: orm.Mapped[str | None] = orm.mapped_column(sa.String(40))
    decided_by_party_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("agreement_party.id"))
    decided_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)
    reason: orm.Mapped[str] = orm.mapped_column(sa.String(400), default="")


class AgreementPayment(Base, PublicId):
    """Money that an event makes due; it is paid only when the payments domain says so."""

    PREFIX = "apm"
    __tablename__ = "agreement_payment"
    __table_args__ = (
        words_check("state", PAYMENT_STATES),
        amount_check("amount_minor", minimum=1),
        words_check("currency", tuple(EXPONENTS)),
    )

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    agreement_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement.id"), index=True)
    event_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement_event.id"))
    payer_party_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement_party.id"))
    payee_party_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement_party.id"))
    # One intent may release what several parties paid in.
    payment_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("payment_intent.id"), index=True)
    purpose: orm.Mapped[str] = orm.mapped_column(sa.String(24))
    tranche: orm.Mapped[str] = orm.mapped_column(sa.String(64), default="")
    instrument: orm.Mapped[str] = orm.mapped_column(sa.String(64), default="")
    # The entry that the payment will post: debit and credit account, parties by their ids in the terms.
    debit_code: orm.Mapped[str] = orm.mapped_column(sa.String(8))
    debit_party: orm.Mapped[str] = orm.mapped_column(sa.String(80), default="")
    credit_code: orm.Mapped[str] = orm.mapped_column(sa.String(8))
    credit_party: orm.Mapped[str] = orm.mapped_column(sa.String(80), default="")
    amount_minor: orm.Mapped[int] = amount_column()
    currency: orm.Mapped[str] = orm.mapped_column(sa.String(3))
    due_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="waiting")
    paid_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    settled_by_event_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("agreement_event.id"))

    payer: orm.Mapped[AgreementParty] = orm.relationship(foreign_keys=[payer_party_id], lazy="joined")
    payee: orm.Mapped[AgreementParty] = orm.relationship(foreign_keys=[payee_party_id], lazy="joined")


class SimulationRun(Base, PublicId):
    """Ten thousand futures of exactly one version, with the drivers and the seed that drew them."""

    PREFIX = "sim"
    __tablename__ = "agreement_simulation"
    __table_args__ = (words_check("state", SIMULATION_STATES),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    agreement_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("agreement.id"), index=True)
    version_number: orm.Mapped[int]
    terms_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64), index=True)
    drivers: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)
    seed: orm.Mapped[int] = orm.mapped_column(sa.BigInteger)
    scenarios: orm.Mapped[int]
    state: orm.Mapped[str] = orm.mapped_column(sa.String(12), default="waiting")
    result: orm.Mapped[dict[str, Any] | None] = orm.mapped_column(sa.JSON)
    result_hash: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    libraries: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON, default=dict)
    failure: orm.Mapped[str] = orm.mapped_column(sa.Text, default="")
    job_public_id: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="")
    requested_by_user: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    requested_at: orm.Mapped[datetime] = orm.mapped_column(UtcDateTime)
    finished_at: orm.Mapped[datetime | None] = orm.mapped_column(UtcDateTime)


for _table in (AgreementVersion.__table__, Signature.__table__, AgreementEvent.__table__):
    install_append_only(_table)
