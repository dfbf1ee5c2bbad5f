"""Simulation before signing: ten thousand futures of exactly one version, for every party."""

from __future__ import annotations

from datetime import date, datetime
from importlib.metadata import version as installed_version
from typing import Any

from sqlalchemy import orm

from marketplace.agreements import amendment_queries, queries
from marketplace.agreements.chain import hash_result, without_floats
from marketplace.agreements.errors import NotAPartyError, SimulationRefusedError, from_risk
from marketplace.agreements.models import Agreement, SimulationRun
from marketplace.agreements.services.drafting import tell_parties
from marketplace.agreements.states import EDITABLE, require_state
from marketplace.audit.services import record_act
from marketplace.errors import InvalidInputError, NotAllowedError
from marketplace.jobs.services import enqueue_job
from marketplace.projects.queries import list_milestones

JOB = "agreements.simulate"
FEWEST, MOST = 1_000, 200_000


def request_simulation(
    session: orm.Session,
    *,
    agreement: Agreement,
    actor: Any,
    drivers: dict[str, Any],
    now: datetime,
    scenarios: int = 10_000,
    seed: int = 1,
) -> SimulationRun:
    """Ask for a simulation of the newest version; assumptions that cannot be used are refused at once."""
    if actor.role == "viewer":
        raise NotAllowedError()
    party = queries.find_party_of(agreement, actor.organisation_id)
    if party is None and agreement.drafted_by_organisation_id != actor.organisation_id:
        raise NotAPartyError()
    amendment = amendment_queries.find_amendment(session, agreement=agreement)
    if amendment is None or amendment.state == "signed":
        require_state(agreement.state, EDITABLE)
    if not FEWEST <= scenarios <= MOST:
        raise InvalidInputError(f"Choose from {FEWEST:,} to {MOST:,} scenarios.", field="scenarios")
    if not 0 <= seed < 2**32:
        raise InvalidInputError("The seed is a whole number below 2^32.", field="seed")
    version = queries.get_version(session, agreement=agreement)
    check_drivers(queries.load_terms(version), drivers)
    if version.base is not None:
        check_drivers(queries.load_terms(version.base), drivers)
    run = SimulationRun(
        agreement_id=agreement.id,
        version_number=version.number,
        base_number=version.base_number,
        terms_hash=version.terms_hash,
        drivers=drivers,
        seed=seed,
        scenarios=scenarios,
        requested_by_user=actor.user_public_id,
        requested_at=now,
    )
    session.add(run)
    session.flush()  # the job names the run
    job = enqueue_job(
        session,
        name=JOB,
        now=now,
        arguments={"simulation_id": run.id},
        dedupe_key=f"simulation:{run.id}",
        owner_organisation_id=actor.organisation_id,
    )
    run.job_public_id = job.public_id
    record_act(
        session,
        actor=actor,
        action="agreement.simulation_requested",
        subject_kind="agreement",
        subject_id=agreement.public_id,
        now=now,
        details={"simulation": run.public_id, "version": version.number, "seed": seed},
    )
    return run


def check_drivers(terms: dict[str, Any], drivers: dict[str, Any]) -> None:
    """Refuse assumptions that cannot be used with these terms; nothing has been drawn."""
    from risk.errors import RiskError
    from risk.sharing import Engine
    from risk.simulation.run import prepare

    try:
        prepare(Engine(terms), drivers)
    except RiskError as error:
        raise from_risk(error, SimulationRefusedError, field="drivers") from error


def suggest_drivers(session: orm.Session, *, agreement: Agreement, today: date) -> dict[str, Any]:
    """Assumptions to start from: the project's latest score, its milestone days, evidence tables, marked judgements.

    A fund has neither score nor milestones; its assumptions are judgements.
    """
    from risk.errors import RiskError
    from risk.simulation import default_drivers

    version = queries.get_version(session, agreement=agreement)
    score: dict[str, Any] | None = None
    days: dict[str, Any] = {}
    if agreement.project_id is not None:
        score = queries.find_latest_score(session, project_id=agreement.project_id)
        days = {item.code: item.planned_on for item in list_milestones(session, project_id=agreement.project_id)}
    try:
        drivers: dict[str, Any] = default_drivers(
            queries.load_terms(version), score or _central_rate(), as_of=today, milestone_dates=days
        )
    except RiskError as error:
        raise from_risk(error, SimulationRefusedError, field="drivers") from error
    return drivers


def _central_rate() -> dict[str, Any]:
    """Without a score, the central rate of pilots with its range, a judgement and marked so."""
    from risk.tables import get_default

    rate = get_default("base_rates", "pilot_target_level_not_reached")
    assert rate.value is not None, "the table holds a central value"
    return {
        "probability": float(rate.value),
        "interval_80": (float(rate["low"]), float(rate["high"])),
        "state": "prior_only",
        "model_version": "central pilot rate",
    }


def read_task(session: orm.Session, *, simulation_id: int) -> dict[str, Any]:
    """What the job needs to compute without a transaction."""
    run = session.get_one(SimulationRun, simulation_id)
    agreement = queries.find_agreement(session, agreement_id=run.agreement_id)
    assert agreement is not None
    version = queries.get_version(session, agreement=agreement, number=run.version_number)
    return {
        "terms": queries.load_terms(version),
        "base": queries.load_terms(version.base) if version.base is not None else None,
        "drivers": run.drivers,
        "scenarios": run.scenarios,
        "seed": run.seed,
    }


def compute(task: dict[str, Any]) -> dict[str, Any]:
    """Run it; a refusal of the core is an outcome that is shown, not a failure of the job."""
    from risk.errors import RiskError
    from risk.simulation import simulate
    from risk.simulation.difference import difference

    draws = {"scenarios": task["scenarios"], "seed": task["seed"]}
    try:
        result = simulate(task["terms"], task["drivers"], **draws)
        if task["base"] is not None:
            result["difference"] = difference(task["base"], task["terms"], task["drivers"], **draws)
    except RiskError as error:
        return {"failure": error.to_dict()}
    return {"result": without_floats(result), "libraries": _libraries()}


def record_result(session: orm.Session, *, now: datetime, data: dict[str, Any], simulation_id: int) -> str:
    """Keep the result with its hash; returns where it is shown."""
    run = session.get_one(SimulationRun, simulation_id)
    agreement = queries.find_agreement(session, agreement_id=run.agreement_id)
    assert agreement is not None
    address = f"/agreements/{agreement.public_id}/simulations/{run.public_id}"
    if run.state == "done":
        return address
    run.finished_at = now
    if "failure" in data:
        run.state, run.failure = "failed", data["failure"]["message"]
        return address
    run.state, run.result, run.libraries = "done", data["result"], data["libraries"]
    run.result_hash = hash_result(data["result"])
    tell_parties(
        session,
        agreement=agreement,
        kind="agreement_simulated",
        now=now,
        key=f"simulation:{run.public_id}",
        parameters={"version": run.version_number},
    )
    return address


def _libraries() -> dict[str, str]:
    return {name: installed_version(name) for name in ("numpy", "scipy", "pyxirr")}
