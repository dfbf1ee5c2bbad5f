"""`flask agreements verify FILE`: check an exported agreement offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from marketplace.agreements.services.verification import verify_document
from marketplace.errors import MarketplaceError

if TYPE_CHECKING:
    from flask import Flask


@click.group("agreements")
def agreements() -> None:
    """Agreements."""


@agreements.command("verify")
@click.argument("file", type=click.File("r", encoding="utf-8"))
def verify(file: Any) -> None:
    """Check hashes, signatures and settlement of the bundle FILE; exit 1 and the place where something is wrong."""
    try:
        result = verify_document(file.read())
    except (MarketplaceError, UnicodeDecodeError) as error:
        raise click.ClickException(getattr(error, "message", "The file is not UTF-8 text.")) from error
    click.echo(f"{result.versions} versions, {result.signatures} signatures, {result.events} events")
    if result.problem is not None:
        place = result.problem["position"]
        raise click.ClickException(
            f"{result.problem['where']}{f' {place}' if place is not None else ''}: {result.problem['reason']}"
        )
    click.echo("everything holds")


def register(app: Flask) -> None:
    app.cli.add_command(agreements)
