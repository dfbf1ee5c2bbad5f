"""Names of ties, grounds of objections and causes of changes; only the pages of maturity show them."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as pgettext

TIE_QUESTIONS: dict[str, LazyString] = {
    "employment": _l(
        "Does a person who judges work for the team or its pilot centre, or did so in the last three years?"
    ),
    "shares": _l("Do you or a person who judges hold a share in the team, or a right in its technology?"),
    "contingent_fee": _l("Does any part of your fee depend on the level or on what is financed?"),
    "made_evidence": _l("Did you make, pay for or write a piece of the evidence that is to be judged?"),
    "funder": _l("Do you finance, insure or guarantee this project, or mean to?"),
}

GROUNDS: dict[str, LazyString] = {
    "evidence_missing": pgettext("ground", "The evidence does not show what is claimed"),
    "evidence_wrong": pgettext("ground", "The evidence is wrong or out of date"),
    "environment": pgettext("ground", "The environment was another than the level asks for"),
    "sample": pgettext("ground", "Another sample, scale or duration"),
    "independence": pgettext("ground", "The assessor is not independent"),
    "procedure": pgettext("ground", "The procedure was not followed"),
    "other": pgettext("ground", "Another ground"),
}

CAUSES: dict[str, LazyString] = {
    "listing": pgettext("level_cause", "stated by the team"),
    "assessment": pgettext("level_cause", "assessment signed"),
    "lapse": pgettext("level_cause", "assessment lapsed"),
    "objection": pgettext("level_cause", "objection decided"),
}
