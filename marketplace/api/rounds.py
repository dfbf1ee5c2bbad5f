"""Rounds: list, read, commit, make firm, withdraw; linkage rules with their arithmetic."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.api.round_schemas import CommitmentSchema, RoundPageSchema, RoundSchema, present_commitment
from marketplace.api.round_schemas import present_round as present
from marketplace.db import current_session
from marketplace.dealflow.queries import get_mandate
from marketplace.errors import InvalidInputError
from marketplace.funding import queries, services
from marketplace.funding.errors import RoundNotFoundError
from marketplace.funding.models import EQUITY_INSTRUMENTS, LOAN_INSTRUMENTS, Commitment
from marketplace.funding.states import ROUND_STATES
from marketplace.money import Money
from marketplace.schemas import MoneySchema, PageQuerySchema, StrictSchema

blueprint = Blueprint("api_rounds", __name__, url_prefix="/rounds", description="Rounds and commitments")


class RoundQuerySchema(PageQuerySchema):
    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(ROUND_STATES))


class CommitmentBodySchema(StrictSchema):
    """What an organisation puts in; `mandate` names the mandate whose budget it draws on.

    Where the instrument is conditional at the assessed level, `acknowledged_condition` is the `code` of the
    project's eligibility that you have read.
    """

    instrument = ma.fields.String(required=True, validate=ma.validate.OneOf((*EQUITY_INSTRUMENTS, *LOAN_INSTRUMENTS)))
    amount = ma.fields.Nested(MoneySchema, required=True)
    lead = ma.fields.Boolean(load_default=False)
    mandate = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=32))
    acknowledged_condition = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=80))


class ConditionCodeSchema(StrictSchema):
    code = ma.fields.String(required=True, validate=ma.validate.Length(max=80))


class ConditionMetSchema(ConditionCodeSchema):
    """The document by which the condition is met."""

    ground = ma.fields.String(required=True, validate=ma.validate.Length(max=2000))
    document_number = ma.fields.String(required=True, validate=ma.validate.Length(max=120))
    document_on = ma.fields.Date(required=True)


@blueprint.get("")
@blueprint.arguments(RoundQuerySchema, location="query")
@blueprint.response(200, RoundPageSchema)
@requires(Permission.ROUND_READ)
def list_rounds(query: dict[str, Any]) -> dict[str, Any]:
    """List the rounds that you may see, the newest first."""
    session, actor = current_session(), current_actor()
    cursor, limit, state = query["cursor"], query["limit"], query["state"]
    after = queries.get_round(session, actor=actor, public_id=cursor).id if cursor else None
    rows = queries.list_rounds(session, actor=actor, state=state, after_id=after, limit=limit + 1)
    return {
        "data": [present(row, actor) for row in rows[:limit]],
        "page": {
            "next_cursor": rows[limit - 1].public_id if len(rows) > limit else None,
            "total": queries.count_rounds(session, actor=actor, state=state),
        },
    }


@blueprint.get("/<round_id>")
@blueprint.response(200, RoundSchema)
@requires(Permission.ROUND_READ)
def show(round_id: str) -> dict[str, Any]:
    """One round; rivals' commitments are absent until you are in."""
    actor = current_actor()
    return present(queries.get_round(current_session(), actor=actor, public_id=round_id), actor)


@blueprint.post("/<round_id>/commitments")
@blueprint.arguments(CommitmentBodySchema)
@blueprint.response(201, CommitmentSchema)
@requires(Permission.COMMITMENT_MAKE)
def commit(body: dict[str, Any], round_id: str) -> dict[str, Any]:
    """Take a place in an open round; the last room is given once."""
    session, actor = current_session(), current_actor()
    round_ = queries.get_round(session, actor=actor, public_id=round_id)
    made = services.make_commitment(
        session, actor=actor, round_=round_, instrument=body["instrument"], lead=body["lead"], now=clock.now(),
        amount=Money(body["amount"]["amount_minor"], body["amount"]["currency"]),
        mandate_id=_find_mandate(body["mandate"]), acknowledged=body["acknowledged_condition"],
    )  # fmt: skip
    return present_commitment(queries.get_commitment(session, actor=actor, public_id=made.public_id), round_.currency)


def _find_mandate(public_id: str | None) -> int | None:
    if public_id is None:
        return None
    mandate = get_mandate(current_session(), actor=current_actor(), public_id=public_id)
    if mandate.organisation_id != current_actor().organisation_id:
        raise InvalidInputError("A commitment draws on a mandate of your own organisation.", field="mandate")
    return mandate.id


@blueprint.post("/<round_id>/commitments/<commitment_id>/harden")
@blueprint.response(200, CommitmentSchema)
@requires(Permission.COMMITMENT_MAKE)
def harden(round_id: str, commitment_id: str) -> dict[str, Any]:
    """Make your own commitment firm."""
    commitment = _get(round_id, commitment_id)
    services.harden_commitment(current_session(), actor=current_actor(), commitment=commitment, now=clock.now())
    return present_commitment(commitment, commitment.round.currency)


@blueprint.post("/<round_id>/commitments/<commitment_id>/release")
@blueprint.response(200, CommitmentSchema)
@requires(Permission.COMMITMENT_MAKE)
def release(round_id: str, commitment_id: str) -> dict[str, Any]:
    """Withdraw your own soft commitment."""
    commitment = _get(round_id, commitment_id)
    services.release_commitment(current_session(), actor=current_actor(), commitment=commitment, now=clock.now())
    return present_commitment(commitment, commitment.round.currency)


@blueprint.post("/<round_id>/commitments/<commitment_id>/conditions/acknowledge")
@blueprint.arguments(ConditionCodeSchema)
@blueprint.response(200, CommitmentSchema)
@requires(Permission.COMMITMENT_MAKE)
def acknowledge_condition(body: dict[str, Any], round_id: str, commitment_id: str) -> dict[str, Any]:
    """Take on the condition that a changed level or rule now puts on your own soft commitment."""
    commitment = _get(round_id, commitment_id)
    services.acknowledge_condition(
        current_session(), actor=current_actor(), commitment=commitment, code=body["code"], now=clock.now()
    )
    return present_commitment(commitment, commitment.round.currency)


@blueprint.post("/<round_id>/commitments/<commitment_id>/conditions/meet")
@blueprint.arguments(ConditionMetSchema)
@blueprint.response(200, CommitmentSchema)
@requires(Permission.COMMITMENT_MAKE)
def meet_condition(body: dict[str, Any], round_id: str, commitment_id: str) -> dict[str, Any]:
    """Record by which document the condition of your own soft commitment is met."""
    commitment = _get(round_id, commitment_id)
    services.meet_condition(current_session(), actor=current_actor(), commitment=commitment, now=clock.now(), **body)
    return present_commitment(commitment, commitment.round.currency)


def _get(round_id: str, commitment_id: str) -> Commitment:
    found = queries.get_commitment(current_session(), actor=current_actor(), public_id=commitment_id)
    if found.round.public_id != round_id:
        raise RoundNotFoundError("There is no such commitment that you may see.")
    return found
