"""What the API takes and gives of agreements."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.agreements.models import AGREEMENT_STATES
from marketplace.agreements.rules import KINDS_BY_HAND, TEMPLATES
from marketplace.schemas import PageQuerySchema, PageSchema, SignedMoneySchema, StrictSchema, WholeNumber


class AgreementQuerySchema(PageQuerySchema):
    """Filters of the list."""

    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(AGREEMENT_STATES))


class AgreementPartySchema(StrictSchema):
    """A party of the terms and the organisation behind it."""

    party = ma.fields.String()
    role = ma.fields.String()
    capacity = ma.fields.String()
    name_zh = ma.fields.String()
    name_en = ma.fields.String()
    organisation = ma.fields.String(attribute="organisation.public_id", allow_none=True)


class AgreementSchema(StrictSchema):
    """One agreement."""

    id = ma.fields.String(attribute="public_id")
    title_zh = ma.fields.String()
    title_en = ma.fields.String()
    state = ma.fields.String()
    currency = ma.fields.String()
    version = WholeNumber(attribute="version_number")
    active_version = WholeNumber(attribute="active_version_number", allow_none=True)
    events = WholeNumber(attribute="event_count")
    head_hash = ma.fields.String(allow_none=True)
    parties = ma.fields.List(ma.fields.Nested(AgreementPartySchema))


class AgreementListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(AgreementSchema))
    page = ma.fields.Nested(PageSchema)


class AgreementConditionSchema(StrictSchema):
    """A condition of the assessed level on one instrument of the terms, and what meets it (null: nothing)."""

    instrument = ma.fields.String()
    party = ma.fields.String()
    code = ma.fields.String(attribute="answer.code")
    reason_zh = ma.fields.String(attribute="answer.reason_zh")
    reason_en = ma.fields.String(attribute="answer.reason_en")
    opens_zh = ma.fields.String(attribute="answer.opens_zh", allow_none=True)
    opens_en = ma.fields.String(attribute="answer.opens_en", allow_none=True)
    source = ma.fields.String(attribute="answer.source")
    valid_from = ma.fields.Date(attribute="answer.valid_from")
    met_by = ma.fields.String(
        allow_none=True, metadata={"description": "commitment, evidence, terms, policy, precedent"}
    )


class AgreementConditionMetSchema(StrictSchema):
    """The document by which the condition of your instrument is met."""

    instrument = ma.fields.String(required=True, validate=ma.validate.Length(max=64))
    ground = ma.fields.String(required=True, validate=ma.validate.Length(max=2000))
    document_number = ma.fields.String(required=True, validate=ma.validate.Length(max=120))
    document_on = ma.fields.Date(required=True)


class AgreementConditionListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(AgreementConditionSchema))


class NewAgreementSchema(StrictSchema):
    """A draft: terms or a template with its parameters, and by party the organisation that acts (null: outside)."""

    project = ma.fields.String(allow_none=True, load_default=None)
    title_zh = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=200))
    title_en = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=200))
    terms = ma.fields.Dict()
    template = ma.fields.String(validate=ma.validate.OneOf(TEMPLATES))
    parameters = ma.fields.Dict()
    organisations = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.String(allow_none=True), required=True,
        validate=ma.validate.Length(max=100),
    )  # fmt: skip

    @ma.validates_schema(skip_on_field_errors=True)
    def check_source(self, data: dict[str, Any], **_options: Any) -> None:
        given = [name for name in ("terms", "template", "parameters") if name in data]
        if given not in (["terms"], ["template", "parameters"]):
            raise ma.ValidationError("Give terms, or a template with its parameters; not both.", "terms")


class AgreementVersionSchema(StrictSchema):
    """A version with its terms as a document."""

    number = WholeNumber()
    terms = ma.fields.Dict()
    terms_hash = ma.fields.String()
    previous_hash = ma.fields.String(allow_none=True)
    note = ma.fields.String()
    created_at = ma.fields.AwareDateTime()


class AgreementVersionListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(AgreementVersionSchema))


class NewAgreementVersionSchema(StrictSchema):
    """New terms and the version that they were made from."""

    terms = ma.fields.Dict(required=True)
    based_on = WholeNumber(required=True, validate=ma.validate.Range(min=1))
    note = ma.fields.String(load_default="", validate=ma.validate.Length(max=400))


class NewSimulationSchema(StrictSchema):
    """Assumptions (suggested ones where none are given), number of scenarios and seed."""

    drivers = ma.fields.Dict(load_default=None, allow_none=True)
    scenarios = WholeNumber(load_default=10_000)
    seed = WholeNumber(load_default=1)


class SimulationSchema(StrictSchema):
    """A simulation and, once it is done, its result."""

    id = ma.fields.String(attribute="public_id")
    version = WholeNumber(attribute="version_number")
    terms_hash = ma.fields.String()
    state = ma.fields.String()
    scenarios = WholeNumber()
    seed = WholeNumber()
    drivers = ma.fields.Dict()
    result = ma.fields.Dict(allow_none=True)
    result_hash = ma.fields.String(allow_none=True)
    failure = ma.fields.String()
    job = ma.fields.String(attribute="job_public_id")


class NewAgreementEventSchema(StrictSchema):
    """An event with the id that the caller has made; the same id and content are one event."""

    id = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z"))
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS_BY_HAND))
    effective_on = ma.fields.Date(required=True)
    body = ma.fields.Dict(load_default=dict)
    # The version of the terms that the caller has in mind; one that has been superseded is refused.
    version = WholeNumber(load_default=None, allow_none=True, validate=ma.validate.Range(min=1))


class NewAmendmentSchema(StrictSchema):
    """Other terms, the day from which they hold, and why."""

    terms = ma.fields.Dict(required=True)
    effective_on = ma.fields.Date(required=True)
    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=400))


class AmendmentSchema(StrictSchema):
    """An amendment: what it replaces, its newest version, its day and its state."""

    id = ma.fields.String(attribute="public_id")
    base_version = WholeNumber(attribute="base_number")
    version = WholeNumber(attribute="version_number")
    effective_on = ma.fields.Date()
    reason = ma.fields.String()
    state = ma.fields.String()
    proposed_by = ma.fields.String(attribute="proposed_by.party")
    proposed_at = ma.fields.AwareDateTime()
    end_reason = ma.fields.String()


class AmendmentListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(AmendmentSchema))


class NewCommentSchema(StrictSchema):
    """A comment, in general or on one clause."""

    text = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=2000))
    clause = ma.fields.String(load_default="", validate=ma.validate.Length(max=200))


class CommentSchema(StrictSchema):
    """A comment of a party on one version."""

    id = ma.fields.String(attribute="public_id")
    party = ma.fields.String(attribute="party.party")
    version = WholeNumber(attribute="version_number")
    clause = ma.fields.String()
    text = ma.fields.String()
    user_name = ma.fields.String()
    written_at = ma.fields.AwareDateTime()


class WithdrawalSchema(StrictSchema):
    """Why an amendment is withdrawn."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=400))


