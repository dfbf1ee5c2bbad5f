"""Which event is heard by whom, as one table; run before the commit, in the same transaction."""

from __future__ import annotations

from marketplace.config import Settings
from marketplace.db import Handlers
from marketplace.notifications import tasks as notification_tasks

HANDLERS: Handlers = {}


def register_jobs(settings: Settings) -> None:
    """Make every domain's jobs known to this process."""
    notification_tasks.register(settings)
