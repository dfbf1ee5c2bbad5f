"""/api/v1/agreements. Signing is done on the pages only: a key's passphrase never travels through an API key."""

from __future__ import annotations

import json
from typing import Any

from flask import request
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation
from marketplace.agreements import queries, rules, schemas
from marketplace.agreements.eligibility import list_conditions
from marketplace.agreements.models import Agreement, AgreementEvent, AgreementVersion
from marketplace.agreements.services import conditions, drafting, proposals, simulations
from marketplace.agreements.services.events import record_agreement_event
from marketplace.agreements.services.statements import make_statement, require_statement_reader
from marketplace.agreements.services.verification import export_bundle, verify_agreement
from marketplace.agreements.states import require_state
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.projects.queries import find_project, get_project

blueprint = Blueprint(
    "api_agreements", __name__, url_prefix="/agreements", description="Agreements, their events and statements"
)


def _load(public_id: str) -> Agreement:
    return queries.get_agreement(current_session(), actor=current_actor(), public_id=public_id)


def _version(version: AgreementVersion) -> dict[str, Any]:
    names = ("number", "terms_hash", "previous_hash", "note", "created_at")
    return {**{name: getattr(version, name) for name in names}, "terms": queries.load_terms(version)}


def _event(event: AgreementEvent) -> dict[str, Any]:
    names = (
        "event_id", "number", "kind", "effective_on", "recorded_at", "version_hash", "previous_hash", "hash",
        "explanation",
    )  # fmt: skip
    return {**{name: getattr(event, name) for name in names}, "body": json.loads(event.body)}


@blueprint.get("")
@blueprint.arguments(schemas.AgreementQuerySchema, location="query")
@blueprint.response(200, schemas.AgreementListSchema)
@requires(Permission.AGREEMENT_READ)
def list_agreements(query: dict[str, Any]) -> Any:
    """Agreements that the organisation may see, newest first."""
    session, actor = current_session(), current_actor()
    before = _load(query["cursor"]).id if query["cursor"] else None
    rows = queries.list_agreements(
        session, actor=actor, state=query["state"], before_id=before, limit=query["limit"] + 1
    )
    shown = rows[: query["limit"]]
    total = queries.count_agreements(session, actor=actor, state=query["state"])
    next_cursor = shown[-1].public_id if len(rows) > query["limit"] else None
    return {"data": shown, "page": {"next_cursor": next_cursor, "total": total}}


@blueprint.post("")
@blueprint.arguments(schemas.NewAgreementSchema)
@blueprint.response(201, schemas.AgreementSchema)
@requires(Permission.AGREEMENT_DRAFT)
def draft(values: dict[str, Any]) -> Any:
    """Draft an agreement of your own project from any terms or template; that of a fund belongs to no project."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=values["project"]) if values["project"] else None
    terms = values.get("terms") or drafting.make_terms(values.get("parameters", {}), template=values["template"])
    seats = [
        drafting.Seat(
            party, get_organisation(session, actor=actor, public_id=organisation).id if organisation else None
        )
        for party, organisation in values["organisations"].items()
    ]
    return drafting.draft_agreement(
        session, actor=actor, project=project, terms=terms, seats=seats, title_zh=values["title_zh"],
        title_en=values["title_en"], now=clock.now(),
    )  # fmt: skip


@blueprint.get("/<public_id>/conditions")
@blueprint.response(200, schemas.AgreementConditionListSchema)
@requires(Permission.AGREEMENT_READ)
def list_level_conditions(public_id: str) -> Any:
    """Instruments of the newest terms that are conditional at today's assessed level, and what meets each."""
    return _conditions(_load(public_id))


@blueprint.post("/<public_id>/conditions")
@blueprint.arguments(schemas.AgreementConditionMetSchema)
@blueprint.response(201, schemas.AgreementConditionListSchema)
@requires(Permission.AGREEMENT_SIGN)
def meet_condition(values: dict[str, Any], public_id: str) -> Any:
    """Record by which document the condition of your own instrument is met, before the agreement is signed."""
    agreement = _load(public_id)
    conditions.meet_condition(current_session(), actor=current_actor(), agreement=agreement, now=clock.now(), **values)
    return _conditions(agreement)


def _conditions(agreement: Agreement) -> dict[str, Any]:
    session = current_session()
    project = find_project(session, project_id=agreement.project_id) if agreement.project_id is not None else None
    rows = list_conditions(
        session, agreement=agreement, project=project, on=clock.day_in_zone(clock.now()),
        terms=queries.load_terms(queries.get_version(session, agreement=agreement)),
    )  # fmt: skip
    return {"data": rows}


@blueprint.get("/<public_id>")
@blueprint.response(200, schemas.AgreementSchema)
@requires(Permission.AGREEMENT_READ)
def show_agreement(public_id: str) -> Any:
    """One agreement with its parties."""
    return _load(public_id)


