"""What one domain tells those above it; handled in the same transaction, before the commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

EVENTS_KEY = "recorded_events"


@dataclass(frozen=True)
class Event:
    """Base of all events; an event names ids, never loaded objects."""


@dataclass(frozen=True)
class OrganisationVerified(Event):
    organisation_id: int


@dataclass(frozen=True)
class ProjectStateChanged(Event):
    project_id: int
    state: str


@dataclass(frozen=True)
class AssessmentSigned(Event):
    project_id: int
    assessment_id: int


@dataclass(frozen=True)
class ScoreStored(Event):
    project_id: int


@dataclass(frozen=True)
class ScoreConsentChanged(Event):
    project_id: int


@dataclass(frozen=True)
class OutcomeRecorded(Event):
    project_id: int


@dataclass(frozen=True)
class CommitmentChanged(Event):
    round_id: int
    commitment_id: int
    organisation_id: int
    mandate_delta_minor: int
    state: str
    instrument: str = ""
    currency: str = ""
    mandate_id: int | None = None


@dataclass(frozen=True)
class RoundClosed(Event):
    round_id: int


@dataclass(frozen=True)
class PolicyBound(Event):
    policy_id: int
    project_id: int


@dataclass(frozen=True)
class ClaimSettled(Event):
    claim_id: int
    policy_id: int
    amount_minor: int
    currency: str
    settled_on: date


@dataclass(frozen=True)
class MilestoneDecided(Event):
    project_id: int
    milestone_id: int
    result: str
    decided_on: date


@dataclass(frozen=True)
class AgreementActivated(Event):
    agreement_id: int


@dataclass(frozen=True)
class PaymentConfirmed(Event):
    payment_id: int
    purpose: str
    subject: str
    amount_minor: int
    currency: str
    paid_on: date


def record_event(session: Any, event: Event) -> None:
    """Leave an event on the session; the unit of work hands it to the handlers before the commit."""
    session.info.setdefault(EVENTS_KEY, []).append(event)
