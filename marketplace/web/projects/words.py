"""Names of the words that only the project pages show, and the sentences of the history."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_pgettext as pgettext

NAMES: dict[str, dict[str, LazyString]] = {
    "approval_kind": {
        "investment_committee": pgettext("approval_kind", "Investment committee"),
        "major_decision": pgettext("approval_kind", "Collective decision on major matters"),
        "valuation_filing": pgettext("approval_kind", "Valuation filing of state assets"),
        "credit_approval": pgettext("approval_kind", "Credit approval"),
        "university_decision": pgettext("approval_kind", "University decision and public notice"),
        "environment": pgettext("approval_kind", "Environmental impact"),
        "safety": pgettext("approval_kind", "Safety"),
        "reaction_hazard": pgettext("approval_kind", "Reaction hazard level"),
        "energy": pgettext("approval_kind", "Energy"),
        "pilot_filing": pgettext("approval_kind", "Pilot filing"),
        "permit": pgettext("approval_kind", "Permit"),
        "commercial_registration": pgettext("approval_kind", "Commercial registration"),
        "other": pgettext("approval_kind", "Other"),
    },
    "right_kind": {
        "patent": pgettext("right_kind", "Patent"),
        "patent_application": pgettext("right_kind", "Patent application"),
        "know_how": pgettext("right_kind", "Know-how"),
        "licence": pgettext("right_kind", "Licence"),
        "software": pgettext("right_kind", "Software"),
        "trade_secret": pgettext("right_kind", "Trade secret"),
        "data": pgettext("right_kind", "Data"),
        "other": pgettext("right_kind", "Other"),
    },
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
        "score.requested": pgettext("history", "Risk score asked for"),
        "score.computed": pgettext("history", "Risk score computed"),
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
