"""The engine's flat list of tiers as the tree that the explanation macro shows, in the page's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from marketplace.agreements.models import AgreementParty


def nest_tiers(tiers: list[dict[str, Any]], parties: Mapping[str, AgreementParty], locale: str) -> list[dict[str, Any]]:
    """Tiers with the tiers inside them as children; who is paid stands on each."""
    language = "zh" if locale.startswith("zh") else "en"
    roots: list[dict[str, Any]] = []
    trail: list[dict[str, Any]] = []
    for tier in tiers:
        node = {
            "clause": _short(tier["clause"]),
            "name": tier["name"][language],
            "why": tier["why"][language],
            "capacity_minor": tier["capacity_minor"],
            "amount_minor": tier["amount_minor"],
            "to": "",
            "rounding_units": sum(abs(note["units"]) for note in tier["rounding"]),
            "children": [_leaf(leaf, parties, locale) for leaf in tier["to"]],
        }
        del trail[tier["depth"] :]
        (trail[-1]["children"] if trail else roots).append(node)
        trail.append(node)
    return roots


def _leaf(leaf: dict[str, Any], parties: Mapping[str, AgreementParty], locale: str) -> dict[str, Any]:
    party = leaf["party"]
    if party in parties:
        name = parties[party].name(locale)
    elif party.startswith("pot:"):
        name = _("a part that is shared out below")
    else:
        name = _("kept in the estate")
    return {
        "clause": "",
        "name": _("to"),
        "why": "",
        "to": name,
        "legal_basis": leaf["legal_basis"],
        "amount_minor": leaf["amount_minor"],
        "children": [],
    }


def _short(clause: str) -> str:
    """The place of the clause without the words that every path of a program begins with."""
    return clause.removeprefix("programs.")
