"""Severity of a loss: limited expected values of a log-normal law and of a table given the event."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from risk.pricing.errors import InsuranceError

_ROOT_TWO = math.sqrt(2.0)


def _normal_cdf(value: float) -> float:
    return 0.5 * math.erfc(-value / _ROOT_TWO)


class Severity(Protocol):
    """A non-negative ground-up loss X in minor units."""

    def limited_mean(self, limit: float) -> float:
        """Return ``LEV(limit) = E min(X, limit)``."""

    def limited_second_moment(self, limit: float) -> float:
        """Return ``E min(X, limit)**2``."""

    def exceedance(self, threshold: float) -> float:
        """Return ``P(X > threshold)``."""


@dataclass(frozen=True)
class LognormalSeverity:
    """Log-normal loss, ``ln X ~ N(mu, sigma**2)``, optionally cut off at a largest possible loss.

    Parameters
    ----------
    mu : float
        Mean of ``ln X``, X in minor units.
    sigma : float
        Standard deviation of ``ln X``, positive.
    maximum : float, optional
        Largest loss; every loss above counts as `maximum` (the sum insured). Infinite where absent.

    Raises
    ------
    InsuranceError
        Where `sigma` or `maximum` is not positive or a parameter is not finite.

    Notes
    -----
    ``LEV(x) = exp(mu + s²/2) Phi((ln x − mu)/s − s) + x (1 − Phi((ln x − mu)/s))``, Klugman, Panjer and
    Willmot, Loss Models, Appendix A.
    """

    mu: float
    sigma: float
    maximum: float = math.inf

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mu) and math.isfinite(self.sigma) and self.sigma > 0):
            raise InsuranceError("The log-normal severity needs a finite mu and a positive sigma.", field="severity")
        if not self.maximum > 0:
            raise InsuranceError("The largest loss must be positive.", field="severity.maximum")

    @classmethod
    def from_mean(cls, mean: float, coefficient_of_variation: float, maximum: float = math.inf) -> LognormalSeverity:
        """Return the law with this mean and ratio of standard deviation to mean, before the cut-off."""
        if not (mean > 0 and coefficient_of_variation > 0):
            raise InsuranceError("Mean and coefficient of variation must be positive.", field="severity")
        variance = math.log1p(coefficient_of_variation**2)
        return cls(math.log(mean) - variance / 2, math.sqrt(variance), maximum)

    def limited_mean(self, limit: float) -> float:
        """Return ``E min(X, limit)`` in minor units."""
        return self._limited_moment(limit, 1)

    def limited_second_moment(self, limit: float) -> float:
        """Return ``E min(X, limit)**2`` in squared minor units."""
        return self._limited_moment(limit, 2)

    def exceedance(self, threshold: float) -> float:
        """Return ``P(X > threshold)``."""
        if threshold >= self.maximum:
            return 0.0
        if threshold <= 0:
            return 1.0
        return _normal_cdf((self.mu - math.log(threshold)) / self.sigma)

    def _limited_moment(self, limit: float, order: int) -> float:
        bound = min(limit, self.maximum)
        if bound <= 0:
            return 0.0
        whole = math.exp(order * self.mu + (order * self.sigma) ** 2 / 2)
        if math.isinf(bound):
            return whole
        standard = (math.log(bound) - self.mu) / self.sigma
        return whole * _normal_cdf(standard - order * self.sigma) + bound**order * _normal_cdf(-standard)


@dataclass(frozen=True)
class TableSeverity:
    """Loss given the event as a table of amounts and probabilities that sum to 1.

    Parameters
    ----------
    losses : sequence of float, shape (n,)
        Ground-up losses in minor units, not negative.
    probabilities : sequence of float, shape (n,)
        Their probabilities given the event.

    Raises
    ------
    InsuranceError
        Where the lengths differ, an entry is negative or the probabilities do not sum to 1 within 1e-12.
    """

    losses: Sequence[float]
    probabilities: Sequence[float]

    def __post_init__(self) -> None:
        if not self.losses or len(self.losses) != len(self.probabilities):
            raise InsuranceError("The severity table needs one probability for every loss.", field="severity.rows")
        if any(not (math.isfinite(loss) and loss >= 0) for loss in self.losses):
            raise InsuranceError("A loss in the severity table is negative or not finite.", field="severity.rows")
        total = math.fsum(self.probabilities)
        if any(not 0 <= weight <= 1 for weight in self.probabilities) or abs(total - 1) > 1e-12:
            raise InsuranceError(
                "The probabilities of the severity table must lie from 0 to 1 and sum to 1.",
                field="severity.rows",
            )

    def limited_mean(self, limit: float) -> float:
        """Return ``E min(X, limit)`` in minor units."""
        return math.fsum(w * min(x, limit) for x, w in self._rows())

    def limited_second_moment(self, limit: float) -> float:
        """Return ``E min(X, limit)**2`` in squared minor units."""
        return math.fsum(w * min(x, limit) ** 2 for x, w in self._rows())

    def exceedance(self, threshold: float) -> float:
        """Return ``P(X > threshold)``."""
        return math.fsum(w for x, w in self._rows() if x > threshold)

    def _rows(self) -> list[tuple[float, float]]:
        return list(zip(self.losses, self.probabilities, strict=True))
