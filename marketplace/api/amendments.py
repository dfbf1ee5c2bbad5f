"""/api/v1/agreements/…/amendments. As for the first version, signing is done on the pages only."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements import amendment_queries, queries, schemas
from marketplace.agreements.models import Agreement, Amendment
from marketplace.agreements.overview import redline
from marketplace.agreements.services import amendments
from marketplace.agreements.services.signing import list_missing_parties
from marketplace.db import current_session

blueprint = Blueprint(
    "api_amendments", __name__, url_prefix="/agreements", description="Amendments of agreements in force"
)


def _load(public_id: str) -> Agreement:
    return queries.get_agreement(current_session(), actor=current_actor(), public_id=public_id)


def _load_amendment(public_id: str, amendment_id: str) -> tuple[Agreement, Amendment]:
    agreement = _load(public_id)
    return agreement, amendment_queries.get_amendment(current_session(), agreement=agreement, public_id=amendment_id)


@blueprint.get("/<public_id>/amendments")
@blueprint.response(200, schemas.AmendmentListSchema)
@requires(Permission.AGREEMENT_READ)
def list_amendments(public_id: str) -> Any:
    """Amendments of the agreement, newest first."""
    return {"data": amendment_queries.list_amendments(current_session(), agreement_id=_load(public_id).id)}


@blueprint.post("/<public_id>/amendments")
@blueprint.arguments(schemas.NewAmendmentSchema)
@blueprint.response(201, schemas.AmendmentSchema)
@requires(Permission.AGREEMENT_RECORD_EVENT)
def propose_amendment(values: dict[str, Any], public_id: str) -> Any:
    """Propose other terms from a day on; `details.problems` lists every clause that cannot carry what stands."""
    return amendments.propose_amendment(
        current_session(), actor=current_actor(), agreement=_load(public_id), now=clock.now(), **values
    )


@blueprint.get("/<public_id>/amendments/<amendment_id>")
@blueprint.response(200, schemas.AmendmentDetailSchema)
@requires(Permission.AGREEMENT_READ)
def show_amendment(public_id: str, amendment_id: str) -> Any:
    """One amendment: its difference in words and in money, its comments, whose signature is missing."""
    session = current_session()
    agreement, amendment = _load_amendment(public_id, amendment_id)
    version = queries.get_version(session, agreement=agreement, number=amendment.version_number)
    simulation = queries.find_latest_simulation(session, agreement=agreement, terms_hash=version.terms_hash)
    return {
        "amendment": amendment,
        "redline": {language: redline(version, language) for language in ("zh", "en")},
        "difference": simulation.result["difference"] if simulation and simulation.result else None,
        "missing": [party.party for party in list_missing_parties(session, agreement=agreement, version=version)],
        "comments": amendment_queries.list_comments(session, amendment_id=amendment.id),
    }


@blueprint.post("/<public_id>/amendments/<amendment_id>/versions")
@blueprint.arguments(schemas.NewAgreementVersionSchema)
@blueprint.response(201, schemas.AmendmentSchema)
@requires(Permission.AGREEMENT_RECORD_EVENT)
def change_amendment(values: dict[str, Any], public_id: str, amendment_id: str) -> Any:
    """Another wording of the amendment; signatures over the earlier one no longer count."""
    agreement, amendment = _load_amendment(public_id, amendment_id)
    amendments.change_amendment(
        current_session(), actor=current_actor(), agreement=agreement, amendment=amendment, now=clock.now(), **values
    )
    return amendment


@blueprint.post("/<public_id>/amendments/<amendment_id>/comments")
@blueprint.arguments(schemas.NewCommentSchema)
@blueprint.response(201, schemas.CommentSchema)
@requires(Permission.AGREEMENT_RECORD_EVENT)
def comment_on_amendment(values: dict[str, Any], public_id: str, amendment_id: str) -> Any:
    """A comment on the newest wording, in general or on one clause."""
    agreement, amendment = _load_amendment(public_id, amendment_id)
    return amendments.comment_on_amendment(
        current_session(), actor=current_actor(), agreement=agreement, amendment=amendment, now=clock.now(), **values
    )


@blueprint.post("/<public_id>/amendments/<amendment_id>/withdrawal")
@blueprint.arguments(schemas.WithdrawalSchema)
@blueprint.response(200, schemas.AmendmentSchema)
@requires(Permission.AGREEMENT_RECORD_EVENT)
def withdraw_amendment(values: dict[str, Any], public_id: str, amendment_id: str) -> Any:
    """Take the amendment back; the version in force stays."""
    agreement, amendment = _load_amendment(public_id, amendment_id)
    amendments.withdraw_amendment(
        current_session(), actor=current_actor(), agreement=agreement, amendment=amendment, now=clock.now(), **values
    )
    return amendment
