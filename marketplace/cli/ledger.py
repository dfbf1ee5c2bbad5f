"""`flask ledger check | export`."""

from __future__ import annotations

import csv
import sys

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import orm, select

from marketplace.accounts.models import Organisation
from marketplace.cli.edges import transaction_command
from marketplace.db import READ
from marketplace.ledger.export import FORMATS, export_ledger, export_rows
from marketplace.ledger.services import check_ledger

group = AppGroup("ledger", help="Check the ledger or export it for an independent checker.")


@group.command("check")
@transaction_command(READ)
def check(session: orm.Session) -> None:
    """Ask the database whether every entry and the whole add to zero."""
    result = check_ledger(session)
    click.echo(f"entries {result.entries}, unbalanced {len(result.unbalanced)}, orphan postings {result.orphans}")
    for (currency, pair), amount in sorted(result.trial_balance.items()):
        click.echo(f"trial balance {currency} {pair or 'money'}: {amount}")
    if not result.sound:
        raise click.ClickException("the ledger is not sound")
    click.echo("sound")


@group.command("export")
@click.option("--format", "format_", type=click.Choice([*FORMATS, "csv"]), required=True)
@click.option("--book", default=None, help="One book only, e.g. agreement:agr_…")
@transaction_command(READ)
def export(session: orm.Session, format_: str, book: str | None) -> None:
    """Write the ledger to standard output."""
    if format_ == "csv":
        writer = None
        for row in export_rows(session, book=book):
            if writer is None:
                writer = csv.DictWriter(sys.stdout, fieldnames=list(row))
                writer.writeheader()
            writer.writerow(row)
        return
    names = dict(session.execute(select(Organisation.public_id, Organisation.name_zh)).all())
    for line in export_ledger(session, format=format_, book=book, names=names):
        click.echo(line)


def register(app: Flask) -> None:
    app.cli.add_command(group)
