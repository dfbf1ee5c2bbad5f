"""Predictions for rows that the fit did not see: repeated cross-validation by group, and a split by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from risk.errors import RiskError
from risk.scoring.columns import drop_constant
from risk.scoring.evaluation import check_seed, evaluate_predictions
from risk.scoring.pipelines import build_pipeline

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """Features and outcomes of the rows that are learned from.

    Attributes
    ----------
    frame : DataFrame of shape (n, features)
    outcomes : ndarray of shape (n,)
        1.0 for an event, 0.0 for none.
    groups : ndarray of shape (n,) or None
        Rows of one group stay together.
    group_name : str or None
        The column they come from.
    times : ndarray of shape (n,) or None
        When each row was decided, in the order that matters.
    """

    frame: pd.DataFrame
    outcomes: np.ndarray
    groups: np.ndarray | None = None
    group_name: str | None = None
    times: np.ndarray | None = None

    @property
    def features(self) -> list[str]:
        """Names of the columns learned from."""
        return [str(name) for name in self.frame.columns]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions for rows held out.

    Attributes
    ----------
    rows : ndarray of shape (m,) of int
        Places of the rows in the sample.
    predictions : ndarray of shape (repeats, m)
        Probability of the event by a fit without the row.
    base : ndarray of shape (repeats, m)
        Base rate of the rows of that fit: what a constant could have said.
    folds : int
        Folds of each dealing, 1 for a split by time.
    """

    rows: np.ndarray
    predictions: np.ndarray
    base: np.ndarray
    folds: int


def repeated_folds(sample: Sample, kind: str, *, repeats: int = 1, seed: int = 0) -> HeldOut | None:
    """Return out-of-fold predictions of repeated five-fold cross-validation, stratified and by group.

    Parameters
    ----------
    sample : Sample
    kind : str
        Kind of pipeline, one of :data:`risk.scoring.pipelines.KINDS`.
    repeats : int, default=1
        How often the rows are dealt anew.
    seed : int, default=0
        Seed of the first dealing; each repeat adds one.

    Returns
    -------
    HeldOut or None
        None where a class or the groups are fewer than two folds need.

    Raises
    ------
    InvalidParameterError
        For a seed out of range.
    """
    check_seed(seed)
    outcomes, groups = sample.outcomes, sample.groups
    smallest = int(min(outcomes.sum(), outcomes.size - outcomes.sum()))
    folds = min(FOLDS, smallest, FOLDS if groups is None else np.unique(groups).size)
    if folds < 2:
        return None
    predictions = np.empty((repeats, outcomes.size))
    base = np.empty((repeats, outcomes.size))
    for repeat in range(repeats):
        splitter = (StratifiedKFold if groups is None else StratifiedGroupKFold)(
            folds, shuffle=True, random_state=seed + repeat
        )
        for inside, outside in splitter.split(sample.frame, outcomes, groups):
            base[repeat, outside] = outcomes[inside].mean()
            predictions[repeat, outside] = fit_and_predict(sample, kind, inside, outside)
    return HeldOut(np.arange(outcomes.size), predictions, base, int(folds))


def split_by_time(sample: Sample, kind: str, cut: Any) -> HeldOut:
    """Return predictions for the rows decided at `cut` or later by a fit on the earlier ones.

    Raises
    ------
    RiskError
        ``no_time_split`` where one side is empty or the earlier rows hold one class only.
    """
    if sample.times is None:
        raise RiskError("The sample has no times to split by.", code="no_time_split", field="time")
    later = sample.times >= cut
    inside, outside = np.flatnonzero(~later), np.flatnonzero(later)
    if not inside.size or not outside.size or np.unique(sample.outcomes[inside]).size < 2:
        raise RiskError("The split by time leaves nothing to learn from or to test on.", code="no_time_split")
    base = np.full((1, outside.size), sample.outcomes[inside].mean())
    return HeldOut(outside, fit_and_predict(sample, kind, inside, outside)[None, :], base, 1)


def fit_and_predict(sample: Sample, kind: str, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return the probabilities of the rows `outside` by a pipeline fitted on the rows `inside`, shape (m,)."""
    part, outcomes = sample.frame.iloc[inside], sample.outcomes[inside]
    kept, _ = drop_constant(part, list(part.columns))
    if outcomes.min() == outcomes.max() or not kept:
        return np.full(outside.size, outcomes.mean())
    pipeline = build_pipeline(part[kept], kind).fit(part[kept], outcomes)
    return pipeline.predict_proba(sample.frame.iloc[outside][kept])[:, 1]


def cross_validate(sample: Sample, kind: str = "logistic") -> dict[str, Any] | None:
    """Return the measures of one five-fold cross-validation, or None where the rows are too few for two folds."""
    held_out = repeated_folds(sample, kind)
    if held_out is None:
        return None
    measures = evaluate_predictions(sample.outcomes, held_out.predictions[0], groups=sample.groups)
    return {"folds": held_out.folds, "grouped_by": sample.group_name, **measures}
