"""Conditions of commitments: acknowledged when they arise, met by a level or by evidence, asked before a firm word."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.permissions import Actor
from marketplace.assessments.services import ask_eligibility, describe_closure
from marketplace.audit.services import record_act
from marketplace.db import lock_rows
from marketplace.errors import InvalidInputError, NotAllowedError
from marketplace.funding.conditions import find_condition, list_open, meet, write_condition
from marketplace.funding.errors import (
    ConditionChangedError,
    ConditionNotAcknowledgedError,
    ConditionOpenError,
    ConditionStateError,
    InstrumentClosedError,
)
from marketplace.funding.models import Commitment, Round
from marketplace.notifications.services import notify
from marketplace.projects.models import Project
from risk.maturity import Eligibility

GROUND_LIMIT = 2000


def first_conditions(
    *, actor: Actor, round_: Round, instrument: str, acknowledged: str | None, now: datetime
) -> list[dict[str, Any]]:
    """What a new commitment carries: nothing where the instrument is open, else the condition that was acknowledged.

    Raises InstrumentClosedError or ConditionNotAcknowledgedError, each saying what would open the instrument.
    """
    answer = ask_open(round_.project, instrument, now)
    if answer is None:
        return []
    if acknowledged != answer.code:
        raise ConditionNotAcknowledgedError(field="acknowledged", condition=answer.code, **describe_closure(answer))
    return [_write(round_.project, answer, actor, now)]


def ask_open(project: Project, instrument: str, now: datetime) -> Eligibility | None:
    """The condition of an instrument today, None where it is open; raises where the level closes it."""
    answer = ask_eligibility(project, instrument=instrument, on=clock.day_in_zone(now))
    if answer.answer == "closed":
        raise InstrumentClosedError(field="instrument", **describe_closure(answer))
    return answer if answer.answer == "conditional" else None


def _write(project: Project, answer: Eligibility, actor: Actor, now: datetime) -> dict[str, Any]:
    levels = project.levels_on(clock.day_in_zone(now))
    return write_condition(answer, levels=levels, user_public_id=actor.user_public_id, now=now)


def require_met(session: orm.Session, *, actor: Actor, commitment: Commitment, now: datetime) -> None:
    """Refuse a firm word on an unmet condition; a level at which the instrument is open meets whatever is open.

    Raises InstrumentClosedError, ConditionChangedError where the level now asks for another condition, or
    ConditionOpenError.
    """
    lock_commitment(session, commitment)
    answer = ask_open(commitment.round.project, commitment.instrument, now)
    if answer is None:
        codes = [row["code"] for row in list_open(commitment.conditions)]
        if codes:
            trl, mrl = commitment.round.project.levels_on(clock.day_in_zone(now))
            commitment.conditions = meet(commitment.conditions, codes, met_by="level", met_at=now.isoformat())
            _tell(session, actor, commitment, "condition_met", now, codes=codes, met_by="level", trl=trl, mrl=mrl)
        return
    row = find_condition(commitment.conditions, answer.code)
    if row is None:
        raise ConditionChangedError(condition=answer.code, **describe_closure(answer))
    if row["state"] != "met":
        raise ConditionOpenError(condition=answer.code, **describe_closure(answer))


def lock_commitment(session: orm.Session, commitment: Commitment) -> None:
    """Two acts on one commitment go one after the other, each on what the other has left."""
    session.execute(lock_rows(session, sa.select(Commitment.id).where(Commitment.id == commitment.id)))
    session.refresh(commitment, ["state", "conditions"])


def acknowledge_condition(
    session: orm.Session, *, actor: Actor, commitment: Commitment, code: str, now: datetime
) -> Commitment:
    """Take on a condition that arose after the commitment was made, because level or table changed."""
    _require_own_soft(session, actor, commitment)
    answer = ask_open(commitment.round.project, commitment.instrument, now)
    if answer is None or answer.code != code:
        raise ConditionStateError(condition=code)
    if find_condition(commitment.conditions, code) is not None:
        return commitment
    commitment.conditions = [*commitment.conditions, _write(commitment.round.project, answer, actor, now)]
    session.flush()  # the page that follows shows it
    _tell(session, actor, commitment, "condition_acknowledged", now, codes=[code])
    return commitment


def meet_condition(
    session: orm.Session,
    *,
    actor: Actor,
    commitment: Commitment,
    code: str,
    ground: str,
    document_number: str,
    document_on: date | None,
    now: datetime,
) -> Commitment:
    """The funder, who is bound by it and not paid by it, records by which document the condition is met.

    The team gains from a firm commitment and never decides it; a condition of the level alone is met by assessment
    only. Raises ConditionStateError, or InvalidInputError with a message for each field.
    """
    _require_own_soft(session, actor, commitment)
    row = find_condition(commitment.conditions, code)
    if row is None or row["state"] != "open":
        raise ConditionStateError(condition=code)
    if "evidence" not in row["opened_by"]:
        raise ConditionStateError(
            "Only an independent assessment meets this condition.", condition=code, opens_en=row["opens_en"],
            opens_zh=row["opens_zh"],
        )  # fmt: skip
    day = check_evidence(ground, document_number, document_on, now)
    commitment.conditions = meet(
        commitment.conditions, [code], met_by="evidence", met_at=now.isoformat(), decided_by=actor.user_public_id,
        document_number=document_number.strip(), document_on=day.isoformat(), ground=ground.strip(),
    )  # fmt: skip
    session.flush()  # whoever asks for a firm commitment next reads it
    _tell(session, actor, commitment, "condition_met", now, codes=[code], met_by="evidence",
          document_number=document_number.strip(), document_on=day.isoformat())  # fmt: skip
    round_ = commitment.round
    notify(
        session, organisation_ids=[round_.project.organisation_id], kind="commitment_condition_met", now=now,
        parameters={"title_zh": round_.title_zh, "title_en": round_.title_en}, url=f"/rounds/{round_.public_id}",
        dedupe_key=f"commitment_condition_met:{commitment.public_id}:{code}",
    )  # fmt: skip
    return commitment


def check_evidence(ground: str, document_number: str, document_on: date | None, now: datetime) -> date:
    """The day of the document; raises InvalidInputError with a message for each field that cannot stand as evidence."""
    errors: dict[str, str] = {}
    if not ground.strip():
        errors["ground"] = "Say by what the condition is met."
    elif len(ground.strip()) > GROUND_LIMIT:
        errors["ground"] = "Use at most 2,000 characters."
    if not 1 <= len(document_number.strip()) <= 120:
        errors["document_number"] = "Name the document: its number or title, at most 120 characters."
    if document_on is None:
        errors["document_on"] = "Enter a day, for example 2027-01-15."
    elif document_on > clock.day_in_zone(now):
        errors["document_on"] = "The day lies in the future."
    if errors:
        raise InvalidInputError(errors=errors)
    assert document_on is not None, "a missing day is among the errors"
    return document_on


def _require_own_soft(session: orm.Session, actor: Actor, commitment: Commitment) -> None:
    if commitment.organisation_id != actor.organisation_id:
        raise NotAllowedError("The funder that is bound by a condition decides it; the team, which gains, does not.")
    lock_commitment(session, commitment)
    if commitment.state != "soft":
        raise ConditionStateError("Only a soft commitment carries a condition.", state=commitment.state)


def _tell(session: orm.Session, actor: Any, commitment: Commitment, action: str, now: datetime, **details: Any) -> None:
    record_act(
        session, actor=actor, action=f"commitment.{action}", subject_kind="round", now=now,
        subject_id=commitment.round.public_id, details={"commitment": commitment.public_id, **details},
    )  # fmt: skip
