"""`flask migrations check`: the history builds every table on an empty database and nothing differs."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup

group = AppGroup("migrations", help="The history of the schema.")


@group.command("check")
def check() -> None:
    """Upgrade an empty embedded database and compare it with the tables of the code."""
    from alembic import command
    from alembic.util.exc import CommandError

    from marketplace.app import create_app

    with tempfile.TemporaryDirectory(prefix="pilotage-schema-") as name:
        settings = replace(
            current_app.settings,  # type: ignore[attr-defined]  # Marketplace
            instance_path=Path(name),
            database_url=f"sqlite:///{name}/schema.sqlite3",
        )
        app = create_app(settings)
        with app.app_context():
            configuration = app.extensions["migrate"].migrate.get_config()
            command.upgrade(configuration, "head")
            try:
                command.check(configuration)
            except CommandError as difference:
                raise click.ClickException(str(difference)) from difference
        app.database.engine.dispose()
    click.echo("the migrations build every table")


def register(app: Flask) -> None:
    app.cli.add_command(group)
