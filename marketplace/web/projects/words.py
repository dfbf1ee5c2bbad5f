"""Names of the words that only the project pages show, and the sentences of the history."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_pgettext as pgettext

from marketplace.web.term_names import NAMES as TERMS

NAMES: dict[str, dict[str, LazyString]] = {
    "approval_kind": TERMS["approval_kind"],
    "right_kind": TERMS["right_kind"],
    "visibility": {
        "teaser": pgettext("visibility_choice", "Anybody may read the teaser"),
        "qualified": pgettext("visibility_choice", "Only verified funders, insurers and assessors find it"),
    },
    "grant_level": {
        "qualified": pgettext("grant_level", "All but the room"),
        "room": pgettext("grant_level", "The room, with evidence and confidential notes"),
    },
    "move": {
        "submitted": pgettext("project_move", "Submit for verification"),
        "draft": pgettext("project_move", "Back to draft"),
        "verified": pgettext("project_move", "Verify"),
        "published": pgettext("project_move", "Publish"),
        "in_funding": pgettext("project_move", "Start funding"),
        "funded": pgettext("project_move", "Mark as funded"),
        "in_pilot": pgettext("project_move", "Start the pilot"),
        "extended": pgettext("project_move", "Extend"),
        "completed": pgettext("project_move", "Complete"),
        "partially_completed": pgettext("project_move", "Complete in part"),
        "failed": pgettext("project_move", "Declare failed"),
        "withdrawn": pgettext("project_move", "Withdraw from the market"),
        "suspended": pgettext("project_move", "Suspend"),
        "disputed": pgettext("project_move", "Mark as disputed"),
        "liquidating": pgettext("project_move", "Start liquidation"),
    },
    "history": {
        "project.created": pgettext("history", "Draft created"),
        "project.edited": pgettext("history", "Listing changed"),
        "project.access_granted": pgettext("history", "Access granted"),
        "project.access_revoked": pgettext("history", "Access taken back"),
        "evidence.added": pgettext("history", "Evidence added"),
        "evidence.withdrawn": pgettext("history", "Evidence taken back"),
        "assessment.requested": pgettext("history", "Assessment asked for"),
        "assessment.accepted": pgettext("history", "Assessment accepted"),
        "assessment.declined": pgettext("history", "Assessment declined"),
        "assessment.signed": pgettext("history", "Assessment signed"),
        "assessment.disputed": pgettext("history", "Assessment disputed"),
        "assessment.dispute_answered": pgettext("history", "Objection decided"),
        "assessment.dispute_stated": pgettext("history", "The assessor wrote on an objection"),
        "assessment.expired": pgettext("history", "Assessment lapsed"),
        "project.matured": pgettext("history", "Milestones planned from the gaps"),
        "score.requested": pgettext("history", "Risk score asked for"),
        "score.computed": pgettext("history", "Risk score computed"),
        "score.consent_granted": pgettext("history", "Score opened to a reader"),
        "score.consent_revoked": pgettext("history", "Score closed to a reader"),
        "score.contested": pgettext("history", "Risk score contested"),
        "score.contest_upheld": pgettext("history", "Contest of the score upheld"),
        "score.contest_dismissed": pgettext("history", "Contest of the score dismissed"),
        "project.outcome_recorded": pgettext("history", "Outcome of the pilot recorded"),
        "milestone.reported": pgettext("history", "Milestone data handed over"),
        "milestone.finding": pgettext("history", "Finding on a milestone"),
        "milestone.passed": pgettext("history", "Milestone passed"),
        "milestone.conditional": pgettext("history", "Milestone passed with conditions"),
        "milestone.partial": pgettext("history", "Milestone partly passed"),
        "milestone.failed": pgettext("history", "Milestone not passed"),
        "milestone.void": pgettext("history", "Milestone void"),
    },
    "section": {
        "basics": pgettext("section", "What it is and where"),
        "process": pgettext("section", "What is scaled up"),
        "levels": pgettext("section", "Levels, elements and dates"),
        "budget": pgettext("section", "Budget"),
        "needs": pgettext("section", "Funding needs"),
        "milestones": pgettext("section", "Milestones"),
        "rights": pgettext("section", "Rights, approvals and what happens on failure"),
        "room": pgettext("section", "Confidential notes"),
    },
    "operator_sign": {"ge": pgettext("operator_sign", "at least"), "le": pgettext("operator_sign", "at most")},
}


def options(kind: str) -> list[tuple[str, str]]:
    """Pairs for a select."""
    return [(word, str(text)) for word, text in NAMES[kind].items()]


def word(kind: str, value: str) -> str:
    """One name in the page's language."""
    return str(NAMES[kind][value])
