"""Organisations that the member may see."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import get_organisation, page_organisations
from marketplace.accounts.schemas import (
    OrganisationPageSchema,
    OrganisationQuerySchema,
    OrganisationSchema,
    present_organisation,
)
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, NotFoundError

blueprint = Blueprint("api_organisations", __name__, url_prefix="/organisations", description="Organisations")


@blueprint.route("")
@blueprint.arguments(OrganisationQuerySchema, location="query")
@blueprint.response(200, OrganisationPageSchema)
@requires(Permission.ORGANISATION_READ)
def list_organisations(query: dict[str, Any]) -> dict[str, Any]:
    """Organisations by English name; the cursor is the id of the last one seen."""
    session, actor, limit = current_session(), current_actor(), query["limit"]
    after = None
    if query["cursor"]:
        try:
            last = get_organisation(session, actor=actor, public_id=query["cursor"])
        except NotFoundError as error:
            raise InvalidInputError("This cursor is not one of ours.", field="cursor") from error
        after = (last.name_en, last.id)
    rows, total = page_organisations(
        session, actor=actor, kind=query["kind"], words=query["q"].strip(), after=after, limit=limit + 1
    )
    shown = rows[:limit]
    cursor = shown[-1].public_id if len(rows) > limit else None
    return {"data": [present_organisation(row) for row in shown], "page": {"next_cursor": cursor, "total": total}}


@blueprint.route("/<public_id>")
@blueprint.response(200, OrganisationSchema)
@requires(Permission.ORGANISATION_READ)
def show_organisation(public_id: str) -> dict[str, Any]:
    """One organisation."""
    return present_organisation(get_organisation(current_session(), actor=current_actor(), public_id=public_id))
