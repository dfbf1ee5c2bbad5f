"""`flask projects import`."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import orm

from marketplace import clock
from marketplace.accounts.queries import find_organisation_by_credit_code, list_members
from marketplace.accounts.signin.actor import make_actor
from marketplace.cli.edges import transaction_command
from marketplace.errors import InvalidInputError
from marketplace.projects.importing import read_rows
from marketplace.projects.services import import_projects

group = AppGroup("projects", help="Pilot projects.")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", required=True, help="Credit code of the team that will own the drafts.")
@transaction_command()
def import_(session: orm.Session, file: Path, organisation: str) -> None:
    """Read CSV or JSON and write every project as a draft, or none."""
    owner = find_organisation_by_credit_code(session, credit_code=organisation)
    if owner is None:
        raise click.ClickException(f"no organisation has the credit code {organisation}")
    membership = next((row for row in list_members(session, organisation_id=owner.id) if row.role == "owner"), None)
    if membership is None:
        raise click.ClickException("this organisation has no owner who could act for it")
    membership.organisation = owner
    try:
        rows = read_rows(file.read_bytes(), name=file.name)
        projects = import_projects(session, actor=make_actor(membership), rows=rows, now=clock.now())
    except InvalidInputError as error:
        for place, message in list(error.errors.items())[:50]:
            click.echo(f"{place}: {message}", err=True)
        raise
    click.echo(f"{len(projects)} projects imported as drafts of {owner.name_en}")


def register(app: Flask) -> None:
    app.cli.add_command(group)
