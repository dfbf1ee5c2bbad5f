"""Which event is heard by whom, as one table; run before the commit, in the same transaction."""

from __future__ import annotations

from marketplace.accounts import tasks as account_tasks
from marketplace.agreements import handlers as agreement_handlers
from marketplace.agreements import insurance_facts
from marketplace.agreements import tasks as agreement_tasks
from marketplace.assessments import tasks as assessment_tasks
from marketplace.config import Settings
from marketplace.db import Handlers
from marketplace.dealflow import tasks as dealflow_tasks
from marketplace.events import (
    AgreementActivated,
    AssessmentSigned,
    ClaimSettled,
    CommitmentChanged,
    MilestoneDecided,
    OutcomeRecorded,
    PaymentConfirmed,
    PolicyBound,
    ProjectStateChanged,
    ScoreConsentChanged,
    ScoreStored,
)
from marketplace.insurance import handlers as insurance_handlers
from marketplace.insurance import tasks as insurance_tasks
from marketplace.notifications import tasks as notification_tasks

HANDLERS: Handlers = {
    AgreementActivated: (insurance_facts.on_agreement_activated,),
    AssessmentSigned: (dealflow_tasks.on_assessment_signed,),
    CommitmentChanged: (dealflow_tasks.on_commitment_changed,),
    MilestoneDecided: (agreement_handlers.on_milestone_decided,),
    OutcomeRecorded: (assessment_tasks.on_outcome_recorded,),
    PaymentConfirmed: (agreement_handlers.on_payment_confirmed, insurance_handlers.on_payment_confirmed),
    PolicyBound: (insurance_facts.on_policy_bound, dealflow_tasks.on_policy_bound),
    ClaimSettled: (insurance_facts.on_claim_settled,),
    ProjectStateChanged: (dealflow_tasks.on_project_state_changed,),
    ScoreConsentChanged: (dealflow_tasks.on_score_consent_changed,),
    ScoreStored: (dealflow_tasks.on_score_stored,),
}


def register_jobs(settings: Settings) -> None:
    """Make every domain's jobs known to this process."""
    notification_tasks.register(settings)
    account_tasks.register()
    assessment_tasks.register(settings)
    agreement_tasks.register()
    dealflow_tasks.register()
    insurance_tasks.register()
