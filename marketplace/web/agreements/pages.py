"""The list of agreements and the page of one: parties, state, clauses, what waits for whom."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, render_template
from flask_babel import get_locale

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries, rules
from marketplace.agreements.document import make_agreement_pdf
from marketplace.agreements.eligibility import list_conditions
from marketplace.agreements.models import AGREEMENT_STATES, Agreement
from marketplace.agreements.overview import describe_clauses, list_balances, list_next_steps
from marketplace.agreements.running import engine_for
from marketplace.agreements.services.compensations import view_register
from marketplace.agreements.services.proposals import list_decidable
from marketplace.agreements.services.signing import list_missing_parties
from marketplace.agreements.services.verification import export_bundle, verify_agreement
from marketplace.agreements.states import EDITABLE
from marketplace.audit.queries import list_lines_of
from marketplace.db import current_session
from marketplace.projects.queries import find_project
from marketplace.web.agreements import blueprint
from marketplace.web.amount_words import amount_in_words
from marketplace.web.condition_words import readable_answer
from marketplace.web.labels import label
from marketplace.web.paging import FETCH, chosen_state, cursor_row, cut_page


def load_agreement(public_id: str) -> Agreement:
    """One agreement of the scope of whoever asks."""
    return queries.get_agreement(current_session(), actor=current_actor(), public_id=public_id)


def locale() -> str:
    return str(get_locale() or "en")


@blueprint.get("/agreements")
@requires(Permission.AGREEMENT_READ)
def list_agreements() -> Any:
    """Agreements that the organisation may see, newest first."""
    session, actor = current_session(), current_actor()
    state = chosen_state(AGREEMENT_STATES)
    rows, pager = cut_page(
        queries.list_agreements(session, actor=actor, state=state, before_id=cursor_row(load_agreement), limit=FETCH)
    )
    projects = {
        row.project_id: find_project(session, project_id=row.project_id) for row in rows if row.project_id is not None
    }
    return render_template(
        "agreements/list.html",
        agreements=rows,
        projects=projects,
        own_projects=queries.list_own_projects(session, actor=actor) if actor.can(Permission.AGREEMENT_DRAFT) else [],
        total=queries.count_agreements(session, actor=actor, state=state),
        state=state,
        states=AGREEMENT_STATES,
        **pager,
    )


@blueprint.get("/agreements/<public_id>")
@requires(Permission.AGREEMENT_READ)
def show_agreement(public_id: str) -> Any:
    """One agreement."""
    session, actor = current_session(), current_actor()
    agreement = load_agreement(public_id)
    version = queries.get_version(session, agreement=agreement)
    party = queries.find_party_of(agreement, actor.organisation_id)
    waiting = queries.list_proposals(session, agreement_id=agreement.id, state="waiting")
    project = find_project(session, project_id=agreement.project_id) if agreement.project_id is not None else None
    return render_template(
        "agreements/show.html",
        agreement=agreement,
        project=project,
        conditions=read_conditions(agreement),
        version=version,
        versions=queries.list_versions(session, agreement_id=agreement.id),
        clauses=describe_clauses(version, locale()),
        balances=list_balances(session, agreement=agreement, locale=locale()),
        signatures=queries.list_signatures(session, agreement_id=agreement.id, version_id=version.id),
        missing=list_missing_parties(session, agreement=agreement, version=version),
        simulation=queries.find_latest_simulation(session, agreement=agreement, terms_hash=version.terms_hash),
        steps=list_next_steps(session, agreement=agreement),
        proposals=waiting,
        decidable=list_decidable(session, agreement=agreement, actor=actor, waiting=waiting),
        payments=queries.list_payments(session, agreement_id=agreement.id, state="waiting"),
        events=queries.list_events(session, agreement_id=agreement.id),
        history=list_lines_of(session, subject_kind="agreement", subject_id=agreement.public_id),
        register=view_register(session, agreement=agreement, version=version, actor=actor),
        own_party=party,
        sees_statements=party is not None and party.role in rules.TEAM,
        kinds=rules.kinds_that_apply(engine_for(version).model, party) if party else [],
        is_drafter=agreement.drafted_by_organisation_id == actor.organisation_id,
    )


def read_conditions(agreement: Agreement) -> list[tuple[Any, dict[str, Any]]]:
    """What the level asks for before a signature; once all have signed, the audit trail holds what met it."""
    if agreement.state not in EDITABLE or agreement.project_id is None:
        return []
    session = current_session()
    rows = list_conditions(
        session, agreement=agreement, project=find_project(session, project_id=agreement.project_id),
        terms=queries.load_terms(queries.get_version(session, agreement=agreement)),
        on=clock.day_in_zone(clock.now()),
    )  # fmt: skip
    return [(row, readable_answer(row.answer)) for row in rows]


@blueprint.get("/agreements/<public_id>/versions/<int:number>")
@requires(Permission.AGREEMENT_READ)
def show_version(public_id: str, number: int) -> Any:
    """One version as plain sentences, with its document."""
    session = current_session()
    agreement = load_agreement(public_id)
    version = queries.get_version(session, agreement=agreement, number=number)
    return render_template(
        "agreements/version.html",
        agreement=agreement,
        version=version,
        clauses=describe_clauses(version, locale()),
        document=json.dumps(queries.load_terms(version), ensure_ascii=False, indent=2),
        signatures=queries.list_signatures(session, agreement_id=agreement.id, version_id=version.id),
    )


@blueprint.get("/agreements/<public_id>/versions/<int:number>/document.pdf")
@requires(Permission.AGREEMENT_READ)
def download_version(public_id: str, number: int) -> Any:
    """The version as PDF/A in the page's language, made from the terms that are signed."""
    session = current_session()
    agreement = load_agreement(public_id)
    version = queries.get_version(session, agreement=agreement, number=number)
    content = make_agreement_pdf(
        session, agreement=agreement, version=version, locale=locale(), in_words=amount_in_words, label=label
    )
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{agreement.public_id}-{number}.pdf"'
    return response


@blueprint.get("/agreements/<public_id>/verify")
@requires(Permission.AGREEMENT_READ)
def verify(public_id: str) -> Any:
    """Check hashes, signatures, settlement and ledger now."""
    agreement = load_agreement(public_id)
    return render_template(
        "agreements/verify.html",
        agreement=agreement,
        result=verify_agreement(current_session(), agreement=agreement),
        checked_at=clock.now(),
    )


@blueprint.get("/agreements/<public_id>/bundle.json")
@requires(Permission.AGREEMENT_READ)
def download_bundle(public_id: str) -> Any:
    """Everything that a party needs to check the agreement without the platform."""
    agreement = load_agreement(public_id)
    content = export_bundle(current_session(), agreement=agreement, now=clock.now())
    text = json.dumps(content, ensure_ascii=False, indent=1)
    disposition = f'attachment; filename="{agreement.public_id}.json"'
    return text, 200, {"Content-Type": "application/json", "Content-Disposition": disposition}
