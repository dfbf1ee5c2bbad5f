"""What the API takes and gives of linkage reports."""

from __future__ import annotations

import marshmallow as ma

from marketplace.linkage.definitions import BASES, READINGS
from marketplace.schemas import MoneySchema, PageSchema, StrictSchema, WholeNumber


class ReportQuerySchema(StrictSchema):
    """`?fund=&period=` of a live report."""

    fund = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=60))
    period = ma.fields.String(required=True, validate=ma.validate.Length(min=4, max=8))


class RatioSchema(StrictSchema):
    """A ratio as a decimal string with both its sides; null where the denominator is zero."""

    value = ma.fields.String(allow_none=True)
    numerator_minor = WholeNumber()
    denominator_minor = WholeNumber()


class AttributionSchema(StrictSchema):
    attributed_minor = WholeNumber()
    unattributed_minor = WholeNumber()


class TableSchema(StrictSchema):
    """Every figure of one reading and one base."""

    reading = ma.fields.String(validate=ma.validate.OneOf(READINGS))
    base = ma.fields.String(validate=ma.validate.OneOf(BASES))
    status = ma.fields.String()
    amounts_minor = ma.fields.Dict(keys=ma.fields.String(), values=WholeNumber())
    ratios = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(RatioSchema))
    attribution = ma.fields.Nested(AttributionSchema)


class ReportSchema(ma.Schema):
    """A live report."""

    schema = ma.fields.String()
    fund = ma.fields.Dict()
    period = ma.fields.Dict()
    cut_off = ma.fields.String()
    currency = ma.fields.String()
    tables = ma.fields.List(ma.fields.Nested(TableSchema))
    paid_in_rate = ma.fields.String(allow_none=True)
    lines = ma.fields.List(ma.fields.Dict())
    covers = ma.fields.List(ma.fields.Dict())
    contingent = ma.fields.List(ma.fields.Dict())
    costs = ma.fields.List(ma.fields.Dict())
    exceptions = ma.fields.List(ma.fields.Dict())
    definitions = ma.fields.Dict()


class FrozenSchema(ma.Schema):
    """A frozen report as it is listed; its content is the file of the same name."""

    id = ma.fields.String(attribute="public_id")
    fund = ma.fields.String(attribute="fund.public_id")
    period = ma.fields.String()
    number = WholeNumber()
    sha256 = ma.fields.String()
    definitions_version = ma.fields.String()
    signed_by = ma.fields.String(attribute="signed_by_name")
    frozen_at = ma.fields.DateTime()


class FrozenListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(FrozenSchema))
    page = ma.fields.Nested(PageSchema)


class FrozenQuerySchema(StrictSchema):
    """`?limit=&cursor=` of the frozen reports."""

    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(min=1, max=200))
    cursor = ma.fields.String(load_default=None, validate=ma.validate.Length(max=60))


class FilingSchema(StrictSchema):
    """What one reporter says that one investor had paid into a round."""

    investor = ma.fields.String(required=True, validate=ma.validate.Length(max=60))
    amount = ma.fields.Nested(MoneySchema, required=True)
    paid_on = ma.fields.Date(required=True)
    evidence = ma.fields.String(required=True, validate=ma.validate.Length(max=16))


class FiledSchema(ma.Schema):
    id = ma.fields.String(attribute="public_id")
    filed_on = ma.fields.Date()
