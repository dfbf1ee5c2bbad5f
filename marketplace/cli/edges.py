"""The edge of a command: one transaction, errors as one line and exit code 1."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click
from flask import current_app

from marketplace.db import WRITE
from marketplace.errors import MarketplaceError


def transaction_command(mode: str = WRITE) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the command `session` as first argument; commit when it returns."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                with current_app.database.transaction(mode) as session:  # type: ignore[attr-defined]  # Marketplace
                    return command(session, *args, **kwargs)
            except MarketplaceError as error:
                raise click.ClickException(f"{error.code}: {error.message}") from error

        return run

    return decorate
