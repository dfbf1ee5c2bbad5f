"""The policy of the worked example prices and settles exactly as printed."""

from __future__ import annotations

import copy
import subprocess
import sys
from fractions import Fraction

from risk.pricing import (
    apply_terms,
    indemnity,
    price_quote,
    recompute_premium,
    scenario_a_product,
    scenario_a_request,
    split_indemnity,
)

ACCEPTED = {
    "personnel": 270_000_000,
    "materials": 228_000_000,
    "centre_fees": 280_000_000,
    "testing": 62_000_000,
}


def test_premium_is_rounded_half_even_to_the_yuan_as_printed():
    quote = price_quote(scenario_a_request(), scenario_a_product())
    assert quote["premium_minor"] == 68_065_700
    assert quote["premium"]["rounding"] == {"unit_minor": 100, "mode": "half_even"}
    assert quote["net_premium_minor"] == 38_065_700
    assert quote["subsidy_minor"] == 30_000_000


def test_rates_of_the_example_are_those_printed():
    quote = price_quote(scenario_a_request(), scenario_a_product())
    assert round(float(quote["rates"]["on_sum_insured"]), 4) == 0.0732
    assert round(float(quote["rates"]["on_line"]), 3) == 0.170
    # Printed in yuan; the trail holds fen, before the premium itself is rounded to the yuan.
    yuan = {name: round(Fraction(quote["premium"][name]) / 100) for name in ("risk_load", "technical")}
    assert yuan == {"risk_load": 58_493, "technical": 510_493}


def test_raw_score_as_trigger_gives_the_higher_price_beside_the_mapped_one():
    quote = price_quote(scenario_a_request(), scenario_a_product())
    assert quote["trigger_probability"] == "0.12"
    assert quote["raw_score"] == {"probability": "0.3", "premium_minor": 157_664_800}


def test_raw_price_is_the_price_of_a_trigger_map_of_ones():
    product = scenario_a_product()
    for name in ("insured_cause", "determination_agrees"):
        product["trigger_map"][name]["value"] = "1"
    assert price_quote(scenario_a_request(), product)["premium_minor"] == 157_664_800


def test_trail_replays_to_the_fen_after_a_round_trip_through_text():
    import json

    quote = price_quote(scenario_a_request(), scenario_a_product())
    trail = json.loads(json.dumps(quote["premium"]))
    assert recompute_premium(trail) == quote["premium_minor"]


def test_price_is_a_pure_function_and_leaves_its_inputs_alone():
    request, product = scenario_a_request(), scenario_a_product()
    kept = copy.deepcopy((request, product))
    assert price_quote(request, product) == price_quote(request, product)
    assert (request, product) == kept


def test_unrounded_premium_survives_a_rounding_unit_of_one_fen():
    product = scenario_a_product()
    product["rounding"] = {"unit_minor": 1, "mode": "half_even"}
    assert price_quote(scenario_a_request(), product)["premium_minor"] == 68_065_744


def test_indemnity_is_half_of_the_accepted_spend_above_the_deductible():
    request = scenario_a_request()
    assert indemnity(request["schedule"], ACCEPTED, request["terms"]) == 373_500_000
    steps = apply_terms(request["schedule"], ACCEPTED, request["terms"])
    assert steps["accepted_minor"] == 840_000_000
    assert steps["after_deductible_minor"] == 747_000_000


def test_assigned_part_of_the_indemnity_goes_to_the_bank_and_the_rest_to_the_insured():
    parts = split_indemnity(373_500_000, [{"party": "bank", "share": "0.40"}], insured="company")
    assert [(row["party"], row["amount_minor"]) for row in parts] == [
        ("bank", 149_400_000),
        ("company", 224_100_000),
    ]


def test_pricing_loads_neither_numpy_nor_scipy():
    code = "import sys, risk.pricing; sys.exit(any(m in sys.modules for m in ('numpy', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
