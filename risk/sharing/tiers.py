"""Tiered amounts: rates by band of a base, each on its own part or the reached one on the whole base."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, Any

from risk.sharing import reading
from risk.sharing.arithmetic import Arithmetic, multiply_fraction, round_half
from risk.sharing.errors import TermsError

if TYPE_CHECKING:
    from risk.sharing.run import Run

MODES = ("marginal", "whole_base")
MOST_BANDS = 20


@dataclass(frozen=True)
class Bands:
    """Rates by band of a base.

    Attributes
    ----------
    tops : tuple of (int or None)
        Upper end of each band in minor units, itself inside the band; rising, None for the last.
    rates : tuple of int
        Numerators of the rates over `whole`, each from 0 to `whole`.
    whole : int
        The common denominator.
    mode : str
        ``marginal``: each rate on the part of the base inside its band; ``whole_base``: the rate of the band that the
        base has reached, on all of it.
    """

    tops: tuple[int | None, ...]
    rates: tuple[int, ...]
    whole: int
    mode: str = "marginal"

    def of(self, arithmetic: Arithmetic, base: Any, rounding: str, step: str) -> Any:
        """Return what the bands give of `base` in minor units, rounded once.

        Parameters
        ----------
        arithmetic : IntegerArithmetic or ArrayArithmetic
            The number type.
        base : int or int64 array of shape (scenarios,)
            Minor units, 0 to 9e15.
        rounding : str
            ``half_even`` or ``half_up``.
        step : str
            Clause named by an :class:`AmountError` beyond the bound.

        Notes
        -----
        Design "Agreements", block 6. Whole units and remainders over the one denominator are summed apart, so both
        number types are exact before the one rounding.
        """
        due = rest = arithmetic.zero
        bottom = 0
        for top, rate in zip(self.tops, self.rates, strict=True):
            if self.mode == "marginal":
                inside = base if top is None else arithmetic.minimum(base, top)
                part = arithmetic.maximum(inside - bottom, arithmetic.zero)
            else:
                reached = base >= 0 if bottom == 0 else base > bottom
                within = reached if top is None else arithmetic.both(reached, base <= top)
                part = arithmetic.where(within, base, 0)
            units, low = multiply_fraction(arithmetic, part, rate, self.whole, step)
            due, rest = due + units, rest + low
            bottom = top or bottom
        return round_half(arithmetic, due + rest // self.whole, rest % self.whole, self.whole, rounding)


@dataclass(frozen=True)
class Tiered:
    """What bands give of an amount, rounded once."""

    amount: Any
    bands: Bands
    rounding: str
    path: str

    def value(self, run: Run) -> Any:
        """Return the tiered amount."""
        return self.bands.of(run.arithmetic, self.amount.value(run), self.rounding, self.path)


def single(rate: tuple[int, int]) -> Bands:
    """Return one rate for the whole base."""
    return Bands((None,), (rate[0],), rate[1])


def read_bands(data: Any, mode: Any, path: str) -> Bands:
    """Return the bands ``[{"upto_minor": n, "rate": "0.05"}, …, {"rate": "0.03"}]``.

    Raises
    ------
    TermsError
        ``bands_out_of_order`` where the upper ends do not rise, ``last_band_bounded`` where the last one ends,
        ``band_unbounded`` where another has no end, ``too_many_bands`` above 20.
    """
    items = reading.sequence(data, f"{path}.bands", at_least=1)
    if len(items) > MOST_BANDS:
        raise TermsError("too_many_bands", f"{path}.bands has more than {MOST_BANDS} bands.", f"{path}.bands")
    tops: list[int | None] = []
    fractions = []
    for index, item in enumerate(items):
        here = f"{path}.bands[{index}]"
        item = reading.mapping(item, here, ("rate",), ("upto_minor",))
        is_last = index == len(items) - 1
        if is_last and "upto_minor" in item:
            raise TermsError("last_band_bounded", f"{here} is the last band and must have no upper end.", here)
        if not is_last and "upto_minor" not in item:
            raise TermsError("band_unbounded", f"{here} lacks 'upto_minor', so the bands after it get nothing.", here)
        top = None if is_last else reading.minor(item["upto_minor"], f"{here}.upto_minor")
        if top is not None and top <= (tops[-1] or 0 if tops else 0):
            raise TermsError("bands_out_of_order", f"{here}.upto_minor must be above the end of the band before.", here)
        tops.append(top)
        fractions.append(reading.share(item["rate"], f"{here}.rate"))
    whole = lcm(*(fraction.denominator for fraction in fractions))
    rates = tuple(int(fraction * whole) for fraction in fractions)
    return Bands(tuple(tops), rates, whole, reading.choice(mode, f"{path}.mode", MODES))
