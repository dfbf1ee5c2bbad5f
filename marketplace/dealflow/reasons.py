"""The sentence of every constraint: one msgid for each outcome, filled with the figures of the check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marketplace.dealflow.matching import Check
from marketplace.money import Money

HOLDS, REFUSED, UNKNOWN = "holds", "refused", "unknown"

SENTENCES: dict[str, dict[str, str]] = {
    "mandate_open": {
        HOLDS: "The mandate is open from %(first)s to %(last)s.",
        REFUSED: "The mandate takes nothing now; it runs from %(first)s to %(last)s.",
    },
    "budget": {
        HOLDS: "%(left)s of the budget is left; the smallest ticket is %(ticket)s.",
        REFUSED: "%(left)s of the budget from %(first)s to %(last)s is left; the smallest ticket is %(ticket)s.",
    },
    "project_open": {
        HOLDS: "The project looks for money.",
        REFUSED: "The project does not look for money now: %(project_state)s.",
    },
    "conflict": {
        HOLDS: "The funder is neither the team nor the pilot centre of the project.",
        REFUSED: "The funder is the team or the pilot centre of the project itself.",
    },
    "currency": {
        HOLDS: "Mandate and project are in %(wanted)s.",
        REFUSED: "The project asks in %(found)s, the mandate is in %(wanted)s; nothing is converted.",
    },
    "instrument": {
        HOLDS: "The project asks for %(found)s; the mandate offers %(wanted)s.",
        REFUSED: "The project asks for %(found)s, but the mandate offers only %(wanted)s.",
        UNKNOWN: "The project has not stated what it asks for; the mandate offers %(wanted)s.",
    },
    "eligibility": {
        HOLDS: "The assessed level does not close %(instruments)s.",
        REFUSED: "The assessed level closes %(instruments)s.",
    },
    "level_condition": {
        HOLDS: "At the assessed level %(instruments)s is conditional: a commitment stays soft until that is met.",
    },
    "sector": {
        HOLDS: "The sector %(found)s is taken.",
        REFUSED: "The sector is %(found)s; the mandate takes %(wanted)s.",
    },
    "region": {
        HOLDS: "The region %(found)s is taken.",
        REFUSED: "The region is %(found)s; the mandate takes %(wanted)s.",
        UNKNOWN: "The region is not stated; the mandate takes %(wanted)s.",
    },
    "trl": {
        HOLDS: "TRL %(level)s lies within %(lowest)s to %(highest)s.",
        REFUSED: "TRL %(level)s lies outside %(lowest)s to %(highest)s.",
        UNKNOWN: "The TRL is not known; the mandate takes %(lowest)s to %(highest)s.",
    },
    "mrl": {
        HOLDS: "MRL %(level)s lies within %(lowest)s to %(highest)s.",
        REFUSED: "MRL %(level)s lies outside %(lowest)s to %(highest)s.",
        UNKNOWN: "The MRL is not known; the mandate takes %(lowest)s to %(highest)s.",
    },
    "ticket": {
        HOLDS: "Tickets of %(least)s to %(most)s meet an ask of %(smallest)s to %(asked)s.",
        REFUSED: "Tickets of %(least)s to %(most)s do not meet an ask of %(smallest)s to %(asked)s.",
        UNKNOWN: "Nothing is asked in these instruments that a ticket of %(least)s to %(most)s could meet.",
    },
    "round_size": {
        HOLDS: "The money asked for, %(asked)s, is at most %(most)s.",
        REFUSED: "The money asked for, %(asked)s, is more than %(most)s.",
    },
    "co_investor": {
        HOLDS: "Beside a ticket of %(ticket)s there is room for another funder in %(asked)s.",
        REFUSED: "A ticket of %(ticket)s leaves no room for another funder in %(asked)s.",
    },
    "must_ip_owned": {
        HOLDS: "The team owns a right that it has listed.",
        REFUSED: "The team owns none of the rights that it has listed.",
    },
    "must_pilot_site_booked": {
        HOLDS: "A pilot centre is named.",
        REFUSED: "No pilot centre is named.",
    },
    "must_insurance_bound": {
        HOLDS: "A pilot-failure policy is bound.",
        REFUSED: "No pilot-failure policy is bound.",
    },
    "must_assessed_level": {
        HOLDS: "The level is assessed.",
        REFUSED: "The level is only claimed, not assessed.",
    },
    "risk": {
        HOLDS: "The risk of failure is %(band)s; at most %(most_band)s is taken.",
        REFUSED: "The risk of failure is %(band)s; at most %(most_band)s is taken.",
        UNKNOWN: "There is no risk score that this funder may read; at most %(most_band)s is taken.",
    },
    "exclusion": {
        HOLDS: "%(field)s is %(found)s; refused is %(operator)s %(value)s.",
        REFUSED: "%(field)s is %(found)s; refused is %(operator)s %(value)s: %(reason)s.",
        UNKNOWN: "%(field)s is not stated; refused is %(operator)s %(value)s.",
    },
}
# What the figures of a sentence are, where they are words of a closed list.
_KINDS: dict[str, dict[str, str]] = {
    "project_open": {"project_state": "project"},
    "currency": {"wanted": "currency", "found": "currency"},
    "instrument": {"wanted": "instrument", "found": "instrument"},
    "eligibility": {"instruments": "instrument"},
    "level_condition": {"instruments": "instrument"},
    "sector": {"wanted": "sector", "found": "sector"},
    "region": {"wanted": "region", "found": "region"},
    "risk": {"band": "band", "most_band": "band"},
    "exclusion": {"field": "exclusion_field", "operator": "exclusion_operator"},
}
_EXCLUSION_VALUES = {"lead_organisation_size": "organisation_size", "sector": "sector", "solids_handling": "truth"}
# The figure whose absence makes the outcome unknown.
_KEY_FIGURES = {
    "instrument": "found", "region": "found", "trl": "level", "mrl": "level", "ticket": "asked_minor", "risk": "band",
    "exclusion": "found",
}  # fmt: skip


@dataclass(frozen=True)
class Speech:
    """How a door says things: its translation, its names of words, its way of writing money."""

    translate: Callable[[str], str]
    word: Callable[[str, str], str]
    money: Callable[[int, str], str]
    join: str
    chinese: bool


def outcome_of(check: Check) -> str:
    key = _KEY_FIGURES.get(check.code)
    if key is not None and check.values.get(key) in (None, "", []):
        return UNKNOWN
    return HOLDS if check.holds else REFUSED


def write_reason(check: Check, speech: Speech) -> str:
    """The sentence of one check."""
    sentence = SENTENCES[check.code][outcome_of(check)]
    return speech.translate(sentence) % _shown(check, speech)


def _shown(check: Check, speech: Speech) -> dict[str, str]:
    kinds = dict(_KINDS.get(check.code, {}))
    values = dict(check.values)
    if check.code == "exclusion":
        kind = _EXCLUSION_VALUES.get(values["field"])
        if kind is not None:
            kinds |= {"value": kind, "found": kind}
        first, second = values.pop("reason_zh", ""), values.pop("reason_en", "")
        values["reason"] = (first or second) if speech.chinese else (second or first)
    currency = values.get("currency", "CNY")
    shown = {}
    for name, value in values.items():
        if name.endswith("_minor"):
            shown[name.removesuffix("_minor")] = "" if value is None else speech.money(value, currency)
        elif isinstance(value, list):
            shown[name] = speech.join.join(_word(kinds.get(name), item, speech) for item in value)
        else:
            shown[name] = "" if value is None else _word(kinds.get(name), value, speech)
    return shown


def _word(kind: str | None, value: Any, speech: Speech) -> str:
    return str(value) if kind is None or value == "" else speech.word(kind, str(value))


def _plain_money(amount_minor: int, currency: str) -> str:
    return f"{currency} {Money(amount_minor, currency).decimal():,}"


# What programs read: English, with the stored words.
PLAIN_SPEECH = Speech(
    translate=lambda text: text, word=lambda _kind, word: word, money=_plain_money, join=", ", chinese=False
)
