"""The job that sends mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.config import Settings
from marketplace.jobs.registry import JobKind, register_job
from marketplace.notifications.models import OutgoingMail
from marketplace.notifications.services import deliver


def register(settings: Settings) -> None:
    """Register the mail job for the settings of this process."""

    def prepare(session: orm.Session, *, mail_id: int) -> dict[str, str]:
        mail = session.get_one(OutgoingMail, mail_id)
        return {
            "public_id": mail.public_id, "recipient": mail.recipient, "subject": mail.subject, "body": mail.body,
            "sent": "yes" if mail.sent_at else "",
        }  # fmt: skip

    def compute(mail: dict[str, str]) -> None:
        if not mail["sent"]:
            deliver(mail, settings)

    def record(session: orm.Session, *, now: datetime, data: Any, mail_id: int) -> None:
        mail = session.get_one(OutgoingMail, mail_id)
        mail.sent_at = mail.sent_at or now

    register_job(JobKind("notifications.send_mail", record=record, prepare=prepare, compute=compute))
