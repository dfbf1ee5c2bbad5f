"""One quote: its price with the whole trail, what the insurer does with it, and how the applicant binds it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, require_fresh_sign_in, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, MarketplaceError
from marketplace.insurance import queries, services
from marketplace.insurance.models import Quote
from marketplace.insurance.rules import hash_content, without_score
from marketplace.insurance.services import disclosure_of
from marketplace.insurance.states import SHARED_STATES
from marketplace.web.errors import status_of
from marketplace.web.insurance import blueprint
from marketplace.web.insurance.panels import rows_of_quote, typed_panel
from marketplace.web.insurance.words import FormReader, name_of, reason_of, rule_of, shown_errors

# Rows of the form for following insurers.
FOLLOWERS = tuple(range(1, 6))


def _get(public_id: str) -> Quote:
    return queries.get_quote(current_session(), actor=current_actor(), public_id=public_id)


@blueprint.get("/quotes/<public_id>")
@requires(Permission.QUOTE_READ)
def show_quote(public_id: str) -> Any:
    """One quote."""
    return _render(_get(public_id), {}, {})


def _render(quote: Quote, values: Any, errors: dict[str, str], form: str = "", status: int = 422) -> Any:
    session, actor = current_session(), current_actor()
    insurer = quote.insurer_organisation_id == actor.organisation_id
    own = quote.request.organisation_id == actor.organisation_id
    priced = quote.trail is not None
    sees_score = queries.reads_probability(session, actor=actor, quote=quote)
    open_ = quote.request.state == "open"
    policy = queries.find_policy_of_quote(session, quote_id=quote.id)
    may_make = insurer and open_ and actor.can(Permission.QUOTE_MAKE)
    rows = rows_of_quote(quote)
    # A refused proposal stays on the page with what was typed, whatever has happened to the quote meanwhile.
    shares = insurer and (form == "panel" or (may_make and _may_share(quote)))
    page = render_template(
        "insurance/quote_show.html",
        quote=quote,
        request_=quote.request,
        trail=quote.trail if quote.trail is None or sees_score else without_score(quote.trail),
        sees_score=sees_score,
        # Two premiums of one product give its probability away.
        premiums_by_level=services.premiums_by_level(quote) if sees_score else [],
        policy=policy,
        insurer=insurer,
        own=own,
        may_make=may_make,
        panel_rows=rows,
        follows=not insurer and any(row.line.organisation_id == actor.organisation_id for row in rows),
        may_share=shares,
        follower_rows=FOLLOWERS,
        possible_followers=queries.list_followers(session, lead_id=quote.insurer_organisation_id) if shares else [],
        may_bind=own and actor.can(Permission.POLICY_BIND),
        shown_hash=hash_content(disclosure_of(quote)) if priced else "",
        values=values,
        panel_values=values if form == "panel" else typed_panel(quote.panel),
        form=form,
        field_errors=errors,
        errors=list(errors.items()),
        name_of=name_of,
        reason_of=reason_of,
        rule_of=rule_of,
    )
    return (page, status) if errors else page


def _may_share(quote: Quote) -> bool:
    if quote.panel is None:
        return quote.state in ("priced", "offered") and quote.disclosure is None
    return quote.state in SHARED_STATES and not quote.panel.complete


def _refused(public_id: str, error: MarketplaceError, form: str) -> Any:
    """The page again, as it stands in the database, with what was typed."""
    errors = shown_errors(error)
    if not errors:
        raise error
    current_session().expire_all()
    return _render(_get(public_id), request.form, errors, form, status_of(error))


def _back(public_id: str) -> Any:
    return redirect(url_for("insurance.show_quote", public_id=public_id))


@blueprint.post("/quotes/<public_id>/price")
@requires(Permission.QUOTE_MAKE)
def price_quote(public_id: str) -> Any:
    """Price the draft from the project's latest score."""
    session, actor = current_session(), current_actor()
    try:
        quote = services.price_quote(session, actor=actor, quote=_get(public_id), now=clock.now())
    except InvalidInputError as error:
        allowed = ", ".join(map(str, error.details.get("allowed") or []))
        message = f"{_(error.message)} ({allowed})" if allowed else _(error.message)
        session.expire_all()
        return _render(_get(public_id), {}, {"price": message}, "price")
    words = {
        "priced": _("The quote is priced. Nobody else sees it until you offer it."),
        "referred": _("The quote is referred to your underwriter."),
        "declined": _("A rule of the filed product declines this risk."),
    }
    flash(words[quote.state], "jade" if quote.state == "priced" else "amber")
    return _back(public_id)


