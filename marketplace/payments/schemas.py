"""Payments in JSON."""

from __future__ import annotations

import marshmallow as ma

from marketplace.schemas import MoneySchema, PageQuerySchema, PageSchema, StrictSchema


class PartySchema(StrictSchema):
    """An organisation as the other side of a payment."""

    id = ma.fields.String(attribute="public_id")
    name_zh = ma.fields.String()
    name_en = ma.fields.String()


class PaymentSchema(StrictSchema):
    """One payment intent."""

    id = ma.fields.String(attribute="public_id")
    purpose = ma.fields.String()
    subject = ma.fields.String()
    state = ma.fields.String()
    rail = ma.fields.String()
    direction = ma.fields.String()
    amount = ma.fields.Nested(MoneySchema, attribute="money")
    payer = ma.fields.Nested(PartySchema)
    payee = ma.fields.Nested(PartySchema)
    due_on = ma.fields.Date()
    remittance_code = ma.fields.String()
    confirmed_at = ma.fields.AwareDateTime(allow_none=True)


class PaymentListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(PaymentSchema))
    page = ma.fields.Nested(PageSchema)


class PaymentQuerySchema(PageQuerySchema):
    state = ma.fields.String(
        load_default=None, validate=ma.validate.OneOf(("pending", "recorded", "confirmed", "cancelled"))
    )


class TransferSchema(StrictSchema):
    """A bank line to be recorded for a payment."""

    amount = ma.fields.Nested(MoneySchema, required=True)
    paid_on = ma.fields.Date(required=True)
    bank_reference = ma.fields.String(required=True, validate=ma.validate.Length(min=4, max=80))
    remittance_code = ma.fields.String(required=True, validate=ma.validate.Length(max=16))
