"""Events of an agreement: the log, the explanation of each by tier, the forms to record or propose one."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, require_fresh_sign_in, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries, rules
from marketplace.agreements.errors import EventNotYoursError
from marketplace.agreements.models import Agreement
from marketplace.agreements.overview import list_open_matters
from marketplace.agreements.running import engine_for
from marketplace.agreements.services import proposals
from marketplace.agreements.services.compensations import file_claim
from marketplace.agreements.services.events import record_agreement_event
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError
from marketplace.ledger.queries import list_postings
from marketplace.web.agreements import blueprint
from marketplace.web.agreements.event_forms import FORM_FIELDS, collectable, read_body
from marketplace.web.agreements.explaining import nest_tiers
from marketplace.web.agreements.pages import load_agreement, locale
from marketplace.web.agreements.reading import Reader, field_errors, form_values
from marketplace.web.labels import label
from marketplace.web.ledger import ACCOUNT_WORDS
from marketplace.web.term_names import NAMES


@blueprint.get("/agreements/<public_id>/events/<event_id>")
@requires(Permission.AGREEMENT_READ)
def show_event(public_id: str, event_id: str) -> Any:
    """One event: what it said, which tier paid whom and why, its entry, its payments."""
    session = current_session()
    agreement = load_agreement(public_id)
    event = queries.get_event(session, agreement=agreement, public_id=event_id)
    names = {party.ledger_party: party for party in agreement.parties}
    parties = {party.party: party for party in agreement.parties}
    return render_template(
        "agreements/event.html",
        agreement=agreement,
        event=event,
        body=json.loads(event.body),
        parties=parties,
        tiers=nest_tiers(event.explanation, parties, locale()),
        postings=list_postings(session, entry_id=event.ledger_entry_id) if event.ledger_entry_id else [],
        ledger_names=names,
        account_words=ACCOUNT_WORDS,
        payments=queries.list_payments(session, agreement_id=agreement.id, event_id=event.id),
    )


@blueprint.get("/agreements/<public_id>/events/new/<kind>")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def show_event_form(public_id: str, kind: str) -> Any:
    """The form of one kind of event."""
    agreement = load_agreement(public_id)
    values = {"effective_on": clock.day_in_zone(clock.now()).isoformat(), "event_id": f"{kind}-{secrets.token_hex(8)}"}
    return _render(agreement, kind, values, {})


def _render(agreement: Agreement, kind: str, values: Mapping[str, str], errors: dict[str, str]) -> Any:
    session, actor = current_session(), current_actor()
    party = queries.get_party_of(agreement, actor.organisation_id)
    if kind not in rules.KINDS_BY_HAND:
        raise NotFoundError()
    if kind not in rules.kinds_of_role(party.role):
        raise EventNotYoursError(kind=kind)
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    model = engine_for(version).model
    page = render_template(
        "agreements/event_form.html",
        agreement=agreement,
        kind=kind,
        proposed=kind in rules.PROPOSED_KINDS,
        fields=FORM_FIELDS[kind],
        collectable=collectable(model),
        compensations=_own_compensations(model, agreement),
        model=model,
        events=queries.list_events(session, agreement_id=agreement.id),
        matters=list_open_matters(session, agreement=agreement),
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
    )
    return (page, 422) if errors else page


def _own_compensations(model: Any, agreement: Agreement) -> list[tuple[str, str]]:
    """What the organisation itself owes after a default, for the select of the form."""
    party = queries.find_party_of(agreement, current_actor().organisation_id)
    channels = model.recoveries.channels if model.recoveries else {}
    return [
        (channel, label("compensation_channel", channel))
        for channel, node in channels.items()
        if channel in NAMES["compensation_channel"] and party is not None and node.payer == party.party
    ]


@blueprint.post("/agreements/<public_id>/events/new/<kind>")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def record_event(public_id: str, kind: str) -> Any:
    """Record or propose the event; what the engine refuses is shown at the field."""
    session, actor = current_session(), current_actor()
    agreement = load_agreement(public_id)
    if kind not in rules.KINDS_BY_HAND:
        raise NotFoundError()
    version = queries.get_version(session, agreement=agreement, number=agreement.active_version_number)
    reader = Reader(request.form, agreement.currency)
    day, event_id = reader.day("effective_on"), reader.text("event_id", longest=64)
    body = read_body(kind, reader, engine_for(version).model)
    proposed = kind in rules.PROPOSED_KINDS
    try:
        reader.refuse_wrong()
        act = proposals.propose_event if proposed else record_agreement_event
        act(
            session,
            agreement=agreement,
            actor=actor,
            event_id=event_id,
            kind=kind,
            effective_on=date.fromisoformat(day),
            body=body,
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _render(agreement, kind, form_values(), _near_field(error, kind))
    if proposed:
        flash(_("The event is proposed; another side confirms it before it is recorded."), "amber")
    else:
        flash(_("The event is recorded and settled."), "jade")
    return redirect(url_for("agreements.show_agreement", public_id=public_id))


def _near_field(error: InvalidInputError, kind: str) -> dict[str, str]:
    """The engine names `body.proceeds_minor`; the form calls the field `proceeds`."""
    known = {"effective_on", "event_id", *FORM_FIELDS[kind]}
    called = {"instrument": "grant", "amount": "part"} if kind in rules.GRANT_KINDS else {}
    messages = {}
    for name, text in field_errors(error).items():
        short = name.removeprefix("body.").split(".")[0].removesuffix("_minor")
        short = short if short in known else called.get(short, short)
        messages[short if short in known else next(iter(FORM_FIELDS[kind]), "effective_on")] = text
    return messages


@blueprint.post("/agreements/<public_id>/pool-filing")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def file_with_pool(public_id: str) -> Any:
    """The lender files its claim with the pool and gets an acceptance number."""
    filing = file_claim(current_session(), agreement=load_agreement(public_id), actor=current_actor(), now=clock.now())
    flash(_("The claim is filed under acceptance number %(number)s.", number=filing.number), "jade")
    return redirect(url_for("agreements.show_agreement", public_id=public_id))


@blueprint.post("/agreements/<public_id>/proposals/<proposal_id>/confirm")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def confirm_proposal(public_id: str, proposal_id: str) -> Any:
    """The other side confirms; the event is recorded and settled."""
    require_fresh_sign_in()
    session, actor = current_session(), current_actor()
    agreement = load_agreement(public_id)
    proposal = queries.get_proposal(session, agreement=agreement, public_id=proposal_id)
    proposals.confirm_proposal(session, agreement=agreement, actor=actor, proposal=proposal, now=clock.now())
    flash(_("The event is recorded and settled."), "jade")
    return redirect(url_for("agreements.show_agreement", public_id=public_id))


@blueprint.post("/agreements/<public_id>/proposals/<proposal_id>/refuse")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def refuse_proposal(public_id: str, proposal_id: str) -> Any:
    """The other side refuses and says why."""
    session, actor = current_session(), current_actor()
    agreement = load_agreement(public_id)
    proposal = queries.get_proposal(session, agreement=agreement, public_id=proposal_id)
    proposals.refuse_proposal(
        session,
        agreement=agreement,
        actor=actor,
        proposal=proposal,
        reason=request.form.get("reason", ""),
        now=clock.now(),
    )
    flash(_("The proposal is refused; nothing was recorded."), "amber")
    return redirect(url_for("agreements.show_agreement", public_id=public_id))
