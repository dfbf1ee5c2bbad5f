"""Names of the words around a score: consents, contests, models, checks and outcomes."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_pgettext as pgettext

NAMES: dict[str, dict[str, LazyString]] = {
    "consent_basis": {
        "team": pgettext("consent_basis", "Given by the team"),
        "quote_request": pgettext("consent_basis", "Given with a request for a quote"),
    },
    "promotion": {
        "open": pgettext("promotion", "Waits for a second person"),
        "confirmed": pgettext("promotion", "Confirmed"),
        "refused": pgettext("promotion", "Refused"),
    },
    "breach": {
        "calibration": pgettext(
            "breach", "The number of failures lies outside the 95% range that the model's probabilities give."
        ),
        "drift": pgettext("breach", "The projects scored lately differ from those before."),
    },
}
