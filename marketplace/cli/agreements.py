"""`flask agreements verify FILE | check | checkpoint`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from flask.cli import AppGroup
from sqlalchemy import orm

from marketplace import clock
from marketplace.agreements.checkpoint_queries import find_last_checkpoint
from marketplace.agreements.services.chains import check_chains
from marketplace.agreements.services.checkpoints import check_checkpoints, find_problem_today, make_checkpoint
from marketplace.agreements.services.verification import check_agreements_whole, verify_document
from marketplace.cli.edges import transaction_command
from marketplace.db import READ, WRITE
from marketplace.errors import MarketplaceError

if TYPE_CHECKING:
    from flask import Flask


agreements = AppGroup("agreements", help="Check agreements, offline or here, and make the checkpoint of the day.")


@agreements.command("verify", with_appcontext=False)
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--earlier", type=click.File("r", encoding="utf-8"), help="A bundle kept from before: FILE must go on.")
@click.option("--checkpoint", help="The checkpoint's hash on any party's statement of the same day.")
def verify(file: Any, earlier: Any, checkpoint: str | None) -> None:
    """Check hashes, signatures, settlement and checkpoint of the bundle FILE; exit 1 and the place of what is wrong."""
    try:
        result = verify_document(file.read(), earlier=earlier.read() if earlier else None, checkpoint=checkpoint)
    except (MarketplaceError, UnicodeDecodeError) as error:
        raise click.ClickException(getattr(error, "message", "The file is not UTF-8 text.")) from error
    click.echo(f"{result.versions} versions, {result.signatures} signatures, {result.events} events")
    _refuse(result.problem)
    click.echo("everything holds")


@agreements.command("check")
@click.option("--full", is_flag=True, help="Also bodies, signatures, settlement and ledger of every agreement.")
@click.option("--sample", type=click.IntRange(min=1), help="The same of so many agreements, drawn by --seed.")
@click.option("--seed", default=0, show_default=True)
@transaction_command(READ)
def check(session: orm.Session, full: bool, sample: int | None, seed: int) -> None:
    """Walk every chain and checkpoint of the database; exit 1 and the place of what is wrong."""
    result = check_chains(session)
    click.echo(f"chains: {result.agreements} agreements, {result.events} events")
    _refuse(result.problem or check_checkpoints(session))
    if full or sample:
        whole = check_agreements_whole(session, sample=None if full else sample, seed=seed)
        click.echo(f"whole: {whole.agreements} agreements, {whole.events} events")
        _refuse(whole.problem)
    click.echo("everything holds")


@agreements.command("checkpoint")
@transaction_command(WRITE)
def checkpoint(session: orm.Session) -> None:
    """Make the checkpoint of today where the worker has not yet, and print its hash."""
    now = clock.now()
    made = make_checkpoint(session, now=now, data=find_problem_today(session))
    kept = made or find_last_checkpoint(session)
    if kept is None:
        raise click.ClickException("there is no agreement yet")
    click.echo(f"{kept.day.isoformat()} {kept.agreements} agreements {kept.hash}")
    if kept.problem:
        # Told and not refused: an error would undo the very row that keeps the finding.
        click.echo(f"the check of that day found: {kept.problem}", err=True)


def _refuse(problem: dict[str, Any] | None) -> None:
    if problem is None:
        return
    place = problem.get("position")
    named = f"{problem['agreement']}: " if "agreement" in problem else ""
    where = f"{problem['where']}{f' {place}' if place is not None else ''}"
    raise click.ClickException(f"{named}{where}: {problem['reason']}")


def register(app: Flask) -> None:
    app.cli.add_command(agreements)
