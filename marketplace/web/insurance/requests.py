"""Requests for quotes: the list by role, the form, and the comparison of what came back."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import MarketplaceError
from marketplace.insurance import queries, services
from marketplace.insurance.models import COST_ITEMS, QuoteRequest
from marketplace.insurance.states import QUOTE_STATES, SHARED_STATES
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.web.chain import register_step
from marketplace.web.errors import status_of
from marketplace.web.insurance import blueprint
from marketplace.web.insurance.words import FormReader, name_of, options, reason_of, shown_errors
from marketplace.web.paging import FETCH, chosen_state, cursor_row, cut_page


@blueprint.get("/quotes")
@requires(Permission.QUOTE_READ)
def list_quotes() -> Any:
    """Insurers see the quotes they were asked for; teams, brokers and overseers the requests."""
    if current_actor().organisation_kind == "insurer":
        return _list_of_insurer()
    session, actor = current_session(), current_actor()
    after = cursor_row(lambda public_id: queries.get_request(session, actor=actor, public_id=public_id))
    rows, pager = cut_page(queries.list_requests(session, actor=actor, after_id=after, limit=FETCH))
    return render_template(
        "insurance/requests.html",
        requests=rows,
        total=queries.count_requests(session, actor=actor),
        **pager,
        policies=queries.list_policies(session, actor=actor),
    )


def _list_of_insurer() -> Any:
    session, actor = current_session(), current_actor()
    state = chosen_state(QUOTE_STATES)
    after = cursor_row(lambda public_id: queries.get_quote(session, actor=actor, public_id=public_id))
    rows, pager = cut_page(queries.list_quotes(session, actor=actor, state=state, after_id=after, limit=FETCH))
    return render_template(
        "insurance/quotes.html",
        quotes=rows,
        total=queries.count_quotes(session, actor=actor, state=state),
        state=state,
        states=QUOTE_STATES,
        **pager,
        policies=queries.list_policies(session, actor=actor),
        claims=queries.list_claims(session, actor=actor),
        lines=queries.list_lines(session, actor=actor),
        open_states=SHARED_STATES,
    )


@blueprint.get("/projects/<project_id>/quote-requests/new")
@requires(Permission.QUOTE_REQUEST)
def new_request(project_id: str) -> Any:
    """The form that asks several insurers for the same cover."""
    project = get_project(current_session(), actor=current_actor(), public_id=project_id)
    return _render_form(project, {}, {})


def _render_form(project: Project, values: Any, errors: dict[str, str], status: int = 422) -> Any:
    session = current_session()
    today = clock.day_in_zone(clock.now())
    chosen = values.getlist("insurers") if hasattr(values, "getlist") else []
    page = render_template(
        "insurance/request_new.html",
        project=project,
        values=values,
        chosen=chosen,
        field_errors=errors,
        errors=list(errors.items()),
        cost_items=COST_ITEMS,
        insurers=queries.list_insurers(session, currency=project.currency, on=today),
        banks=queries.list_banks(session),
        bearers=options("premium_bearer"),
        budget={line.kind: line.amount_minor for line in project.budget_lines},
    )
    return (page, status) if errors else page


@blueprint.post("/projects/<project_id>/quote-requests/new")
@requires(Permission.QUOTE_REQUEST)
def create_request(project_id: str) -> Any:
    """Ask for quotes."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=project_id)
    try:
        values = _read_form(project)
        made = services.request_quotes(session, actor=actor, project=project, now=clock.now(), **values)
    except MarketplaceError as error:
        errors = shown_errors(error)
        if not errors:
            raise
        return _render_form(project, request.form, errors, status_of(error))
    flash(_("The insurers are asked. Each sees its own quote only."), "jade")
    return redirect(url_for("insurance.show_request", public_id=made.public_id))


def _read_form(project: Project) -> dict[str, Any]:
    reader = FormReader(request.form, project.currency)
    schedule = [
        {"code": code, "sum_insured_minor": amount}
        for code in COST_ITEMS
        if (amount := reader.amount(f"sum_{code}", needed=False))
    ]
    values: dict[str, Any] = {
        "insurers": queries.list_organisations(
            current_session(), public_ids=request.form.getlist("insurers"), kind="insurer"
        ),
        "schedule": schedule,
        "deductible_minor": reader.amount("deductible"),
        "limit_minor": reader.amount("limit"),
        "insurer_share": reader.share("insurer_share"),
        "cover_from": reader.day("cover_from"),
        "cover_to": reader.day("cover_to"),
        "target_by": reader.day("target_by"),
        "insured_event": {
            "text_zh": reader.text("event", limit=700), "text_en": reader.text("event_en", limit=700),
            "panel_zh": reader.text("panel_zh", limit=700), "panel_en": reader.text("panel_en", limit=700),
        },
        "premium_bearer": reader.text("premium_bearer"),
        "insurer_freely_chosen": bool(request.form.get("insurer_freely_chosen")),
        "earlier_failures": reader.text("earlier_failures"),
        "subsidies": _read_subsidy(reader),
        "assignments": _read_assignment(reader),
    }  # fmt: skip
    reader.check()
    return values


