"""Requests, quotes and policies in JSON: money as objects, shares as decimal strings, unknown keys refused."""

from __future__ import annotations

import marshmallow as ma

from marketplace.insurance.models import COST_ITEMS, PREMIUM_BEARERS
from marketplace.insurance.states import QUOTE_STATES
from marketplace.schemas import Fraction, MoneySchema, PageQuerySchema, PageSchema, StrictSchema, WholeNumber


class CostItemSchema(StrictSchema):
    """One cost item of the schedule."""

    code = ma.fields.String(required=True, validate=ma.validate.OneOf(COST_ITEMS))
    sum_insured = ma.fields.Nested(MoneySchema, required=True)


class InsuredEventSchema(StrictSchema):
    """What counts as the insured event, in words and figures."""

    text_zh = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=600))
    text_en = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=600))
    metric = ma.fields.String(validate=ma.validate.Length(max=600))
    threshold = ma.fields.String(validate=ma.validate.Length(max=600))
    cause_zh = ma.fields.String(validate=ma.validate.Length(max=600))
    cause_en = ma.fields.String(validate=ma.validate.Length(max=600))
    panel_zh = ma.fields.String(validate=ma.validate.Length(max=600))
    panel_en = ma.fields.String(validate=ma.validate.Length(max=600))
    retest_zh = ma.fields.String(validate=ma.validate.Length(max=600))
    retest_en = ma.fields.String(validate=ma.validate.Length(max=600))


class SubsidySchema(StrictSchema):
    """A premium subsidy that a scheme pays to the insurer."""

    payer = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=120))
    amount = ma.fields.Nested(MoneySchema, required=True)


class AssignmentSchema(StrictSchema):
    """A share of the indemnity that belongs to another organisation."""

    organisation_id = ma.fields.String(required=True, validate=ma.validate.Length(max=40))
    share = Fraction(required=True)


class RequestInputSchema(StrictSchema):
    """A request for quotes."""

    project_id = ma.fields.String(required=True, validate=ma.validate.Length(max=40))
    insurer_ids = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(max=40)), required=True, validate=ma.validate.Length(min=1, max=20)
    )
    schedule = ma.fields.List(
        ma.fields.Nested(CostItemSchema), required=True, validate=ma.validate.Length(min=1, max=len(COST_ITEMS))
    )
    deductible = ma.fields.Nested(MoneySchema, required=True)
    limit = ma.fields.Nested(MoneySchema, required=True)
    insurer_share = Fraction(required=True)
    cover_from = ma.fields.Date(required=True)
    cover_to = ma.fields.Date(required=True)
    target_by = ma.fields.Date(load_default=None)
    insured_event = ma.fields.Nested(InsuredEventSchema, required=True)
    subsidies = ma.fields.List(ma.fields.Nested(SubsidySchema), load_default=list, validate=ma.validate.Length(max=5))
    assignments = ma.fields.List(
        ma.fields.Nested(AssignmentSchema), load_default=list, validate=ma.validate.Length(max=10)
    )
    premium_bearer = ma.fields.String(load_default="applicant", validate=ma.validate.OneOf(PREMIUM_BEARERS))
    insurer_freely_chosen = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
    earlier_failures = ma.fields.String(load_default="", validate=ma.validate.Length(max=2000))


class RequestSchema(StrictSchema):
    """A request as its parties see it."""

    id = ma.fields.String()
    project_id = ma.fields.String()
    state = ma.fields.String()
    schedule = ma.fields.List(ma.fields.Nested(CostItemSchema))
    sum_insured = ma.fields.Nested(MoneySchema)
    deductible = ma.fields.Nested(MoneySchema)
    limit = ma.fields.Nested(MoneySchema)
    insurer_share = ma.fields.String()
    cover_from = ma.fields.Date()
    cover_to = ma.fields.Date()
    target_by = ma.fields.Date()
    insured_event = ma.fields.Dict()
    premium_bearer = ma.fields.String()
    created_at = ma.fields.AwareDateTime()


class LevelPremiumSchema(StrictSchema):
    """The premium were the project assessed at a level today, all else as priced."""

    trl = WholeNumber()
    factor = ma.fields.String()
    premium = ma.fields.Nested(MoneySchema, allow_none=True)
    decision = ma.fields.String(allow_none=True)
    priced = ma.fields.Boolean()


class QuoteSchema(StrictSchema):
    """One quote; `trail` replays to the premium.

    For a following insurer without the team's consent `trail` lacks the score's lines and says `score_left_out`.
    """

    id = ma.fields.String()
    request_id = ma.fields.String()
    project_id = ma.fields.String()
    insurer_id = ma.fields.String()
    version = WholeNumber()
    state = ma.fields.String()
    state_reason = ma.fields.String()
    product_id = ma.fields.String(allow_none=True)
    score_id = ma.fields.String(allow_none=True)
    premium = ma.fields.Nested(MoneySchema, allow_none=True)
    subsidy = ma.fields.Nested(MoneySchema, allow_none=True)
    net_premium = ma.fields.Nested(MoneySchema, allow_none=True)
    trigger_probability = ma.fields.String(allow_none=True)
    valid_until = ma.fields.Date(allow_none=True)
    wording_hash = ma.fields.String()
    trail = ma.fields.Dict(allow_none=True)
    conditions = ma.fields.List(
        ma.fields.Dict(), metadata={"description": "What the assessed level asked for when the cover was priced"}
    )
    premiums_by_level = ma.fields.List(
        ma.fields.Nested(LevelPremiumSchema),
        metadata={"description": "Empty where the product does not look at the level or the probability is left out"},
    )
    policy_id = ma.fields.String(allow_none=True)


class RequestListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(RequestSchema))
    page = ma.fields.Nested(PageSchema)


class QuoteListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(QuoteSchema))
    page = ma.fields.Nested(PageSchema)


class QuoteQuerySchema(PageQuerySchema):
    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(QUOTE_STATES))
    request_id = ma.fields.String(load_default=None, validate=ma.validate.Length(max=40))


class OfferSchema(StrictSchema):
    """What an underwriter adds to a referred quote."""

    ground = ma.fields.String(load_default="", validate=ma.validate.Length(max=2000))
    stated_probability = Fraction(load_default=None)


class ReasonSchema(StrictSchema):
    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=2000))
