"""Drivers of the worked example "one pilot, settled three ways"; every figure is invented for the example."""

from __future__ import annotations

from datetime import date
from typing import Any

from risk.sharing.templates.scenario_a import scenario_a_terms
from risk.sharing.terms import compile_terms
from risk.simulation.describe import make_driver, name_drivers

INVENTED = "invented for the worked example; centred on the amounts of its three endings"
_DAY = date(2026, 12, 20)
_YUAN = 100
# The chance of passing all four is 0.70: the score's probability of missing the target is 0.30 in the
# example.
_PASS = {
    "M0": ("1", "1", "1"),
    "M1": ("0.95", "0.90", "0.98"),
    "M2": ("0.92", "0.86", "0.96"),
    "M3": ("0.801", "0.70", "0.88"),
}
_DAYS = {"M0": "2027-01-14", "M1": "2027-06-18", "M2": "2027-12-17", "M3": "2028-09-20"}
# name: (central, low, high in yuan; spread; largest outcome in yuan or None)
_AMOUNTS = {
    "accepted_spend": (8_130_000, 6_500_000, 9_000_000, "0.1", 9_300_000),
    "soft_sale_value": (8_000_000, 4_000_000, 9_600_000, "0.5", None),
    "hard_pledged_value": (1_500_000, 500_000, 2_500_000, "0.5", None),
    "hard_estate_value": (120_000, 0, 500_000, "0.8", None),
    "claim:costs-and-wages": (270_000, 150_000, 500_000, "0.4", None),
    "claim:centre-services": (400_000, 200_000, 700_000, "0.4", None),
    "later_recovery": (188_000, 0, 400_000, "0.8", None),
    "exit_value": (33_000_000, 20_000_000, 50_000_000, "0.7", None),
}


def scenario_a_drivers() -> dict[str, Any]:
    """Return the drivers document of the example, all marked as judgements and invented.

    Returns
    -------
    dict
        For :func:`risk.simulation.simulate` with :func:`risk.sharing.templates.scenario_a.scenario_a_terms`.
    """
    marks: dict[str, Any] = {"as_of": _DAY, "source": INVENTED}
    parameters = {
        f"pass:{name}": make_driver(f"pass:{name}", "probability", *chances, **marks) for name, chances in _PASS.items()
    }
    for name, chances in {
        "insured_cause": ("0.5", "0.3", "0.7"),
        "determination_agrees": ("0.8", "0.6", "0.95"),
        "commercial_failure": ("0.15", "0.08", "0.30"),
        "flag:early-stage": ("1", "0.8", "1"),
        "flag:concession-approved": ("1", "0.5", "1"),
    }.items():
        parameters[name] = make_driver(name, "probability", *chances, **marks)
    for name, (value, low, high, sigma, largest) in _AMOUNTS.items():
        parameters[name] = make_driver(name, "amount", value * _YUAN, low * _YUAN, high * _YUAN, sigma=sigma, **marks)
        if largest is not None:
            parameters[name]["maximum_minor"] = largest * _YUAN
    parameters["delay"] = make_driver("delay", "delay", "0.45", "0.4", "0.5", median="0.28", sigma="1.44", **marks)
    parameters["cost_growth"] = make_driver(
        "cost_growth", "growth", "0.24", "0.2", "0.3", log_mean="0.385", sigma="0.376", **marks
    )
    parameters["exit_years"] = make_driver("exit_years", "years", "1.78", "1", "3.5", sigma="0.35", **marks)
    parameters["correlation"] = make_driver("correlation", "correlation", "0.2", "0", "0.4", **marks)
    return {
        "schema": 1,
        "as_of": _DAY.isoformat(),
        "start": "2027-01-10",
        "end": "2033-09-20",
        "milestones": [{"id": name, "on": day} for name, day in _DAYS.items()],
        "parameters": name_drivers(parameters, compile_terms(scenario_a_terms())),
        "invented": True,
    }
