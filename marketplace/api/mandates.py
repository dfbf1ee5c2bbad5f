"""Mandates: list, read, write, and their matches with every reason."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.api.mandate_schemas import (
    MandateBodySchema,
    MandatePageSchema,
    MandateQuerySchema,
    MandateSchema,
    MatchPageSchema,
    MatchQuerySchema,
    MatchSchema,
    present_mandate,
    present_match,
    present_stored,
    to_values,
)
from marketplace.db import current_session
from marketplace.dealflow import queries, services
from marketplace.projects.queries import get_project
from marketplace.schemas import StrictSchema

blueprint = Blueprint("api_mandates", __name__, url_prefix="/mandates", description="Mandates and matches")


class StateSchema(StrictSchema):
    """Pause or resume."""

    state = ma.fields.String(required=True, validate=ma.validate.OneOf(("active", "paused")))


@blueprint.get("")
@blueprint.arguments(MandateQuerySchema, location="query")
@blueprint.response(200, MandatePageSchema)
@requires(Permission.MANDATE_READ)
def list_mandates(query: dict[str, Any]) -> dict[str, Any]:
    """List the mandates that you may see, the newest first."""
    session, actor = current_session(), current_actor()
    cursor, limit = query["cursor"], query["limit"]
    after = queries.get_mandate(session, actor=actor, public_id=cursor).id if cursor else None
    chosen = {"state": query["state"], "own": query["own"] or None}
    rows = queries.list_mandates(session, actor=actor, after_id=after, limit=limit + 1, **chosen)
    return {
        "data": [present_mandate(row, actor) for row in rows[:limit]],
        "page": {
            "next_cursor": rows[limit - 1].public_id if len(rows) > limit else None,
            "total": queries.count_mandates(session, actor=actor, **chosen),
        },
    }


@blueprint.post("")
@blueprint.arguments(MandateBodySchema)
@blueprint.response(201, MandateSchema)
@requires(Permission.MANDATE_EDIT)
def create(body: dict[str, Any]) -> dict[str, Any]:
    """Write a mandate of your organisation; its matches are computed by a job."""
    session, actor = current_session(), current_actor()
    values = to_values(body, currency=body.get("currency", "CNY"))
    mandate = services.create_mandate(session, actor=actor, now=clock.now(), **values)
    return _present(mandate.public_id)


@blueprint.get("/<mandate_id>")
@blueprint.response(200, MandateSchema)
@requires(Permission.MANDATE_READ)
def show(mandate_id: str) -> dict[str, Any]:
    """One mandate; budget and weights are absent where it is not your own."""
    return _present(mandate_id)


@blueprint.patch("/<mandate_id>")
@blueprint.arguments(MandateBodySchema)
@blueprint.response(200, MandateSchema)
@requires(Permission.MANDATE_EDIT)
def edit(body: dict[str, Any], mandate_id: str) -> dict[str, Any]:
    """Change what is sent; the rest stays."""
    session, actor = current_session(), current_actor()
    mandate = queries.get_mandate(session, actor=actor, public_id=mandate_id)
    values = to_values(body, currency=mandate.currency)
    services.edit_mandate(session, actor=actor, mandate=mandate, now=clock.now(), **values)
    return _present(mandate_id)


@blueprint.post("/<mandate_id>/state")
@blueprint.arguments(StateSchema)
@blueprint.response(200, MandateSchema)
@requires(Permission.MANDATE_EDIT)
def set_state(body: dict[str, Any], mandate_id: str) -> dict[str, Any]:
    """Pause or resume your own mandate."""
    session, actor = current_session(), current_actor()
    mandate = queries.get_mandate(session, actor=actor, public_id=mandate_id)
    services.set_mandate_state(session, actor=actor, mandate=mandate, state=body["state"], now=clock.now())
    return _present(mandate_id)


@blueprint.get("/<mandate_id>/matches")
@blueprint.arguments(MatchQuerySchema, location="query")
@blueprint.response(200, MatchPageSchema)
@requires(Permission.MANDATE_READ)
def list_matches(query: dict[str, Any], mandate_id: str) -> dict[str, Any]:
    """The projects that meet every rule of your mandate, the best first; at most 200 are kept."""
    session, actor = current_session(), current_actor()
    mandate = queries.get_mandate(session, actor=actor, public_id=mandate_id)
    rows = queries.list_matches(session, actor=actor, mandate_id=mandate.id, limit=query["limit"])
    counts = queries.count_matches(session, actor=actor, mandate_ids=[mandate.id])
    return {
        "data": [present_stored(row) for row in rows],
        "page": {"next_cursor": None, "total": counts.get(mandate.id, 0)},
    }


@blueprint.get("/<mandate_id>/matches/<project_id>")
@blueprint.response(200, MatchSchema)
@requires(Permission.MANDATE_READ)
def explain(mandate_id: str, project_id: str) -> dict[str, Any]:
    """Every rule and every part of the score for one project, computed now."""
    session, actor = current_session(), current_actor()
    mandate = queries.get_mandate(session, actor=actor, public_id=mandate_id)
    project = get_project(session, actor=actor, public_id=project_id)
    now = clock.now()
    ((_project, match),) = services.compute_match(session, actor=actor, mandate=mandate, projects=[project], now=now)
    return present_match(project, match, computed_at=now)


def _present(mandate_id: str) -> dict[str, Any]:
    actor = current_actor()
    return present_mandate(queries.get_mandate(current_session(), actor=actor, public_id=mandate_id), actor)
