"""The home page by role: what waits, deadlines, money in and out, what changed; and the start page for visitors."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from marketplace import clock
from marketplace.accounts.access import current_actor, find_actor, public, signed_in
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import find_demonstration_accounts, search_organisations
from marketplace.accounts.services.demonstration import DEMO_PASSWORD
from marketplace.agreements.queries import list_agreements, list_unsigned_by
from marketplace.assessments.queries import list_assessments
from marketplace.db import current_session
from marketplace.funding.queries import list_commitments, list_rounds
from marketplace.notifications.queries import list_notifications
from marketplace.payments.queries import list_payments
from marketplace.projects.listing import ProjectFilter, list_projects
from marketplace.projects.queries import count_published, list_own_projects
from marketplace.web.notices import describe_notice

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@public
def show_home() -> Any:
    """What waits for the organisation one acts for, or the start page."""
    actor = find_actor()
    if actor is None:
        return _start_page()
    session = current_session()
    payments = list_payments(session, actor=actor, state="pending", limit=200)
    soft = [item for item in list_commitments(session, actor=actor) if item.state == "soft"]
    waiting: dict[str, list[Any]] = {
        "to_pay": [item for item in payments if item.payer_organisation_id == actor.organisation_id],
        "to_receive": [item for item in payments if item.payee_organisation_id == actor.organisation_id],
        "soft": [item for item in soft if item.organisation_id == actor.organisation_id],
        "to_sign": list(list_unsigned_by(session, actor=actor)) if actor.can(Permission.AGREEMENT_READ) else [],
        "assessments": (
            [item for item in list_assessments(session, actor=actor) if item.state in ("requested", "in_progress")]
            if actor.can(Permission.ASSESSMENT_DECIDE)
            else []
        ),
        "to_confirm": (
            list(list_payments(session, actor=actor, state="recorded", limit=200))
            if actor.can(Permission.PAYMENT_CONFIRM)
            else []
        ),
    }
    return render_template(
        "home/home.html",
        waiting=waiting,
        rounds=list_rounds(session, actor=actor, state="open", limit=6) if actor.can(Permission.ROUND_READ) else [],
        agreements=(list_agreements(session, actor=actor, limit=6) if actor.can(Permission.AGREEMENT_READ) else []),
        projects=list_own_projects(session, actor=actor),
        notices=[(row, describe_notice(row)) for row in list_notifications(session, actor=actor, limit=8)],
        today=clock.day_in_zone(clock.now()),
    )


def _start_page() -> Any:
    session = current_session()
    demo = current_app.settings.demo_mode  # type: ignore[attr-defined]  # Marketplace
    return render_template(
        "home/start.html",
        published=count_published(session),
        accounts=find_demonstration_accounts(session) if demo else [],
        password=DEMO_PASSWORD if demo else "",
    )


@blueprint.get("/search")
@signed_in
def search() -> Any:
    """One box over projects, organisations, rounds and agreements; each group by its own scoped query."""
    session, actor = current_session(), current_actor()
    text = request.args.get("q", "").strip()[:200]
    groups: dict[str, list[Any]] = {"projects": [], "organisations": [], "rounds": [], "agreements": []}
    if text:
        folded = text.casefold()
        groups["projects"] = list(list_projects(session, actor=actor, wanted=ProjectFilter(q=text), limit=20).rows)
        if actor.can(Permission.ORGANISATION_READ):
            groups["organisations"] = list(search_organisations(session, actor=actor, text=text, limit=20))
        if actor.can(Permission.ROUND_READ):
            groups["rounds"] = [
                item
                for item in list_rounds(session, actor=actor, limit=200)
                if folded in f"{item.title_zh} {item.title_en} {item.public_id}".casefold()
            ][:20]
        if actor.can(Permission.AGREEMENT_READ):
            groups["agreements"] = [
                item
                for item in list_agreements(session, actor=actor, limit=200)
                if folded in f"{item.title_zh} {item.title_en} {item.public_id}".casefold()
            ][:20]
    return render_template("home/search.html", q=text, groups=groups, total=sum(map(len, groups.values())))


@blueprint.get("/favicon.ico")
@public
def favicon() -> Any:
    """Browsers ask for it here whatever the page says."""
    return redirect(url_for("static", filename="img/mark.svg"))
