"""`flask demo load`."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask.cli import AppGroup

from marketplace.accounts.models import Organisation
from marketplace.accounts.services.demonstration import DEMO_PASSWORD
from marketplace.accounts.signin.hashing import hash_password

group = AppGroup("demo", help="The demonstration market.")


@group.command("load")
@click.option("--if-empty", is_flag=True, help="Do nothing where there is a market already.")
def load(if_empty: bool) -> None:
    """Build the demonstration market through the services."""
    from marketplace.demo.builder import load_market

    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's target
    if not app.settings.demo_mode:
        raise click.ClickException("set PILOTAGE_DEMO=1: the demonstration has public passwords")
    with app.database.transaction("read") as session:
        filled = session.scalar(sa.select(sa.func.count()).select_from(Organisation))
    if filled:
        if if_empty:
            return
        raise click.ClickException("the database is not empty")
    load_market(app.database, app.file_store, app.settings, password_hash=hash_password(DEMO_PASSWORD), say=click.echo)
    click.echo(f"accounts end in @demo.pilotage.example, password {DEMO_PASSWORD}")


def register(app: Flask) -> None:
    app.cli.add_command(group)
