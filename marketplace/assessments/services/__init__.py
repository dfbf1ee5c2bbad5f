"""Use cases of assessments: evidence, judgements, objections, maturation, scores, milestone decisions."""

from marketplace.assessments.services.assessing import (
    accept_assessment,
    decline_assessment,
    request_assessment,
    sign_assessment,
)
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
from marketplace.assessments.services.scoring import request_score, score_now, store_score

__all__ = [
    "accept_assessment",
    "add_evidence",
    "answer_dispute",
    "ask_eligibility",
    "decide_milestone",
    "decline_assessment",
    "describe_closure",
    "engage_decider",
    "expire_assessments",
    "judge_up_to",
    "list_eligibility",
    "list_open_steps",
    "plan_milestones",
    "raise_dispute",
    "record_judgements",
    "remind_of_disputes",
    "remind_of_expiry",
    "report_milestone",
    "request_assessment",
    "request_score",
    "score_now",
    "sign_assessment",
    "state_on_dispute",
    "store_score",
    "withdraw_evidence",
]
