"""Technical and gross premium; the one place where a float becomes money.

``T = EL + F + k sqrt(Var)`` and ``G = max(minimum, T / (1 − V − c − Q))`` (expense-loaded standard-deviation
principle; Klugman, Panjer and Willmot, Loss Models, section 3.5, and Kaas et al., Modern Actuarial Risk
Theory, chapter 5). The gross premium is rounded once, half-even, to the unit the product names (1 yuan by
default).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from risk.pricing.errors import InsuranceError
from risk.pricing.numbers import (
    AMOUNT_BOUND_MINOR,
    decimal_text,
    read_decimal,
    read_mapping,
    read_minor,
)

LOADING_KEYS = ("fixed_minor", "variable", "commission", "profit", "risk")
ROUNDING_KEYS = ("unit_minor", "mode")
_MODES = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP}


@dataclass(frozen=True)
class Loadings:
    """Fixed amount F, variable V, commission c and profit Q as shares of the gross premium, risk load k."""

    fixed_minor: int
    variable: Decimal
    commission: Decimal
    profit: Decimal
    risk: Decimal

    @property
    def kept(self) -> Decimal:
        """``1 − V − c − Q``, the part of the gross premium left for the technical premium."""
        return 1 - self.variable - self.commission - self.profit


def read_loadings(value: object) -> Loadings:
    """Return the loadings of a product; ``loadings_exceed_one`` where V + c + Q is 1 or more."""
    mapping = read_mapping(value, "loadings", allowed=LOADING_KEYS)
    shares = {key: read_decimal(mapping.get(key, "0"), f"loadings.{key}") for key in LOADING_KEYS[1:]}
    loadings = Loadings(read_minor(mapping.get("fixed_minor", 0), "loadings.fixed_minor"), **shares)
    if loadings.kept <= 0:
        raise InsuranceError(
            "The variable, commission and profit loadings take the whole premium or more.",
            code="loadings_exceed_one",
            field="loadings",
            details={"sum": decimal_text(1 - loadings.kept)},
        )
    return loadings


def read_rounding(value: object) -> dict[str, Any]:
    """Return ``{unit_minor, mode}``; one yuan (100 fen), half-even, where the product states nothing."""
    mapping = read_mapping(value if value is not None else {}, "rounding", allowed=ROUNDING_KEYS)
    unit = read_minor(mapping.get("unit_minor", 100), "rounding.unit_minor", positive=True)
    mode = mapping.get("mode", "half_even")
    if not isinstance(mode, str) or mode not in _MODES:
        raise InsuranceError("rounding.mode must be half_even or half_up.", field="rounding.mode")
    return {"unit_minor": unit, "mode": mode}


def to_minor(amount: float, *, unit_minor: int = 1, mode: str = "half_even") -> int:
    """Turn a float amount of minor units into money: the one place where that happens.

    Parameters
    ----------
    amount : float
        Amount in minor units.
    unit_minor : int
        The result is a multiple of this (100 for whole yuan).
    mode : str
        ``half_even`` or ``half_up``.

    Returns
    -------
    int
        Minor units.

    Raises
    ------
    InsuranceError
        Where the amount is negative, not finite or above 9e15.
    """
    if not math.isfinite(amount) or not 0 <= amount <= AMOUNT_BOUND_MINOR:
        raise InsuranceError("The computed premium is outside the range of amounts.", field="premium")
    units = (Decimal(amount) / unit_minor).quantize(Decimal(1), rounding=_MODES[mode])
    return int(units) * unit_minor


def compute_premium(
    *,
    probability: Decimal,
    mean_payout: float,
    second_moment: float,
    loadings: Loadings,
    minimum_minor: int,
    rounding: Mapping[str, Any],
) -> dict[str, Any]:
    """Price a Bernoulli event with a random payment.

    Parameters
    ----------
    probability : Decimal
        Probability p of the insured event over the term.
    mean_payout, second_moment : float
        First and second moment of the insurer's payment given the event, minor units and their square.
    loadings : Loadings
        F, V, c, Q and k.
    minimum_minor : int
        Least premium of the product.
    rounding : dict
        ``unit_minor`` and ``mode`` of the one rounding.

    Returns
    -------
    dict
        The trail: every input and ``expected_loss``, ``standard_deviation``, ``technical``,
        ``gross_unrounded`` (floats, minor units), ``gross_minor`` and ``minimum_applies``.
        :func:`recompute_premium` replays it.

    Raises
    ------
    InsuranceError
        ``trigger_too_certain`` where ``p > 1 / (1 + k²)``: there the standard-deviation load falls faster
        than the expected loss rises, and a worse risk would be cheaper.
    """
    load = float(loadings.risk)
    if float(probability) > 1.0 / (1.0 + load**2) and load > 0:
        raise InsuranceError(
            "The insured event is nearly certain; a risk load on the standard deviation cannot price it.",
            code="trigger_too_certain",
            field="trigger_map",
            details={"probability": decimal_text(probability)},
        )
    trail: dict[str, Any] = {
        "probability": decimal_text(probability),
        "mean_payout": mean_payout,
        "second_moment": second_moment,
        "fixed_minor": loadings.fixed_minor,
        "variable": decimal_text(loadings.variable),
        "commission": decimal_text(loadings.commission),
        "profit": decimal_text(loadings.profit),
        "risk": decimal_text(loadings.risk),
        "minimum_minor": minimum_minor,
        "rounding": dict(rounding),
    }
    trail.update(_replay(trail))
    return trail


def recompute_premium(trail: Mapping[str, Any]) -> int:
    """Recompute the gross premium from the inputs of a stored trail alone.

    Parameters
    ----------
    trail : dict
        The trail of :func:`compute_premium`, also after a round trip through JSON.

    Returns
    -------
    int
        The gross premium in minor units.
    """
    return int(_replay(trail)["gross_minor"])


def _replay(trail: Mapping[str, Any]) -> dict[str, Any]:
    probability = float(trail["probability"])
    expected = probability * trail["mean_payout"]
    variance = max(probability * trail["second_moment"] - expected**2, 0.0)
    deviation = math.sqrt(variance)
    technical = expected + trail["fixed_minor"] + float(trail["risk"]) * deviation
    kept = 1 - Decimal(trail["variable"]) - Decimal(trail["commission"]) - Decimal(trail["profit"])
    gross = technical / float(kept)
    rounded = to_minor(gross, unit_minor=trail["rounding"]["unit_minor"], mode=trail["rounding"]["mode"])
    return {
        "expected_loss": expected,
        "standard_deviation": deviation,
        "risk_load": float(trail["risk"]) * deviation,
        "technical": technical,
        "kept": decimal_text(kept),
        "gross_unrounded": gross,
        "gross_minor": max(rounded, trail["minimum_minor"]),
        "minimum_applies": trail["minimum_minor"] > rounded,
    }
