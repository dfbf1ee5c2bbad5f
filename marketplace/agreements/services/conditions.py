"""A condition of the level that no commitment carries: its funder records it, and its evidence, with the agreement."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries
from marketplace.agreements.eligibility import list_conditions
from marketplace.agreements.errors import ConditionNotOpenError, NotAPartyError
from marketplace.agreements.models import Agreement
from marketplace.agreements.services.drafting import tell_parties
from marketplace.agreements.states import EDITABLE, require_state
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone
from marketplace.funding.conditions import meet, write_condition
from marketplace.funding.services import check_evidence
from marketplace.projects.queries import find_project


def meet_condition(
    session: orm.Session,
    *,
    actor: Any,
    agreement: Agreement,
    instrument: str,
    ground: str,
    document_number: str,
    document_on: date | None,
    now: datetime,
) -> Agreement:
    """The party that gives the instrument records by which document its condition is met, before anybody signs on it.

    The team gains from it and cannot; what only an assessment opens stays open. Raises NotAPartyError,
    ConditionNotOpenError, or InvalidInputError with a message for each field.
    """
    require_permission(actor, Permission.AGREEMENT_SIGN)
    agreement = queries.lock_agreement(session, agreement_id=agreement.id)
    party = queries.find_party_of(agreement, actor.organisation_id)
    if party is None:
        raise NotAPartyError()
    require_state(agreement.state, EDITABLE)
    project = find_project(session, project_id=agreement.project_id) if agreement.project_id is not None else None
    terms = queries.load_terms(queries.get_version(session, agreement=agreement))
    rows = list_conditions(session, agreement=agreement, project=project, terms=terms, on=day_in_zone(now))
    found = next((row for row in rows if row.instrument == instrument and row.party == party.party), None)
    if found is None or project is None or found.met_by is not None or "evidence" not in found.answer.opened_by:
        raise ConditionNotOpenError(instrument=instrument)
    day = check_evidence(ground, document_number, document_on, now)
    levels = project.levels_on(day_in_zone(now))
    row = write_condition(found.answer, levels=levels, user_public_id=actor.user_public_id, now=now)
    (row,) = meet(
        [row], [row["code"]], met_by="evidence", met_at=now.isoformat(), decided_by=actor.user_public_id,
        document_number=document_number.strip(), document_on=day.isoformat(), ground=ground.strip(),
    )  # fmt: skip
    agreement.conditions = [*agreement.conditions, {**row, "of": instrument, "party": party.party}]
    session.flush()  # the next signature reads it
    record_act(
        session,
        actor=actor,
        action="agreement.condition_met",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"instrument": instrument, "condition": row["code"], "document_number": row["document_number"],
                 "document_on": row["document_on"]},
    )  # fmt: skip
    tell_parties(
        session, agreement=agreement, kind="agreement_condition_met", now=now, without=actor.organisation_id,
        key=f"condition:{instrument}:{row['code']}", parameters={},
    )  # fmt: skip
    return agreement
