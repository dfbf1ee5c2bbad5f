"""`flask accounts`: the first operator and the first regulator, whom no form can register."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from marketplace import clock
from marketplace.accounts.passwords import check_password
from marketplace.accounts.services import bootstrap_operator
from marketplace.accounts.signin.hashing import hash_password
from marketplace.cli.edges import transaction_command

group = AppGroup("accounts", help="Organisations that are set up from the shell.")


def _set_up(
    session: Any, kind: str, email: str, name: str, name_zh: str, name_en: str, code: str, password: str
) -> None:
    policy = current_app.settings.password_policy  # type: ignore[attr-defined]  # Marketplace
    check_password(password, policy=policy, own_words=[email.partition("@")[0], *name.split()])
    bootstrap_operator(
        session, kind=kind, email=email, name=name, name_zh=name_zh, name_en=name_en, credit_code=code,
        password_hash=hash_password(password), now=clock.now(),
    )  # fmt: skip
    click.echo(f"{name_en} is set up; {email} is its owner and can sign in.")


def _options(command: Any) -> Any:
    """The options that both commands take; the password is asked for, so that it stays out of the shell's history."""
    for option in (
        click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True),
        click.option("--credit-code", "code", required=True, help="Unified social credit code."),
        click.option("--name-en", required=True, help="Name of the organisation in English."),
        click.option("--name-zh", required=True, help="Registered name of the organisation in Chinese."),
        click.option("--name", required=True, help="Name of the owner."),
        click.argument("email"),
    ):
        command = option(command)
    return command


@group.command("create-operator")
@_options
@transaction_command()
def create_operator(session: Any, **values: str) -> None:
    """Set up the platform's operator, verified, with its first owner."""
    _set_up(session, "operator", **values)


@group.command("create-regulator")
@_options
@transaction_command()
def create_regulator(session: Any, **values: str) -> None:
    """Set up the regulator, verified, with its first owner."""
    _set_up(session, "regulator", **values)


def register(app: Flask) -> None:
    app.cli.add_command(group)
