"""Mails of accounts: worded by a template in the reader's language, queued in the act's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, get_locale
from sqlalchemy import orm

from marketplace.notifications.services import queue_mail


def absolute_url(path: str) -> str:
    """Links in mails carry the configured host, never the one of the request."""
    return current_app.settings.base_url.rstrip("/") + path  # type: ignore[attr-defined]  # Marketplace


def send_account_mail(
    session: orm.Session, *, recipient: str, template: str, now: datetime, locale: str = "", **context: Any
) -> None:
    """Queue `templates/email/<template>.txt`; its first line is the subject."""
    with force_locale(locale or str(get_locale() or "en")):
        text = render_template(f"email/{template}.txt", **context)
    subject, _, body = text.strip().partition("\n")
    queue_mail(session, recipient=recipient, subject=subject.strip(), body=body.strip() + "\n", now=now)
