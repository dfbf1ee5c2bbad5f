"""What the API shows of accounts: members, organisations; nothing of passwords, seeds or sessions."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import ORGANISATION_KINDS, Actor
from marketplace.schemas import PageQuerySchema, PageSchema, StrictSchema


class OrganisationSchema(StrictSchema):
    """An organisation as members of others see it."""

    id = ma.fields.String()
    kind = ma.fields.String()
    name_zh = ma.fields.String()
    name_en = ma.fields.String()
    credit_code = ma.fields.String()
    region_code = ma.fields.String()
    profile_zh = ma.fields.String()
    profile_en = ma.fields.String()
    verification_state = ma.fields.String()
    verified_at = ma.fields.DateTime(format="iso", allow_none=True)


class OrganisationPageSchema(StrictSchema):
    """A page of organisations."""

    data = ma.fields.List(ma.fields.Nested(OrganisationSchema))
    page = ma.fields.Nested(PageSchema)


class OrganisationQuerySchema(PageQuerySchema):
    """Filters of the list."""

    kind = ma.fields.String(load_default=None, validate=ma.validate.OneOf(ORGANISATION_KINDS))
    q = ma.fields.String(load_default="", validate=[ma.validate.Length(max=100), ma.validate.ContainsNoneOf("\0")])


class MeSchema(StrictSchema):
    """Who acts, for which organisation, and what he may do."""

    user_id = ma.fields.String()
    name = ma.fields.String()
    role = ma.fields.String()
    organisation = ma.fields.Nested(OrganisationSchema)
    permissions = ma.fields.List(ma.fields.String())


def present_organisation(organisation: Organisation) -> dict[str, Any]:
    """The public fields of an organisation."""
    names = ("kind", "name_zh", "name_en", "credit_code", "region_code", "profile_zh", "profile_en")
    return {
        "id": organisation.public_id,
        **{name: getattr(organisation, name) for name in names},
        "verification_state": organisation.verification_state,
        "verified_at": organisation.verified_at,
    }


def present_me(actor: Actor, organisation: Organisation) -> dict[str, Any]:
    return {
        "user_id": actor.user_public_id,
        "name": actor.user_name,
        "role": actor.role,
        "organisation": present_organisation(organisation),
        "permissions": sorted(map(str, actor.permissions)),
    }
