"""Help: what the platform is, the glossary, the evidence behind figures, the inbox, and mails of the demonstration."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, public, requires, signed_in
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_user
from marketplace.db import current_session
from marketplace.errors import NotFoundError
from marketplace.notifications import queries, services
from marketplace.web.glossary import GLOSSARY
from marketplace.web.notices import describe_notice
from risk import tables

blueprint = Blueprint("help", __name__)
PAGES = ("about", "risk", "privacy", "complaints", "contact", "accessibility")


@blueprint.get("/help")
@public
def show_help() -> Any:
    """Where to find what."""
    return render_template("help/index.html")


@blueprint.get("/help/<page>")
@public
def show_page(page: str) -> Any:
    """One of the standing pages that the footer links."""
    if page not in PAGES:
        raise NotFoundError()
    return render_template("help/page.html", page=page)


@blueprint.get("/help/glossary")
@public
def show_glossary() -> Any:
    """Terms of the field in both languages."""
    return render_template("help/glossary.html", glossary=GLOSSARY)


@blueprint.get("/help/evidence")
@public
def show_evidence() -> Any:
    """Every figure of the evidence tables with unit, date, source and status."""
    return render_template("help/evidence.html", figures=tables.list_figures())


@blueprint.get("/inbox")
@requires(Permission.INBOX_READ)
def show_inbox() -> Any:
    """Notices to the organisation one acts for."""
    rows = queries.list_notifications(current_session(), actor=current_actor())
    return render_template("help/inbox.html", rows=[(row, describe_notice(row)) for row in rows])


@blueprint.post("/inbox/<public_id>/read")
@requires(Permission.INBOX_READ)
def read_notice(public_id: str) -> Any:
    """Mark a notice as read and go where it leads."""
    session = current_session()
    notice = queries.get_notification(session, actor=current_actor(), public_id=public_id)
    services.mark_read(session, notification=notice, now=clock.now())
    return redirect(notice.url or url_for("help.show_inbox"))


@blueprint.post("/inbox/read-all")
@requires(Permission.INBOX_READ)
def read_all() -> Any:
    """Mark every notice as read."""
    session, moment = current_session(), clock.now()
    for notice in queries.list_notifications(session, actor=current_actor(), limit=1000):
        services.mark_read(session, notification=notice, now=moment)
    flash(_("Every notice is marked as read."), "jade")
    return redirect(url_for("help.show_inbox"))


@blueprint.get("/demo/mail")
@signed_in
def show_mail() -> Any:
    """The mails that would have been sent; in the demonstration market only, and only those to oneself."""
    settings = current_app.settings  # type: ignore[attr-defined]  # Marketplace
    if not settings.demo_mode:
        raise NotFoundError()
    own = get_user(current_session(), user_id=current_actor().user_id).email.lower()
    mails = []
    for path in sorted(settings.mail_directory.glob("*.eml"), key=lambda item: item.stat().st_mtime, reverse=True)[
        :200
    ]:
        message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        if str(message["To"]).lower() == own:
            body = message.get_body(("plain",))
            mails.append((message["To"], message["Subject"], body.get_content() if body else ""))
    return render_template("help/mail.html", mails=mails)
