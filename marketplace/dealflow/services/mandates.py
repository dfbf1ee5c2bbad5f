"""Writing mandates: create, edit, pause, resume, expire."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.audit.services import record_act
from marketplace.db import changed_rows, lock_rows
from marketplace.dealflow import queries
from marketplace.dealflow.errors import MandateInvalidError, MandateMoveRefusedError, NotTheFunderError
from marketplace.dealflow.models import Mandate
from marketplace.dealflow.schemas import DEFAULTS, MandateInputSchema, check_whole, read_mandate
from marketplace.dealflow.states import check_mandate_move
from marketplace.jobs.services import enqueue_job

MATCH_MANDATE_JOB = "dealflow.match_mandate"


def create_mandate(
    session: orm.Session, *, actor: Any, now: datetime, budget_remaining_minor: int | None = None, **values: Any
) -> Mandate:
    """Write a mandate of the actor's organisation; raises MandateInvalidError or MandateEmptyRangeError.

    `budget_remaining_minor` is for a mandate that was running before it came here; else the whole budget is left.
    """
    require_permission(actor, Permission.MANDATE_EDIT)
    if not actor.is_funder:
        raise NotTheFunderError()
    whole = {**DEFAULTS, **read_mandate(values)}
    check_whole(whole)
    left = whole["budget_minor"] if budget_remaining_minor is None else budget_remaining_minor
    if not 0 <= left <= whole["budget_minor"]:
        raise MandateInvalidError(errors={"budget_remaining_minor": "The remaining budget lies within the budget."})
    mandate = Mandate(
        organisation_id=actor.organisation_id, budget_remaining_minor=left, state="active", created_at=now,
        updated_at=now, **whole,
    )  # fmt: skip
    session.add(mandate)
    session.flush()  # the audit line and the job name the mandate
    _record(session, actor, mandate, "created", now)
    _ask_for_matches(session, mandate, now)
    return mandate


def edit_mandate(session: orm.Session, *, actor: Any, mandate: Mandate, now: datetime, **values: Any) -> Mandate:
    """Change what is sent and leave the rest; a larger or smaller budget moves what is left by the difference."""
    _require_funder(actor, mandate)
    changes = read_mandate(values)
    session.execute(lock_rows(session, sa.select(Mandate.id).where(Mandate.id == mandate.id)))
    session.refresh(mandate, ["budget_minor", "budget_remaining_minor", "state"])
    whole = {name: getattr(mandate, name) for name in MandateInputSchema().fields} | changes
    check_whole(whole)
    if whole["currency"] != mandate.currency:
        raise MandateInvalidError(errors={"currency": "The currency of a mandate cannot be changed."})
    mandate.budget_remaining_minor += whole["budget_minor"] - mandate.budget_minor
    for name, value in changes.items():
        setattr(mandate, name, value)
    mandate.updated_at = now
    if mandate.state == "expired" and mandate.valid_to >= clock.day_in_zone(now):
        mandate.state = "active"
    session.flush()  # the database checks the ranges once more
    _record(session, actor, mandate, "edited", now, fields=sorted(changes))
    _ask_for_matches(session, mandate, now)
    return mandate


def set_mandate_state(session: orm.Session, *, actor: Any, mandate: Mandate, state: str, now: datetime) -> Mandate:
    """Pause or resume; raises MandateMoveRefusedError, and refuses to resume after the last day."""
    _require_funder(actor, mandate)
    if state not in ("active", "paused"):
        raise MandateInvalidError("Choose one from the list.", field="state")
    check_mandate_move(mandate.state, state)
    if state == "active" and mandate.valid_to < clock.day_in_zone(now):
        raise MandateInvalidError("The last day of this mandate has passed; move it first.", field="valid_to")
    moved = changed_rows(
        session,
        sa.update(Mandate)
        .where(Mandate.id == mandate.id, Mandate.state == mandate.state)
        .values(state=state, updated_at=now)
        .execution_options(synchronize_session=False),
    )
    session.refresh(mandate, ["state", "updated_at"])
    if moved != 1:
        raise MandateMoveRefusedError(before=mandate.state, after=state)
    _record(session, actor, mandate, "resumed" if state == "active" else "paused", now)
    _ask_for_matches(session, mandate, now)
    return mandate


def expire_mandates(session: orm.Session, *, now: datetime) -> int:
    """Close the mandates whose last day has passed; returns how many."""
    lapsed = queries.list_lapsed_mandates(session, today=clock.day_in_zone(now))
    for mandate in lapsed:
        mandate.state, mandate.updated_at = "expired", now
        _record(session, None, mandate, "expired", now)
    session.flush()  # the matches of this run read the states
    return len(lapsed)


def _require_funder(actor: Any, mandate: Mandate) -> None:
    require_permission(actor, Permission.MANDATE_EDIT)
    if mandate.organisation_id != actor.organisation_id:
        raise NotTheFunderError()


def _ask_for_matches(session: orm.Session, mandate: Mandate, now: datetime) -> None:
    """No dedupe key: a job that is already running may have read the mandate as it was."""
    enqueue_job(
        session, name=MATCH_MANDATE_JOB, now=now, arguments={"mandate_id": mandate.id},
        owner_organisation_id=mandate.organisation_id,
    )  # fmt: skip


def _record(session: orm.Session, actor: Any, mandate: Mandate, action: str, now: datetime, **details: Any) -> None:
    record_act(
        session, actor=actor, action=f"mandate.{action}", subject_kind="mandate", subject_id=mandate.public_id,
        now=now, details=details,
    )  # fmt: skip
