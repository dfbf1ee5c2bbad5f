"""The score in words: what drives it against the reference project, and what would lower it most."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from risk.scoring.features import COLUMNS, INPUT_OF_COLUMN, Feature, encode_row, list_features

_SIZES_ZH = {"micro": "微型", "small": "小型", "medium": "中型", "large": "大型"}


def list_drivers(row: Mapping[str, Any], coefficients: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the log-odds contribution of each known input against the reference project, strongest first.

    The contributions and the intercept add up to the log-odds of the score; those of the target level are its planned
    gain and its scale together.
    """
    columns = encode_row(row)
    sums: dict[str, float] = {}
    for column in COLUMNS:
        key = INPUT_OF_COLUMN.get(column, column)
        sums[key] = sums.get(key, 0.0) + coefficients[column] * columns[column]
    drivers = []
    for key, log_odds in sums.items():
        if row.get(key) is None or log_odds == 0.0:
            continue
        drivers.append(_driver(list_features()[key], row[key], log_odds))
    return sorted(drivers, key=lambda driver: -abs(driver["log_odds"]))


def list_improvements(
    row: Mapping[str, Any],
    probability: float,
    score_row: Callable[[Mapping[str, Any]], float],
    *,
    limit: int = 3,
) -> list[dict[str, Any]]:
    """Return the single changes that lower the probability most, with the probability after each.

    Parameters
    ----------
    row : mapping
        A checked row with start and target level.
    probability : float
        The probability of `row`.
    score_row : callable
        Returns the probability of a changed row.
    limit : int, default=3
        How many changes to return at most.
    """
    found = []
    for key, value in _candidate_changes(row):
        after = score_row({**row, key: value})
        if round(after, 6) < round(probability, 6):
            found.append((after, _improvement(list_features()[key], row[key], value, after)))
    found.sort(key=lambda item: item[0])
    return [improvement for _, improvement in found[:limit]]


def _candidate_changes(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    changes: list[tuple[str, Any]] = []
    if row["trl_start"] + 1 < row["trl_target"]:
        changes.append(("trl_start", row["trl_start"] + 1))
    if row["mrl_start"] is not None and row["mrl_start"] < 10:
        changes.append(("mrl_start", row["mrl_start"] + 1))
    if row["evidence_cover"] is not None and row["evidence_cover"] < 1.0:
        changes.append(("evidence_cover", round(min(1.0, row["evidence_cover"] + 0.2), 4)))
    if row["scale_up_factor"] is not None and row["scale_up_factor"] > 1.0:
        changes.append(("scale_up_factor", round(max(1.0, row["scale_up_factor"] / 10.0), 4)))
    for key in ("new_process_steps", "recycle_streams"):
        if row[key]:
            changes.append((key, row[key] - 1))
    if row["unproven_equipment_share"]:
        changes.append(("unproven_equipment_share", round(max(0.0, row["unproven_equipment_share"] - 0.1), 4)))
    return changes


def _driver(feature: Feature, value: Any, log_odds: float) -> dict[str, Any]:
    ratio = math.exp(log_odds)
    zh, en = describe_value(feature, value)
    reference_zh, reference_en = describe_value(feature, feature.reference)
    return {
        "feature": feature.key,
        "value": value,
        "reference": feature.reference,
        "log_odds": round(log_odds, 6),
        "text_zh": f"{feature.name_zh}{zh}（参照{reference_zh}）：失败比数为参照项目的{ratio:.2f}倍",
        "text_en": f"{feature.name_en} {en} (reference {reference_en}): odds of failure times {ratio:.2f}",
    }


def _improvement(feature: Feature, value: Any, after: Any, probability: float) -> dict[str, Any]:
    zh, en = describe_value(feature, value)
    after_zh, after_en = describe_value(feature, after)
    return {
        "feature": feature.key,
        "from": value,
        "to": after,
        "probability_after": round(probability, 6),
        "text_zh": f"{feature.name_zh}由{zh}变为{after_zh}，失败概率降至{probability:.0%}",
        "text_en": f"{feature.name_en} from {en} to {after_en}: probability of failure falls to {probability:.0%}",
    }


def describe_value(feature: Feature, value: Any) -> tuple[str, str]:
    """Return a value of an input in words, Chinese and English."""
    if isinstance(value, bool):
        return ("有", "present") if value else ("无", "absent")
    if feature.type == "boolean":
        return f"比例{value:.0%}", f"in {value:.0%} of pilots"
    if feature.type == "choice":
        return _SIZES_ZH[value], str(value)
    if feature.unit.startswith("share"):
        return f"{value:.0%}", f"{value:.0%}"
    if feature.key in ("trl_start", "trl_target", "mrl_start"):
        scale = "MRL" if feature.key == "mrl_start" else "TRL"
        return f"{scale} {value}", f"{scale} {value}"
    units = {"planned_months": ("个月", " months"), "scale_up_factor": ("倍", "-fold")}
    unit_zh, unit_en = units.get(feature.key, ("", ""))
    return f"{value:g}{unit_zh}", f"{value:g}{unit_en}"
