"""`flask risk fit | models | outcomes | retrain | register | recompute | score`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import orm

from marketplace import clock
from marketplace.assessments import score_queries
from marketplace.assessments.model_store import fit_and_store_model, load_registered_model, store_model
from marketplace.assessments.queries import find_score_by_public_id
from marketplace.assessments.recomputation import recompute_score
from marketplace.assessments.services import (
    describe_champion,
    list_training_rows,
    prepare_retraining,
    record_retraining,
    register_model,
    score_now,
    train_candidate,
)
from marketplace.cli.edges import transaction_command
from marketplace.db import READ
from marketplace.projects.queries import find_project_by_code
from risk.errors import RiskError

group = AppGroup("risk", help="The risk model and the stored scores.")


@group.command("fit")
@transaction_command()
def fit(session: orm.Session) -> None:
    """Fit the model from the evidence tables and register it; the first one is the champion."""
    facts = fit_and_store_model(_directory()).facts
    model = register_model(session, facts=facts, now=clock.now())
    click.echo(f"model {model.version} ({model.state}), tables {model.table_version}, sha256 {model.file_sha256}")


@group.command("models")
@transaction_command(READ)
def models(session: orm.Session) -> None:
    """List every registered model."""
    for model in score_queries.list_models(session):
        click.echo(f"{model.public_id} {model.version}: {model.state}, {model.support}, {model.own_outcomes} outcomes")


@group.command("outcomes")
@transaction_command(READ)
def outcomes(session: orm.Session) -> None:
    """Print the outcomes of pilots as the rows that retraining takes, in JSON."""
    click.echo(json.dumps(list_training_rows(session), ensure_ascii=False, indent=1))


@group.command("retrain")
@click.option("--waive", multiple=True, metavar="CODE=REASON", help="Let a named guard pass, with the reason.")
def retrain(waive: tuple[str, ...]) -> None:
    """Train on the market's own outcomes and register the model as a candidate; two people then promote it."""
    if any("=" not in text for text in waive):
        raise click.ClickException("waiver_without_reason: --waive needs CODE=REASON.")
    waivers = {code.strip(): reason.strip() for code, _, reason in (text.partition("=") for text in waive)}
    database = current_app.database  # type: ignore[attr-defined]  # Marketplace
    with database.transaction(READ) as session:
        data = prepare_retraining(session)
    # it takes seconds to minutes, so that no transaction is held meanwhile
    try:
        trained = train_candidate(data, directory=_directory(), waivers=waivers)
    except RiskError as error:
        raise click.ClickException(f"{error.code}: {error.message}") from error
    with database.transaction() as session:
        click.echo(_tell_candidate(record_retraining(session, now=clock.now(), data=trained), trained))


def _tell_candidate(model: Any, trained: dict[str, Any]) -> str:
    if "registered" in trained:
        return f"already registered: {model.public_id}: {model.version} ({model.state})"
    comparison = model.metrics["comparison"]
    rule = "" if comparison is None else f"; on own outcomes alone {comparison['champion']} ({comparison['reason']})"
    counts = f"{model.own_outcomes} outcomes, {model.own_events} failures, {model.support}"
    return f"{model.public_id}: {model.version} ({model.state}), {counts}, sha256 {model.file_sha256}{rule}"


@group.command("register")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--digest", required=True, help="SHA-256 of the file, as the trainer printed it.")
@transaction_command()
def register_(session: orm.Session, file: Path, digest: str) -> None:
    """Register a trained score model as a candidate; two people then promote it on its page."""
    from risk import load_model

    try:
        model = load_model(file, digest=digest)
    except RiskError as error:
        raise click.ClickException(f"{error.code}: {error.message}") from error
    report = model.metadata.get("report", model.metadata)
    facts = store_model(_directory(), model, metrics=report).facts
    row = register_model(session, facts=facts, now=clock.now())
    click.echo(f"{row.public_id}: {row.version} ({row.state}), sha256 {row.file_sha256}")


@group.command("recompute")
@click.argument("score_id", required=False)
@click.option("--all", "every", is_flag=True, help="Every stored score.")
@transaction_command(READ)
def recompute_(session: orm.Session, score_id: str | None, every: bool) -> None:
    """Compute stored scores again from their snapshots and their models' vectors, and say what differs."""
    if bool(score_id) == every:
        raise click.UsageError("name one score or --all")
    scores: Iterable[Any]
    if every:
        scores = score_queries.iterate_scores(session)
    else:
        found = find_score_by_public_id(session, public_id=score_id or "")
        if found is None:
            raise click.ClickException("there is no such score")
        scores = [found]
    results = [_recompute(session, score, say_all=not every) for score in scores]
    wrong = results.count(False)
    if every:
        click.echo(f"{len(results)} scores computed again, {wrong} differ")
    if wrong:
        raise SystemExit(1)


def _recompute(session: orm.Session, score: Any, *, say_all: bool) -> bool:
    """One score; what differs goes to the error stream, one line each."""
    model = score_queries.find_model_by_digest(session, digest=score.model_digest)
    result = recompute_score(score, None if model is None else model.coefficients)
    for code, text in result.differences:
        click.echo(f"{score.public_id}: {code}: {text}", err=True)
    if result.holds and say_all:
        click.echo(f"{score.public_id}: {result.computed} as stored, model {score.model_version}")
    return result.holds


@group.command("score")
@click.argument("project_code")
@transaction_command()
def score_(session: orm.Session, project_code: str) -> None:
    """Score one project now, without the worker."""
    project = find_project_by_code(session, code=project_code)
    if project is None:
        raise click.ClickException("there is no such project")
    model = load_registered_model(_directory(), describe_champion(session))
    score = score_now(session, project=project, model=model, now=clock.now())
    click.echo(f"{score.public_id}: {score.state}, probability {score.probability}, band {score.band}")


def _directory() -> Any:
    return current_app.settings.models_directory  # type: ignore[attr-defined]  # Marketplace


def register(app: Flask) -> None:
    app.cli.add_command(group)
