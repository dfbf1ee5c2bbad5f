"""One driver at a time: effects only where the driver reaches, ordered by width."""

from __future__ import annotations

from risk.sharing.templates.scenario_a import scenario_a_terms
from risk.simulation import scenario_a_drivers, sensitivities


def test_each_driver_moves_only_the_parties_it_reaches():
    result = sensitivities(scenario_a_terms(), scenario_a_drivers(), scenarios=400, seed=2)
    insurer = {row["driver"]: row for row in result["parties"]["insurer"]}
    assert insurer["exit_value"]["width_minor"] == 0
    assert insurer["insured_cause"]["unfavourable_minor"] < 0 < insurer["insured_cause"]["favourable_minor"]
    investor = result["parties"]["industrial"]
    assert investor[0]["width_minor"] >= investor[1]["width_minor"] >= investor[-1]["width_minor"]
    assert investor[0]["driver"] in ("exit_value", "pass:M3", "commercial_failure", "exit_years")
    assert all(row["basis"] == "judgement" for row in investor)
    # M0 has no range in the example, so it is no row.
    assert "pass:M0" not in {row["driver"] for row in investor}
