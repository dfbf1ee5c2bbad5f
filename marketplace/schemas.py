"""Fields and bases shared by the schemas of all domains: unknown keys are errors, integers are integers."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.money import EXPONENTS, LIMIT_MINOR


class StrictSchema(ma.Schema):
    """Unknown keys are refused and the order of fields is kept."""

    class Meta:
        unknown = ma.RAISE


class WholeNumber(ma.fields.Integer):
    """A JSON integer; 2.0, "2" and true are refused."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return value


class MoneySchema(StrictSchema):
    """`{amount_minor, currency}`."""

    amount_minor = WholeNumber(required=True, validate=ma.validate.Range(min=0, max=LIMIT_MINOR))
    currency = ma.fields.String(required=True, validate=ma.validate.OneOf(tuple(EXPONENTS)))


class SignedMoneySchema(MoneySchema):
    """Money that may be below zero (balances, results)."""

    amount_minor = WholeNumber(required=True, validate=ma.validate.Range(min=-LIMIT_MINOR, max=LIMIT_MINOR))


class Fraction(ma.fields.String):
    """A rate or share as a decimal string between 0 and 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=ma.validate.Regexp(r"^(0(\.[0-9]{1,12})?|1(\.0{1,12})?)\Z"), **options)


class PageSchema(StrictSchema):
    """Where a list goes on."""

    next_cursor = ma.fields.String(allow_none=True)
    total = WholeNumber()


class PageQuerySchema(StrictSchema):
    """`?limit=&cursor=` of every list."""

    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(min=1, max=200))
    cursor = ma.fields.String(load_default=None, validate=ma.validate.Length(max=200))
