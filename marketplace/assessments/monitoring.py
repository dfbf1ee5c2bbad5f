"""Does the model in use still hold? Outcomes against probabilities, and the projects of late against those before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

MINIMUM_OUTCOMES = 20
# Recent against before: as many projects in each before a shift means anything.
MINIMUM_PROJECTS = 20
# A group of the reliability table with fewer pilots would show how a single one was scored and how it ended.
MINIMUM_GROUP = 5
RECENT = timedelta(days=180)


def misses_target(outcome: Any) -> bool:
    """Whether a pilot missed the target that its score before the start was computed for."""
    return bool(outcome.trl_reached < outcome.score.content["features"]["trl_target"])


def check_calibration(pairs: Sequence[tuple[float, int]]) -> dict[str, Any]:
    """Probabilities against outcomes (1: failed): count with its 95 % range, calibration error, reliability table."""
    import risk

    n, events = len(pairs), sum(flag for _, flag in pairs)
    result: dict[str, Any] = {"n": n, "events": events, "reliability": [], "breaks": False}
    if not n:
        return result
    found = risk.check_calibration([flag for _, flag in pairs], [probability for probability, _ in pairs])
    base = events / n
    return result | {
        "expected": found.expected, "low": found.low, "high": found.high,
        "ece": found.ece, "ece_low": found.ece_low, "ece_high": found.ece_high,
        "brier": round(math.fsum((p - flag) ** 2 for p, flag in pairs) / n, 6),
        "brier_constant": round(base * (1.0 - base), 6),
        "reliability": merge_groups([asdict(row) for row in found.reliability]),
        "breaks": n >= MINIMUM_OUTCOMES and not found.holds,
    }  # fmt: skip


def merge_groups(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join neighbouring groups of the reliability table until each holds enough pilots; what is left joins the last."""
    from risk.scoring.drift import wilson_interval

    merged: list[dict[str, Any]] = []
    for row in rows:
        if merged and merged[-1]["n"] < MINIMUM_GROUP:
            merged.append(_join(merged.pop(), row))
        else:
            merged.append(dict(row))
    if len(merged) > 1 and merged[-1]["n"] < MINIMUM_GROUP:
        last = merged.pop()
        merged.append(_join(merged.pop(), last))
    for row in merged:
        low, high = wilson_interval(row["events"], row["n"])
        row |= {"observed": round(row["events"] / row["n"], 6), "low": round(low, 6), "high": round(high, 6)}
    return merged


def _join(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    n = first["n"] + second["n"]
    mean = (first["predicted"] * first["n"] + second["predicted"] * second["n"]) / n
    return {"n": n, "events": first["events"] + second["events"], "predicted": round(mean, 6)}


def open_calibration(calibration: dict[str, Any], *, supervises: bool) -> dict[str, Any]:
    """What of a check may be read: below the least number of outcomes only their number, but for the supervisors.

    From few outcomes, and from one at once, the score and the end of single pilots could be told.
    """
    if calibration["n"] < MINIMUM_OUTCOMES and not supervises:
        return {"n": calibration["n"], "reliability": []}
    return {**calibration, "reliability": merge_groups(calibration["reliability"])}


def check_drift(scores: Iterable[Any], *, now: datetime) -> dict[str, Any]:
    """Population stability of every feature: the projects scored in the last 180 days against those before.

    A project counts once on each side, by its latest score there.
    """
    import risk

    before: dict[int, dict[str, Any]] = {}
    recent: dict[int, dict[str, Any]] = {}
    for score in scores:
        (recent if score.computed_at >= now - RECENT else before)[score.project_id] = score.content["features"]
    enough = min(len(before), len(recent)) >= MINIMUM_PROJECTS
    found = risk.check_stability(list(before.values()), list(recent.values())) if enough else ()
    rows = [
        {"feature": row.feature, "stability": row.index, "state": row.state, "breaks": row.state == "drifted"}
        for row in found
    ]
    return {
        "before": len(before), "recent": len(recent), "enough": enough, "features": rows,
        "breaks": any(row["breaks"] for row in rows),
    }  # fmt: skip


def stability_limit() -> float:
    """From which index on the projects are others than those before."""
    from risk.tables import get_default

    return float(get_default("training_rules", "stability_alarm").value or 0)


def judge_model(calibration: dict[str, Any], drift: dict[str, Any]) -> tuple[str, list[str]]:
    """The state of a check, and the codes of what breaks."""
    breaches = [code for code, part in (("calibration", calibration), ("drift", drift)) if part["breaks"]]
    if breaches:
        return "breaks", breaches
    return ("holds" if calibration["n"] >= MINIMUM_OUTCOMES else "not_enough_data"), []
