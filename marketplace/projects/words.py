"""The closed lists of words of a project; stored as they stand here."""

from __future__ import annotations

SECTORS = (
    "petrochemicals", "chemicals", "metallurgy", "building_materials", "equipment", "automobiles", "electronics",
    "textiles", "light_industry", "medicine", "medical_devices", "semiconductors", "civil_space",
    "intelligent_vehicles",
)  # fmt: skip
PROJECT_STATES = (
    "draft", "submitted", "verified", "published", "in_funding", "funded", "in_pilot", "completed",
    "partially_completed", "failed", "withdrawn", "suspended", "extended", "disputed", "liquidating",
)  # fmt: skip
# In these states a project is on the market and may be seen by others than its own team.
LISTED_STATES = tuple(state for state in PROJECT_STATES if state not in ("draft", "submitted", "verified", "withdrawn"))
# teaser: anybody sees the public fields; qualified: only verified organisations find the listing at all.
VISIBILITIES = ("teaser", "qualified")
GRANT_LEVELS = ("qualified", "room")
# Kinds whose verified members a team may let read its scores all at once.
SCORE_READER_KINDS = (
    "angel", "venture_fund", "industrial_fund", "guidance_fund", "bank", "insurer", "guarantor", "pool_operator",
    "assessor", "testing_body", "auditor",
)  # fmt: skip
CONSENT_BASES = ("team", "quote_request")
BUDGET_KINDS = (
    "equipment", "materials", "personnel", "centre_fees", "testing", "safety_environment", "reserve",
)  # fmt: skip
INSTRUMENTS = (
    "equity", "convertible", "loan", "warrant_loan", "grant", "invest_first_convert_later", "revenue_share",
    "guarantee", "pilot_failure_insurance",
)  # fmt: skip
ORGANISATION_SIZES = ("micro", "small", "medium", "large")
LEVEL_STATUSES = ("claimed", "assessed")
LEVEL_CAUSES = ("listing", "assessment", "lapse", "objection")
# Sectors whose pilots are tests of a process: there the readiness of manufacture is required beside the technology.
PROCESS_SECTORS = (
    "petrochemicals", "chemicals", "metallurgy", "building_materials", "textiles", "light_industry", "medicine",
    "semiconductors",
)  # fmt: skip
MILESTONE_STATES = ("planned", "reported", "passed", "conditional", "partial", "failed", "void")
MILESTONE_RESULTS = ("passed", "conditional", "partial", "failed", "void")
APPROVAL_KINDS = (
    "investment_committee", "major_decision", "valuation_filing", "credit_approval", "university_decision",
    "environment", "safety", "reaction_hazard", "energy", "pilot_filing", "permit", "commercial_registration", "other",
)  # fmt: skip
FAILURE_ACTIONS = ("stop", "shrink", "re_scope", "sell_ip", "transfer", "retest")
RIGHT_KINDS = (
    "patent", "patent_application", "know_how", "licence", "software", "trade_secret", "data", "other",
)  # fmt: skip
