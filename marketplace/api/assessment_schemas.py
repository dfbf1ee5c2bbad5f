"""What the API takes and gives about maturity: levels, evidence, assessments, objections, plan, eligibility."""

from __future__ import annotations

import marshmallow as ma

from marketplace.assessments.words import DISPUTE_GROUNDS, TIES
from marketplace.schemas import PageSchema, StrictSchema, WholeNumber


class LevelsSchema(StrictSchema):
    """One scale: claimed, assessed and disputed stand apart. `assessed` is null once the assessment has lapsed."""

    scale = ma.fields.String()
    claimed = WholeNumber(allow_none=True)
    assessed = WholeNumber(allow_none=True)
    disputed_from = WholeNumber(allow_none=True)
    target = WholeNumber(allow_none=True)
    limiting_elements = ma.fields.List(ma.fields.String())


class LevelChangeSchema(StrictSchema):
    scale = ma.fields.String()
    status = ma.fields.String()
    level = WholeNumber(allow_none=True)
    cause = ma.fields.String()
    reference = ma.fields.String()
    recorded_at = ma.fields.AwareDateTime()


class PlannedStepSchema(StrictSchema):
    id = ma.fields.String()
    assessment_id = ma.fields.String()
    milestone_id = ma.fields.String()
    milestone_code = ma.fields.String()
    milestone_state = ma.fields.String()
    scale = ma.fields.String()
    level = WholeNumber()
    planned_on = ma.fields.Date()


class MaturitySchema(StrictSchema):
    """The maturity of a project, with its history and its plan."""

    project_id = ma.fields.String()
    levels = ma.fields.List(ma.fields.Nested(LevelsSchema))
    assessed_on = ma.fields.Date(allow_none=True)
    levels_expire_on = ma.fields.Date(allow_none=True)
    standing_assessment_id = ma.fields.String(allow_none=True)
    history = ma.fields.List(ma.fields.Nested(LevelChangeSchema))
    plan = ma.fields.List(ma.fields.Nested(PlannedStepSchema))


class EligibilitySchema(StrictSchema):
    """`answer` is open, conditional or closed; `opens_*` says what would open it.

    `code` names the row of the table; `opened_by` says what may meet the condition beside a level: evidence that the
    funder names, or a pool, guarantee, full_guarantee or policy in the agreement's own terms.
    """

    instrument = ma.fields.String()
    answer = ma.fields.String()
    code = ma.fields.String()
    reason_zh = ma.fields.String()
    reason_en = ma.fields.String()
    opens_zh = ma.fields.String(allow_none=True)
    opens_en = ma.fields.String(allow_none=True)
    opened_by = ma.fields.List(ma.fields.String())
    source = ma.fields.String()
    status = ma.fields.String()
    valid_from = ma.fields.Date()


class EligibilityListSchema(StrictSchema):
    as_of = ma.fields.Date()
    trl = WholeNumber(allow_none=True)
    mrl = WholeNumber(allow_none=True)
    data = ma.fields.List(ma.fields.Nested(EligibilitySchema))


class OnDaySchema(StrictSchema):
    """`on`: the rules in force on this day decide; today where it is not given."""

    on = ma.fields.Date(load_default=None)


class CriterionSchema(StrictSchema):
    id = ma.fields.String()
    question_zh = ma.fields.String()
    question_en = ma.fields.String()


class ScaleLevelSchema(StrictSchema):
    scale = ma.fields.String()
    level = WholeNumber()
    name_zh = ma.fields.String()
    name_en = ma.fields.String()
    evidence_types = ma.fields.List(ma.fields.String())
    environments = ma.fields.List(ma.fields.String(), metadata={"description": "Empty where any environment will do."})
    criteria = ma.fields.List(ma.fields.Nested(CriterionSchema))
    source = ma.fields.String()
    status = ma.fields.String()


class ScaleSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(ScaleLevelSchema))


class JudgementBodySchema(StrictSchema):
    """One judgement; an empty `judgement` takes an earlier one back. An error names the number of its row."""

    element = ma.fields.String(required=True)
    criterion = ma.fields.String(required=True)
    judgement = ma.fields.String(required=True)
    evidence = ma.fields.String(allow_none=True)
    note = ma.fields.String()


class JudgementsBodySchema(StrictSchema):
    judgements = ma.fields.List(
        ma.fields.Nested(JudgementBodySchema), required=True, validate=ma.validate.Length(min=1, max=500)
    )


