"""Penalised logistic regression with a Gaussian prior per coefficient and sign bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.special import expit, ndtri
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelEncoder
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from risk.errors import InvalidParameterError
from risk.scoring.posterior_mode import LogPosterior, find_mode
from risk.scoring.truncated import truncated_moments


class MaturityRiskClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression with a Gaussian prior and sign bounds for each coefficient, keyed by feature name.

    Parameters
    ----------
    prior_mean : dict of str to float, optional
        Prior mean of the coefficient of a feature, in log-odds per unit; 0 where absent.
    prior_sd : dict of str to float, optional
        Prior standard deviation; ``default_prior_sd`` where absent, ``inf`` for no prior.
    bounds : dict of str to tuple, optional
        ``(lower, upper)`` of a coefficient; None for no bound on that side.
    intercept_mean : float, default=0.0
        Prior mean of the intercept: the log-odds of the stated definition's base rate when features are measured
        from the reference project.
    intercept_sd : float, default=inf
        Prior standard deviation of the intercept; ``inf`` leaves it to the data.
    default_prior_sd : float, default=2.5
        Prior standard deviation of features not named.
    max_iter : int, default=1000
        Limit on the iterations of the optimiser.
    tol : float, default=1e-10
        Stop when the projected gradient of the mean objective is below it.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The two class labels; the second is the event.
    coef_ : ndarray of shape (1, n_features)
        Maximum a posteriori coefficients.
    intercept_ : ndarray of shape (1,)
        Maximum a posteriori intercept.
    posterior_mean_ : ndarray of shape (1 + n_features,)
        Mean of the truncated Laplace posterior, intercept first.
    posterior_covariance_ : ndarray of shape (1 + n_features, 1 + n_features)
        Its covariance.
    at_bound_ : ndarray of shape (n_features,) of bool
        Coefficients held by a bound.
    n_iter_ : int
        Iterations of the optimiser.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where the input had names.

    Raises
    ------
    InvalidParameterError
        A prior names a feature that is absent, a spread is not above 0, or a bound is reversed.

    Notes
    -----
    The log posterior is ``sum_i w_i log p(y_i | x_i, b) - sum_j (b_j - m_j)^2 / (2 s_j^2)`` inside the bounds; its
    mode is found by L-BFGS-B and polished by Newton steps over the free coefficients. Around the mode the posterior is
    expanded to second order, the gradient of bound coefficients included (Laplace), and its moments inside the
    bounds come from :func:`risk.scoring.truncated.truncated_moments`, so a coefficient held by a bound has a one-sided
    posterior. As every prior spread goes to 0 the fit returns the prior, to infinity the unpenalised fit.

    References
    ----------
    MacKay 1992, "The evidence framework applied to classification networks" (Laplace approximation);
    Byrd, Lu, Nocedal, Zhu 1995, "A limited memory algorithm for bound constrained optimization".

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = MaturityRiskClassifier(bounds={"x0": (None, 0.0)}).fit(X, [1, 1, 0, 0])
    >>> bool(model.coef_[0, 0] < 0)
    True
    """

    _parameter_constraints: dict = {
        "prior_mean": [dict, None],
        "prior_sd": [dict, None],
        "bounds": [dict, None],
        "intercept_mean": [Interval(Real, None, None, closed="neither")],
        "intercept_sd": [Interval(Real, 0, None, closed="right")],
        "default_prior_sd": [Interval(Real, 0, None, closed="right")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        prior_mean: Mapping[str, float] | None = None,
        prior_sd: Mapping[str, float] | None = None,
        bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
        intercept_mean: float = 0.0,
        intercept_sd: float = float("inf"),
        default_prior_sd: float = 2.5,
        max_iter: int = 1000,
        tol: float = 1e-10,
    ) -> None:
        self.prior_mean = prior_mean
        self.prior_sd = prior_sd
        self.bounds = bounds
        self.intercept_mean = intercept_mean
        self.intercept_sd = intercept_sd
        self.default_prior_sd = default_prior_sd
        self.max_iter = max_iter
        self.tol = tol

    def __sklearn_tags__(self) -> Any:
        """Declare that two classes are needed and that features with NaN are refused."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MaturityRiskClassifier:
        """Fit the posterior.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; names, where there are any, key the priors, else ``x0``, ``x1`` ...
        y : array-like of shape (n_samples,)
            Two classes; the later in sorted order is the event.
        sample_weight : array-like of shape (n_samples,), optional
            Weights; a weight of n equals n repeated rows.

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        target = self._encode_target(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        # zero-weight rows are dropped so that they are exactly as if absent
        X, target, weight = X[weight > 0], target[weight > 0], weight[weight > 0]
        if np.unique(target).size < 2:
            # one class left by the weights: the prior alone would otherwise decide silently
            raise ValueError("Found only one class after removing rows of weight 0; two classes are needed.")
        mean, sd, lower, upper = self._read_prior()
        design = np.column_stack([np.ones(X.shape[0]), X])
        penalty = np.where(np.isinf(sd), 0.0, 1.0 / np.square(sd))
        problem = LogPosterior(design, target, weight, mean, penalty, lower, upper)
        solution, self.n_iter_ = find_mode(problem, max_iter=self.max_iter, tol=self.tol)
        self.intercept_ = solution[:1].copy()
        self.coef_ = solution[1:].reshape(1, -1).copy()
        self.at_bound_ = (solution[1:] <= lower[1:]) | (solution[1:] >= upper[1:])
        self._set_posterior(solution, problem)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds of the event, shape (n_samples,), at the posterior mode."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_[0] + self.intercept_[0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of both classes, shape (n_samples, 2), at the posterior mode."""
        event = expit(self.decision_function(X))
        return np.column_stack([1.0 - event, event])

    def predict(self, X: Any) -> np.ndarray:
        """Return the more probable class of each row, shape (n_samples,)."""
        event = self.decision_function(X) > 0.0
        return self.classes_[event.astype(int)]

    def predict_interval(
        self, X: Any, *, level: float = 0.8, extra_variance: Any = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper probability of a central interval, each of shape (n_samples,).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        level : float, default=0.8
            Mass between the two bounds, above 0 and below 1.
        extra_variance : float or ndarray of shape (n_samples,), default=0.0
            Variance added to the log-odds, for features that are not known.

        Notes
        -----
        The log-odds are normal with the moments of the truncated Laplace posterior; the interval always contains the
        probability at the mode.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.interval_of_design(X, level=level, extra_variance=extra_variance)

    def interval_of_design(
        self, design: np.ndarray, *, level: float = 0.8, extra_variance: Any = 0.0, shift: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return :meth:`predict_interval` of a float array already checked, without looking at feature names.

        Parameters
        ----------
        design : ndarray of shape (n_samples, n_features)
            Features in the order of the fit.
        level, extra_variance : float, float or ndarray
            As in :meth:`predict_interval`.
        shift : float, default=0.0
            Added to the log-odds, for another definition of the event.
        """
        _, bounds = self.probability_and_intervals(design, levels=(level,), extra_variance=extra_variance, shift=shift)
        return bounds[0]

    def probability_and_intervals(
        self, design: np.ndarray, *, levels: Sequence[float], extra_variance: Any = 0.0, shift: float = 0.0
    ) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        """Return the probability at the mode, shape (n,), and the bounds of one interval for each level.

        Parameters
        ----------
        design : ndarray of shape (n_samples, n_features)
            Features in the order of the fit, already checked.
        levels : sequence of float
            Mass of each interval, above 0 and below 1.
        extra_variance, shift : float or ndarray, float
            As in :meth:`interval_of_design`.
        """
        for level in levels:
            if not 0.0 < level < 1.0:
                raise InvalidParameterError("level", level, "above 0 and below 1")
        mode = design @ self.coef_[0]
        mode += self.intercept_[0] + shift
        if not levels:
            return expit(mode), []
        centre = design @ self.posterior_mean_[1:]
        centre += self.posterior_mean_[0] + shift
        deviation = np.sqrt(self._log_odds_variance(design) + extra_variance)
        bounds = []
        for level in levels:
            reach = ndtri(0.5 + level / 2.0) * deviation
            bounds.append((expit(np.minimum(centre - reach, mode)), expit(np.maximum(centre + reach, mode))))
        return expit(mode), bounds

    def _log_odds_variance(self, design: np.ndarray) -> np.ndarray:
        # a square root of the covariance turns the quadratic form into one product and a sum of squares
        values, vectors = np.linalg.eigh(self.posterior_covariance_)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        spread = design @ root[1:]
        spread += root[0]
        return np.einsum("ij,ij->i", spread, spread)

    def _encode_target(self, y: Any) -> np.ndarray:
        check_classification_targets(y)
        if type_of_target(y, input_name="y", raise_unknown=True) != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {type_of_target(y)}.")
        encoder = LabelEncoder()
        target = encoder.fit_transform(y).astype(np.float64)
        self.classes_ = encoder.classes_
        if self.classes_.size < 2:
            raise ValueError("This classifier needs samples of 2 classes; the data holds one class only.")
        return target

    def _read_prior(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        names = list(getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)]))
        for label, given in (
            ("prior_mean", self.prior_mean),
            ("prior_sd", self.prior_sd),
            ("bounds", self.bounds),
        ):
            unknown = sorted(set(given or {}) - set(names))
            if unknown:
                raise InvalidParameterError(label, unknown, "keyed by names of the features in X")
        means, sds, bounds = self.prior_mean or {}, self.prior_sd or {}, self.bounds or {}
        mean = np.array([self.intercept_mean, *(means.get(name, 0.0) for name in names)], dtype=np.float64)
        sd = np.array([self.intercept_sd, *(sds.get(name, self.default_prior_sd) for name in names)], dtype=np.float64)
        pairs = [(None, None), *(bounds.get(name, (None, None)) for name in names)]
        lower = np.array([-np.inf if low is None else low for low, _ in pairs], dtype=np.float64)
        upper = np.array([np.inf if high is None else high for _, high in pairs], dtype=np.float64)
        if not np.all(np.isfinite(mean)):
            raise InvalidParameterError("prior_mean", self.prior_mean, "finite numbers")
        if not np.all(sd > 0.0):
            raise InvalidParameterError("prior_sd", self.prior_sd, "above 0 (inf for no prior)")
        if not np.all(lower <= upper):
            raise InvalidParameterError("bounds", self.bounds, "pairs (lower, upper) with lower <= upper")
        return mean, sd, lower, upper

    def _set_posterior(self, solution: np.ndarray, problem: LogPosterior) -> None:
        held = (solution <= problem.lower) | (solution >= problem.upper)
        gradient = np.where(held, problem.gradient(solution), 0.0)
        precision = problem.hessian(solution)
        # features without prior and without data have no curvature: a vast, finite spread keeps the algebra defined
        precision[np.diag_indices_from(precision)] += 1e-10
        centre = solution - np.linalg.solve(precision, gradient)
        self.posterior_mean_, self.posterior_covariance_ = truncated_moments(
            centre, precision, problem.lower, problem.upper
        )
