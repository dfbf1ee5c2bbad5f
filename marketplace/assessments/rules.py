"""Pure decisions about maturity: levels by element, gaps, cover of evidence, milestones that close the gaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from risk.maturity import get_criterion, list_gaps, list_levels, project_level, reached_level

# A judgement that counts as met for the contiguous rule; "not applicable" must carry its reason.
COUNTING = ("met", "not_applicable")


@dataclass(frozen=True)
class Levels:
    """What an assessment reaches: by element and for the project (the lowest element)."""

    by_element: Mapping[int, tuple[int, int]]
    trl: int | None
    mrl: int | None


def compute_levels(element_ids: Iterable[int], judgements: Iterable[Any]) -> Levels:
    """Apply the contiguous rule to each element, then take the lowest; level 0 means none reached."""
    met: dict[int, set[str]] = {element_id: set() for element_id in element_ids}
    for row in judgements:
        if row.judgement in COUNTING and row.element_id in met:
            met[row.element_id].add(row.criterion)
    by_element = {
        element_id: (reached_level(criteria, scale="trl"), reached_level(criteria, scale="mrl"))
        for element_id, criteria in met.items()
    }
    lowest_trl = project_level(trl for trl, _ in by_element.values())
    lowest_mrl = project_level(mrl for _, mrl in by_element.values())
    return Levels(by_element=by_element, trl=lowest_trl or None, mrl=lowest_mrl or None)


def find_gaps(
    element_ids: Iterable[int], judgements: Iterable[Any], *, target_trl: int | None, target_mrl: int | None
) -> list[dict[str, Any]]:
    """The criteria still open up to the targets (the next level where there is none), by element."""
    rows = list(judgements)
    gaps: list[dict[str, Any]] = []
    for element_id in element_ids:
        met = {row.criterion for row in rows if row.element_id == element_id and row.judgement in COUNTING}
        for scale, target in (("trl", target_trl), ("mrl", target_mrl)):
            gaps.extend(
                {"element": element_id, "scale": scale, "level": criterion.level, "criterion": criterion.id}
                for criterion in list_gaps(met, scale=scale, up_to=target)
            )
    return gaps


def compute_evidence_cover(element_ids: Iterable[int], judgements: Iterable[Any], *, level: int) -> str | None:
    """The share of the TRL criteria up to a level that are met by evidence, over all elements, as a decimal string."""
    criteria = {criterion.id for row in list_levels("trl")[:level] for criterion in row.criteria}
    elements = set(element_ids)
    if not elements or not criteria:
        return None
    met = {
        (row.element_id, row.criterion)
        for row in judgements
        if row.judgement == "met" and row.evidence_id and row.criterion in criteria and row.element_id in elements
    }
    return f"{len(met) / (len(criteria) * len(elements)):.4f}"


def suggest_milestones(gaps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The gaps as a plan: one milestone for each level still to be reached, lowest first, with its open questions."""
    levels: dict[tuple[int, str], dict[str, None]] = {}
    for gap in gaps:
        levels.setdefault((gap["level"], gap["scale"]), {}).setdefault(gap["criterion"])
    return [
        {"scale": scale, "level": level, "criteria": [get_criterion(identifier) for identifier in identifiers]}
        for (level, scale), identifiers in sorted(levels.items(), key=lambda item: (item[0][1] != "trl", item[0][0]))
    ]
