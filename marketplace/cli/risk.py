"""`flask risk fit | recompute | score`."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import orm

from marketplace import clock
from marketplace.assessments.model_store import fit_and_store_model, load_current_model
from marketplace.assessments.queries import find_score_by_public_id
from marketplace.assessments.services import score_now
from marketplace.cli.edges import transaction_command
from marketplace.db import READ
from marketplace.projects.queries import find_project_by_code

group = AppGroup("risk", help="The risk model and the stored scores.")


@group.command("fit")
def fit() -> None:
    """Fit the model from the evidence tables and make it the current one."""
    facts = fit_and_store_model(current_app.settings.models_directory)  # type: ignore[attr-defined]  # Marketplace
    click.echo(f"model {facts['version']}, tables {facts['table_version']}, sha256 {facts['sha256']}")


@group.command("recompute")
@click.argument("score_id")
@transaction_command(READ)
def recompute_(session: orm.Session, score_id: str) -> None:
    """Compute a stored score again from its snapshot and compare."""
    from risk import RiskError, recompute

    score = find_score_by_public_id(session, public_id=score_id)
    if score is None:
        raise click.ClickException("there is no such score")
    model = load_current_model(current_app.settings.models_directory)  # type: ignore[attr-defined]  # Marketplace
    try:
        again = recompute(score.content, model.coefficients_hex())
    except RiskError as error:
        raise click.ClickException(f"{error.code}: {error.message}") from error
    if again != score.content["probability"]:
        raise click.ClickException(f"stored {score.content['probability']}, computed {again}")
    click.echo(f"{score_id}: {again} as stored, model {score.model_version}")


@group.command("score")
@click.argument("project_code")
@transaction_command()
def score_(session: orm.Session, project_code: str) -> None:
    """Score one project now, without the worker."""
    project = find_project_by_code(session, code=project_code)
    if project is None:
        raise click.ClickException("there is no such project")
    model = load_current_model(current_app.settings.models_directory)  # type: ignore[attr-defined]  # Marketplace
    score = score_now(session, project=project, model=model, now=clock.now())
    click.echo(f"{score.public_id}: {score.state}, probability {score.probability}, band {score.band}")


def register(app: Flask) -> None:
    app.cli.add_command(group)
