"""One claim: its clocks, the adjusted spend, the arithmetic of the indemnity and its payments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, require_fresh_sign_in, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import MarketplaceError
from marketplace.insurance import queries, services
from marketplace.insurance.models import Claim, money_of
from marketplace.insurance.panel_models import CoinsuranceLine
from marketplace.insurance.rules import list_deadlines
from marketplace.insurance.services import Adjustment
from marketplace.web.errors import status_of
from marketplace.web.insurance import blueprint
from marketplace.web.insurance.words import FormReader, name_of, options, shown_errors


def _get(public_id: str) -> Claim:
    return queries.get_claim(current_session(), actor=current_actor(), public_id=public_id)


@blueprint.get("/claims/<public_id>")
@requires(Permission.PROJECT_READ)
def show_claim(public_id: str) -> Any:
    """One claim."""
    return _render(_get(public_id), {}, {})


def _render(claim: Claim, values: Any, errors: dict[str, str], status: int = 422) -> Any:
    actor, policy = current_actor(), claim.policy
    insurer = policy.insurer_organisation_id == actor.organisation_id and actor.can(Permission.QUOTE_MAKE)
    insured = policy.insured_organisation_id == actor.organisation_id and actor.can(Permission.POLICY_BIND)
    page = render_template(
        "insurance/claim_show.html",
        claim=claim,
        policy=policy,
        deadlines=list_deadlines(claim, today=clock.day_in_zone(clock.now())),
        may_register=insurer and claim.state == "notified",
        may_assess=insurer and claim.state in ("registered", "assessing"),
        may_refuse=insurer and claim.state in ("notified", "registered", "assessing"),
        may_close=insurer and claim.state == "paid",
        may_agree=insured and claim.state == "assessing" and bool(claim.indemnity_minor),
        seen_payments=[
            row.id
            for row in claim.payments
            if actor.organisation_id in (row.organisation_id, row.insurer_organisation_id)
            or actor.organisation_kind in (*queries.OVERSEERS, "auditor")
        ],
        owed=_list_owed(claim),
        determinations=options("determination"),
        name_of=name_of,
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
        today=clock.day_in_zone(clock.now()),
    )
    return (page, status) if errors else page


def _list_owed(claim: Claim) -> list[tuple[CoinsuranceLine, int]]:
    """What each insurer of a panel owes of the indemnity, its own share and no other; empty without a panel."""
    policy = claim.policy
    if policy.panel is None or not claim.indemnity_minor:
        return []
    parts = money_of(policy, claim.indemnity_minor).allocate([share for _insurer, share in policy.shares])
    return [(line, part.amount_minor) for line, part in zip(policy.panel.lines, parts, strict=True)]


def _act(public_id: str, verb: Callable[..., Claim], done: str, **values: Any) -> Any:
    """Run one use case; a refusal at a field shows the page again with what was typed."""
    session = current_session()
    try:
        verb(session, actor=current_actor(), claim=_get(public_id), now=clock.now(), **values)
    except MarketplaceError as error:
        errors = shown_errors(error)
        if not errors:
            raise
        session.expire_all()
        return _render(_get(public_id), request.form, errors, status_of(error))
    flash(done, "jade")
    return redirect(url_for("insurance.show_claim", public_id=public_id))


@blueprint.post("/claims/<public_id>/register")
@requires(Permission.QUOTE_MAKE)
def register_claim(public_id: str) -> Any:
    """The insurer opens its file."""
    return _act(public_id, services.register_claim, _("The claim is registered."))


@blueprint.post("/claims/<public_id>/assess")
@requires(Permission.QUOTE_MAKE)
def assess_claim(public_id: str) -> Any:
    """Record the panel's finding and the adjusted spend."""
    claim = _get(public_id)
    reader = FormReader(request.form, claim.policy.currency)
    adjustments = {
        row["code"]: Adjustment(reader.amount(row["code"]) or 0, reader.text(f"reason_{row['code']}"))
        for row in claim.items
    }
    determined_on = reader.day("determined_on")
    if reader.errors:
        errors = {name: _(text) for name, text in reader.errors.items()}
        return _render(claim, request.form, errors)
    return _act(
        public_id,
        services.assess_claim,
        _("The assessment is recorded; the insured is asked to agree."),
        determination=reader.text("determination"),
        determined_on=determined_on,
        panel_document=reader.text("panel_document"),
        adjustments=adjustments,
    )


@blueprint.post("/claims/<public_id>/agree")
@requires(Permission.POLICY_BIND)
def agree_claim(public_id: str) -> Any:
    """The insured agrees to the adjusted amount."""
    require_fresh_sign_in()
    return _act(public_id, services.agree_claim, _("Agreed. The insurer pays within ten days."))


@blueprint.post("/claims/<public_id>/refuse")
@requires(Permission.QUOTE_MAKE)
def refuse_claim(public_id: str) -> Any:
    """Refuse with reasons."""
    return _act(
        public_id, services.refuse_claim, _("The claim is refused with its reasons."),
        reason=request.form.get("reason", ""),
    )  # fmt: skip


@blueprint.post("/claims/<public_id>/close")
@requires(Permission.QUOTE_MAKE)
def close_claim(public_id: str) -> Any:
    """Close the file."""
    return _act(public_id, services.close_claim, _("The claim is closed."))