def _read_subsidy(reader: FormReader) -> list[dict[str, Any]]:
    amount = reader.amount("subsidy", needed=False)
    if not amount:
        return []
    payer = reader.text("subsidy_payer", limit=120)
    if not payer:
        reader.errors["subsidy_payer"] = "Name the scheme that pays the subsidy."
    return [{"payer": payer, "amount_minor": amount, "source": payer}]


def _read_assignment(reader: FormReader) -> list[dict[str, str]]:
    bank, share = reader.text("assignee", limit=40), reader.share("assigned_share", needed=False)
    return [{"organisation": bank, "share": share or "0"}] if bank else []


@blueprint.get("/quote-requests/<public_id>")
@requires(Permission.QUOTE_READ)
def show_request(public_id: str) -> Any:
    """What was asked and what came back, side by side for the applicant."""
    session, actor = current_session(), current_actor()
    found = queries.get_request(session, actor=actor, public_id=public_id)
    quotes = queries.list_quotes(session, actor=actor, request_id=found.id)
    own = found.organisation_id == actor.organisation_id
    return render_template(
        "insurance/request_show.html",
        request_=found,
        quotes=quotes,
        compared=[quote for quote in quotes if quote.premium_minor is not None] if _may_compare(found) else [],
        comparison=_may_compare(found),
        asked=queries.list_insurers_asked(session, request_id=found.id) if own or len(quotes) > 1 else [],
        shared=any(quote.panel is not None for quote in quotes),
        own=own,
        may_withdraw=own
        and found.state == "open"
        and actor.can(Permission.QUOTE_REQUEST)
        and not any(quote.state == "accepted" for quote in quotes),
        assignees=_assignees(found),
        bearer=name_of("premium_bearer", found.premium_bearer),
        reason_of=reason_of,
    )


def _may_compare(found: QuoteRequest) -> bool:
    """The comparison belongs to the applicant or to a licensed broker, as the market is set."""
    actor, setting = current_actor(), current_app.settings.insurance_comparison  # type: ignore[attr-defined]  # Marketplace
    if actor.organisation_kind in queries.OVERSEERS:
        return True
    if setting == "applicant":
        return found.organisation_id == actor.organisation_id
    return setting == "broker" and found.broker_organisation_id == actor.organisation_id


def _assignees(found: QuoteRequest) -> list[tuple[Any, str]]:
    shares = {row["organisation"]: row["share"] for row in found.assignments}
    rows = queries.list_organisations(current_session(), public_ids=shares)
    return [(row, shares[row.public_id]) for row in rows]


@blueprint.post("/quote-requests/<public_id>/withdraw")
@requires(Permission.QUOTE_REQUEST)
def withdraw_request(public_id: str) -> Any:
    """Give the request up."""
    session, actor = current_session(), current_actor()
    found = queries.get_request(session, actor=actor, public_id=public_id)
    services.withdraw_request(session, actor=actor, request=found, now=clock.now())
    flash(_("The request is withdrawn; the insurers see that."), "amber")
    return redirect(url_for("insurance.show_request", public_id=public_id))


def _quote_step(session: Any, project: Project, actor: Any) -> dict[str, Any] | None:
    """Insurance in the strip of the main job: a cover in force, or an open request that the reader may see."""
    if actor is None:
        return None
    policies = queries.list_policies_of_project(session, project_id=project.id)
    own = project.organisation_id == actor.organisation_id
    in_force = next((policy for policy in policies if policy.state == "in_force"), None)
    if in_force is not None:
        seen = queries.list_policies(session, actor=actor, project_id=project.id)
        url = url_for("insurance.show_policy", public_id=in_force.public_id) if in_force in seen else None
        return {"state": "done", "when": in_force.bound_at, "url": url}
    rows = queries.list_requests(session, actor=actor, project_id=project.id, limit=1)
    if rows:
        return {"state": "current", "url": url_for("insurance.show_request", public_id=rows[0].public_id)}
    if own and actor.can(Permission.QUOTE_REQUEST):
        return {"state": "waiting", "url": url_for("insurance.new_request", project_id=project.public_id)}
    return None


register_step("quote", _quote_step)
