"""Matching a mandate with a project: hard constraints, each with its reason, then a score with every part kept.

A match is all constraints true; the score is then sum(w_i s_i) / sum(w_i) with s_i in [0, 1], exact. Where the
money must be re-invested (返投) is neither a constraint nor a part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marketplace.dealflow.facts import Ask, ProjectFacts
from marketplace.dealflow.words import BANDS, EXCLUSION_FIGURES, FUNDABLE_STATES, PARTS
from marketplace.projects.search import list_tokens

VERSION = "match-1"
EQUAL_WEIGHTS = dict.fromkeys(PARTS, "1")
# Without a preference every sector and region is as welcome as the next: half of what a named one gets.
NO_PREFERENCE = Fraction(1, 2)
LEVEL_REACH = 3


@dataclass(frozen=True)
class Check:
    """One hard constraint: its code, whether it holds, and the figures of its sentence."""

    code: str
    holds: bool
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One part of the score: its value in [0, 1] and the weight that the mandate gives it."""

    code: str
    value: Fraction
    weight: Fraction


@dataclass(frozen=True)
class Match:
    """Every constraint and every part; the score is None as soon as one constraint refuses."""

    checks: tuple[Check, ...]
    parts: tuple[Part, ...]
    score: Fraction | None

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    @property
    def refusals(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.holds)


def match_project(mandate: Any, facts: ProjectFacts, *, today: date) -> Match:
    """Compare one mandate with one project on a day."""
    checks = (
        _check_open(mandate, today),
        _check_budget(mandate, today),
        _check_state(facts),
        Check("conflict", mandate.organisation_id not in facts.organisation_ids),
        Check("currency", mandate.currency == facts.currency, {"wanted": mandate.currency, "found": facts.currency}),
        *_check_instruments(mandate, facts),
        _check_sector(mandate, facts),
        _check_region(mandate, facts),
        _check_level("trl", mandate.trl_from, mandate.trl_to, facts.trl),
        _check_level("mrl", mandate.mrl_from, mandate.mrl_to, facts.mrl),
        _check_ticket(mandate, facts),
        *_check_round(mandate, facts),
        *_check_must_haves(mandate, facts),
        *_check_risk(mandate, facts),
        *_check_exclusions(mandate, facts),
    )
    parts = compute_parts(mandate, facts)
    holds = all(check.holds for check in checks)
    return Match(checks=checks, parts=parts, score=compute_score(parts) if holds else None)


def compute_score(parts: Iterable[Part]) -> Fraction:
    """sum(w_i s_i) / sum(w_i); the weights of a mandate never add to nothing."""
    listed = tuple(parts)
    return sum((part.weight * part.value for part in listed), Fraction(0)) / sum(part.weight for part in listed)


def compute_parts(mandate: Any, facts: ProjectFacts) -> tuple[Part, ...]:
    """Every part in its fixed order, also those of weight nought."""
    weights = mandate.weights or EQUAL_WEIGHTS
    return tuple(Part(code, _PARTS[code](mandate, facts), Fraction(weights.get(code, "0"))) for code in PARTS)


def _common(mandate: Any, facts: ProjectFacts) -> list[Ask]:
    return [ask for ask in facts.asks if ask.instrument in mandate.instruments]


def _check_open(mandate: Any, today: date) -> Check:
    values = {"state": mandate.state, "first": mandate.valid_from.isoformat(), "last": mandate.valid_to.isoformat()}
    return Check("mandate_open", mandate.state == "active" and mandate.valid_from <= today <= mandate.valid_to, values)


def _check_budget(mandate: Any, today: date) -> Check:
    enough = mandate.budget_remaining_minor >= mandate.ticket_min_minor
    values = {
        "left_minor": mandate.budget_remaining_minor, "ticket_minor": mandate.ticket_min_minor,
        "first": mandate.budget_from.isoformat(), "last": mandate.budget_to.isoformat(), "currency": mandate.currency,
    }  # fmt: skip
    return Check("budget", enough and mandate.budget_from <= today <= mandate.budget_to, values)


