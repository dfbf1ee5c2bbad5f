"""Policies: the list, one policy with its wording, and notice of a claim."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import MarketplaceError
from marketplace.insurance import queries, services
from marketplace.insurance.models import Policy
from marketplace.web.errors import status_of
from marketplace.web.insurance import blueprint
from marketplace.web.insurance.panels import rows_of_policy
from marketplace.web.insurance.words import FormReader, shown_errors


@blueprint.get("/policies")
@requires(Permission.PROJECT_READ)
def list_policies() -> Any:
    """Policies that the organisation insures, holds or has a share of the indemnity in."""
    session, actor = current_session(), current_actor()
    return render_template(
        "insurance/policies.html",
        policies=queries.list_policies(session, actor=actor),
        claims=queries.list_claims(session, actor=actor),
    )


@blueprint.get("/policies/<public_id>")
@requires(Permission.PROJECT_READ)
def show_policy(public_id: str) -> Any:
    """One policy."""
    policy = queries.get_policy(current_session(), actor=current_actor(), public_id=public_id)
    return _render(policy, {}, {})


def _render(policy: Policy, values: Any, errors: dict[str, str], status: int = 422) -> Any:
    actor = current_actor()
    own = policy.insured_organisation_id == actor.organisation_id
    parties = (policy.insured_organisation_id, *(insurer for insurer, _share in policy.shares))
    party = actor.organisation_id in parties or actor.organisation_kind in queries.OVERSEERS
    page = render_template(
        "insurance/policy_show.html",
        policy=policy,
        own=own,
        may_claim=own and actor.can(Permission.QUOTE_REQUEST) and policy.state in ("in_force", "expired"),
        sees_payment=party,
        sees_quote=party,
        panel_rows=rows_of_policy(policy),
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
        today=clock.day_in_zone(clock.now()),
    )
    return (page, status) if errors else page


@blueprint.post("/policies/<public_id>/claims")
@requires(Permission.QUOTE_REQUEST)
def notify_claim(public_id: str) -> Any:
    """Report an event and what was spent."""
    session, actor = current_session(), current_actor()
    policy = queries.get_policy(session, actor=actor, public_id=public_id)
    reader = FormReader(request.form, policy.currency)
    spend = {item["code"]: reader.amount(item["code"], needed=False) or 0 for item in policy.schedule}
    event_on = reader.day("event_on")
    try:
        reader.check()
        claim = services.notify_claim(
            session, actor=actor, policy=policy, event_on=event_on, spend=spend, now=clock.now(),
            description=request.form.get("description", ""),
        )  # fmt: skip
    except MarketplaceError as error:
        errors = shown_errors(error)
        if not errors:
            raise
        return _render(policy, request.form, errors, status_of(error))
    flash(_("The claim is notified to the insurer."), "jade")
    return redirect(url_for("insurance.show_claim", public_id=claim.public_id))