@blueprint.get("/<public_id>/versions")
@blueprint.response(200, schemas.AgreementVersionListSchema)
@requires(Permission.AGREEMENT_READ)
def list_versions(public_id: str) -> Any:
    """Every version with its terms and hash."""
    rows = queries.list_versions(current_session(), agreement_id=_load(public_id).id)
    return {"data": [_version(row) for row in rows]}


@blueprint.post("/<public_id>/versions")
@blueprint.arguments(schemas.NewAgreementVersionSchema)
@blueprint.response(201, schemas.AgreementVersionSchema)
@requires(Permission.AGREEMENT_DRAFT)
def change_terms(values: dict[str, Any], public_id: str) -> Any:
    """A new version of the terms; a clause that cannot be run is named in `details.clause`."""
    version = drafting.change_terms(
        current_session(), actor=current_actor(), agreement=_load(public_id), now=clock.now(), **values
    )
    return _version(version)


@blueprint.post("/<public_id>/simulations")
@blueprint.arguments(schemas.NewSimulationSchema)
@blueprint.response(202, schemas.SimulationSchema)
@requires(Permission.AGREEMENT_READ)
def start_simulation(values: dict[str, Any], public_id: str) -> Any:
    """Ask for a simulation of the newest version; the worker computes it."""
    session, agreement, now = current_session(), _load(public_id), clock.now()
    drivers = values["drivers"] or simulations.suggest_drivers(
        session, agreement=agreement, today=clock.day_in_zone(now)
    )
    return simulations.request_simulation(
        session, agreement=agreement, actor=current_actor(), drivers=drivers, scenarios=values["scenarios"],
        seed=values["seed"], now=now,
    )  # fmt: skip


@blueprint.get("/<public_id>/simulations/<simulation_id>")
@blueprint.response(200, schemas.SimulationSchema)
@requires(Permission.AGREEMENT_READ)
def show_simulation(public_id: str, simulation_id: str) -> Any:
    """A simulation and its result."""
    return queries.get_simulation(current_session(), agreement=_load(public_id), public_id=simulation_id)


@blueprint.get("/<public_id>/events")
@blueprint.response(200, schemas.AgreementEventListSchema)
@requires(Permission.AGREEMENT_READ)
def list_events(public_id: str) -> Any:
    """The log, oldest first."""
    rows = queries.list_events(current_session(), agreement_id=_load(public_id).id)
    return {"data": [_event(row) for row in rows]}


@blueprint.post("/<public_id>/events")
@blueprint.arguments(schemas.NewAgreementEventSchema)
@blueprint.response(201, schemas.RecordedSchema)
@requires(Permission.AGREEMENT_RECORD_EVENT)
def record_event(values: dict[str, Any], public_id: str) -> Any:
    """Record an event, or propose it where another side must confirm; the same id and content are one event."""
    session, actor, agreement = current_session(), current_actor(), _load(public_id)
    common = {
        "agreement": agreement, "actor": actor, "event_id": values["id"], "kind": values["kind"],
        "effective_on": values["effective_on"], "body": values["body"], "now": clock.now(),
    }  # fmt: skip
    if values["kind"] in rules.PROPOSED_KINDS:
        return {"event": None, "proposal": proposals.propose_event(session, **common)}
    event = record_agreement_event(session, **common, version_number=values["version"])
    return {"event": _event(event), "proposal": None}


@blueprint.get("/<public_id>/statements/<party>")
@blueprint.response(200, schemas.StatementSchema)
@requires(Permission.AGREEMENT_READ)
def show_statement(public_id: str, party: str) -> Any:
    """One party's statement of account."""
    session, agreement = current_session(), _load(public_id)
    wanted = require_statement_reader(agreement, actor=current_actor(), party=party)
    require_state(agreement.state, ("active", "completed"))
    statement = make_statement(session, agreement=agreement, party=wanted)

    def money(amount: int) -> dict[str, Any]:
        return {"amount_minor": amount, "currency": agreement.currency}

    amounts = {
        name.removesuffix("_minor"): money(value) for name, value in statement.items() if name.endswith("_minor")
    }
    lines = [
        {"on": line["on"], "event": line["event"], "kind": line["kind"], "amount": money(line["amount_minor"]),
         "balance": money(line["balance_minor"])}
        for line in statement["lines"]
    ]  # fmt: skip
    kept = {name: statement[name] for name in ("agreement", "party", "xirr", "dpi", "head", "checkpoint", "terms_hash")}
    return {**kept, **amounts, "lines": lines}


@blueprint.get("/<public_id>/verification")
@blueprint.response(200, schemas.VerificationSchema)
@requires(Permission.AGREEMENT_READ)
def verify(public_id: str) -> Any:
    """Check hashes, signatures, settlement and ledger now."""
    return verify_agreement(current_session(), agreement=_load(public_id))


@blueprint.get("/<public_id>/bundle")
@blueprint.response(200)
@requires(Permission.AGREEMENT_READ)
def show_bundle(public_id: str) -> Any:
    """Everything that a party needs to check the agreement offline."""
    if request.args:
        raise InvalidInputError("This address takes no parameters.")
    return export_bundle(current_session(), agreement=_load(public_id), now=clock.now())
