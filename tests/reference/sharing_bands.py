"""Rates by band of a base, from the design's words: each rate on its own part, or the reached one on all of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

Json = dict[str, Any]


def by_bands(base: int, terms: Json) -> Fraction:
    """Return what is due of a base, exactly."""
    if "bands" not in terms:
        return Fraction(terms["rate"]) * base
    due, bottom = Fraction(0), 0
    for band in terms["bands"]:
        rate, top = Fraction(band["rate"]), band.get("upto_minor", base)
        if terms["mode"] == "whole_base":
            if base <= top:
                return rate * base
        elif base > bottom:
            due += rate * (min(base, top) - bottom)
        bottom = top
    return due


def share_payable(terms: Json, reports: Iterable[int]) -> int:
    """Return what is to be paid of all reports: their sum up to the cap, less what an advance has paid beforehand."""
    share, total = terms.get("revenue_share", {}), sum(reports)
    claims = {claim["id"]: claim for claim in terms.get("claims", [])}
    paid = claims[share["advance"]]["amount_minor"] if "advance" in share else 0
    return max(min(total, share.get("cap_minor", total)) - paid, 0)


class BandDraws:
    """Draws bands, franchises and steps from a source of its own, so that nothing else that is drawn changes."""

    def __init__(self, seed: int, top: int, features: Counter[str]) -> None:
        self.random = random.Random(f"bands {seed}")
        self.top = top
        self.features = features

    def bands(self) -> Json:
        """Return bands with their mode."""
        draw = self.random
        tops = sorted({draw.randint(1, max(self.top, 2)) for _ in range(draw.randint(0, 3))})
        mode = draw.choice(["marginal", "whole_base"])
        self.features[f"bands:{mode}"] += 1
        rows: list[Json] = [{"upto_minor": top, "rate": self._rate()} for top in tops]
        return {"bands": [*rows, {"rate": self._rate()}], "mode": mode}

    def _rate(self) -> str:
        return self.random.choice(["0", "1", f"0.{self.random.randint(0, 99):02d}", "0.333333333333", "0.0725"])

    def wrap(self, amount: Json, depth: int) -> Json:
        """Return the amount, now and then by bands."""
        if depth >= 4 or self.random.random() > 0.1:
            return amount
        self.features["amount:tiered"] += 1
        return {"tiered": {"of": amount, **self.bands()}}

    def add_to_layer(self, layer: Json) -> Json:
        """Return the layer, now and then with a franchise or a share that changes with the milestone."""
        if self.random.random() < 0.2:
            self.features["layer:franchise"] += 1
            layer = {**layer, "franchise_minor": self.random.randint(0, max(self.top, 1))}
        if self.random.random() < 0.2:
            self.features["layer:steps"] += 1
            layer = {**layer, "steps": [{"milestone": "M1", "share": f"0.{self.random.randint(0, 9)}"}]}
        return layer

    def revenue_share(self, rate: Json) -> Json:
        """Return a share of revenue: the rate given, or bands in its place."""
        if self.random.random() < 0.5:
            self.features["revenue_bands"] += 1
            rate = {"base": rate["base"], **self.bands()}
        if self.random.random() < 0.5:
            self.features["revenue_cap"] += 1
            rate = {**rate, "cap_minor": self.random.randint(0, max(self.top, 1))}
        if self.random.random() < 0.5:
            self.features["revenue_advance"] += 1
            rate = {**rate, "advance": "fee"}
        return rate
