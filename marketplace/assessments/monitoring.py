"""Does the model in use still hold? Outcomes against probabilities, and the projects of late against those before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from marketplace.assessments.counts import count_distribution, count_interval, population_stability

MINIMUM_OUTCOMES = 20
# Recent against before: as many projects in each before a shift means anything.
MINIMUM_PROJECTS = 20
RECENT = timedelta(days=180)
STABILITY_LIMIT = 0.25
BINS = 5
LEVEL = 0.95
# Features whose values fall into few classes; the others are cut at the published points below.
_CUTS: dict[str, tuple[float, ...]] = {
    "planned_months": (12, 18, 24, 36),
    "scale_up_factor": (10, 50, 200, 1000),
    "evidence_cover": (0.5, 0.8, 0.999),
    "unproven_equipment_share": (0.1, 0.3, 0.5),
    "new_process_steps": (1, 2, 4),
    "recycle_streams": (1, 2),
}


def check_calibration(pairs: Sequence[tuple[float, int]]) -> dict[str, Any]:
    """Probabilities against outcomes (1: failed): the count with its 95 % range, Brier score, reliability table.

    The range is that of the number of failures if every probability were right and projects independent
    (Poisson-binomial); a count outside of it breaks calibration-in-the-large.
    """
    n, events = len(pairs), sum(flag for _, flag in pairs)
    result: dict[str, Any] = {"n": n, "events": events, "reliability": [], "breaks": False}
    if not n:
        return result
    probabilities = [probability for probability, _ in pairs]
    low, high = count_interval(count_distribution(probabilities), LEVEL)
    base = events / n
    result |= {
        "expected": round(math.fsum(probabilities), 4), "low": low, "high": high,
        "brier": round(math.fsum((p - flag) ** 2 for p, flag in pairs) / n, 6),
        "brier_constant": round(base * (1.0 - base), 6),
        "reliability": _reliability(sorted(pairs)),
        "breaks": n >= MINIMUM_OUTCOMES and not low <= events <= high,
    }  # fmt: skip
    return result


def check_drift(scores: Iterable[Any], *, now: datetime) -> dict[str, Any]:
    """Population stability of every feature: the projects scored in the last 180 days against those before.

    A project counts once on each side, by its latest score there.
    """
    before: dict[int, dict[str, Any]] = {}
    recent: dict[int, dict[str, Any]] = {}
    for score in scores:
        (recent if score.computed_at >= now - RECENT else before)[score.project_id] = score.content["features"]
    enough = min(len(before), len(recent)) >= MINIMUM_PROJECTS
    rows = []
    if enough:
        for name in next(iter(recent.values())):
            old, new = _classes(name, before.values()), _classes(name, recent.values())
            classes = sorted({*old, *new})
            value = population_stability([old.get(word, 0) for word in classes], [new.get(word, 0) for word in classes])
            rows.append({"feature": name, "stability": round(value, 4), "breaks": value > STABILITY_LIMIT})
    return {
        "before": len(before), "recent": len(recent), "enough": enough, "features": rows,
        "breaks": any(row["breaks"] for row in rows),
    }  # fmt: skip


def judge_model(calibration: dict[str, Any], drift: dict[str, Any]) -> tuple[str, list[str]]:
    """The state of a check, and the codes of what breaks."""
    breaches = [code for code, part in (("calibration", calibration), ("drift", drift)) if part["breaks"]]
    if breaches:
        return "breaks", breaches
    return ("holds" if calibration["n"] >= MINIMUM_OUTCOMES else "not_enough_data"), []


def _reliability(pairs: Sequence[tuple[float, int]]) -> list[dict[str, Any]]:
    """Groups of about equal count, the lowest probabilities first, each with the range its outcomes should lie in."""
    count = min(BINS, max(1, len(pairs) // 4))
    rows = []
    for index in range(count):
        part = pairs[index * len(pairs) // count : (index + 1) * len(pairs) // count]
        low, high = count_interval(count_distribution([p for p, _ in part]), LEVEL)
        rows.append(
            {
                "n": len(part), "predicted": round(math.fsum(p for p, _ in part) / len(part), 6),
                "observed": round(sum(flag for _, flag in part) / len(part), 6),
                "low": round(low / len(part), 6), "high": round(high / len(part), 6),
            }
        )  # fmt: skip
    return rows


def _classes(name: str, rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        word = _class_of(name, row.get(name))
        found[word] = found.get(word, 0) + 1
    return found


def _class_of(name: str, value: Any) -> str:
    if value is None:
        return "unknown"
    cuts = _CUTS.get(name)
    return str(value) if cuts is None else str(sum(value > cut for cut in cuts))
