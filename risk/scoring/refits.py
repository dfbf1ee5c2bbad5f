"""Refits of the challenger on outcomes drawn from its own probabilities: how far its log-odds may be from the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import expit, stdtrit

from risk.errors import InvalidParameterError


class Booster(Protocol):
    """What is refitted: trees that give log-odds."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Booster: ...

    def decision_function(self, X: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Refits:
    """Refitted trees, each with its own calibration.

    Attributes
    ----------
    boosters : list of Booster, length B
    slopes, offsets : ndarray of shape (B,)
        The calibration of each: log-odds times slope plus offset.
    """

    boosters: list[Any]
    slopes: np.ndarray
    offsets: np.ndarray

    def log_odds(self, X: np.ndarray) -> np.ndarray:
        """Return the calibrated log-odds by every refit, shape (B, n)."""
        raw = np.array([booster.decision_function(X) for booster in self.boosters])
        return self.slopes[:, None] * raw + self.offsets[:, None]


def draw_refits(
    X: np.ndarray,
    log_odds: np.ndarray,
    groups: np.ndarray | None,
    *,
    count: int,
    seed: int,
    build: Callable[[], Booster],
    calibrate: Callable[[np.ndarray, np.ndarray], tuple[float, float]],
    usual: tuple[float, float],
) -> Refits:
    """Fit `count` times on groups drawn with replacement whose outcomes are drawn from the model's own probabilities.

    Parameters
    ----------
    X : ndarray of shape (n, features)
    log_odds : ndarray of shape (n,)
        Calibrated log-odds of the fit on all rows: the truth that outcomes are drawn from.
    groups : ndarray of shape (n,) or None
        Rows of one group are drawn together; None draws rows.
    count, seed : int
        Refits, and the seed: refit ``b`` draws from ``default_rng([seed, b])``.
    build : callable
        Returns an unfitted booster.
    calibrate : callable
        Returns slope and offset from raw log-odds and outcomes.
    usual : tuple of float
        Slope and offset where the groups that were not drawn hold one class only, so that nothing can be calibrated.

    Notes
    -----
    A parametric bootstrap (Efron, Tibshirani 1993, chapter 6) over groups. The outcomes come from known log-odds, so
    that the distance of a refit from them is an error of the whole procedure, the pull of shrunk trees towards the mean
    included, which resampling the outcomes themselves would not show. Each refit is calibrated on the rows that it did
    not draw, as the model itself is on rows held out.
    """
    probability = expit(log_odds)
    rows_of = _rows_by_group(groups, log_odds.size)
    boosters, slopes, offsets = [], np.empty(count), np.empty(count)
    for number in range(count):
        generator = np.random.default_rng([seed, number])
        drawn = generator.integers(0, len(rows_of), len(rows_of))
        rows = np.concatenate([rows_of[place] for place in drawn])
        outcome = (generator.random(log_odds.size) < probability).astype(np.int64)
        _keep_both_classes(outcome, rows, probability)
        booster = build().fit(X[rows], outcome[rows])
        left = np.setdiff1d(np.arange(log_odds.size), rows)
        if left.size and outcome[left].min() != outcome[left].max():
            slopes[number], offsets[number] = calibrate(booster.decision_function(X[left]), outcome[left])
        else:
            slopes[number], offsets[number] = usual
        boosters.append(booster)
    return Refits(boosters, slopes, offsets)


def design_effect(residuals: np.ndarray, groups: np.ndarray | None) -> float:
    """Return by how much rows of one group count less than independent ones, at least 1.

    Parameters
    ----------
    residuals : ndarray of shape (n,)
        Outcome less probability on rows held out.
    groups : ndarray of shape (n,) or None

    Notes
    -----
    Variance of the sum of residuals with groups kept together over that with rows taken as independent (Kish 1965;
    Liang, Zeger 1986). Outcomes that are drawn row by row know nothing of what a group shares; this widens for it.
    """
    if groups is None:
        return 1.0
    _, code = np.unique(groups, return_inverse=True)
    together = np.square(np.bincount(code, weights=residuals)).sum()
    return float(max(together / np.square(residuals).sum(), 1.0))


def interval_bounds(
    log_odds: np.ndarray, variance: np.ndarray, levels: Sequence[float], degrees: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the bounds of one interval of the probability for each level, around the log-odds.

    Parameters
    ----------
    log_odds, variance : ndarray of shape (n,)
        The model's log-odds and the mean square of their error.
    levels : sequence of float
        Mass of each interval, above 0 and below 1.
    degrees : int
        Refits behind the variance: a mean over few draws calls for Student's quantile with as many degrees of freedom.
    """
    bounds = []
    for level in levels:
        if not 0.0 < level < 1.0:
            raise InvalidParameterError("level", level, "above 0 and below 1")
        reach = stdtrit(degrees, 0.5 + level / 2.0) * np.sqrt(variance)
        bounds.append((expit(log_odds - reach), expit(log_odds + reach)))
    return bounds


def _rows_by_group(groups: np.ndarray | None, n: int) -> list[np.ndarray]:
    if groups is None:
        return list(np.arange(n)[:, None])
    _, code = np.unique(groups, return_inverse=True)
    return np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])


def _keep_both_classes(outcome: np.ndarray, rows: np.ndarray, probability: np.ndarray) -> None:
    """Where every drawn row ended alike, let the likeliest other one end otherwise: one class cannot be fitted."""
    if outcome[rows].any() and not outcome[rows].all():
        return
    missing = 0 if outcome[rows].all() else 1
    place = rows[np.argmax(probability[rows]) if missing else np.argmin(probability[rows])]
    outcome[place] = missing
