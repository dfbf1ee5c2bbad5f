"""Names of the words that only these pages show."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as pgettext

NAMES: dict[str, dict[str, LazyString]] = {
    "environment": {
        "laboratory": pgettext("environment", "Laboratory"),
        "simulated": pgettext("environment", "Simulated environment"),
        "relevant": pgettext("environment", "Relevant environment"),
        "operational": pgettext("environment", "Operational environment"),
    },
    "judgement": {
        "met": pgettext("judgement", "Met"),
        "not_met": pgettext("judgement", "Not met"),
        "not_applicable": pgettext("judgement", "Does not apply"),
    },
    "result": {
        "passed": pgettext("milestone_result", "Passed"),
        "conditional": pgettext("milestone_result", "Passed with conditions"),
        "partial": pgettext("milestone_result", "Partly passed"),
        "failed": pgettext("milestone_result", "Not passed"),
        "void": pgettext("milestone_result", "Void, the run does not count"),
    },
    "dispute": {
        "open": pgettext("dispute", "Open"),
        "upheld": pgettext("dispute", "Upheld"),
        "dismissed": pgettext("dispute", "Dismissed"),
    },
    "definition": {
        "target_level_not_reached": pgettext("definition", "The target level is not reached by the planned end"),
        "stopped_within_a_year": pgettext("definition", "The project is stopped within a year"),
        "terminated": pgettext("definition", "The project is terminated"),
        "no_next_stage": pgettext("definition", "No next stage follows"),
    },
    "not_scored": {
        "trl_start_missing": _l("The start level of the project is not stated."),
        "trl_target_missing": _l("The target level of the project is not stated."),
        "nothing_to_gain": _l("The target level is reached already."),
    },
    "source_status": {
        "verified": pgettext("source_status", "verified"),
        "verified_secondary": pgettext("source_status", "verified from a secondary source"),
        "computed": pgettext("source_status", "computed"),
        "judgement": pgettext("source_status", "judgement"),
        "unverified": pgettext("source_status", "unverified"),
    },
    "feature": {
        "trl_start": pgettext("feature", "start TRL"),
        "trl_target": pgettext("feature", "target TRL"),
        "mrl_start": pgettext("feature", "start MRL"),
        "planned_months": pgettext("feature", "planned duration"),
        "evidence_cover": pgettext("feature", "evidence cover (needs a signed assessment)"),
        "scale_up_factor": pgettext("feature", "scale-up factor"),
        "new_process_steps": pgettext("feature", "new process steps"),
        "unproven_equipment_share": pgettext("feature", "share of unproven equipment"),
        "solids_handling": pgettext("feature", "handling of solids"),
        "recycle_streams": pgettext("feature", "recycle streams"),
        "lead_organisation_size": pgettext("feature", "size of the leading organisation"),
    },
}


def options(kind: str) -> list[tuple[str, str]]:
    """Pairs for a select."""
    return [(word, str(text)) for word, text in NAMES[kind].items()]
