"""Which event is heard by whom, as one table; run before the commit, in the same transaction."""

from __future__ import annotations

from marketplace.accounts import tasks as account_tasks
from marketplace.agreements import handlers as agreement_handlers
from marketplace.agreements import tasks as agreement_tasks
from marketplace.assessments import tasks as assessment_tasks
from marketplace.config import Settings
from marketplace.db import Handlers
from marketplace.events import MilestoneDecided, PaymentConfirmed
from marketplace.insurance import handlers as insurance_handlers
from marketplace.insurance import tasks as insurance_tasks
from marketplace.notifications import tasks as notification_tasks

HANDLERS: Handlers = {
    MilestoneDecided: (agreement_handlers.on_milestone_decided,),
    PaymentConfirmed: (agreement_handlers.on_payment_confirmed, insurance_handlers.on_payment_confirmed),
}


def register_jobs(settings: Settings) -> None:
    """Make every domain's jobs known to this process."""
    notification_tasks.register(settings)
    account_tasks.register()
    assessment_tasks.register(settings)
    agreement_tasks.register()
    insurance_tasks.register()
