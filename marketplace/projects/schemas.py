"""What goes into a project and what comes out, for pages, API and importer alike."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.money import EXPONENTS, LIMIT_MINOR
from marketplace.projects.errors import ProjectInvalidError
from marketplace.projects.fields import BoundedNumber, Day, DecimalText, PlainText, TrueFalse, Word
from marketplace.projects.words import (
    APPROVAL_KINDS,
    BUDGET_KINDS,
    FAILURE_ACTIONS,
    INSTRUMENTS,
    ORGANISATION_SIZES,
    RIGHT_KINDS,
    SECTORS,
    VISIBILITIES,
)
from marketplace.schemas import StrictSchema


class _Amount(BoundedNumber):
    """Minor units above zero."""

    default_error_messages = {"bounds": "The amount must be above zero and not too large."}

    def __init__(self, **options: Any) -> None:
        super().__init__(1, LIMIT_MINOR, **options)


class PublicIdText(ma.fields.String):
    """The public id of something."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=ma.validate.Length(max=32, error="This text is too long."), **options)


class ChildSchema(StrictSchema):
    """A child row; `id` keeps the row that has it."""

    id = PublicIdText()


class BudgetLineSchema(ChildSchema):
    kind = Word(BUDGET_KINDS, required=True)
    amount_minor = _Amount(required=True)
    note_zh = PlainText(400)
    note_en = PlainText(400)


class FundingNeedSchema(ChildSchema):
    instrument = Word(INSTRUMENTS, required=True)
    amount_minor = _Amount(required=True)
    smallest_ticket_minor = _Amount(required=True)
    use_zh = PlainText(400)
    use_en = PlainText(400)
    deadline = Day(required=True)

    @ma.validates_schema(skip_on_field_errors=True)
    def _ticket_fits(self, data: dict[str, Any], **_: Any) -> None:
        if data["smallest_ticket_minor"] > data["amount_minor"]:
            raise ma.ValidationError("The smallest ticket is larger than the amount.", "smallest_ticket_minor")


class ThresholdSchema(StrictSchema):
    """The figures of an acceptance criterion, where it has any."""

    quantity = PlainText(80, required=True, filled=True)
    operator = Word(("ge", "le"), required=True)
    value = DecimalText(minimum="0", maximum="1000000000", required=True)
    unit = PlainText(24)
    duration_hours = BoundedNumber(1, 100_000)


class MilestoneSchema(ChildSchema):
    code = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9.-]{0,11}\Z", error="Use 1 to 12 letters or figures."),
    )
    name_zh = PlainText(120)
    name_en = PlainText(160)
    metric_zh = PlainText(600)
    metric_en = PlainText(600)
    threshold = ma.fields.Nested(ThresholdSchema)
    planned_on = Day(required=True)
    budget_share = DecimalText(minimum="0", maximum="1")
    target_trl = BoundedNumber(1, 9, allow_none=True)


class ElementSchema(ChildSchema):
    name_zh = PlainText(120)
    name_en = PlainText(160)
    trl_claimed = BoundedNumber(1, 9, allow_none=True)
    mrl_claimed = BoundedNumber(1, 10, allow_none=True)


class ApprovalSchema(ChildSchema):
    kind = Word(APPROVAL_KINDS, required=True)
    body = PlainText(160, required=True, filled=True)
    number = PlainText(80)
    valid_from = Day(required=True)
    valid_to = Day(allow_none=True)
    conditions = PlainText(600)

    @ma.validates_schema(skip_on_field_errors=True)
    def _dates_in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("valid_to") and data["valid_to"] < data["valid_from"]:
            raise ma.ValidationError("This date lies before the first day.", "valid_to")


class RightSchema(StrictSchema):
    owner = PlainText(160, required=True, filled=True)
    kind = Word(RIGHT_KINDS, required=True)
    text_zh = PlainText(600)
    text_en = PlainText(600)


