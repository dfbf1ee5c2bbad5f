"""Telling organisations what happened, and sending mail by a job."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.config import Settings
from marketplace.db import insert_rows, new_public_id
from marketplace.jobs.services import enqueue_job
from marketplace.notifications.models import Notification, OutgoingMail


def notify(
    session: orm.Session,
    *,
    organisation_ids: Iterable[int],
    kind: str,
    parameters: dict[str, Any],
    url: str,
    dedupe_key: str,
    now: datetime,
) -> int:
    """One notice to each organisation, in the act's transaction; a repeat of the same act adds none."""
    wanted = sorted(set(organisation_ids))
    known = set(
        session.scalars(
            sa.select(Notification.organisation_id).where(
                Notification.organisation_id.in_(wanted), Notification.dedupe_key == dedupe_key
            )
        )
    )
    rows = [
        {
            "public_id": new_public_id(Notification.PREFIX),
            "organisation_id": organisation_id,
            "kind": kind,
            "parameters": parameters,
            "url": url,
            "dedupe_key": dedupe_key,
            "created_at": now,
        }
        for organisation_id in wanted
        if organisation_id not in known
    ]
    if rows:
        insert_rows(session, Notification, rows)
    return len(rows)


def mark_read(session: orm.Session, *, notification: Notification, now: datetime) -> None:
    notification.read_at = notification.read_at or now


def queue_mail(session: orm.Session, *, recipient: str, subject: str, body: str, now: datetime) -> OutgoingMail:
    """Write a mail in the caller's transaction; a job sends it after the commit."""
    mail = OutgoingMail(recipient=recipient, subject=subject[:200], body=body, created_at=now)
    session.add(mail)
    session.flush()  # the job names the mail by its id
    enqueue_job(session, name="notifications.send_mail", now=now, arguments={"mail_id": mail.id},
                dedupe_key=f"mail:{mail.id}")  # fmt: skip
    return mail


def deliver(mail: dict[str, str], settings: Settings) -> None:
    """Send one mail by SMTP, or write it as a file when no server is set."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_sender, mail["recipient"], mail["subject"]
    message["Message-ID"] = f"<{mail['public_id']}@pilotage>"
    message.set_content(mail["body"])
    if not settings.mail_server:
        settings.mail_directory.mkdir(parents=True, exist_ok=True)
        (settings.mail_directory / f"{mail['public_id']}.eml").write_bytes(bytes(message))
        return
    host, _, port = settings.mail_server.partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=20) as server:
        server.send_message(message)
