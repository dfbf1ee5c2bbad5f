"""Simulation before signing: the assumptions, the run, and what it says for each party."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries
from marketplace.agreements.models import Agreement
from marketplace.agreements.services import simulations
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.money import EXPONENTS
from marketplace.web.agreements import blueprint
from marketplace.web.agreements.pages import load_agreement
from marketplace.web.agreements.reading import Reader, field_errors, form_values


@blueprint.get("/agreements/<public_id>/simulations/new")
@requires(Permission.AGREEMENT_READ)
def show_assumptions(public_id: str) -> Any:
    """The assumptions a simulation starts from, each with range, basis and source."""
    agreement = load_agreement(public_id)
    drivers = simulations.suggest_drivers(current_session(), agreement=agreement, today=clock.day_in_zone(clock.now()))
    values = {"drivers": json.dumps(drivers, ensure_ascii=False, indent=2), "scenarios": "10000", "seed": "1"}
    return _render(agreement, values, {}, drivers)


def _render(agreement: Agreement, values: Mapping[str, str], errors: dict[str, str], drivers: Any) -> Any:
    from risk.simulation import list_drivers

    page = render_template(
        "agreements/assumptions.html",
        agreement=agreement,
        version=queries.get_version(current_session(), agreement=agreement),
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
        rows=list_drivers(drivers) if drivers else [],
    )
    return (page, 422) if errors else page


@blueprint.post("/agreements/<public_id>/simulations")
@requires(Permission.AGREEMENT_READ)
def start_simulation(public_id: str) -> Any:
    """Write the run and its job; the worker computes it."""
    agreement = load_agreement(public_id)
    reader = Reader(request.form)
    drivers = reader.document("drivers")
    scenarios, seed = reader.whole("scenarios", default=10_000), reader.whole("seed", default=1)
    try:
        reader.refuse_wrong()
        run = simulations.request_simulation(
            current_session(),
            agreement=agreement,
            actor=current_actor(),
            drivers=drivers,
            scenarios=scenarios,
            seed=seed,
            now=clock.now(),
        )
    except InvalidInputError as error:
        return _render(agreement, form_values(), field_errors(error, ("drivers", "scenarios", "seed")), None)
    flash(_("The simulation is waiting for the worker; this page shows it when it is done."), "jade")
    return redirect(url_for("agreements.show_simulation", public_id=public_id, simulation_id=run.public_id))


@blueprint.get("/agreements/<public_id>/simulations/<simulation_id>")
@requires(Permission.AGREEMENT_READ)
def show_simulation(public_id: str, simulation_id: str) -> Any:
    """The result for every party, with sampling errors and the range of the assumptions apart."""
    session, actor = current_session(), current_actor()
    agreement = load_agreement(public_id)
    run = queries.get_simulation(session, agreement=agreement, public_id=simulation_id)
    own = queries.find_party_of(agreement, actor.organisation_id)
    result = run.result or {}
    parties = result.get("parties", {})
    shown = request.args.get("party") or (own.party if own and own.party in parties else next(iter(parties), ""))
    if parties and shown not in parties:
        raise InvalidInputError(_("Choose one of the parties."), field="party")
    return render_template(
        "agreements/simulation.html",
        agreement=agreement,
        run=run,
        job=queries.find_job(session, public_id=run.job_public_id) if run.job_public_id else None,
        result=result,
        parties=parties,
        shown=shown,
        chart=_chart(parties[shown], agreement.currency) if parties else None,
        current=run.terms_hash == queries.get_version(session, agreement=agreement).terms_hash,
    )


def _chart(party: dict[str, Any], currency: str) -> dict[str, Any]:
    """The outcome distribution for the chart macro, in major units, and its table."""
    bins = party["histogram"]
    edges = [_major(edge, currency) for edge in bins["edges_minor"]]
    marks = [
        {"label": _("expected"), "value": _major(party["expected_profit"]["value_minor"], currency), "tone": "jade"},
        {"label": "5%", "value": _major(party["quantiles"]["0.05"]["value_minor"], currency), "tone": "vermilion"},
        {"label": "95%", "value": _major(party["quantiles"]["0.95"]["value_minor"], currency), "tone": "slate"},
    ]
    spec = {"kind": "distribution", "edges": edges, "counts": bins["counts"], "marks": marks, "zero": 0,
            "unit": "yuan", "format": "money"}  # fmt: skip
    pairs = list(zip(bins["edges_minor"], bins["edges_minor"][1:], bins["counts"], strict=False))
    return {"spec": spec, "bins": pairs}


def _major(amount_minor: int, currency: str) -> float:
    return float(Decimal(amount_minor).scaleb(-EXPONENTS[currency]))
