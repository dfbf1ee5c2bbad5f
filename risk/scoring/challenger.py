"""The challenger: gradient boosting under the sign bounds, its log-odds calibrated on rows it did not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import LabelEncoder
from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from risk.errors import InvalidParameterError
from risk.scoring.estimator import MaturityRiskClassifier
from risk.scoring.refits import Refits, design_effect, draw_refits, interval_bounds

_SLOPE_SD = 0.5
"""Prior spread of the calibration's slope around 1: a few dozen outcomes may shrink the log-odds, never turn them."""


def _has_refits(classifier: CalibratedBoostingClassifier) -> bool:
    return classifier.refits > 0


class CalibratedBoostingClassifier(ClassifierMixin, BaseEstimator):
    """Histogram gradient boosting that keeps the signs of a bounded coefficient, calibrated by a bounded logistic fit.

    Parameters
    ----------
    bounds : dict of str to tuple, optional
        As in :class:`risk.scoring.estimator.MaturityRiskClassifier`: ``(None, 0)`` makes the event never likelier as
        the feature rises, ``(0, None)`` never less likely.
    max_iter : int, default=60
        Trees.
    learning_rate : float, default=0.05
        Step of each tree.
    max_leaf_nodes : int, default=6
        Leaves of a tree.
    min_samples_leaf : int, default=20
        Rows of a leaf at least.
    l2_regularization : float, default=1.0
        Penalty of a leaf's value.
    folds : int, default=5
        Folds whose rows calibrate; fewer where a class is smaller, none below two.
    refits : int, default=0
        Refits that the intervals rest on; 0 for a model without intervals, which is fitted that much faster.
    random_state : int, default=0
        Seed of the folds and of the refits.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The two labels; the second is the event.
    boosting_ : HistGradientBoostingClassifier
        Fitted on all rows.
    slope_, offset_ : float
        The calibration: log-odds times slope (never below 0) plus offset.
    refits_ : list of HistGradientBoostingClassifier, length `refits`
        Fitted on drawn groups and outcomes, see Notes.
    refit_slopes_, refit_offsets_ : ndarray of shape (refits,)
        Their calibrations.
    design_effect_ : float
        How much more the sum of residuals varies because rows of one group end alike; 1 without groups.
    n_iter_ : int
        Trees grown.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Notes
    -----
    Calibration (Platt 1999) of out-of-fold log-odds, with a Gaussian prior of the slope around 1 and the bound that it
    is not negative, so that the result keeps the signs. Sizes are chosen for some hundred rows and are not tuned.

    Intervals: a parametric bootstrap over groups (:func:`risk.scoring.refits.draw_refits`). The mean square distance of
    the refits from the log-odds that their outcomes were drawn from, times the design effect of the groups, is the
    variance of the log-odds; Student's quantile with `refits` degrees of freedom turns it into an interval around the
    model's own log-odds. It covers the chance in outcomes and in the choice of rows, the calibration, and the pull of
    shrunk trees towards the mean as far as it shows in refits of what was found. It does not cover what trees of this
    size cannot say at any number of rows, structure too weak for the fit to have found any of it, columns that are not
    there, and later years that differ from earlier ones; up to some 300 rows it is therefore too narrow where the truth
    has waves or steps (docs/score_model.md has measured coverage).

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines"; Efron, Tibshirani 1993, "An Introduction to the
    Bootstrap", chapter 6; Liang, Zeger 1986 (design effect).
    """

    _parameter_constraints: dict = {
        "bounds": [dict, None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left")],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "folds": [Interval(Integral, 2, None, closed="left")],
        "refits": [Interval(Integral, 0, None, closed="left")],
        "random_state": [Integral],
    }

    def __init__(
        self,
        *,
        bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
        max_iter: int = 60,
        learning_rate: float = 0.05,
        max_leaf_nodes: int = 6,
        min_samples_leaf: int = 20,
        l2_regularization: float = 1.0,
        folds: int = 5,
        refits: int = 0,
        random_state: int = 0,
    ) -> None:
        self.bounds = bounds
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.folds = folds
        self.refits = refits
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Declare that two classes are needed and that features with NaN are refused."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, groups: Any = None) -> CalibratedBoostingClassifier:
        """Fit the trees on all rows, the calibration on rows held out in turn, and the refits of the intervals.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Two classes; the later in sorted order is the event.
        groups : array-like of shape (n_samples,), optional
            Rows of one group are drawn together by the refits; the probabilities do not depend on it.

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        if type_of_target(y, input_name="y", raise_unknown=True) != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {type_of_target(y)}.")
        encoder = LabelEncoder()
        target = encoder.fit_transform(y)
        self.classes_ = encoder.classes_
        if self.classes_.size < 2:
            raise ValueError("This classifier needs samples of 2 classes; the data holds one class only.")
        signs = self._read_signs()
        self.boosting_ = self._build(signs).fit(X, target)
        self.n_iter_ = self.boosting_.n_iter_
        held_out = self._hold_out(X, target, signs)
        self.slope_, self.offset_ = (1.0, 0.0) if held_out is None else _calibrate(held_out, target)
        self._refit(X, target, signs, held_out, groups)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the calibrated log-odds of the event, shape (n_samples,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.slope_ * self.boosting_.decision_function(X) + self.offset_

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of both classes, shape (n_samples, 2)."""
        event = expit(self.decision_function(X))
        return np.column_stack([1.0 - event, event])

    def predict(self, X: Any) -> np.ndarray:
        """Return the more probable class of each row, shape (n_samples,)."""
        event = self.decision_function(X) > 0.0
        return self.classes_[event.astype(int)]

    @available_if(_has_refits)
    def probability_and_intervals(
        self, design: np.ndarray, *, levels: Sequence[float], extra_variance: Any = 0.0
    ) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        """Return the probability, shape (n,), and the bounds of one interval for each level.

        Parameters
        ----------
        design : ndarray of shape (n, n_features)
            Features in the order of the fit, already checked.
        levels : sequence of float
            Mass of each interval, above 0 and below 1.
        extra_variance : float or ndarray of shape (n,), default=0.0
            Variance added to the log-odds, for features that are not known.

        Notes
        -----
        Intervals ask every refit, so that they cost ``refits`` times a probability. Source and limits stand in the
        notes of the class.
        """
        check_is_fitted(self)
        log_odds = self.slope_ * self.boosting_.decision_function(design) + self.offset_
        if not levels:
            return expit(log_odds), []
        return expit(log_odds), interval_bounds(log_odds, self._error(design) + extra_variance, levels, self.refits)

    @available_if(_has_refits)
    def variance_of_unknown(self, design: np.ndarray, emptied: np.ndarray) -> float:
        """Return what a cell that is not known adds to the variance of the log-odds.

        Parameters
        ----------
        design : ndarray of shape (n, n_features)
            Rows whose cell is known.
        emptied : ndarray of shape (n, n_features)
            The same rows with that cell filled as an unknown one is.

        Notes
        -----
        The mean square change of the log-odds over all refits, and the mean of what the variance of a row as it is
        exceeds that of the filled one by. (A filled cell lies where rows are many; by the law of total variance its row
        is no surer than those it may stand for. Without the second part emptying a cell could narrow the interval.)
        """
        check_is_fitted(self)
        refits = self._read_refits()
        change = refits.log_odds(design) - refits.log_odds(emptied)
        gap = np.maximum(self._error(design) - self._error(emptied), 0.0)
        return float(np.square(change).mean() + gap.mean())

    def _error(self, design: np.ndarray) -> np.ndarray:
        """Return the variance of the log-odds of each row: mean square distance of the refits, times design effect."""
        log_odds = self.slope_ * self.boosting_.decision_function(design) + self.offset_
        return self.design_effect_ * np.square(self._read_refits().log_odds(design) - log_odds).mean(axis=0)

    def _read_refits(self) -> Refits:
        return Refits(self.refits_, self.refit_slopes_, self.refit_offsets_)

    def _read_signs(self) -> list[int]:
        names = list(getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)]))
        bounds = self.bounds or {}
        unknown = sorted(set(bounds) - set(names))
        if unknown:
            raise InvalidParameterError("bounds", unknown, "keyed by names of the features in X")
        signs: dict[tuple[float | None, ...], int] = {(None, 0.0): -1, (0.0, None): 1, (None, None): 0}
        try:
            return [signs[tuple(bounds.get(name, (None, None)))] for name in names]
        except KeyError as error:
            raise InvalidParameterError("bounds", bounds, "(None, 0) or (0, None) for each feature") from error

    def _build(self, signs: list[int]) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            monotonic_cst=signs,
            early_stopping=False,
            random_state=self.random_state,
        )

    def _hold_out(self, X: np.ndarray, target: np.ndarray, signs: list[int]) -> np.ndarray | None:
        """Return the raw log-odds of each row by trees that did not see it; None where a class is too small."""
        folds = min(self.folds, int(np.bincount(target, minlength=2).min()))
        if folds < 2:
            return None
        log_odds = np.empty(target.size)
        splitter = StratifiedKFold(folds, shuffle=True, random_state=self.random_state)
        for inside, outside in splitter.split(X, target):
            log_odds[outside] = self._build(signs).fit(X[inside], target[inside]).decision_function(X[outside])
        return log_odds

    def _refit(
        self, X: np.ndarray, target: np.ndarray, signs: list[int], held_out: np.ndarray | None, groups: Any
    ) -> None:
        if groups is not None:
            groups = np.asarray(groups)
            check_consistent_length(X, groups)
        usual = (self.slope_, self.offset_)
        log_odds = self.slope_ * self.boosting_.decision_function(X) + self.offset_
        found = draw_refits(
            X, log_odds, groups, count=self.refits, seed=self.random_state, build=lambda: self._build(signs),
            calibrate=_calibrate, usual=usual,
        )  # fmt: skip
        self.refits_, self.refit_slopes_, self.refit_offsets_ = found.boosters, found.slopes, found.offsets
        raw = self.boosting_.decision_function(X) if held_out is None else held_out
        self.design_effect_ = design_effect(target - expit(self.slope_ * raw + self.offset_), groups)


def _calibrate(log_odds: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    calibration = MaturityRiskClassifier(
        prior_mean={"x0": 1.0}, prior_sd={"x0": _SLOPE_SD}, bounds={"x0": (0.0, None)}
    ).fit(log_odds[:, None], target)
    return float(calibration.coef_[0, 0]), float(calibration.intercept_[0])
