"""JSON of mandates and matches: money as objects, what may not be seen absent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import marshmallow as ma

from marketplace.dealflow import queries
from marketplace.dealflow.matching import Check, Match, write_match, write_share
from marketplace.dealflow.models import Mandate, StoredMatch
from marketplace.dealflow.reasons import PLAIN_SPEECH, write_reason
from marketplace.dealflow.schemas import MandateInputSchema
from marketplace.dealflow.words import MANDATE_STATES, MATCHES_KEPT
from marketplace.money import CurrencyMismatchError
from marketplace.schemas import MoneySchema, PageQuerySchema, PageSchema, StrictSchema

_AMOUNTS = ("ticket_min", "ticket_max", "round_size_max", "budget")
_SAME = (
    "name_zh", "name_en", "instruments", "sectors", "region_prefixes", "trl_from", "trl_to", "mrl_from", "mrl_to",
    "currency", "stages", "ownership_min_fraction", "ownership_max_fraction", "role", "needs_co_investor",
    "must_have", "exclusions", "max_band", "target_zh", "target_en", "valid_from", "valid_to", "visibility", "state",
    "updated_at",
)  # fmt: skip
_OWN = ("budget_from", "budget_to", "weights")


class MandateBodySchema(MandateInputSchema):
    """A mandate as it is sent."""

    class Meta(StrictSchema.Meta):
        exclude = tuple(f"{name}_minor" for name in _AMOUNTS)

    ticket_min = ma.fields.Nested(MoneySchema)
    ticket_max = ma.fields.Nested(MoneySchema)
    round_size_max = ma.fields.Nested(MoneySchema, allow_none=True)
    budget = ma.fields.Nested(MoneySchema)


class FunderSchema(StrictSchema):
    id = ma.fields.String()
    kind = ma.fields.String()
    name_zh = ma.fields.String()
    name_en = ma.fields.String()


class MandateSchema(MandateBodySchema):
    """A mandate as you may see it."""

    id = ma.fields.String()
    funder = ma.fields.Nested(FunderSchema)
    state = ma.fields.String()
    budget_remaining = ma.fields.Dict()
    updated_at = ma.fields.AwareDateTime()


class MandatePageSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(MandateSchema))
    page = ma.fields.Nested(PageSchema)


class MandateQuerySchema(PageQuerySchema):
    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(MANDATE_STATES))
    own = ma.fields.Boolean(load_default=False)


class MatchQuerySchema(StrictSchema):
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(min=1, max=MATCHES_KEPT))


class CheckSchema(StrictSchema):
    code = ma.fields.String()
    holds = ma.fields.Boolean()
    message = ma.fields.String()
    values = ma.fields.Dict()


class PartSchema(StrictSchema):
    code = ma.fields.String()
    value = ma.fields.String()
    weight = ma.fields.String()


class MatchSchema(StrictSchema):
    """A project against a mandate; `score` is null when a rule refuses."""

    project = ma.fields.String()
    holds = ma.fields.Boolean()
    score = ma.fields.String(allow_none=True)
    version = ma.fields.String()
    checks = ma.fields.List(ma.fields.Nested(CheckSchema))
    parts = ma.fields.List(ma.fields.Nested(PartSchema))
    computed_at = ma.fields.AwareDateTime()


class MatchPageSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(MatchSchema))
    page = ma.fields.Nested(PageSchema)


def to_values(body: dict[str, Any], *, currency: str) -> dict[str, Any]:
    """The body as the services take it; every amount must be in the mandate's currency."""
    values = {name: value for name, value in body.items() if name not in _AMOUNTS}
    for name in _AMOUNTS:
        if name not in body:
            continue
        amount = body[name]
        if amount is not None and amount["currency"] != currency:
            raise CurrencyMismatchError(field=name)
        values[f"{name}_minor"] = None if amount is None else amount["amount_minor"]
    return values


def present_mandate(mandate: Mandate, actor: Any) -> dict[str, Any]:
    """What the actor may know: budget and weights are the funder's own."""
    funder = mandate.organisation
    shown: dict[str, Any] = {
        "id": mandate.public_id,
        "funder": {
            "id": funder.public_id, "kind": funder.kind, "name_zh": funder.name_zh, "name_en": funder.name_en,
        },
    }  # fmt: skip
    shown |= {name: getattr(mandate, name) for name in _SAME}
    amounts = ["ticket_min", "ticket_max", "round_size_max"]
    if queries.reads_matches(actor, mandate):
        shown |= {name: getattr(mandate, name) for name in _OWN}
        amounts += ["budget", "budget_remaining"]
    for name in amounts:
        amount = getattr(mandate, f"{name}_minor")
        shown[name] = None if amount is None else {"amount_minor": amount, "currency": mandate.currency}
    return shown


def _present(content: dict[str, Any], score: str | None) -> dict[str, Any]:
    return {
        "holds": score is not None,
        "score": score,
        "version": content["version"],
        "checks": [
            {**row, "message": write_reason(Check(row["code"], row["holds"], row["values"]), PLAIN_SPEECH)}
            for row in content["checks"]
        ],
        "parts": content["parts"],
    }


def present_stored(row: StoredMatch) -> dict[str, Any]:
    shown = _present(row.content, row.score)
    return {"project": row.project.public_id, "computed_at": row.computed_at, **shown}


def present_match(project: Any, match: Match, *, computed_at: datetime) -> dict[str, Any]:
    score = None if match.score is None else write_share(match.score)
    return {"project": project.public_id, "computed_at": computed_at, **_present(write_match(match), score)}
