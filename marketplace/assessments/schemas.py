"""What a person enters about evidence, judgements and milestone results."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.assessments.words import ENVIRONMENTS, EVIDENCE_TYPES, JUDGEMENTS, PLACED_EVIDENCE, SCALES
from marketplace.errors import InvalidInputError
from marketplace.money import LIMIT_MINOR
from marketplace.projects.fields import BoundedNumber, Day, DecimalText, PlainText, Word
from marketplace.projects.schemas import PublicIdText, flatten_messages
from marketplace.projects.words import MILESTONE_RESULTS
from marketplace.schemas import StrictSchema


class EvidenceSchema(StrictSchema):
    element = PublicIdText(allow_none=True)
    scale = Word(SCALES, required=True)
    level = BoundedNumber(1, 10, required=True)
    criterion = PlainText(60, required=True, filled=True)
    evidence_type = Word(EVIDENCE_TYPES, required=True)
    title = PlainText(200, required=True, filled=True)
    made_by = PlainText(160, required=True, filled=True)
    place = PlainText(160, required=True, filled=True)
    made_on = Day(required=True)
    environment = Word(ENVIRONMENTS)

    @ma.validates_schema(skip_on_field_errors=True)
    def _environment_of_a_test(self, data: dict[str, Any], **_: Any) -> None:
        if data["evidence_type"] in PLACED_EVIDENCE and not data.get("environment"):
            raise ma.ValidationError("Say in which environment the test or the operation was.", "environment")


class JudgementSchema(StrictSchema):
    element = PublicIdText(required=True)
    criterion = PlainText(60, required=True, filled=True)
    # Empty takes an earlier judgement back.
    judgement = Word(("", *JUDGEMENTS), required=True)
    evidence = PublicIdText(allow_none=True)
    note = PlainText(1000)


class StepSchema(StrictSchema):
    """A step of the maturation plan: which level, and by when its milestone is planned."""

    scale = Word(SCALES, required=True)
    level = BoundedNumber(1, 10, required=True)
    planned_on = Day(required=True)


class MilestoneReportSchema(StrictSchema):
    stated_sha256 = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"[0-9a-f]{64}\Z", error="A SHA-256 has 64 figures and letters from a to f."),
    )
    run_ended_on = Day(required=True)
    note = PlainText(1000)


class MilestoneDecisionSchema(StrictSchema):
    result = Word(MILESTONE_RESULTS, required=True)
    decided_on = Day(required=True)
    grounds = PlainText(4000, required=True, filled=True)
    measured_value = DecimalText(minimum="0", maximum="1000000000", allow_none=True)


class OutcomeSchema(StrictSchema):
    completed = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
    trl_reached = BoundedNumber(0, 9, required=True)
    started_on = Day(required=True)
    ended_on = Day(required=True)
    cost_minor = BoundedNumber(0, LIMIT_MINOR, required=True)
    loss_minor = BoundedNumber(0, LIMIT_MINOR, required=True)
    grounds = PlainText(4000, required=True, filled=True)


def read_values(schema: StrictSchema, values: dict[str, Any], error_class: type[InvalidInputError]) -> dict[str, Any]:
    """Load one object; raises `error_class` naming every wrong field."""
    try:
        loaded: dict[str, Any] = schema.load(values)
    except ma.ValidationError as error:
        raise error_class(errors=dict(flatten_messages(error.messages))) from error
    return loaded
