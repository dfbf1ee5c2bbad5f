"""The challenger: gradient boosting under the sign bounds, its log-odds calibrated on rows it did not see."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import LabelEncoder
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from risk.errors import InvalidParameterError
from risk.scoring.estimator import MaturityRiskClassifier

_SLOPE_SD = 0.5
"""Prior spread of the calibration's slope around 1: a few dozen outcomes may shrink the log-odds, never turn them."""


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
    random_state : int, default=0
        Seed of the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The two labels; the second is the event.
    boosting_ : HistGradientBoostingClassifier
        Fitted on all rows.
    slope_, offset_ : float
        The calibration: log-odds times slope (never below 0) plus offset.
    n_iter_ : int
        Trees grown.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Notes
    -----
    Platt 1999 calibration of out-of-fold log-odds, with a Gaussian prior of the slope around 1 and the bound that it is
    not negative, so that the result keeps the signs. Sizes are chosen for some hundred rows and are not tuned.
    """

    _parameter_constraints: dict = {
        "bounds": [dict, None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left")],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "folds": [Interval(Integral, 2, None, closed="left")],
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
        random_state: int = 0,
    ) -> None:
        self.bounds = bounds
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.folds = folds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Declare that two classes are needed and that features with NaN are refused."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> CalibratedBoostingClassifier:
        """Fit the trees on all rows and the calibration on rows held out in turn.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Two classes; the later in sorted order is the event.

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
        self.slope_, self.offset_ = self._calibrate(X, target, signs)
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

    def _calibrate(self, X: np.ndarray, target: np.ndarray, signs: list[int]) -> tuple[float, float]:
        folds = min(self.folds, int(np.bincount(target, minlength=2).min()))
        if folds < 2:
            return 1.0, 0.0
        log_odds = np.empty(target.size)
        splitter = StratifiedKFold(folds, shuffle=True, random_state=self.random_state)
        for inside, outside in splitter.split(X, target):
            log_odds[outside] = self._build(signs).fit(X[inside], target[inside]).decision_function(X[outside])
        calibration = MaturityRiskClassifier(
            prior_mean={"x0": 1.0}, prior_sd={"x0": _SLOPE_SD}, bounds={"x0": (0.0, None)}
        ).fit(log_odds[:, None], target)
        return float(calibration.coef_[0, 0]), float(calibration.intercept_[0])
