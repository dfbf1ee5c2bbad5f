"""Refusals of assessments, scores and milestone decisions."""

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class AssessmentNotFoundError(NotFoundError):
    code = "assessment_not_found"
    message = "There is no such assessment, or you may not see it."


class EvidenceNotFoundError(NotFoundError):
    code = "evidence_not_found"
    message = "There is no such evidence, or you may not see it."


class ScoreNotFoundError(NotFoundError):
    code = "score_not_found"
    message = "There is no score here that you may see."


class EvidenceInvalidError(InvalidInputError):
    code = "evidence_invalid"


class EvidenceInUseError(ConflictError):
    code = "evidence_in_use"
    message = "An assessment rests on this evidence, so it stays."


class AssessmentInvalidError(InvalidInputError):
    code = "assessment_invalid"


class AssessmentStateError(ConflictError):
    code = "assessment_state"
    message = "The assessment cannot do this in its present state."


class AssessmentRunningError(ConflictError):
    code = "assessment_running"
    message = "An assessment by this assessor is already under way."


class NotTheAssessorError(NotAllowedError):
    code = "not_the_assessor"
    message = "Only the assessor who was asked may do this."


class AssessorNotIndependentError(NotAllowedError):
    code = "assessor_not_independent"
    message = "Whoever belongs to the team or to the pilot centre of this project cannot judge it."


class EvidenceDoesNotCountError(InvalidInputError):
    code = "evidence_does_not_count"
    message = "A criterion is met only by evidence of a kind that its level accepts; a claim never counts."


class NothingJudgedError(InvalidInputError):
    code = "nothing_judged"
    message = "Every element needs a judgement that reaches at least level 1 before the assessment can be signed."


class ManufactureNotJudgedError(InvalidInputError):
    code = "manufacture_not_judged"
    message = "A pilot of a process needs the readiness of manufacture too: judge MRL 1 for every element."


class GainsFromDisputeError(NotAllowedError):
    code = "gains_from_dispute"
    message = "Whoever belongs to the team, to its pilot centre or to the assessor cannot decide an objection."


class DisputeNotFoundError(NotFoundError):
    code = "dispute_not_found"
    message = "There is no such objection, or you may not see it."


class MaturationInvalidError(InvalidInputError):
    code = "maturation_invalid"


class MaturationStateError(ConflictError):
    code = "maturation_state"
    message = "Milestones come from the assessment that stands, and only while the project is not over."


class MilestoneInvalidError(InvalidInputError):
    code = "milestone_invalid"


class MilestoneStateError(ConflictError):
    code = "milestone_state"
    message = "The milestone cannot do this in its present state."


class HashMismatchError(InvalidInputError):
    code = "hash_mismatch"
    message = "The file does not have the SHA-256 that was stated; the seal is broken or the wrong file was chosen."


class NotEngagedError(NotAllowedError):
    code = "not_engaged"
    message = "Only a testing body or an assessor that the team has engaged for this project decides its milestones."


class GainsFromResultError(NotAllowedError):
    code = "gains_from_result"
    message = "Whoever gains from a result cannot decide it."


class ContestNotFoundError(NotFoundError):
    code = "contest_not_found"
    message = "There is no such contest, or you may not see it."


class ContestInvalidError(InvalidInputError):
    code = "contest_invalid"


class ContestStateError(ConflictError):
    code = "contest_state"
    message = "This score is contested already, or the contest was answered."


class GainsFromContestError(NotAllowedError):
    code = "gains_from_contest"
    message = "Whoever belongs to the team, to its pilot centre or to a named reader of the score cannot answer this."


class ModelNotFoundError(NotFoundError):
    code = "model_not_found"
    message = "There is no such model."


class ModelStateError(ConflictError):
    code = "model_state"
    message = "Only a candidate can be proposed, and only an open proposal can be decided."


class PromotionInvalidError(InvalidInputError):
    code = "promotion_invalid"


class SamePersonError(NotAllowedError):
    code = "same_person"
    message = "Whoever proposed the model cannot also confirm it; a second person decides."


class OutcomeInvalidError(InvalidInputError):
    code = "outcome_invalid"


class OutcomeStateError(ConflictError):
    code = "outcome_state"
    message = "An outcome is recorded once the pilot has begun."
