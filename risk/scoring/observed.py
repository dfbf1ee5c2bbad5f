"""Observed against predicted: how the model does on projects whose outcome is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from risk.errors import InvalidParameterError, RiskError
from risk.scoring.prior_model import DEFAULT_DEFINITION, RiskModel
from risk.scoring.score import score_projects


def observed_against_predicted(
    rows: Sequence[Mapping[str, Any]],
    *,
    outcome: str = "failed",
    model: RiskModel | None = None,
    definition: str = DEFAULT_DEFINITION,
) -> dict[str, Any]:
    """Return observed and predicted failure by start level, with Brier scores and the base rate.

    Parameters
    ----------
    rows : sequence of mapping
        Inputs of :func:`risk.scoring.score.score_projects` and the outcome: true or 1 for a failure, false or 0 for
        none; rows where it is absent or None, or that cannot be scored, are left out and counted.
    outcome : str, default="failed"
        Key of the outcome.
    model, definition : RiskModel, str
        As for :func:`risk.scoring.score.score_projects`.

    Returns
    -------
    dict
        ``n``, ``events``, ``left_out`` (by reason), ``base_rate``, ``brier``, ``brier_constant`` (of the base rate of
        these rows), ``by_level`` (list of ``trl_start``, ``n``, ``events``, ``observed``, ``predicted``) and
        ``model_version``.

    Raises
    ------
    RiskError
        ``no_outcomes`` where no row can be used; otherwise as for scoring.

    References
    ----------
    Brier 1950, "Verification of forecasts expressed in terms of probability".
    """
    flags = [_read_outcome(row.get(outcome), f"rows[{index}].{outcome}") for index, row in enumerate(rows)]
    inputs = [{key: value for key, value in row.items() if key != outcome} for row in rows]
    scores = score_projects(inputs, model=model, definition=definition)
    left_out: dict[str, int] = {}
    used: list[tuple[int, int, float]] = []
    for flag, score in zip(flags, scores, strict=True):
        reason = "outcome_unknown" if flag is None else score["reason"]
        if flag is None or reason is not None:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        used.append((score["features"]["trl_start"], flag, score["probability"]))
    if not used:
        raise RiskError("No row has both an outcome and a score.", code="no_outcomes", field=outcome)
    n, events = len(used), sum(flag for _, flag, _ in used)
    base_rate = events / n
    return {
        "n": n,
        "events": events,
        "left_out": left_out,
        "base_rate": round(base_rate, 6),
        "brier": round(sum((probability - flag) ** 2 for _, flag, probability in used) / n, 6),
        "brier_constant": round(base_rate * (1.0 - base_rate), 6),
        "by_level": [_level_row(level, used) for level in sorted({level for level, _, _ in used})],
        "definition": definition,
        "model_version": scores[0]["model_version"],
    }


def _level_row(level: int, used: list[tuple[int, int, float]]) -> dict[str, Any]:
    here = [(flag, probability) for start, flag, probability in used if start == level]
    events = sum(flag for flag, _ in here)
    return {
        "trl_start": level,
        "n": len(here),
        "events": events,
        "observed": round(events / len(here), 6),
        "predicted": round(sum(probability for _, probability in here) / len(here), 6),
    }


def _read_outcome(value: Any, where: str) -> int | None:
    if value is None:
        return None
    if value in (0, 1):
        return int(value)
    raise InvalidParameterError(where, value, "true or 1 for a failure, false or 0 for none, or absent")
