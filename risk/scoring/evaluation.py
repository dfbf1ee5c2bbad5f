"""How good probabilities are: ranking, squared error, log loss and calibration, each with a bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
from scipy.stats import rankdata

from risk.errors import InvalidParameterError, RiskError

BINS = 10
LARGEST_SEED = 2**31 - 1
_LARGE = 5_000


def evaluate_predictions(
    outcomes: np.ndarray,
    probabilities: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    resamples: int | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Any]:
    """Return the measures of a set of predictions.

    Parameters
    ----------
    outcomes : ndarray of shape (n,)
        1 for an event, 0 for none.
    probabilities : ndarray of shape (n,) or (repeats, n)
        Predicted probability of the event, from 0 to 1; of several repeats each is measured and the mean is told.
    groups : ndarray of shape (n,), optional
        Rows of one group are drawn together, since they are not independent.
    resamples : int, optional
        Bootstrap resamples; 1,000, or 200 above 5,000 rows.
    seed : int, default=0
        Seed of the resampling, from 0 to :data:`LARGEST_SEED`.
    level : float, default=0.95
        Mass of the percentile intervals.

    Returns
    -------
    dict
        ``n``, ``events``, ``base_rate``; ``roc_auc``, ``brier``, ``brier_constant``, ``log_loss`` and ``ece``, each
        ``{value, low, high, standard_error}``; ``reliability``, a list of bins with ``n``, ``predicted``, ``observed``.

    Raises
    ------
    RiskError
        ``one_class_only`` where only events or only non-events are present, ``no_outcomes`` for no rows,
        ``invalid_parameter`` for a seed out of range.

    Notes
    -----
    ECE is over ten bins of equal count (Naeini, Cooper, Hauskrecht 2015); the AUC is the Mann-Whitney statistic.
    Resampling is by row or by group (Efron, Tibshirani 1993); a draw that holds one class only is left out.
    """
    check_seed(seed)
    outcomes, repeats = _check(outcomes, probabilities)
    count = resamples or (1_000 if outcomes.size <= _LARGE else 200)
    draws: dict[str, list[float]] = {name: [] for name in MEASURES}
    for picked in resample_rows(outcomes.size, groups, count, seed):
        if outcomes[picked].min() == outcomes[picked].max():
            continue
        drawn = outcomes[picked]
        for name, measure in MEASURES.items():
            draws[name].append(float(np.mean([measure(drawn, row[picked]) for row in repeats])))
    tail = (1.0 - level) / 2.0
    result: dict[str, Any] = {
        "n": int(outcomes.size),
        "events": int(outcomes.sum()),
        "base_rate": round(float(outcomes.mean()), 6),
    }
    for name, measure in MEASURES.items():
        value = float(np.mean([measure(outcomes, row) for row in repeats]))
        low, high = np.quantile(draws[name] or [value], [tail, 1.0 - tail])
        result[name] = {
            "value": round(value, 6),
            "low": round(min(float(low), value), 6),
            "high": round(max(float(high), value), 6),
            "standard_error": round(float(np.std(draws[name] or [value])), 6),
        }
    result["reliability"] = reliability_table(outcomes, repeats.mean(axis=0))
    return result


def check_seed(seed: int) -> None:
    """Raise :class:`InvalidParameterError` for a seed that is no whole number from 0 to :data:`LARGEST_SEED`."""
    given: Any = seed
    if isinstance(given, bool) or not isinstance(given, Integral) or not 0 <= int(given) <= LARGEST_SEED:
        raise InvalidParameterError("seed", seed, f"a whole number from 0 to {LARGEST_SEED}")


def resample_rows(size: int, groups: np.ndarray | None, count: int, seed: int) -> Iterator[np.ndarray]:
    """Yield `count` draws with replacement of row places, of whole groups where `groups` (shape (n,)) is given."""
    generator = np.random.default_rng(seed)
    if groups is None:
        for _ in range(count):
            yield generator.integers(0, size, size)
        return
    _, code = np.unique(groups, return_inverse=True)
    order = np.argsort(code, kind="stable")
    length = np.bincount(code)
    start = np.cumsum(length) - length
    for _ in range(count):
        drawn = generator.integers(0, length.size, length.size)
        sizes = length[drawn]
        # places inside each drawn group: a running count less the count at which the group began
        inside = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        yield order[np.repeat(start[drawn], sizes) + inside]


def roc_auc(outcomes: np.ndarray, scores: np.ndarray) -> float:
    """Return the probability that an event scores above a non-event, ties counted half; needs both classes."""
    events = outcomes == 1.0
    positives = int(events.sum())
    negatives = outcomes.size - positives
    ranks = rankdata(scores)
    return float((ranks[events].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def roc_auc_standard_error(auc: float, events: int, others: int) -> float:
    """Return the standard error of an AUC of which only the counts are known (Hanley, McNeil 1982)."""
    both_events = auc / (2.0 - auc) - auc * auc
    both_others = 2.0 * auc * auc / (1.0 + auc) - auc * auc
    variance = auc * (1.0 - auc) + (events - 1) * both_events + (others - 1) * both_others
    return float(np.sqrt(variance / (events * others)))


def brier(outcomes: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean squared error of the probabilities (Brier 1950)."""
    return float(np.mean(np.square(probabilities - outcomes)))


