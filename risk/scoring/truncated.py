"""Moments of a multivariate normal truncated to a box, by expectation propagation."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr


def truncated_moments(
    mean: np.ndarray,
    precision: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    *,
    max_sweeps: int = 200,
    tolerance: float = 1e-10,
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of N(`mean`, `precision`^-1) restricted to ``lower <= x <= upper``.

    Parameters
    ----------
    mean : ndarray of shape (d,)
        Mean before truncation.
    precision : ndarray of shape (d, d)
        Positive definite precision matrix.
    lower, upper : ndarray of shape (d,)
        Bounds, infinite where there is none.
    max_sweeps, tolerance : int, float
        When to stop.

    Returns
    -------
    mean : ndarray of shape (d,)
    covariance : ndarray of shape (d, d)

    Notes
    -----
    Expectation propagation with one Gaussian site per bounded coordinate (Cunningham, Hennig, Lacoste-Julien 2011,
    "Gaussian probabilities and expectation propagation"); exact for one dimension and for independent coordinates,
    accurate to a few percent of a standard deviation otherwise. Deterministic: no random draws.
    """
    bounded = np.flatnonzero(np.isfinite(lower) | np.isfinite(upper))
    shift = precision @ mean
    site_precision = np.zeros(mean.shape[0])
    site_shift = np.zeros(mean.shape[0])
    covariance = np.linalg.inv(precision)
    for _ in range(max_sweeps if bounded.size else 0):
        change = 0.0
        for index in bounded:
            current = covariance @ (shift + site_shift)
            variance = covariance[index, index]
            cavity_precision = 1.0 / variance - site_precision[index]
            cavity_shift = current[index] / variance - site_shift[index]
            if cavity_precision <= 0.0:
                continue
            tilted_mean, tilted_variance = _univariate_moments(
                cavity_shift / cavity_precision, 1.0 / cavity_precision, lower[index], upper[index]
            )
            new_precision = max(1.0 / tilted_variance - cavity_precision, 0.0)
            new_shift = tilted_mean / tilted_variance - cavity_shift
            delta = new_precision - site_precision[index]
            change = max(change, abs(delta) * variance)
            site_precision[index], site_shift[index] = new_precision, new_shift
            column = covariance[:, index]
            covariance = covariance - np.outer(column, column) * (delta / (1.0 + delta * variance))
        if change < tolerance:
            break
    covariance = (covariance + covariance.T) / 2.0
    return covariance @ (shift + site_shift), covariance


def _univariate_moments(mean: float, variance: float, lower: float, upper: float) -> tuple[float, float]:
    deviation = np.sqrt(variance)
    low, high = (lower - mean) / deviation, (upper - mean) / deviation
    mirrored = (low > 0.0 and not np.isfinite(high)) or low + high > 0.0
    if mirrored:
        low, high = -high, -low
    log_mass = _log_mass(low, high)
    density_low = np.exp(-0.5 * low * low - log_mass) / _ROOT_TWO_PI if np.isfinite(low) else 0.0
    density_high = np.exp(-0.5 * high * high - log_mass) / _ROOT_TWO_PI if np.isfinite(high) else 0.0
    offset = density_low - density_high
    term = (low * density_low if np.isfinite(low) else 0.0) - (high * density_high if np.isfinite(high) else 0.0)
    spread = max(1.0 + term - offset * offset, 1e-10)
    if mirrored:
        offset = -offset
    return mean + deviation * offset, variance * spread


def _log_mass(low: float, high: float) -> float:
    upper_tail = log_ndtr(high)
    if not np.isfinite(low):
        return float(upper_tail)
    lower_tail = log_ndtr(low)
    return float(upper_tail + np.log1p(-np.exp(min(lower_tail - upper_tail, -1e-300))))


_ROOT_TWO_PI = float(np.sqrt(2.0 * np.pi))
