"""Errors of simulation: refused drivers, horizons and sizes, all raised before any draw."""

from __future__ import annotations

from risk.errors import RiskError


class SimulationError(RiskError):
    """A simulation that cannot be run as asked.

    Codes used: ``missing_driver``, ``unknown_driver``, ``probability_out_of_range``, ``range_reversed``,
    ``zero_horizon``, ``bad_basis``, ``correlation_out_of_range``, ``too_many_scenarios``, ``no_scenarios``,
    ``bad_seed``, ``amount_too_large``, ``terms_not_simulable`` and ``invalid_driver``.
    """

    code = "invalid_driver"
