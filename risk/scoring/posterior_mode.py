"""The mode of a logistic posterior inside bounds: a rough search, then Newton steps over the free coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

_ROUGH = 1e-5
"""Projected gradient at which the search hands over to Newton steps."""
_NEWTON_STEPS = 20


@dataclass(frozen=True, slots=True)
class LogPosterior:
    """The negative log posterior ``sum_i w_i log(1 + exp(x_i b)) - y_i x_i b + sum_j p_j (b_j - m_j)^2 / 2``.

    Attributes
    ----------
    design : ndarray of shape (n, d)
        Rows, the intercept's column of ones first.
    target, weight : ndarray of shape (n,)
        0.0 or 1.0, and the weight of each row.
    mean, penalty, lower, upper : ndarray of shape (d,)
        Prior mean, prior precision (0 for no prior) and bounds of each coefficient.
    """

    design: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    mean: np.ndarray
    penalty: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def value_and_gradient(self, beta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the value and its gradient, shape (d,)."""
        eta = self.design @ beta
        away = beta - self.mean
        value = self.weight @ (np.logaddexp(0.0, eta) - self.target * eta) + 0.5 * self.penalty @ np.square(away)
        return float(value), self.design.T @ (self.weight * (expit(eta) - self.target)) + self.penalty * away

    def gradient(self, beta: np.ndarray) -> np.ndarray:
        """Return the gradient, shape (d,)."""
        residual = self.weight * (expit(self.design @ beta) - self.target)
        return self.design.T @ residual + self.penalty * (beta - self.mean)

    def hessian(self, beta: np.ndarray) -> np.ndarray:
        """Return the matrix of second derivatives, shape (d, d)."""
        event = expit(self.design @ beta)
        curvature = self.weight * event * (1.0 - event)
        return (self.design * curvature[:, None]).T @ self.design + np.diag(self.penalty)

    def is_free(self, beta: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return which coefficients are not pushed against a bound, shape (d,) of bool."""
        return ~((beta <= self.lower) & (gradient > 0.0) | (beta >= self.upper) & (gradient < 0.0))


def find_mode(problem: LogPosterior, *, max_iter: int, tol: float) -> tuple[np.ndarray, int]:
    """Return the mode inside the bounds, shape (d,), and the iterations of the search.

    Parameters
    ----------
    problem : LogPosterior
        What is minimised.
    max_iter : int
        Limit on the iterations of one search.
    tol : float
        Projected gradient of the mean objective, in units of its own curvature, that counts as reached.

    Notes
    -----
    L-BFGS-B (Byrd, Lu, Nocedal, Zhu 1995) finds the neighbourhood and the bounds that bind; Newton steps finish. Where
    they do not reach `tol` (a bound left or met on the way) the search is repeated to `tol` itself.
    """
    total = problem.weight.sum()
    # a very tight prior makes the raw problem badly conditioned: search in units of the prior's own curvature
    curvature = 0.25 * (problem.weight @ np.square(problem.design)) + problem.penalty
    scale = 1.0 / np.sqrt(np.maximum(curvature / total, 1e-12))

    def scaled(z: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = problem.value_and_gradient(z * scale)
        return value / total, gradient * scale / total

    box = list(zip(problem.lower / scale, problem.upper / scale, strict=True))
    point, iterations = np.clip(problem.mean, problem.lower, problem.upper), 1
    for tolerance in (_ROUGH, tol):
        result = minimize(
            scaled,
            point / scale,
            jac=True,
            method="L-BFGS-B",
            bounds=box,
            options={"maxiter": max_iter, "maxfun": 20 * max_iter, "ftol": 1e-16, "gtol": tolerance},
        )
        iterations = max(iterations, int(result.nit))
        point = _polish(problem, np.clip(result.x * scale, problem.lower, problem.upper))
        gradient = problem.gradient(point)
        left = np.where(problem.is_free(point, gradient), gradient * scale / total, 0.0)
        if np.abs(left).max() <= tol:
            break
    return point, iterations


def _polish(problem: LogPosterior, start: np.ndarray) -> np.ndarray:
    """Newton steps over the free coefficients, kept only while they shorten the gradient and stay inside the bounds."""
    beta = start
    for _ in range(_NEWTON_STEPS):
        gradient = problem.gradient(beta)
        free = problem.is_free(beta, gradient)
        if not free.any():
            break
        try:
            step = np.linalg.solve(problem.hessian(beta)[np.ix_(free, free)], gradient[free])
        except np.linalg.LinAlgError:
            break
        trial = beta.copy()
        trial[free] -= step
        trial = np.clip(trial, problem.lower, problem.upper)
        after = problem.gradient(trial)
        if not np.all(np.isfinite(trial)) or np.abs(after[free]).max() >= np.abs(gradient[free]).max():
            break
        beta = trial
    return beta
