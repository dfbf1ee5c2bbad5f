"""Expected payment of one layer: deductible, limit, share and trend over a severity law."""

from __future__ import annotations

import math
from dataclasses import dataclass

from risk.pricing.errors import InsuranceError
from risk.pricing.severity import Severity


@dataclass(frozen=True)
class Layer:
    """``share × min(max(X − deductible, 0), limit)``.

    Parameters
    ----------
    deductible : float
        Minor units of loss borne before the layer starts, not negative.
    limit : float
        Height of the layer before the share, in minor units; ``math.inf`` where there is none.
    share : float
        Insurer's part of the layer, from 0 to 1.
    franchise : bool
        True where the deductible is a franchise: a loss above it is paid from the first unit.

    Raises
    ------
    InsuranceError
        Where a value is negative or the share is above 1.
    """

    deductible: float
    limit: float = math.inf
    share: float = 1.0
    franchise: bool = False

    def __post_init__(self) -> None:
        if not (self.deductible >= 0 and math.isfinite(self.deductible)):
            raise InsuranceError("The deductible must not be negative.", field="deductible")
        if not self.limit >= 0:
            raise InsuranceError("The limit must not be negative.", field="limit")
        if not 0 <= self.share <= 1:
            raise InsuranceError("The insurer's share must lie from 0 to 1.", field="insurer_share")

    @property
    def top(self) -> float:
        """Loss at which the layer is full, in minor units."""
        return self.deductible + self.limit

    def payment(self, loss: float) -> float:
        """Return what the layer pays on one ground-up loss, in minor units."""
        if self.franchise and loss > self.deductible:
            return self.share * min(loss, self.top)
        return self.share * min(max(loss - self.deductible, 0.0), self.limit)


def expected_per_loss(severity: Severity, layer: Layer, *, trend: float = 0.0) -> float:
    """Expected payment of the layer for one loss event.

    Parameters
    ----------
    severity : Severity
        Law of the ground-up loss in minor units.
    layer : Layer
        The layer priced.
    trend : float
        Growth of losses from the data's date to the cover's date, above −1.

    Returns
    -------
    float
        ``a (1+r) [LEV(u/(1+r)) − LEV(d/(1+r))]``, plus ``a d P(X > d)`` for a franchise, in minor units.

    Raises
    ------
    InsuranceError
        Where `trend` is −1 or below.

    Notes
    -----
    Klugman, Panjer and Willmot, Loss Models, theorem 8.7 (per-loss moment under inflation).
    """
    growth = _growth(trend)
    low, top = layer.deductible / growth, layer.top / growth
    mean = growth * (severity.limited_mean(top) - severity.limited_mean(low))
    if layer.franchise:
        mean += layer.deductible * severity.exceedance(low)
    return layer.share * mean


def expected_per_payment(severity: Severity, layer: Layer, *, trend: float = 0.0) -> float:
    """Expected payment given that something is paid.

    Parameters
    ----------
    severity : Severity
        Law of the ground-up loss in minor units.
    layer : Layer
        The layer priced.
    trend : float
        Growth of losses, above −1.

    Returns
    -------
    float
        The per-loss mean over ``P(X > d/(1+r))``, in minor units.

    Raises
    ------
    InsuranceError
        Where the deductible is never exceeded.
    """
    reached = severity.exceedance(layer.deductible / _growth(trend))
    if reached <= 0:
        raise InsuranceError("The deductible is never exceeded, so nothing is ever paid.", field="deductible")
    return expected_per_loss(severity, layer, trend=trend) / reached


def second_moment_per_loss(severity: Severity, layer: Layer, *, trend: float = 0.0) -> float:
    """Second moment of the layer's payment for one loss event.

    Parameters
    ----------
    severity : Severity
        Law of the ground-up loss in minor units.
    layer : Layer
        The layer priced.
    trend : float
        Growth of losses, above −1.

    Returns
    -------
    float
        ``a² (E min(X,u)² − E min(X,d)² − 2d [LEV(u) − LEV(d)])`` in squared minor units; for a franchise
        ``+ d² P(X > d)`` and the cross term ``2d [LEV(u) − LEV(d)]``, as the payment is then the ordinary layer plus d
        on the same losses.

    Raises
    ------
    InsuranceError
        Where `trend` is −1 or below.
    """
    growth = _growth(trend)
    low, top = layer.deductible / growth, layer.top / growth
    first = growth * (severity.limited_mean(top) - severity.limited_mean(low))
    second = growth**2 * (severity.limited_second_moment(top) - severity.limited_second_moment(low))
    moment = second - 2 * layer.deductible * first
    if layer.franchise:
        moment += 2 * layer.deductible * first + layer.deductible**2 * severity.exceedance(low)
    return layer.share**2 * max(moment, 0.0)


def _growth(trend: float) -> float:
    if not trend > -1:
        raise InsuranceError("The trend must be above -1.", field="trend")
    return 1.0 + trend