def brier_constant(outcomes: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the Brier score of predicting the base rate for every row."""
    rate = float(outcomes.mean())
    return rate * (1.0 - rate)


def log_loss(outcomes: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean negative log likelihood; probabilities are kept 1e-15 away from 0 and 1."""
    clipped = np.clip(probabilities, 1e-15, 1.0 - 1e-15)
    return float(-np.mean(outcomes * np.log(clipped) + (1.0 - outcomes) * np.log1p(-clipped)))


def expected_calibration_error(outcomes: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean gap between predicted and observed over ten bins of equal count, weighted by their rows."""
    order = np.argsort(probabilities, kind="stable")
    gaps = [abs(probabilities[part].mean() - outcomes[part].mean()) * part.size for part in _bins(order)]
    return float(sum(gaps) / outcomes.size)


def reliability_table(outcomes: np.ndarray, probabilities: np.ndarray) -> list[dict[str, Any]]:
    """Return ``n``, mean ``predicted`` and ``observed`` share of each bin of equal count, lowest first."""
    order = np.argsort(probabilities, kind="stable")
    return [
        {
            "n": int(part.size),
            "predicted": round(float(probabilities[part].mean()), 6),
            "observed": round(float(outcomes[part].mean()), 6),
        }
        for part in _bins(order)
    ]


MEASURES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "roc_auc": roc_auc,
    "brier": brier,
    "brier_constant": brier_constant,
    "log_loss": log_loss,
    "ece": expected_calibration_error,
}


def _bins(order: np.ndarray) -> list[np.ndarray]:
    return [part for part in np.array_split(order, BINS) if part.size]


def _check(outcomes: Any, probabilities: Any) -> tuple[np.ndarray, np.ndarray]:
    outcomes = np.asarray(outcomes, dtype=np.float64)
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim == 1:
        probabilities = probabilities[None, :]
    if outcomes.ndim != 1 or probabilities.ndim != 2 or outcomes.size != probabilities.shape[1]:
        raise InvalidParameterError(
            "probabilities", probabilities.shape, f"one probability per outcome, shape {outcomes.shape}"
        )
    if outcomes.size == 0:
        raise RiskError("There is no row with an outcome.", code="no_outcomes", field="outcomes")
    if not np.isin(outcomes, (0.0, 1.0)).all():
        raise InvalidParameterError("outcomes", "other values", "0 or 1")
    if not ((probabilities >= 0.0) & (probabilities <= 1.0)).all():
        raise InvalidParameterError("probabilities", "other values", "from 0 to 1")
    if outcomes.min() == outcomes.max():
        raise RiskError(
            "Every outcome is the same; both events and non-events are needed.",
            code="one_class_only",
            field="outcomes",
        )
    return outcomes, probabilities
