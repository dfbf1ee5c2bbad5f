"""`flask tour`: the main job on a throw-away database; ends 0 only if every check in it holds."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import click
from flask import Flask, current_app

from marketplace.accounts.services.demonstration import DEMO_PASSWORD
from marketplace.accounts.signin.hashing import hash_password


@click.command("tour")
def tour() -> None:
    """Run the main job without a browser and print each step with its figures."""
    from flask_migrate import upgrade

    from marketplace.app import create_app
    from marketplace.demo.tour import run_tour

    with tempfile.TemporaryDirectory(prefix="pilotage-tour-") as name:
        folder = Path(name)
        own = current_app.settings  # type: ignore[attr-defined]  # Marketplace
        settings = replace(
            own, instance_path=folder, database_url=f"sqlite:///{folder / 'tour.sqlite3'}", demo_mode=True,
            environment="development",
        )  # fmt: skip
        app = create_app(settings)
        with app.app_context():
            upgrade()
            done = run_tour(
                app.database,
                app.file_store,
                settings,
                password_hash=hash_password(DEMO_PASSWORD),
                folder=folder / "exports",
                say=click.echo,
            )
        app.database.engine.dispose()
    click.echo(f"\n{done.checked} checks, {done.failed} failed")
    if done.failed:
        raise SystemExit(1)


def register(app: Flask) -> None:
    app.cli.add_command(tour)
