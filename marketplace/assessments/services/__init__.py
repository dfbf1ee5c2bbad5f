"""Use cases of assessments: evidence, judgements, objections, maturation, scores, milestone decisions."""

from marketplace.assessments.services.assessing import (
    accept_assessment,
    decline_assessment,
    request_assessment,
    sign_assessment,
)
from marketplace.assessments.services.checking import check_champion
from marketplace.assessments.services.contests import answer_contest, contest_score, remind_of_contests
from marketplace.assessments.services.disputes import (
    answer_dispute,
    raise_dispute,
    remind_of_disputes,
    state_on_dispute,
)
from marketplace.assessments.services.eligibility import ask_eligibility, describe_closure, list_eligibility
from marketplace.assessments.services.evidence import add_evidence, withdraw_evidence
from marketplace.assessments.services.judging import judge_up_to, record_judgements
from marketplace.assessments.services.levels import expire_assessments, remind_of_expiry
from marketplace.assessments.services.maturation import list_open_steps, plan_milestones
from marketplace.assessments.services.milestones import decide_milestone, engage_decider, report_milestone
from marketplace.assessments.services.outcomes import list_training_rows, record_outcome
from marketplace.assessments.services.registry import (
    decide_promotion,
    describe_champion,
    propose_promotion,
    register_model,
)
from marketplace.assessments.services.retraining import prepare_retraining, record_retraining, train_candidate
from marketplace.assessments.services.scoring import request_score, score_now, store_score

__all__ = [
    "accept_assessment",
    "add_evidence",
    "answer_contest",
    "answer_dispute",
    "ask_eligibility",
    "check_champion",
    "contest_score",
    "decide_milestone",
    "decide_promotion",
    "decline_assessment",
    "describe_champion",
    "describe_closure",
    "engage_decider",
    "expire_assessments",
    "judge_up_to",
    "list_eligibility",
    "list_open_steps",
    "list_training_rows",
    "plan_milestones",
    "prepare_retraining",
    "propose_promotion",
    "raise_dispute",
    "record_judgements",
    "record_outcome",
    "record_retraining",
    "register_model",
    "remind_of_contests",
    "remind_of_disputes",
    "remind_of_expiry",
    "report_milestone",
    "request_assessment",
    "request_score",
    "score_now",
    "sign_assessment",
    "state_on_dispute",
    "store_score",
    "train_candidate",
    "withdraw_evidence",
]
