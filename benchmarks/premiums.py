"""Pricing a quote with its whole trail, beside the mean of a bare layer over ten thousand draws."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import Figure, compare
from risk.pricing.quote import price_quote
from risk.pricing.scenario_a import scenario_a_product, scenario_a_request

DRAWS = 10_000


def run() -> list[Figure]:
    product, request = scenario_a_product(), scenario_a_request()
    losses = np.random.default_rng(1).lognormal(15, 1, DRAWS)

    def bare() -> None:
        np.clip(losses - 930_000, 0, 4_000_000).mean()

    return [compare("insurance.price", lambda: price_quote(request, product), bare, bound=50, repeats=25)]
