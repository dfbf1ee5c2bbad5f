"""Co-insurance on the pages: the table of a panel, and the answer of a following insurer to its share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, require_fresh_sign_in, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import MarketplaceError
from marketplace.insurance import queries, services
from marketplace.insurance.models import Policy, Quote
from marketplace.insurance.panel_models import CoinsuranceLine, CoinsurancePanel
from marketplace.insurance.rules import PanelPart
from marketplace.insurance.states import SHARED_STATES
from marketplace.money import Money
from marketplace.web.errors import status_of
from marketplace.web.insurance import blueprint
from marketplace.web.insurance.words import shown_errors


@dataclass(frozen=True)
class PanelRow:
    """One insurer of a panel as a table shows it."""

    line: CoinsuranceLine
    part: PanelPart
    # The most that it pays in all.
    limit_minor: int
    sees_payment: bool = False


def _rows(
    panel: CoinsurancePanel, *, premium: Money, subsidy_minor: int, limit_minor: int, sees: Callable[[int], bool]
) -> list[PanelRow]:
    limits = Money(limit_minor, premium.currency).allocate([line.share_bps for line in panel.lines])
    parts = panel.premium_parts(premium=premium, subsidy_minor=subsidy_minor)
    return [
        PanelRow(line, part, limit.amount_minor, sees(line.organisation_id))
        for (line, part), limit in zip(parts, limits, strict=True)
    ]


def rows_of_quote(quote: Quote) -> list[PanelRow]:
    """The panel of a quote, empty where one insurer takes the whole."""
    if quote.panel is None or quote.premium_minor is None:
        return []
    return _rows(
        quote.panel, premium=Money(quote.premium_minor, quote.request.currency), sees=lambda _insurer: False,
        subsidy_minor=quote.subsidy_minor or 0, limit_minor=quote.request.limit_minor,
    )  # fmt: skip


def typed_panel(panel: CoinsurancePanel | None) -> dict[str, str]:
    """The fields of the form as the panel that stands would fill them, so that only what changes is typed."""
    if panel is None:
        return {}
    lead, followers = panel.lines[0], panel.lines[1:]
    values = {"lead_share": _typed(lead.share_bps), "lead_fee": f"{Decimal(panel.lead_fee) * 100:f}"}
    for number, line in enumerate(followers, start=1):
        values[f"follower_{number}"] = line.organisation.public_id
        values[f"share_{number}"] = _typed(line.share_bps)
    return values


def _typed(share_bps: int) -> str:
    return f"{Decimal(share_bps) / 100:f}"


def rows_of_policy(policy: Policy) -> list[PanelRow]:
    """The panel of a policy; each insurer sees its own payment, the insured and the overseers all."""
    if policy.panel is None:
        return []
    actor = current_actor()
    all_seen = actor.organisation_kind in queries.OVERSEERS or actor.organisation_id == policy.insured_organisation_id
    return _rows(
        policy.panel, premium=Money(policy.premium_minor, policy.currency), subsidy_minor=policy.subsidy_minor,
        limit_minor=policy.limit_minor, sees=lambda insurer: all_seen or insurer == actor.organisation_id,
    )  # fmt: skip


@blueprint.get("/coinsurance-lines/<public_id>")
@requires(Permission.QUOTE_READ)
def show_line(public_id: str) -> Any:
    """The share that a following insurer is asked to take."""
    return _render(_get(public_id), {}, {})


def _get(public_id: str) -> CoinsuranceLine:
    return queries.get_line(current_session(), actor=current_actor(), public_id=public_id)


def _render(line: CoinsuranceLine, values: Any, errors: dict[str, str], status: int = 422) -> Any:
    session, actor, quote = current_session(), current_actor(), line.panel.quote
    own = line.organisation_id == actor.organisation_id
    sealed = own and queries.has_open_quote(session, request_id=quote.request_id, insurer_id=actor.organisation_id)
    rows = [] if sealed else rows_of_quote(queries.get_quote(session, actor=actor, public_id=quote.public_id))
    waits = own and line.state == "asked" and quote.state in SHARED_STATES and quote.request.state == "open"
    page = render_template(
        "insurance/line_show.html",
        line=line,
        quote=quote,
        request_=quote.request,
        sealed=sealed,
        rows=rows,
        mine=next((row for row in rows if row.line.id == line.id), None),
        may_accept=waits and not sealed and actor.can(Permission.AGREEMENT_SIGN),
        may_decline=waits and actor.can(Permission.QUOTE_MAKE),
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
    )
    return (page, status) if errors else page


@blueprint.post("/coinsurance-lines/<public_id>/accept")
@requires(Permission.AGREEMENT_SIGN)
def accept_line(public_id: str) -> Any:
    """Take the share."""
    require_fresh_sign_in()
    services.accept_line(current_session(), actor=current_actor(), line=_get(public_id), now=clock.now())
    flash(_("Your share is accepted."), "jade")
    return redirect(url_for("insurance.show_line", public_id=public_id))


@blueprint.post("/coinsurance-lines/<public_id>/decline")
@requires(Permission.QUOTE_MAKE)
def decline_line(public_id: str) -> Any:
    """Decline the share with a reason."""
    line = _get(public_id)
    try:
        services.decline_line(
            current_session(), actor=current_actor(), line=line, now=clock.now(), reason=request.form.get("reason", "")
        )
    except MarketplaceError as error:
        errors = shown_errors(error)
        if not errors:
            raise
        return _render(line, request.form, errors, status_of(error))
    flash(_("The refusal is recorded with its reason."), "amber")
    return redirect(url_for("insurance.show_line", public_id=public_id))
