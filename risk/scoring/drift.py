"""Does a model still hold: calibration of its probabilities, and the population it now sees against that before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom

from risk.errors import InvalidParameterError, RiskError
from risk.scoring.evaluation import BINS, expected_calibration_error, resample_rows
from risk.scoring.features import list_features
from risk.tables import get_default

_RESAMPLES = 1_000
_CLASSES = 5
_SMALLEST_SHARE = 1e-4
"""Share that an empty class counts as, so that its logarithm is defined."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of equal count: mean probability, observed share and its Wilson 95 % interval."""

    n: int
    events: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How probabilities compare with outcomes.

    Attributes
    ----------
    n, events : int
    expected : float
        Sum of the probabilities.
    low, high : int
        Central 95 % interval of the number of events if the mean probability held for every row (binomial).
    holds : bool
        Whether the events lie in it; False is drift of the mean.
    ece, ece_low, ece_high : float
        Expected calibration error over ten bins of equal count with its 95 % bootstrap interval.
    reliability : tuple of ReliabilityBin
    """

    n: int
    events: int
    expected: float
    low: int
    high: int
    holds: bool
    ece: float
    ece_low: float
    ece_high: float
    reliability: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class FeatureStability:
    """Population stability of one input.

    Attributes
    ----------
    feature : str
    index : float
        Population stability index over `classes`, ``sum (p - q) ln(p / q)``.
    state : str
        ``stable``, ``watch`` or ``drifted`` by ``tables/training_rules``.
    classes : tuple of str
        Names of the classes, the unknown among them where there are any.
    before, now : tuple of float
        Share of each class.
    """

    feature: str
    index: float
    state: str
    classes: tuple[str, ...]
    before: tuple[float, ...]
    now: tuple[float, ...]


def check_calibration(
    outcomes: Sequence[float] | np.ndarray,
    probabilities: Sequence[float] | np.ndarray,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Calibration:
    """Compare probabilities with outcomes.

    Parameters
    ----------
    outcomes : array-like of shape (n,)
        1 for an event, 0 for none; one class only is allowed.
    probabilities : array-like of shape (n,)
        From 0 to 1.
    level : float, default=0.95
        Mass of the intervals.
    seed : int, default=0
        Seed of the bootstrap.

    Raises
    ------
    RiskError
        ``no_outcomes`` for no rows, ``invalid_parameter`` for values out of range.

    Notes
    -----
    See :func:`binomial_interval`; the bootstrap resamples rows.
    """
    observed, predicted = np.asarray(outcomes, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if observed.ndim != 1 or observed.shape != predicted.shape:
        raise InvalidParameterError("probabilities", predicted.shape, f"one per outcome, shape {observed.shape}")
    if observed.size == 0:
        raise RiskError("There is no row with an outcome.", code="no_outcomes", field="outcomes")
    if not np.isin(observed, (0.0, 1.0)).all():
        raise InvalidParameterError("outcomes", "other values", "0 or 1")
    if not ((predicted >= 0.0) & (predicted <= 1.0)).all():
        raise InvalidParameterError("probabilities", "other values", "from 0 to 1")
    n, events = int(observed.size), int(observed.sum())
    low, high = binomial_interval(predicted, level)
    draws = [
        expected_calibration_error(observed[rows], predicted[rows]) for rows in resample_rows(n, None, _RESAMPLES, seed)
    ]
    ece = expected_calibration_error(observed, predicted)
    tail = (1.0 - level) / 2.0
    ece_low, ece_high = np.quantile(draws, [tail, 1.0 - tail])
    return Calibration(
        n=n,
        events=events,
        expected=round(float(predicted.sum()), 6),
        low=low,
        high=high,
        holds=bool(low <= events <= high),
        ece=round(ece, 6),
        ece_low=round(min(float(ece_low), ece), 6),
        ece_high=round(max(float(ece_high), ece), 6),
        reliability=tuple(_reliability(observed, predicted)),
    )


def binomial_interval(probabilities: np.ndarray, level: float = 0.95) -> tuple[int, int]:
    """Return the central interval of the number of events if the mean probability held for every row.

    Notes
    -----
    It is a little wider than that of the unequal probabilities themselves (Hoeffding 1956), so that drift is called no
    sooner than it should be.
    """
    low, high = binom.interval(level, probabilities.size, float(probabilities.mean()))
    return int(low), int(high)


def check_stability(
    before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> tuple[FeatureStability, ...]:
    """Return the population stability of every input of the score, worst first.

    Parameters
    ----------
    before, now : sequence of mapping
        Inputs of projects, such as the ``features`` of stored scores; an absent or None input counts as a class.

    Raises
    ------
    RiskError
        ``empty_input`` where either side has no rows.

    Notes
    -----
    Numbers of more than ten values are cut at the quintiles of `before`, others by value.
    """
    for name, rows in (("before", before), ("now", now)):
        if not rows:
            raise RiskError(f"There are no rows {name}.", code="empty_input", field=name)
    found = [
        feature_stability(key, [row.get(key) for row in before], [row.get(key) for row in now])
        for key in list_features()
    ]
    return tuple(sorted(found, key=lambda item: (-item.index, item.feature)))


def feature_stability(feature: str, before: Sequence[Any], now: Sequence[Any]) -> FeatureStability:
    """Return the population stability of one input from its values on both sides; None is unknown."""
    names, indexes = _classes(before, now)
    shares = []
    for found in indexes:
        count = np.bincount(found, minlength=len(names))
        shares.append(np.maximum(count / max(len(found), 1), _SMALLEST_SHARE))
    p, q = shares
    index = math.fsum((q - p) * np.log(q / p))
    state = "stable"
    if index >= _rule("stability_watch"):
        state = "drifted" if index >= _rule("stability_alarm") else "watch"
    return FeatureStability(
        feature=feature,
        index=round(index, 6),
        state=state,
        classes=tuple(names),
        before=tuple(round(float(share), 6) for share in p),
        now=tuple(round(float(share), 6) for share in q),
    )


def _classes(before: Sequence[Any], now: Sequence[Any]) -> tuple[list[str], list[np.ndarray]]:
    known = [value for value in before if value is not None]
    numbers = all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in (*known, *now) if value is not None
    )
    if numbers and len(set(known)) > 2 * _CLASSES:
        cuts = np.unique(np.quantile(np.asarray(known, dtype=np.float64), np.arange(1, _CLASSES) / _CLASSES))
        names = [f"<= {cuts[0]:g}", *(f"<= {cut:g}" for cut in cuts[1:]), f"> {cuts[-1]:g}"]
        place = [
            [int(np.searchsorted(cuts, v)) if v is not None else len(names) for v in side] for side in (before, now)
        ]
    else:
        values = sorted({value for value in (*before, *now) if value is not None}, key=str)
        names = [str(value) for value in values]
        at = {value: position for position, value in enumerate(values)}
        place = [[at[v] if v is not None else len(names) for v in side] for side in (before, now)]
    if any(value is None for value in (*before, *now)):
        names.append("unknown")
    return names, [np.asarray(side, dtype=int) for side in place]


def _reliability(observed: np.ndarray, predicted: np.ndarray) -> list[ReliabilityBin]:
    order = np.argsort(predicted, kind="stable")
    bins = []
    for part in np.array_split(order, BINS):
        if not part.size:
            continue
        n, events = int(part.size), int(observed[part].sum())
        low, high = wilson_interval(events, n)
        bins.append(
            ReliabilityBin(
                n=n,
                events=events,
                predicted=round(float(predicted[part].mean()), 6),
                observed=round(events / n, 6),
                low=round(low, 6),
                high=round(high, 6),
            )
        )
    return bins


def wilson_interval(events: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson 1927 interval of a share, 95 % by default."""
    if not 0 <= events <= n or n == 0:
        raise InvalidParameterError("events", events, f"a whole number from 0 to {n}, of at least one row")
    share = events / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


def _rule(key: str) -> float:
    return float(get_default("training_rules", key).value or 0.0)
