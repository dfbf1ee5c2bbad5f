"""Names of the words that only the insurance pages show, and the reading of their forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import LazyString, lazy_gettext
from flask_babel import gettext as _
from flask_babel import lazy_pgettext as pgettext

from marketplace.errors import InvalidInputError, MarketplaceError
from marketplace.money import parse_amount
from marketplace.web.formatting import money_plain, percent

NAMES: dict[str, dict[str, LazyString]] = {
    "premium_bearer": {
        "applicant": pgettext("premium_bearer", "The applicant"),
        "pilot_centre": pgettext("premium_bearer", "The pilot centre"),
        "investor": pgettext("premium_bearer", "An investor"),
        "scheme": pgettext("premium_bearer", "A public scheme"),
    },
    "determination": {
        "insured_event": pgettext("determination", "The insured event has happened"),
        "no_insured_event": pgettext("determination", "No insured event"),
    },
    "deadline": {
        "assess": pgettext("claim_deadline", "Assess the claim"),
        "pay": pgettext("claim_deadline", "Pay what was agreed"),
        "refuse": pgettext("claim_deadline", "Refuse with reasons"),
        "interim": pgettext("claim_deadline", "Pay the certain part"),
    },
    "factor": {
        "target_missed": pgettext("trigger_factor", "The target is not reached by the deadline"),
        "insured_cause": pgettext("trigger_factor", "The cause is an insured one"),
        "determination_agrees": pgettext("trigger_factor", "The panel finds the insured event"),
    },
    "basis": {
        "sourced": pgettext("factor_basis", "Sourced"),
        "judgement": pgettext("factor_basis", "Judgement"),
    },
    "referred": {
        "level_not_assessed": pgettext("referral", "No independent assessment of the level stands."),
        "score_expired": pgettext("referral", "The risk score has expired."),
        "score_alone": pgettext("referral", "Only the risk score speaks against it; a person decides, with a reason."),
        "trigger_not_given": pgettext("referral", "There is no score to price from."),
        "missing_factor_level": pgettext("referral", "The product looks at a figure that is not known."),
        "trigger_too_certain": pgettext("referral", "The insured event is nearly certain."),
    },
}
# What a rule of a product may look at: its name, and whether it is an amount, a share or a plain figure.
RULE_FIGURES = {
    "trigger_probability": (lazy_gettext("Trigger probability"), "share"),
    "premium_minor": (lazy_gettext("Premium"), "amount"),
    "rate_on_sum_insured": (lazy_gettext("Premium on sum insured"), "share"),
    "sum_insured_minor": (lazy_gettext("Sum insured"), "amount"),
    "insurer_share": (lazy_gettext("Insurer's share"), "share"),
    "scale_up_factor": (lazy_gettext("Scale-up factor"), "figure"),
    "new_process_steps": (lazy_gettext("New process steps"), "figure"),
    "recycle_streams": (lazy_gettext("Recycle streams"), "figure"),
    "unproven_equipment_share": (lazy_gettext("Share of unproven equipment"), "share"),
    "solids_handling": (lazy_gettext("Solids handling"), "figure"),
    "trl": ("TRL", "figure"),
    "mrl": ("MRL", "figure"),
    "target_trl": (lazy_gettext("Target TRL"), "figure"),
}

# Reasons that the house itself writes into a quote.
HOUSE_REASONS = {
    "request withdrawn": pgettext("quote_reason", "The request was withdrawn."),
    "rule of the product": pgettext("quote_reason", "By a rule of the filed product."),
    "new version": pgettext("quote_reason", "Replaced by a new version."),
    "another quote was bound": pgettext("quote_reason", "Another quote was bound."),
    "past its last day": pgettext("quote_reason", "Its last day is over."),
}


def name_of(kind: str, word: str) -> str:
    """The word in the page's language."""
    return str(NAMES[kind][word])


def options(kind: str) -> list[tuple[str, str]]:
    """Pairs for a select."""
    return [(word, str(text)) for word, text in NAMES[kind].items()]


def reason_of(text: str) -> str:
    """Why a quote stands where it stands: the house's reasons in the page's language, a person's as written."""
    known = HOUSE_REASONS.get(text) or NAMES["referred"].get(text)
    return str(known) if known is not None else text


def rule_of(flag: Mapping[str, Any], currency: str) -> str:
    """The figure that a rule of the product looked at, beside its bound: a refusal names what it rests on."""
    if "stated" not in flag:
        return ""
    name, form = RULE_FIGURES.get(flag["field"], (flag["field"], "figure"))
    stated, bound = (_figure(str(flag[key]), form, currency) for key in ("stated", "value"))
    if flag["operator"] == "above":
        return _("%(figure)s: %(stated)s, the rule sets in above %(bound)s", figure=name, stated=stated, bound=bound)
    return _("%(figure)s: %(stated)s, the rule sets in below %(bound)s", figure=name, stated=stated, bound=bound)


def _figure(text: str, form: str, currency: str) -> str:
    if form == "amount":
        return money_plain(int(Decimal(text)), currency)
    return percent(text, 2) if form == "share" else text


class FormReader:
    """Reads fields one by one and keeps what is wrong with each."""

    def __init__(self, form: Mapping[str, str], currency: str) -> None:
        self.form, self.currency = form, currency
        self.errors: dict[str, str] = {}

    def text(self, name: str, *, limit: int = 2000) -> str:
        return self.form.get(name, "").strip()[:limit]

    def day(self, name: str) -> date:
        """The day of a field; a wrong one is noted and stands as the first day of time."""
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            self.errors[name] = "Enter a day, for example 2027-01-15."
            return date.min

    def amount(self, name: str, *, needed: bool = True) -> int | None:
        """Minor units; None where an optional field is empty."""
        text = self.text(name)
        if not text and not needed:
            return None
        try:
            return parse_amount(text, self.currency, field=name, allow_zero=True).amount_minor
        except InvalidInputError as error:
            self.errors[name] = error.message
            return 0

    def share(self, name: str, *, needed: bool = True) -> str | None:
        """A percentage as people type it, as a decimal fraction in text."""
        text = self.text(name).removesuffix("%").strip()
        if not text and not needed:
            return None
        try:
            # Twelve characters are more than any percentage has, and an exponent could stand for a million figures.
            plain = text.isascii() and len(text) <= 12 and "e" not in text.lower()
            value = Decimal(text) / 100 if plain else Decimal("NaN")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not 0 <= value <= 1:
            self.errors[name] = "Enter a percentage from 0 to 100."
            return "0"
        return format(value.normalize(), "f")

    def basis_points(self, name: str, *, needed: bool = True) -> int:
        """A percentage with at most two decimals in basis points; zero where an optional field is empty."""
        value = Decimal(self.share(name, needed=needed) or "0") * 10_000
        if value != int(value):
            self.errors[name] = "Enter a percentage with at most two decimals."
        return int(value)

    def check(self) -> None:
        if self.errors:
            raise InvalidInputError(errors=self.errors)


def shown_errors(error: MarketplaceError) -> dict[str, str]:
    """The messages at the fields, in the page's language; empty where the refusal belongs to none."""
    fields = getattr(error, "errors", None) or ({error.field: error.message} if error.field else {})
    return {name: _(text) for name, text in fields.items()}