class AmendmentDetailSchema(StrictSchema):
    """An amendment with its difference in words (both languages) and in money (null before its simulation)."""

    amendment = ma.fields.Nested(AmendmentSchema)
    redline = ma.fields.Dict()
    difference = ma.fields.Dict(allow_none=True)
    missing = ma.fields.List(ma.fields.String())
    comments = ma.fields.List(ma.fields.Nested(CommentSchema))


class AgreementEventSchema(StrictSchema):
    """A recorded event with its place in the chain and what each tier paid."""

    id = ma.fields.String(attribute="event_id")
    number = WholeNumber()
    kind = ma.fields.String()
    effective_on = ma.fields.Date()
    recorded_at = ma.fields.String()
    body = ma.fields.Dict()
    version_hash = ma.fields.String()
    previous_hash = ma.fields.String(allow_none=True)
    hash = ma.fields.String()
    explanation = ma.fields.List(ma.fields.Dict())


class AgreementEventListSchema(StrictSchema):
    data = ma.fields.List(ma.fields.Nested(AgreementEventSchema))


class ProposalSchema(StrictSchema):
    """An event that waits for the other side, or what became of it."""

    id = ma.fields.String(attribute="public_id")
    event_id = ma.fields.String()
    kind = ma.fields.String()
    effective_on = ma.fields.Date()
    body = ma.fields.Dict()
    state = ma.fields.String()


class RecordedSchema(StrictSchema):
    """An event that was recorded at once, or a proposal that waits."""

    event = ma.fields.Nested(AgreementEventSchema, allow_none=True)
    proposal = ma.fields.Nested(ProposalSchema, allow_none=True)


class StatementLineSchema(StrictSchema):
    on = ma.fields.String()
    event = ma.fields.String()
    kind = ma.fields.String()
    amount = ma.fields.Nested(SignedMoneySchema)
    balance = ma.fields.Nested(SignedMoneySchema)


class CheckpointSchema(StrictSchema):
    """The newest daily root over all agreements that this one stands under."""

    day = ma.fields.String()
    hash = ma.fields.String()
    agreements = WholeNumber()
    covers_last_event = ma.fields.Boolean()


class StatementSchema(StrictSchema):
    """One party's account."""

    agreement = ma.fields.String()
    party = ma.fields.String()
    committed = ma.fields.Nested(SignedMoneySchema)
    called = ma.fields.Nested(SignedMoneySchema)
    paid = ma.fields.Nested(SignedMoneySchema)
    received = ma.fields.Nested(SignedMoneySchema)
    net = ma.fields.Nested(SignedMoneySchema)
    capital_not_returned = ma.fields.Nested(SignedMoneySchema)
    loss_borne = ma.fields.Nested(SignedMoneySchema)
    gain_conceded = ma.fields.Nested(SignedMoneySchema)
    waiting_to_pay = ma.fields.Nested(SignedMoneySchema)
    waiting_to_receive = ma.fields.Nested(SignedMoneySchema)
    xirr = ma.fields.String(allow_none=True)
    dpi = ma.fields.String(allow_none=True)
    lines = ma.fields.List(ma.fields.Nested(StatementLineSchema))
    head = ma.fields.String(allow_none=True)
    checkpoint = ma.fields.Nested(CheckpointSchema, allow_none=True)
    terms_hash = ma.fields.String()


class VerificationSchema(StrictSchema):
    """What was checked and the first thing that does not hold."""

    sound = ma.fields.Boolean()
    versions = WholeNumber()
    signatures = WholeNumber()
    events = WholeNumber()
    problem = ma.fields.Dict(allow_none=True)
