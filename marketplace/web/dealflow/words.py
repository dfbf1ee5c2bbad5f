"""Names of the words that only the pages of mandates show, and how these pages say a reason."""

from __future__ import annotations

from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_pgettext as pgettext

from marketplace.dealflow.matching import Check
from marketplace.dealflow.reasons import Speech, write_reason
from marketplace.web.formatting import language, money_plain
from marketplace.web.labels import label

NAMES: dict[str, dict[str, LazyString]] = {
    "mandate_role": {
        "lead": pgettext("mandate_role", "Leads"),
        "follow": pgettext("mandate_role", "Follows"),
        "either": pgettext("mandate_role", "Leads or follows"),
    },
    "mandate_visibility": {
        "public": pgettext("mandate_visibility", "Everybody who is signed in"),
        "verified": pgettext("mandate_visibility", "Verified organisations"),
        "private": pgettext("mandate_visibility", "Only our own organisation"),
    },
    "stage": {
        "seed": pgettext("stage", "Seed"),
        "early": pgettext("stage", "Early"),
        "growth": pgettext("stage", "Growth"),
        "expansion": pgettext("stage", "Expansion"),
    },
    "must_have": {
        "ip_owned": pgettext("must_have", "The team owns its rights"),
        "pilot_site_booked": pgettext("must_have", "A pilot centre is named"),
        "insurance_bound": pgettext("must_have", "A pilot-failure policy is bound"),
        "assessed_level": pgettext("must_have", "The level is assessed"),
    },
    "part": {
        "ticket": pgettext("match_part", "Ticket"),
        "level": pgettext("match_part", "Level"),
        "sector": pgettext("match_part", "Sector"),
        "region": pgettext("match_part", "Region"),
        "risk": pgettext("match_part", "Risk"),
        "text": pgettext("match_part", "Words"),
    },
    "part_definition": {
        "ticket": pgettext("match_part", "Overlap of the tickets with what is asked, as a share of the ask."),
        "level": pgettext("match_part", "1 less a third for each level away from the middle of the range."),
        "sector": pgettext("match_part", "1 for a sector that is named, a half where all are taken."),
        "region": pgettext("match_part", "1 for a region that is named, a half where all are taken."),
        "risk": pgettext("match_part", "Probability that the target level is reached; 0 without a score."),
        "text": pgettext("match_part", "Share of the words of the mandate found in the project's title and summary."),
    },
    "check": {
        "mandate_open": pgettext("match_check", "Mandate open"),
        "budget": pgettext("match_check", "Budget"),
        "project_open": pgettext("match_check", "Project open"),
        "conflict": pgettext("match_check", "Conflict of interest"),
        "currency": pgettext("match_check", "Currency"),
        "instrument": pgettext("match_check", "Instrument"),
        "eligibility": pgettext("match_check", "Instrument at this level"),
        "level_condition": pgettext("match_check", "Condition of the level"),
        "sector": pgettext("match_check", "Sector"),
        "region": pgettext("match_check", "Region"),
        "trl": pgettext("match_check", "TRL"),
        "mrl": pgettext("match_check", "MRL"),
        "ticket": pgettext("match_check", "Ticket"),
        "round_size": pgettext("match_check", "Size of the round"),
        "co_investor": pgettext("match_check", "Co-investor"),
        "must_ip_owned": pgettext("match_check", "Rights"),
        "must_pilot_site_booked": pgettext("match_check", "Pilot centre"),
        "must_insurance_bound": pgettext("match_check", "Insurance"),
        "must_assessed_level": pgettext("match_check", "Assessment"),
        "risk": pgettext("match_check", "Risk"),
        "exclusion": pgettext("match_check", "Limit of the funder"),
    },
    "exclusion_field": {
        "scale_up_factor": pgettext("exclusion_field", "Scale-up factor"),
        "new_process_steps": pgettext("exclusion_field", "Number of new process steps"),
        "unproven_equipment_share": pgettext("exclusion_field", "Share of unproven equipment"),
        "recycle_streams": pgettext("exclusion_field", "Number of recycle streams"),
        "lead_organisation_size": pgettext("exclusion_field", "Size of the leading organisation"),
        "solids_handling": pgettext("exclusion_field", "Handling of solids"),
        "sector": pgettext("exclusion_field", "Sector"),
    },
    "exclusion_operator": {
        "above": pgettext("exclusion_operator", "above"),
        "below": pgettext("exclusion_operator", "below"),
        "is": pgettext("exclusion_operator", "exactly"),
    },
    "truth": {"true": pgettext("truth", "yes"), "false": pgettext("truth", "no")},
}


def options(kind: str) -> list[tuple[str, str]]:
    """Pairs for a select, in the order of the table."""
    return [(word, str(text)) for word, text in NAMES[kind].items()]


def word_of(kind: str, word: str) -> str:
    """A word of this table, else of the tables that all pages share; a region with its code where it is a city."""
    if kind == "region":
        return label("region", word) if len(word) == 2 or word.endswith("0000") else f"{label('region', word)} {word}"
    return str(NAMES[kind][word]) if word in NAMES.get(kind, {}) else label(kind, word)


def describe_check(check: Check) -> dict[str, Any]:
    """A check as a row of a page."""
    chinese = language() == "zh"
    speech = Speech(translate=_, word=word_of, money=money_plain, join="、" if chinese else ", ", chinese=chinese)
    return {"name": NAMES["check"][check.code], "holds": check.holds, "text": write_reason(check, speech)}
