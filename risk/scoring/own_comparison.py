"""Champion and challenger on the market's own outcomes, by the rule of :mod:`risk.scoring.selection`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from risk.scoring.columns import drop_constant, plain
from risk.scoring.features import list_features
from risk.scoring.own_outcomes import OwnOutcome
from risk.scoring.selection import compare
from risk.scoring.validation import Sample
from risk.tables import get_default

REPEATS = 2
"""Dealings of the rows: the comparison accompanies every retraining and decides nothing by itself."""


def compare_on_own_outcomes(outcomes: Sequence[OwnOutcome]) -> dict[str, Any] | None:
    """Return which pipeline the rule would choose on own outcomes alone, and by how much.

    Parameters
    ----------
    outcomes : sequence of OwnOutcome
        In the order of their start.

    Returns
    -------
    dict or None
        JSON-ready: ``champion``, ``reason``, ``differences`` (boosting less logistic, by split) and, by kind and split,
        ``results`` with ``brier`` and ``log_loss``; None where no input takes two values.

    Notes
    -----
    Both pipelines learn from own outcomes alone, without the counted projects of the evidence tables, and are judged on
    rows held out: repeated cross-validation, and by time where both sides hold both classes. The answer is told beside
    a retrained score model; the model itself stays the estimator, since a stored score is computed again from its
    coefficient vector.
    """
    frame = _read_frame(outcomes)
    used, _ = drop_constant(frame, list(frame.columns))
    if not used:
        return None
    target = np.array([outcome.failed for outcome in outcomes], dtype=np.float64)
    times = np.array([outcome.started_on.isoformat() for outcome in outcomes])
    found = compare(Sample(frame[used], target, times=times), cut=_find_cut(times, target), repeats=REPEATS)
    return {
        "champion": found.champion,
        "reason": found.reason,
        "differences": [asdict(difference) for difference in found.differences],
        "results": [
            {
                "kind": result.kind,
                "split": result.split,
                "n": result.measures["n"],
                "brier": result.measures["brier"],
                "log_loss": result.measures["log_loss"],
            }
            for result in found.results
        ],
    }


def _read_frame(outcomes: Sequence[OwnOutcome]) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for key, feature in list_features().items():
        cells = [outcome.inputs[key] for outcome in outcomes]
        if feature.type == "choice":
            columns[key] = pd.Series(cells, dtype=object)
        else:
            columns[key] = pd.Series([np.nan if cell is None else float(cell) for cell in cells])
    return plain(pd.DataFrame(columns))


def _find_cut(times: np.ndarray, target: np.ndarray) -> str | None:
    """Return the start of the later outcomes, None where earlier or later ones hold one class only."""
    share = float(get_default("training_rules", "validated_later_share").value or 0.0)
    cut = str(times[times.size - max(round(share * times.size), 1)])
    later = times >= cut
    sides = (target[~later], target[later])
    return cut if all(np.unique(side).size == 2 for side in sides) else None
