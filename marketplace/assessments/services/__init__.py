"""Use cases of assessments: evidence, judgements, scores, milestone decisions."""

from marketplace.assessments.services.assessing import (
    accept_assessment,
    answer_dispute,
    decline_assessment,
    expire_assessments,
    judge_up_to,
    raise_dispute,
    record_judgements,
    request_assessment,
    sign_assessment,
)
from marketplace.assessments.services.checking import check_champion
from marketplace.assessments.services.contests import answer_contest, contest_score, remind_of_contests
from marketplace.assessments.services.eligibility import list_eligibility
from marketplace.assessments.services.evidence import add_evidence, withdraw_evidence
from marketplace.assessments.services.milestones import decide_milestone, engage_decider, report_milestone
from marketplace.assessments.services.outcomes import list_training_rows, record_outcome
from marketplace.assessments.services.registry import (
    decide_promotion,
    describe_champion,
    propose_promotion,
    register_model,
)
from marketplace.assessments.services.scoring import request_score, score_now, store_score

__all__ = [
    "accept_assessment",
    "add_evidence",
    "answer_contest",
    "answer_dispute",
    "check_champion",
    "contest_score",
    "decide_milestone",
    "decide_promotion",
    "decline_assessment",
    "describe_champion",
    "engage_decider",
    "expire_assessments",
    "judge_up_to",
    "list_eligibility",
    "list_training_rows",
    "propose_promotion",
    "raise_dispute",
    "record_judgements",
    "record_outcome",
    "register_model",
    "remind_of_contests",
    "report_milestone",
    "request_assessment",
    "request_score",
    "score_now",
    "sign_assessment",
    "store_score",
    "withdraw_evidence",
]
