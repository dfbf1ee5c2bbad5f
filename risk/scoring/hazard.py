"""Months to the next level: a discrete-time hazard over person-period rows, fitted by the estimator of the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from pandas import DataFrame
from scipy.special import ndtr

from risk.errors import InvalidParameterError
from risk.scoring.estimator import MaturityRiskClassifier
from risk.tables import get_default

PERIOD_MONTHS = 3.0
HORIZON_MONTHS = 240.0
LEVELS: tuple[int, ...] = tuple(range(1, 9))
QUANTILES: tuple[int, ...] = (50, 80, 95)
_PERIODS = int(HORIZON_MONTHS / PERIOD_MONTHS)
_SHAPE = ("time", "time_squared")
_COLUMNS = (*(f"level_{level}" for level in LEVELS), *_SHAPE)
# the baseline is common to the levels, whose medians differ by a factor of three at most: log-odds of a few units
_PRIOR_SD = {**dict.fromkeys(_COLUMNS, 2.0), **dict.fromkeys(_SHAPE, 5.0)}


@dataclass(frozen=True, slots=True)
class Spell:
    """Time spent at one level.

    Attributes
    ----------
    level : int
        The level tried from, 1 to 8.
    months : float
        Months at it, above 0.
    passed : bool
        Whether the next level was reached at the end; False where the pilot ended before (censored).
    """

    level: int
    months: float
    passed: bool


@dataclass(frozen=True, slots=True)
class HazardModel:
    """The fitted hazard of reaching the next level in each period of three months.

    Attributes
    ----------
    classifier : MaturityRiskClassifier
        Over the columns of person-period rows.
    own_spells : mapping of int to int
        Own spells behind each level.
    """

    classifier: MaturityRiskClassifier
    own_spells: dict[int, int]

    def hazard(self, level: int) -> np.ndarray:
        """Return the probability of passing in each period, given that it was not passed before, shape (80,)."""
        _check_level(level)
        return self.classifier.predict_proba(_design(np.full(_PERIODS, level), np.arange(_PERIODS)))[:, 1]

    def survival(self, level: int) -> np.ndarray:
        """Return the probability of still being at the level at the end of each period, shape (80,)."""
        return np.cumprod(1.0 - self.hazard(level))

    def months(self, level: int, quantile: int) -> float:
        """Return the months within which `quantile` per cent pass, at most the horizon of 240."""
        if not 0 < quantile < 100:
            raise InvalidParameterError("quantile", quantile, "above 0 and below 100")
        left = np.concatenate([[1.0], self.survival(level)])
        ends = np.arange(_PERIODS + 1) * PERIOD_MONTHS
        # survival falls: turned round for the interpolation
        return float(np.interp(1.0 - quantile / 100.0, left[::-1], ends[::-1]))

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return months and state by level, JSON-ready, for a model's facts."""
        minimum = int(get_default("training_rules", "level_minimum_spells").value or 0)
        return {
            str(level): {
                **{f"months_{quantile}": round(self.months(level, quantile), 1) for quantile in QUANTILES},
                "n": self.own_spells.get(level, 0),
                "state": "supported" if self.own_spells.get(level, 0) >= minimum else "prior_only",
            }
            for level in LEVELS
        }


def fit_hazard(spells: Sequence[Spell] = ()) -> HazardModel:
    """Fit the hazard of passing each level on the evidence tables and on own spells.

    Parameters
    ----------
    spells : sequence of Spell
        Own spells; without any the fit repeats the tables and counts as ``prior_only``.

    Returns
    -------
    HazardModel

    Notes
    -----
    The tables give a median for each level and a common spread of log months. Their projects enter as person-period
    rows: of `n` projects ``n S(t)`` enter the period at `t` and ``n (S(t) - S(t + 3))`` pass in it; a level that rests
    on judgement counts as few projects. Own spells enter row by row. The log-odds of passing are a quadratic in the
    logarithm of time with an intercept for each level (Singer, Willett 1993, discrete-time survival analysis).
    """
    for index, spell in enumerate(spells):
        if spell.level not in LEVELS:
            raise InvalidParameterError(f"spells[{index}].level", spell.level, "a level from 1 to 8")
        if not spell.months > 0.0:
            raise InvalidParameterError(f"spells[{index}].months", spell.months, "above 0")
    if not spells:
        return _prior_hazard()
    return _fit(*_own_rows(spells), spells)


@lru_cache(maxsize=1)
def _prior_hazard() -> HazardModel:
    nothing = np.empty(0)
    return _fit(nothing.astype(int), nothing.astype(int), nothing, ())


def _fit(levels: np.ndarray, periods: np.ndarray, passed: np.ndarray, spells: Sequence[Spell]) -> HazardModel:
    table_levels, table_periods, table_passed, table_weight = _table_rows()
    classifier = MaturityRiskClassifier(prior_sd=dict(_PRIOR_SD)).fit(
        _design(np.concatenate([table_levels, levels]), np.concatenate([table_periods, periods])),
        np.concatenate([table_passed, passed]).astype(int),
        sample_weight=np.concatenate([table_weight, np.ones(levels.size)]),
    )
    counted = {level: sum(spell.level == level for spell in spells) for level in LEVELS}
    return HazardModel(classifier, counted)


def _table_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return level, period, event and weight of the tables' person-period rows, passing rows before staying rows."""
    sigma = float(get_default("schedule", "months_per_level_sigma").value or 0.0)
    few = float(get_default("training_rules", "level_judgement_weight").value or 0.0)
    ends = np.arange(_PERIODS + 1) * PERIOD_MONTHS
    levels, periods, passed, weight = [], [], [], []
    for level in LEVELS:
        figure = get_default("schedule", f"months_per_level_{level}")
        n = float(figure.get("n", few)) if figure.status != "judgement" else few
        with np.errstate(divide="ignore"):
            left = n * (1.0 - ndtr((np.log(ends) - np.log(float(figure.value or 1.0))) / sigma))
        passing = left[:-1] - left[1:]
        for event, count in ((1.0, passing), (0.0, left[1:])):
            kept = count > 1e-9
            levels.append(np.full(kept.sum(), level))
            periods.append(np.flatnonzero(kept))
            passed.append(np.full(kept.sum(), event))
            weight.append(count[kept])
    return np.concatenate(levels), np.concatenate(periods), np.concatenate(passed), np.concatenate(weight)


def _own_rows(spells: Sequence[Spell]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    levels, periods, passed = [], [], []
    for spell in spells:
        # a spell that ends exactly with a period belongs to it; one beyond the horizon is cut off there, not passed
        last = min(int(np.ceil(spell.months / PERIOD_MONTHS)), _PERIODS)
        within = spell.months <= HORIZON_MONTHS
        levels.append(np.full(last, spell.level))
        periods.append(np.arange(last))
        passed.append(np.array([0.0] * (last - 1) + [float(spell.passed and within)]))
    return np.concatenate(levels), np.concatenate(periods), np.concatenate(passed)


def _design(levels: np.ndarray, periods: np.ndarray) -> DataFrame:
    # measured from two years, where most of the rows are: level and shape are then little correlated
    time = np.log((periods + 0.5) * PERIOD_MONTHS / 24.0)
    columns = {f"level_{level}": (levels == level).astype(np.float64) for level in LEVELS}
    return DataFrame({**columns, "time": time, "time_squared": np.square(time)}, columns=list(_COLUMNS))


def _check_level(level: int) -> None:
    if level not in LEVELS:
        raise InvalidParameterError("level", level, "a level from 1 to 8")
