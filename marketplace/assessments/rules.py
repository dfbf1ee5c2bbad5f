"""Pure decisions about maturity: levels by element, what counts, gaps, objections, milestones that close the gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from marketplace.projects.words import PROCESS_SECTORS
from risk.maturity import (
    Criterion,
    counts_as_evidence,
    get_criterion,
    get_level,
    list_gaps,
    list_levels,
    project_level,
    reached_level,
)

_Key = TypeVar("_Key")
# A judgement that counts as met for the contiguous rule; "not applicable" must carry its reason.
COUNTING = ("met", "not_applicable")


@dataclass(frozen=True)
class Levels:
    """What an assessment reaches: by element and for the project (the lowest element)."""

    by_element: Mapping[int, tuple[int, int]]
    trl: int | None
    mrl: int | None

    def limiting(self, scale: str) -> tuple[int, ...]:
        """The elements that hold the project back on a scale; none where all stand at the same level."""
        levels = {element: pair[0 if scale == "trl" else 1] for element, pair in self.by_element.items()}
        return find_lowest(levels)


def find_lowest(levels: Mapping[_Key, int | None]) -> tuple[_Key, ...]:
    """The keys with the lowest level, an absent one being lowest of all; none where all are equal."""
    values = {key: level or 0 for key, level in levels.items()}
    lowest = min(values.values(), default=0)
    return tuple(key for key, level in values.items() if level == lowest) if len(set(values.values())) > 1 else ()


def compute_levels(
    element_ids: Iterable[int], judgements: Iterable[Any], *, set_aside: Collection[tuple[int, str]] = ()
) -> Levels:
    """Apply the contiguous rule to each element, then take the lowest; level 0 means none reached.

    `set_aside` names judgements, by element and criterion, that an upheld objection has taken out of the count.
    """
    met: dict[int, set[str]] = {element_id: set() for element_id in element_ids}
    for row in judgements:
        counts = row.judgement in COUNTING and (row.element_id, row.criterion) not in set_aside
        if counts and row.element_id in met:
            met[row.element_id].add(row.criterion)
    return levels_of(met)


def compute_documented(element_ids: Iterable[int], evidence: Iterable[Any], *, accepted: Iterable[Any] = ()) -> Levels:
    """The levels that would be reached if every piece of evidence met its criterion, beside the judgements accepted."""
    met: dict[int, set[str]] = {element_id: set() for element_id in element_ids}
    for row in accepted:
        if row.judgement in COUNTING and row.element_id in met:
            met[row.element_id].add(row.criterion)
    for row in evidence:
        for element_id in met if row.element_id is None else (row.element_id,):
            if (
                element_id in met
                and find_evidence_fault(get_criterion(row.criterion), row, element_id=element_id) is None
            ):
                met[element_id].add(row.criterion)
    return levels_of(met)


def levels_of(met: Mapping[int, Collection[str]]) -> Levels:
    """Levels from the criteria met by element."""
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
        mine = [row for row in rows if row.element_id == element_id]
        met = {row.criterion for row in mine if row.judgement in COUNTING}
        notes = {row.criterion: row.note for row in mine if row.judgement not in COUNTING}
        for scale, target in (("trl", target_trl), ("mrl", target_mrl)):
            gaps.extend(
                {"element": element_id, "scale": scale, "level": criterion.level, "criterion": criterion.id,
                 "note": notes.get(criterion.id, "")}
                for criterion in list_gaps(met, scale=scale, up_to=target)
            )  # fmt: skip
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


def find_evidence_fault(criterion: Criterion, evidence: Any, *, element_id: int) -> str | None:
    """Why a piece of evidence does not meet a criterion of an element, as a sentence; None where it counts."""
    if evidence is None:
        return "A criterion is met only by evidence; choose the piece that shows it."
    if evidence.element_id not in (None, element_id):
        return "This evidence belongs to another element."
    if not counts_as_evidence(criterion, evidence.evidence_type):
        return "A criterion is met only by evidence of a kind that its level accepts; a claim never counts."
    if not counts_as_evidence(criterion, evidence.evidence_type, evidence.environment):
        return "This evidence was not made in an environment that its level asks for."
    if evidence.file_id is None:
        return "Evidence without a file has no hash and does not count."
    return None


def needs_manufacture(project: Any) -> bool:
    """Whether the pilot tests a process: then the readiness of manufacture is required beside the technology."""
    return (
        project.sector in PROCESS_SECTORS
        or project.target_mrl is not None
        or project.mrl_claimed is not None
        or bool(project.new_process_steps)
    )


def is_manufacture_judged(element_ids: Iterable[int], judgements: Iterable[Any]) -> bool:
    """Whether every element has an answer to the first level of manufacture; a level reached is not asked for."""
    judged = {(row.element_id, row.criterion) for row in judgements}
    first = get_level("mrl", 1).criteria
    return all((element_id, criterion.id) in judged for element_id in element_ids for criterion in first)


def list_set_aside(disputes: Iterable[Any], *, element_ids: Mapping[str, int]) -> set[tuple[int, str]]:
    """The judgements that upheld objections have taken out of the count."""
    return {
        (element_ids[row.element], row.criterion)
        for row in disputes
        if row.state == "upheld" and row.criterion and row.element in element_ids
    }


def find_disputed_levels(disputes: Iterable[Any], *, trl: int | None, mrl: int | None) -> tuple[int | None, int | None]:
    """From which level up open objections reach, on each scale; an objection to the whole reaches every level."""
    lowest: dict[str, int] = {}
    for row in disputes:
        if row.state != "open":
            continue
        touched = [("trl", 1), ("mrl", 1)]
        if row.criterion:
            criterion = get_criterion(row.criterion)
            touched = [(criterion.scale, criterion.level)]
        for scale, level in touched:
            lowest[scale] = min(level, lowest.get(scale, level))
    # An objection to a level above the one reached, such as to a refusal, disputes the level reached itself.
    return (
        min(lowest["trl"], trl) if trl and "trl" in lowest else None,
        min(lowest["mrl"], mrl) if mrl and "mrl" in lowest else None,
    )


def suggest_milestones(gaps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The gaps as a plan: one step for each level still to be reached, lowest first, with its open questions."""
    levels: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for gap in gaps:
        levels.setdefault((gap["level"], gap["scale"]), []).append(gap)
    return [
        {
            "scale": scale,
            "level": level,
            "criteria": [get_criterion(identifier) for identifier in dict.fromkeys(row["criterion"] for row in rows)],
            "gaps": [dict(row) for row in rows],
        }
        for (level, scale), rows in sorted(levels.items(), key=lambda item: (item[0][1] != "trl", item[0][0]))
    ]