def _check_state(facts: ProjectFacts) -> Check:
    return Check("project_open", facts.state in FUNDABLE_STATES, {"project_state": facts.state})


def _check_instruments(mandate: Any, facts: ProjectFacts) -> list[Check]:
    """One of the funder's instruments is asked for, and one of those is not closed at the assessed level."""
    common = _common(mandate, facts)
    asked = sorted({ask.instrument for ask in facts.asks})
    checks = [Check("instrument", bool(common), {"wanted": sorted(mandate.instruments), "found": asked})]
    if common:
        still_open = any(ask.open for ask in common)
        checks.append(Check("eligibility", still_open, {"instruments": sorted({ask.instrument for ask in common})}))
    conditional = sorted({ask.instrument for ask in common if ask.conditional})
    if conditional:
        # Never a refusal: what is committed then carries the condition.
        checks.append(Check("level_condition", True, {"instruments": conditional}))
    return checks


def _check_sector(mandate: Any, facts: ProjectFacts) -> Check:
    holds = not mandate.sectors or facts.sector in mandate.sectors
    return Check("sector", holds, {"wanted": sorted(mandate.sectors), "found": facts.sector})


def _in_regions(mandate: Any, facts: ProjectFacts) -> bool:
    return any(facts.region_code.startswith(prefix) for prefix in mandate.region_prefixes)


def _check_region(mandate: Any, facts: ProjectFacts) -> Check:
    holds = not mandate.region_prefixes or _in_regions(mandate, facts)
    return Check("region", holds, {"wanted": sorted(mandate.region_prefixes), "found": facts.region_code})


def _check_level(code: str, lowest: int, highest: int, level: int | None) -> Check:
    holds = level is not None and lowest <= level <= highest
    return Check(code, holds, {"level": level, "lowest": lowest, "highest": highest})


def _check_ticket(mandate: Any, facts: ProjectFacts) -> Check:
    """Some ask in the funder's instruments can take a ticket that the funder writes."""
    common = _common(mandate, facts)
    holds = any(
        max(mandate.ticket_min_minor, ask.smallest_ticket_minor) <= min(mandate.ticket_max_minor, ask.amount_minor)
        for ask in common
    )
    values = {
        "least_minor": mandate.ticket_min_minor, "most_minor": mandate.ticket_max_minor, "currency": mandate.currency,
        "smallest_minor": min((ask.smallest_ticket_minor for ask in common), default=None),
        "asked_minor": max((ask.amount_minor for ask in common), default=None),
    }  # fmt: skip
    return Check("ticket", holds, values)


def _check_round(mandate: Any, facts: ProjectFacts) -> list[Check]:
    size, currency = facts.round_size_minor, facts.currency
    checks = []
    if mandate.round_size_max_minor is not None:
        values = {"asked_minor": size, "most_minor": mandate.round_size_max_minor, "currency": currency}
        checks.append(Check("round_size", size <= mandate.round_size_max_minor, values))
    if mandate.needs_co_investor:
        # Beside the smallest ticket of this funder there must be something left for another.
        values = {"asked_minor": size, "ticket_minor": mandate.ticket_min_minor, "currency": currency}
        checks.append(Check("co_investor", size > mandate.ticket_min_minor, values))
    return checks


def _check_must_haves(mandate: Any, facts: ProjectFacts) -> list[Check]:
    found = {
        "ip_owned": facts.ip_owned, "pilot_site_booked": facts.pilot_site_booked,
        "insurance_bound": facts.insurance_bound, "assessed_level": facts.assessed,
    }  # fmt: skip
    return [Check(f"must_{word}", found[word]) for word in sorted(mandate.must_have)]


def _check_risk(mandate: Any, facts: ProjectFacts) -> list[Check]:
    if mandate.max_band is None:
        return []
    holds = facts.band is not None and BANDS.index(facts.band) <= BANDS.index(mandate.max_band)
    return [Check("risk", holds, {"band": facts.band, "most_band": mandate.max_band})]


