"""Who the key or session is."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts.access import current_actor, signed_in
from marketplace.accounts.queries import get_organisation
from marketplace.accounts.schemas import MeSchema, present_me
from marketplace.db import current_session

blueprint = Blueprint("api_me", __name__, url_prefix="/me", description="The member who acts")


@blueprint.route("")
@blueprint.response(200, MeSchema)
@signed_in
def show_me() -> dict[str, Any]:
    """The member who acts, the organisation and the permissions."""
    actor = current_actor()
    organisation = get_organisation(current_session(), actor=actor, public_id=actor.organisation_public_id)
    return present_me(actor, organisation)