@blueprint.post("/quotes/<public_id>/offer")
@requires(Permission.QUOTE_MAKE)
def offer_quote(public_id: str) -> Any:
    """Offer the quote to the applicant."""
    try:
        services.offer_quote(
            current_session(),
            actor=current_actor(),
            quote=_get(public_id),
            ground=request.form.get("ground", ""),
            stated_value=request.form.get("stated_value", "").strip() or None,
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _refused(public_id, error, "offer")
    flash(_("The quote is offered."), "jade")
    return _back(public_id)


@blueprint.post("/quotes/<public_id>/decline")
@requires(Permission.QUOTE_MAKE)
def decline_quote(public_id: str) -> Any:
    """Decline with a reason."""
    try:
        services.decline_quote(
            current_session(), actor=current_actor(), quote=_get(public_id), now=clock.now(),
            reason=request.form.get("reason", ""),
        )  # fmt: skip
    except InvalidInputError as error:
        return _refused(public_id, error, "decline")
    flash(_("The refusal is recorded with its reason."), "amber")
    return _back(public_id)


@blueprint.post("/quotes/<public_id>/withdraw")
@requires(Permission.QUOTE_MAKE)
def withdraw_quote(public_id: str) -> Any:
    """Take the quote back."""
    try:
        services.withdraw_quote(
            current_session(), actor=current_actor(), quote=_get(public_id), now=clock.now(),
            reason=request.form.get("reason", ""),
        )  # fmt: skip
    except InvalidInputError as error:
        return _refused(public_id, error, "withdraw")
    flash(_("The quote is withdrawn."), "amber")
    return _back(public_id)


@blueprint.post("/quotes/<public_id>/revise")
@requires(Permission.QUOTE_MAKE)
def revise_quote(public_id: str) -> Any:
    """Begin a new version."""
    fresh = services.revise_quote(current_session(), actor=current_actor(), quote=_get(public_id), now=clock.now())
    flash(_("A new version is begun; the earlier one is superseded."), "amber")
    return _back(fresh.public_id)


@blueprint.post("/quotes/<public_id>/panel")
@requires(Permission.QUOTE_MAKE)
def propose_panel(public_id: str) -> Any:
    """Share the quote with following insurers."""
    quote = _get(public_id)
    reader = FormReader(request.form, quote.request.currency)
    lead_share, lead_fee = reader.basis_points("lead_share"), reader.share("lead_fee") or ""
    followers = [
        (reader.text(f"follower_{number}", limit=40), reader.basis_points(f"share_{number}", needed=False))
        for number in FOLLOWERS
    ]
    try:
        reader.check()
        services.propose_panel(
            current_session(), actor=current_actor(), quote=quote, lead_share_bps=lead_share, lead_fee=lead_fee,
            followers=followers, now=clock.now(),
        )  # fmt: skip
    except MarketplaceError as error:
        return _refused(public_id, error, "panel")
    flash(_("The panel is proposed; each following insurer answers for itself."), "jade")
    return _back(public_id)


@blueprint.post("/quotes/<public_id>/accept")
@requires(Permission.POLICY_BIND)
def accept_quote(public_id: str) -> Any:
    """Take this quote."""
    services.accept_quote(current_session(), actor=current_actor(), quote=_get(public_id), now=clock.now())
    flash(_("The quote is accepted. Read the exclusions and bind the cover."), "jade")
    return _back(public_id)


@blueprint.post("/quotes/<public_id>/bind")
@requires(Permission.POLICY_BIND)
def bind_policy(public_id: str) -> Any:
    """Acknowledge what was shown and bind the cover."""
    session, actor, now = current_session(), current_actor(), clock.now()
    require_fresh_sign_in()
    quote = _get(public_id)
    if not request.form.get("acknowledged"):
        message = _("The exclusions and duties must be read and acknowledged before the cover is bound.")
        return _render(quote, request.form, {"acknowledged": message}, "bind")
    services.acknowledge_disclosure(
        session, actor=actor, quote=quote, shown_hash=request.form.get("shown_hash", ""), now=now
    )
    policy = services.bind_policy(session, actor=actor, quote=quote, now=now)
    flash(_("The cover is bound. It is in force once the premium is confirmed as paid."), "jade")
    return redirect(url_for("insurance.show_policy", public_id=policy.public_id))