class DisputeSchema(StrictSchema):
    """`element` and `criterion` are empty where the whole assessment is objected to."""

    id = ma.fields.String()
    assessment_id = ma.fields.String()
    state = ma.fields.String()
    element = ma.fields.String()
    criterion = ma.fields.String()
    ground = ma.fields.String()
    reason = ma.fields.String()
    raised_by = ma.fields.String()
    raised_at = ma.fields.AwareDateTime()
    answer_due_on = ma.fields.Date(allow_none=True)
    statement = ma.fields.String()
    answer = ma.fields.String()
    answered_at = ma.fields.AwareDateTime(allow_none=True)


class GapSchema(StrictSchema):
    element = ma.fields.String()
    scale = ma.fields.String()
    level = WholeNumber()
    criterion = ma.fields.String()
    note = ma.fields.String()


class AssessmentSchema(StrictSchema):
    """One assessment. `superseded_at` is set once a later one was signed; `content_digest` seals what was signed."""

    id = ma.fields.String()
    project_id = ma.fields.String()
    assessor_id = ma.fields.String()
    state = ma.fields.String()
    conflict_declaration = ma.fields.String()
    ties = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Boolean())
    trl_result = WholeNumber(allow_none=True)
    mrl_result = WholeNumber(allow_none=True)
    conclusion = ma.fields.String()
    gaps = ma.fields.List(ma.fields.Nested(GapSchema))
    requested_at = ma.fields.AwareDateTime()
    signed_at = ma.fields.AwareDateTime(allow_none=True)
    signed_name = ma.fields.String()
    content_digest = ma.fields.String()
    expires_on = ma.fields.Date(allow_none=True)
    superseded_at = ma.fields.AwareDateTime(allow_none=True)


class AssessmentDetailSchema(AssessmentSchema):
    judgements = ma.fields.List(ma.fields.Nested(JudgementBodySchema))
    disputes = ma.fields.List(ma.fields.Nested(DisputeSchema))


class AssessmentPageSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(AssessmentSchema))
    page = ma.fields.Nested(PageSchema)


class DisputePageSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(DisputeSchema))
    page = ma.fields.Nested(PageSchema)


class AskBodySchema(StrictSchema):
    assessor_id = ma.fields.String(required=True)


class AcceptBodySchema(StrictSchema):
    """Every tie is answered: false denies it. Whoever has one declines instead."""

    declaration = ma.fields.String(required=True)
    ties = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.OneOf(TIES)), values=ma.fields.Boolean(), required=True
    )


class ReasonBodySchema(StrictSchema):
    reason = ma.fields.String(required=True)


class SignBodySchema(StrictSchema):
    name = ma.fields.String(required=True)
    conclusion = ma.fields.String(load_default="")
    expires_on = ma.fields.Date(load_default=None)


class DisputeBodySchema(StrictSchema):
    reason = ma.fields.String(required=True)
    ground = ma.fields.String(required=True, validate=ma.validate.OneOf(DISPUTE_GROUNDS))
    element = ma.fields.String(load_default="")
    criterion = ma.fields.String(load_default="")


class StatementBodySchema(StrictSchema):
    statement = ma.fields.String(required=True)


class AnswerBodySchema(StrictSchema):
    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(("upheld", "dismissed")))
    answer = ma.fields.String(required=True)


class StepBodySchema(StrictSchema):
    scale = ma.fields.String(required=True)
    level = WholeNumber(required=True)
    planned_on = ma.fields.String(required=True)


class PlanBodySchema(StrictSchema):
    steps = ma.fields.List(ma.fields.Nested(StepBodySchema), required=True, validate=ma.validate.Length(min=1, max=19))


class PlanSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(PlannedStepSchema))


class EvidenceOutSchema(StrictSchema):
    """A piece of evidence; only those in the room of the project are given any."""

    id = ma.fields.String()
    element = ma.fields.String(allow_none=True)
    scale = ma.fields.String()
    level = WholeNumber()
    criterion = ma.fields.String()
    evidence_type = ma.fields.String()
    title = ma.fields.String()
    made_by = ma.fields.String()
    place = ma.fields.String()
    made_on = ma.fields.Date(allow_none=True)
    environment = ma.fields.String()
    sha256 = ma.fields.String(allow_none=True)
    file_url = ma.fields.String(allow_none=True)


class EvidencePageSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(EvidenceOutSchema))
    page = ma.fields.Nested(PageSchema)