def _check_exclusions(mandate: Any, facts: ProjectFacts) -> list[Check]:
    """A limit refuses what it names; what is not known is not refused, and the sentence says so."""
    checks = []
    for limit in sorted(mandate.exclusions, key=lambda row: (row["field"], row["operator"], row["value"])):
        found = (
            facts.figures.get(limit["field"]) if limit["field"] in EXCLUSION_FIGURES else facts.words[limit["field"]]
        )
        values = {**limit, "found": None if found is None else str(found)}
        checks.append(Check("exclusion", found is None or not _meets(limit, found), values))
    return checks


def _meets(limit: dict[str, Any], found: Decimal | str) -> bool:
    if limit["operator"] == "is":
        return Decimal(limit["value"]) == found if isinstance(found, Decimal) else str(limit["value"]) == found
    bound = Decimal(limit["value"])
    return Decimal(found) > bound if limit["operator"] == "above" else Decimal(found) < bound


def _score_ticket(mandate: Any, facts: ProjectFacts) -> Fraction:
    """|[min, max] n [smallest ticket, ask]| / ask range, the best over the asks in the funder's instruments."""
    return max((_overlap(mandate, ask) for ask in _common(mandate, facts)), default=Fraction(0))


def _overlap(mandate: Any, ask: Ask) -> Fraction:
    low = max(mandate.ticket_min_minor, ask.smallest_ticket_minor)
    high = min(mandate.ticket_max_minor, ask.amount_minor)
    width = ask.amount_minor - ask.smallest_ticket_minor
    if high < low:
        return Fraction(0)
    # An ask that is taken whole or not at all is a point: inside the range or not.
    return Fraction(1) if width == 0 else Fraction(high - low, width)


def _score_level(mandate: Any, facts: ProjectFacts) -> Fraction:
    """1 - |d| / 3, at least nought; d is the distance of the level from the middle of the funder's range."""
    if facts.trl is None:
        return Fraction(0)
    distance = abs(Fraction(mandate.trl_from + mandate.trl_to, 2) - facts.trl)
    return max(Fraction(0), 1 - distance / LEVEL_REACH)


def _score_sector(mandate: Any, facts: ProjectFacts) -> Fraction:
    if not mandate.sectors:
        return NO_PREFERENCE
    return Fraction(int(facts.sector in mandate.sectors))


def _score_region(mandate: Any, facts: ProjectFacts) -> Fraction:
    if not mandate.region_prefixes:
        return NO_PREFERENCE
    return Fraction(int(_in_regions(mandate, facts)))


def _score_risk(_mandate: Any, facts: ProjectFacts) -> Fraction:
    """The probability of success; nought while there is no score."""
    if facts.probability is None:
        return Fraction(0)
    return min(Fraction(1), max(Fraction(0), 1 - Fraction(facts.probability)))


def _score_text(mandate: Any, facts: ProjectFacts) -> Fraction:
    """The share of the words of the mandate that the project's title and summary have."""
    texts = (mandate.name_zh, mandate.name_en, mandate.target_zh, mandate.target_en)
    wanted = {token for text in texts for token in list_tokens(text or "")}
    return Fraction(len(wanted & facts.tokens), len(wanted)) if wanted else Fraction(0)


_PARTS: dict[str, Callable[[Any, ProjectFacts], Fraction]] = {
    "ticket": _score_ticket, "level": _score_level, "sector": _score_sector, "region": _score_region,
    "risk": _score_risk, "text": _score_text,
}  # fmt: skip


def write_share(value: Fraction) -> str:
    """A share with six decimals, half to even, as it is stored and sorted."""
    millionths = round(value * 10**6)
    return f"{millionths // 10**6}.{millionths % 10**6:06d}"


def write_match(match: Match) -> dict[str, Any]:
    """The answer as it is stored and sent: shares as decimal strings."""
    return {
        "version": VERSION,
        "checks": [{"code": row.code, "holds": row.holds, "values": row.values} for row in match.checks],
        "parts": [
            {"code": row.code, "value": write_share(row.value), "weight": write_share(row.weight)}
            for row in match.parts
        ],
    }