class FailureMenuSchema(StrictSchema):
    first = Word(FAILURE_ACTIONS, required=True)
    then = Word(FAILURE_ACTIONS, required=True)
    cost_cap_minor = BoundedNumber(0, LIMIT_MINOR, required=True)
    window_days = BoundedNumber(1, 3650, required=True)


class ProjectInputSchema(StrictSchema):
    """Everything that a team may write; state, levels assessed and owner are not among it."""

    title_zh = PlainText(160)
    title_en = PlainText(200)
    summary_zh = PlainText(4000)
    summary_en = PlainText(4000)
    sector = Word(SECTORS)
    industry_code = ma.fields.String(
        validate=ma.validate.Regexp(r"([0-9]{2,4})?\Z", error="Use the 2 to 4 figures of GB/T 4754.")
    )
    region_code = ma.fields.String(
        validate=ma.validate.Regexp(r"([1-8][0-9]{5})?\Z", error="Use the 6 figures of GB/T 2260.")
    )
    scale_up_step_zh = PlainText(300)
    scale_up_step_en = PlainText(300)
    scale_up_factor = DecimalText(minimum="1", maximum="100000", allow_none=True)
    new_process_steps = BoundedNumber(0, 12, allow_none=True)
    unproven_equipment_share = DecimalText(minimum="0", maximum="1", allow_none=True)
    solids_handling = TrueFalse(allow_none=True)
    recycle_streams = BoundedNumber(0, 12, allow_none=True)
    lead_organisation_size = Word(("", *ORGANISATION_SIZES))
    trl_claimed = BoundedNumber(1, 9, allow_none=True)
    mrl_claimed = BoundedNumber(1, 10, allow_none=True)
    target_trl = BoundedNumber(1, 9, allow_none=True)
    target_mrl = BoundedNumber(1, 10, allow_none=True)
    planned_start = Day(allow_none=True)
    planned_end = Day(allow_none=True)
    pilot_centre = PublicIdText(allow_none=True)
    currency = Word(tuple(EXPONENTS))
    visibility = Word(VISIBILITIES)
    confidential_zh = PlainText(8000)
    confidential_en = PlainText(8000)
    budget_lines = ma.fields.List(ma.fields.Nested(BudgetLineSchema))
    funding_needs = ma.fields.List(ma.fields.Nested(FundingNeedSchema))
    milestones = ma.fields.List(ma.fields.Nested(MilestoneSchema))
    elements = ma.fields.List(ma.fields.Nested(ElementSchema))
    approvals = ma.fields.List(ma.fields.Nested(ApprovalSchema))
    ip = ma.fields.List(ma.fields.Nested(RightSchema))
    failure_menu = ma.fields.Nested(FailureMenuSchema)


CHILD_LIMIT = 60


def read_project(values: dict[str, Any]) -> dict[str, Any]:
    """Check what was entered; raises ProjectInvalidError that names every field."""
    try:
        loaded: dict[str, Any] = ProjectInputSchema().load(values)
    except ma.ValidationError as error:
        raise ProjectInvalidError(errors=dict(flatten_messages(error.messages))) from error
    for name, rows in loaded.items():
        if isinstance(rows, list) and len(rows) > CHILD_LIMIT:
            raise ProjectInvalidError(errors={name: "There are too many rows."})
    return loaded


def flatten_messages(messages: Any, path: str = "") -> list[tuple[str, str]]:
    """Paths like `budget_lines.0.amount_minor` with the first sentence of each."""
    if isinstance(messages, dict):
        return [
            pair
            for key, value in messages.items()
            for pair in flatten_messages(value, path if key == "_schema" else f"{path}.{key}" if path else str(key))
        ]
    return [(path, str(messages[0] if isinstance(messages, list) else messages))]


def raise_invalid(errors: dict[str, str]) -> None:
    """Refuse when there is anything to say."""
    if errors:
        raise ProjectInvalidError(errors=errors)


__all__ = ["ProjectInputSchema", "flatten_messages", "raise_invalid", "read_project"]
