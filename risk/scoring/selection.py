"""Champion and challenger: measures of both on rows held out, and the choice by log loss with one standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from risk.scoring.evaluation import brier, evaluate_predictions, roc_auc
from risk.scoring.pipelines import KINDS, YARDSTICKS
from risk.scoring.validation import HeldOut, Sample, repeated_folds, split_by_time

REPEATS = 5
_REPEATS_LARGE = 2
_LARGE = 5_000


@dataclass(frozen=True, slots=True)
class SplitResult:
    """One kind of pipeline on one way of holding rows out.

    Attributes
    ----------
    kind, split : str
        ``logistic`` or ``boosting``; ``repeated_folds`` or ``by_time``.
    repeats : int
        How often the rows were dealt.
    measures : dict
        As of :func:`risk.scoring.evaluation.evaluate_predictions`.
    constant : dict
        ``brier`` and ``brier_standard_error`` of these rows' own base rate for every row, and ``brier_earlier``,
        ``log_loss_earlier`` of the base rate that was known when the fit was made.
    """

    kind: str
    split: str
    repeats: int
    measures: dict[str, Any]
    constant: dict[str, float]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """AUC and Brier score of a pipeline from the shelf on the same rows held out, to see what the data allow."""

    kind: str
    split: str
    roc_auc: float
    brier: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Log loss and Brier score of boosting less those of the estimator, each with its standard error (by group)."""

    split: str
    log_loss: float
    log_loss_standard_error: float
    brier: float
    brier_standard_error: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both kinds on both splits, and which is champion.

    Attributes
    ----------
    champion : str
        ``logistic`` or ``boosting``.
    reason : str
        Stable slug: ``challenger_not_better_by_one_standard_error``, ``challenger_worse_by_time`` or
        ``challenger_better_by_one_standard_error``.
    results : tuple of SplitResult
    differences : tuple of Difference
    """

    champion: str
    reason: str
    results: tuple[SplitResult, ...]
    differences: tuple[Difference, ...]


def compare(sample: Sample, *, cut: Any = None, repeats: int | None = None, seed: int = 0) -> Comparison:
    """Measure champion and challenger on rows held out and choose.

    Parameters
    ----------
    sample : Sample
        With `times` where `cut` is given.
    cut : optional
        Rows decided then or later are the test of the split by time; without it there is none.
    repeats : int, optional
        Dealings of the rows; 5, or 2 above 5,000 rows.
    seed : int, default=0

    Returns
    -------
    Comparison

    Notes
    -----
    The simpler, the estimator with its priors, stays champion unless the mean log loss of boosting is lower by more
    than one standard error of the difference in repeated cross-validation, and boosting is not worse by time by more
    than one (Breiman, Friedman, Olshen, Stone 1984, the one-standard-error rule). Differences are paired by row and
    their errors count rows of one group as one.
    """
    count = repeats or (REPEATS if sample.outcomes.size <= _LARGE else _REPEATS_LARGE)
    held: dict[str, dict[str, HeldOut]] = {"repeated_folds": {}, "by_time": {}}
    # hundreds of small fits: threads would spend their time waiting for each other
    with threadpool_limits(1):
        for kind in KINDS:
            folds = repeated_folds(sample, kind, repeats=count, seed=seed)
            if folds is not None:
                held["repeated_folds"][kind] = folds
            if cut is not None:
                held["by_time"][kind] = split_by_time(sample, kind, cut)
    results, differences = [], []
    for split, kinds in held.items():
        if not kinds:
            continue
        results += [_result(sample, split, kind, rows, seed) for kind, rows in kinds.items()]
        differences.append(_difference(sample, split, kinds))
    champion, reason = _choose({difference.split: difference for difference in differences})
    return Comparison(champion, reason, tuple(results), tuple(differences))


def measure_yardsticks(sample: Sample, *, cut: Any, seed: int = 0) -> list[Yardstick]:
    """Return the measures of every yardstick on one dealing of the folds and on the split by time."""
    found = []
    with threadpool_limits(1):
        for kind in YARDSTICKS:
            held = {
                "repeated_folds": repeated_folds(sample, kind, seed=seed),
                "by_time": split_by_time(sample, kind, cut),
            }
            for split, rows in held.items():
                if rows is not None:
                    outcomes, said = sample.outcomes[rows.rows], rows.predictions[0]
                    found.append(
                        Yardstick(kind, split, round(roc_auc(outcomes, said), 6), round(brier(outcomes, said), 6))
                    )
    return found


def standard_error(values: np.ndarray, groups: np.ndarray | None) -> float:
    """Return the standard error of a mean, rows of one group counted together (Liang, Zeger 1986)."""
    away = values - values.mean()
    if groups is None:
        return float(np.sqrt(np.square(away).sum()) / values.size)
    _, code = np.unique(groups, return_inverse=True)
    return float(np.sqrt(np.square(np.bincount(code, weights=away)).sum()) / values.size)


def _result(sample: Sample, split: str, kind: str, held_out: HeldOut, seed: int) -> SplitResult:
    outcomes, groups = _outcomes_and_groups(sample, held_out)
    measures = evaluate_predictions(outcomes, held_out.predictions, groups=groups, seed=seed)
    own = np.square(outcomes.mean() - outcomes)
    constant = {
        "brier": round(float(own.mean()), 6),
        "brier_standard_error": round(standard_error(own, groups), 6),
        "brier_earlier": round(float(_brier(outcomes, held_out.base).mean()), 6),
        "log_loss_earlier": round(float(_log_loss(outcomes, held_out.base).mean()), 6),
    }
    return SplitResult(kind, split, int(held_out.predictions.shape[0]), measures, constant)


def _difference(sample: Sample, split: str, kinds: dict[str, HeldOut]) -> Difference:
    simple, other = (kinds[kind] for kind in KINDS)
    outcomes, groups = _outcomes_and_groups(sample, simple)
    found = []
    for loss in (_log_loss, _brier):
        gap = loss(outcomes, other.predictions).mean(axis=0) - loss(outcomes, simple.predictions).mean(axis=0)
        found += [round(float(gap.mean()), 6), round(standard_error(gap, groups), 6)]
    return Difference(split, *found)


def _choose(differences: dict[str, Difference]) -> tuple[str, str]:
    simple, other = KINDS
    folds, time = differences.get("repeated_folds"), differences.get("by_time")
    if folds is None or folds.log_loss >= -folds.log_loss_standard_error:
        return simple, "challenger_not_better_by_one_standard_error"
    if time is not None and time.log_loss > time.log_loss_standard_error:
        return simple, "challenger_worse_by_time"
    return other, "challenger_better_by_one_standard_error"


def _outcomes_and_groups(sample: Sample, held_out: HeldOut) -> tuple[np.ndarray, np.ndarray | None]:
    groups = None if sample.groups is None else sample.groups[held_out.rows]
    return sample.outcomes[held_out.rows], groups


def _brier(outcomes: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    return np.square(probabilities - outcomes)


def _log_loss(outcomes: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    clipped = np.clip(probabilities, 1e-15, 1.0 - 1e-15)
    return -(outcomes * np.log(clipped) + (1.0 - outcomes) * np.log1p(-clipped))
