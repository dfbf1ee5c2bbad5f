"""`flask audit verify`."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import orm

from marketplace.audit.services import verify_chain
from marketplace.cli.edges import transaction_command
from marketplace.db import READ

group = AppGroup("audit", help="The audit trail.")


@group.command("verify")
@transaction_command(READ)
def verify(session: orm.Session) -> None:
    """Walk the hash chain and name the first line that does not fit."""
    result = verify_chain(session)
    if result.broken_at is not None:
        raise click.ClickException(f"line {result.broken_at}: {result.reason}")
    click.echo(f"{result.lines} lines, chain is whole")


def register(app: Flask) -> None:
    app.cli.add_command(group)
