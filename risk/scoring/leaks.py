"""Leak guard: columns that know the outcome, alone or by being missing, stop training with a named error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from risk.errors import RiskError
from risk.scoring.evaluation import roc_auc

MAX_SINGLE_AUC = 0.85
MAX_MISSINGNESS_AUC = 0.65
CODES: tuple[str, ...] = ("leak_single_feature", "leak_missingness")
_FOLDS = 5
_MAX_LEVELS = 50


class LeakError(RiskError):
    """A column predicts the outcome too well to have been known at the decision."""

    code = "leak_single_feature"


def find_leaks(frame: pd.DataFrame, outcomes: np.ndarray) -> list[dict[str, Any]]:
    """Return the columns that predict the outcome too well, alone or by being missing.

    Parameters
    ----------
    frame : DataFrame of shape (n, columns)
        Candidate columns.
    outcomes : ndarray of shape (n,)
        1 for an event, 0 for none; both present.

    Returns
    -------
    list of dict
        ``code``, ``column``, ``auc`` and ``limit``, worst first.

    Notes
    -----
    The AUC is folded about one half, so that a column that predicts the contrary counts as well. A text column is
    scored by the event rate of its values in the other four of five folds.
    """
    found = []
    for column in frame.columns:
        missing = frame[column].isna().to_numpy()
        checks = (
            ("leak_missingness", _missingness_auc(missing, outcomes), MAX_MISSINGNESS_AUC),
            ("leak_single_feature", _single_auc(frame[column], missing, outcomes), MAX_SINGLE_AUC),
        )
        for code, auc, limit in checks:
            if auc is not None and auc > limit:
                found.append({"code": code, "column": str(column), "auc": round(auc, 4), "limit": limit})
    return sorted(found, key=lambda leak: -leak["auc"])


def stop_at_leaks(leaks: list[dict[str, Any]], waivers: Mapping[str, str]) -> None:
    """Raise :class:`LeakError` for the worst leak whose code nobody waived."""
    open_leaks = [leak for leak in leaks if leak["code"] not in waivers]
    if not open_leaks:
        return
    worst = open_leaks[0]
    how = "by being missing alone" if worst["code"] == "leak_missingness" else "alone"
    raise LeakError(
        f"The column {worst['column']} predicts the outcome {how} with an AUC of {worst['auc']:.2f}, above "
        f"{worst['limit']}: it was probably written after the outcome was known. Remove it, or waive "
        f"{worst['code']} with a reason.",
        code=worst["code"],
        field=worst["column"],
        details={"leaks": open_leaks},
    )


def _missingness_auc(missing: np.ndarray, outcomes: np.ndarray) -> float | None:
    if not missing.any() or missing.all():
        return None
    return _folded(roc_auc(outcomes, missing.astype(np.float64)))


def _single_auc(column: pd.Series, missing: np.ndarray, outcomes: np.ndarray) -> float | None:
    known = outcomes[~missing]
    if known.size < 20 or known.min() == known.max():
        return None
    values = column[~missing]
    if pd.api.types.is_numeric_dtype(values):
        return _folded(roc_auc(known, values.to_numpy(dtype=np.float64)))
    if values.nunique() > _MAX_LEVELS:
        return None
    # Not folded: these rates have a direction, and below one half they show only that a fold lacks what others have
    # more of (a constant column among few rows would pass for a leak).
    return float(roc_auc(known, _rates_of_other_folds(values.astype(str).to_numpy(), known)))


def _rates_of_other_folds(values: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    fold = np.random.default_rng(0).permutation(values.size) % _FOLDS
    rates = np.empty(values.size)
    for index in range(_FOLDS):
        inside, outside = fold == index, fold != index
        table = pd.Series(outcomes[outside]).groupby(values[outside]).mean()
        rates[inside] = table.reindex(values[inside]).fillna(outcomes[outside].mean()).to_numpy()
    return rates


def _folded(auc: float) -> float:
    return max(auc, 1.0 - auc)
