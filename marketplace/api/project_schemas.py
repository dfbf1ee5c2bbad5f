"""JSON of projects: money as objects, what may not be seen absent."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.money import LIMIT_MINOR, CurrencyMismatchError
from marketplace.projects.fields import BoundedNumber, Day, PlainText, Word
from marketplace.projects.schemas import (
    ApprovalSchema,
    ChildSchema,
    ElementSchema,
    MilestoneSchema,
    ProjectInputSchema,
    RightSchema,
    ThresholdSchema,
)
from marketplace.projects.words import BUDGET_KINDS, FAILURE_ACTIONS, INSTRUMENTS
from marketplace.schemas import MoneySchema, PageQuerySchema, PageSchema, StrictSchema, WholeNumber

_AMOUNT = ma.validate.Range(min=0, max=LIMIT_MINOR)


class BudgetLineBodySchema(ChildSchema):
    kind = Word(BUDGET_KINDS, required=True)
    amount = ma.fields.Nested(MoneySchema, required=True)
    note_zh = PlainText(400)
    note_en = PlainText(400)


class FundingNeedBodySchema(ChildSchema):
    instrument = Word(INSTRUMENTS, required=True)
    amount = ma.fields.Nested(MoneySchema, required=True)
    smallest_ticket = ma.fields.Nested(MoneySchema, required=True)
    use_zh = PlainText(400)
    use_en = PlainText(400)
    deadline = Day(required=True)


class FailureMenuBodySchema(StrictSchema):
    first = Word(FAILURE_ACTIONS, required=True)
    then = Word(FAILURE_ACTIONS, required=True)
    cost_cap = ma.fields.Nested(MoneySchema, required=True)
    window_days = BoundedNumber(1, 3650, required=True)


class ProjectBodySchema(ProjectInputSchema):
    """A draft as it is sent."""

    budget_lines = ma.fields.List(ma.fields.Nested(BudgetLineBodySchema))
    funding_needs = ma.fields.List(ma.fields.Nested(FundingNeedBodySchema))
    failure_menu = ma.fields.Nested(FailureMenuBodySchema)


def to_values(body: dict[str, Any], *, currency: str) -> dict[str, Any]:
    """The body as the services take it; every amount must be in the project's currency."""
    values = dict(body)
    for name, amounts in (("budget_lines", ("amount",)), ("funding_needs", ("amount", "smallest_ticket"))):
        if name in values:
            values[name] = [_flatten(row, amounts, currency) for row in values[name]]
    if "failure_menu" in values:
        values["failure_menu"] = _flatten(values["failure_menu"], ("cost_cap",), currency)
    return values


def _flatten(row: dict[str, Any], amounts: tuple[str, ...], currency: str) -> dict[str, Any]:
    flat = {name: value for name, value in row.items() if name not in amounts}
    for name in amounts:
        if row[name]["currency"] != currency:
            raise CurrencyMismatchError(field=name)
        flat[f"{name}_minor"] = row[name]["amount_minor"]
    return flat


class ProjectPartySchema(StrictSchema):
    id = ma.fields.String()
    kind = ma.fields.String()
    name_zh = ma.fields.String()
    name_en = ma.fields.String()


class MilestoneOutSchema(MilestoneSchema):
    threshold = ma.fields.Nested(ThresholdSchema)
    state = ma.fields.String()
    decided_on = ma.fields.Date(allow_none=True)


class ElementOutSchema(ElementSchema):
    trl_assessed = WholeNumber(allow_none=True)
    mrl_assessed = WholeNumber(allow_none=True)


class ProjectSchema(ProjectInputSchema):
    """A project as you may see it: `access` says how far, and fields beyond it are absent."""

    id = ma.fields.String()
    access = ma.fields.String()
    code = ma.fields.String()
    team = ma.fields.Nested(ProjectPartySchema)
    pilot_centre = ma.fields.Nested(ProjectPartySchema, allow_none=True)  # type: ignore[assignment]  # read, not written
    trl_assessed = WholeNumber(allow_none=True)
    mrl_assessed = WholeNumber(allow_none=True)
    trl_disputed = ma.fields.Boolean()
    trl_disputed_from = WholeNumber(allow_none=True)
    mrl_disputed_from = WholeNumber(allow_none=True)
    levels_expire_on = ma.fields.Date(allow_none=True)
    assessed_on = ma.fields.Date(allow_none=True)
    total_budget = ma.fields.Nested(MoneySchema)
    state = ma.fields.String()
    state_reason = ma.fields.String()
    published_at = ma.fields.AwareDateTime(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    updated_at = ma.fields.AwareDateTime()
    score_probability = ma.fields.String(allow_none=True)
    score_band = ma.fields.String(allow_none=True)
    score_state = ma.fields.String(allow_none=True)
    budget_lines = ma.fields.List(ma.fields.Nested(BudgetLineBodySchema))
    funding_needs = ma.fields.List(ma.fields.Nested(FundingNeedBodySchema))
    milestones = ma.fields.List(ma.fields.Nested(MilestoneOutSchema))
    elements = ma.fields.List(ma.fields.Nested(ElementOutSchema))
    approvals = ma.fields.List(ma.fields.Nested(ApprovalSchema))
    ip = ma.fields.List(ma.fields.Nested(RightSchema))
    failure_menu = ma.fields.Nested(FailureMenuBodySchema)


class ProjectPageSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(ProjectSchema))
    page = ma.fields.Nested(PageSchema)


class ProjectQuerySchema(PageQuerySchema):
    """The filters of the list; repeat a name for several values."""

    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=200))
    sectors = ma.fields.List(ma.fields.String(), data_key="sector", load_default=list)
    regions = ma.fields.List(ma.fields.String(), data_key="region", load_default=list)
    trl_from = ma.fields.Integer(load_default=None, validate=ma.validate.Range(min=1, max=9))
    trl_to = ma.fields.Integer(load_default=None, validate=ma.validate.Range(min=1, max=9))
    instruments = ma.fields.List(ma.fields.String(), data_key="instrument", load_default=list)
    amount_from_minor = ma.fields.Integer(load_default=None, validate=_AMOUNT)
    amount_to_minor = ma.fields.Integer(load_default=None, validate=_AMOUNT)
    bands = ma.fields.List(ma.fields.String(), data_key="band", load_default=list)
    states = ma.fields.List(ma.fields.String(), data_key="state", load_default=list)
    own = ma.fields.Boolean(load_default=False)
    sort = ma.fields.String(load_default="-published", validate=ma.validate.Length(max=40))
