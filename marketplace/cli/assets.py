"""`flask assets install`: copy the third-party scripts from their packages, checked by hash."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup

group = AppGroup("assets", help="Scripts of others that the pages use.")


@group.command("install")
def install() -> None:
    """Copy htmx and ECharts into static/vendor."""
    from marketplace.web.assets import install_assets

    install_assets(Path(current_app.static_folder or "static"))
    click.echo("scripts are in place")


def register(app: Flask) -> None:
    app.cli.add_command(group)
