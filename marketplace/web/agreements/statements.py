"""A party's statement of account, as a page and as rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements.models import Agreement, AgreementParty
from marketplace.agreements.services.statements import make_statement, require_statement_reader
from marketplace.agreements.states import require_state
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.money import Money
from marketplace.spreadsheets.csv_out import write_csv
from marketplace.web.agreements import blueprint
from marketplace.web.agreements.pages import load_agreement


@blueprint.get("/agreements/<public_id>/statements/<party>")
@requires(Permission.AGREEMENT_READ)
def show_statement(public_id: str, party: str) -> Any:
    """Called, paid, distributed by tier, lost, still to be paid; `?format=csv` gives the lines."""
    agreement = load_agreement(public_id)
    wanted = require_statement_reader(agreement, actor=current_actor(), party=party)
    require_state(agreement.state, ("active", "completed"))
    statement = make_statement(current_session(), agreement=agreement, party=wanted, until=_until())
    if request.args.get("format") == "csv":
        return _csv(agreement, wanted, statement)
    return render_template("agreements/statement.html", agreement=agreement, party=wanted, statement=statement)


def _until() -> date | None:
    words = request.args.get("until", "")
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise InvalidInputError(_("Enter a day, for example 2027-01-15."), field="until") from error


def _csv(agreement: Agreement, party: AgreementParty, statement: dict[str, Any]) -> Any:
    header = ["on", "event", "kind", f"amount_{agreement.currency}", f"balance_{agreement.currency}"]
    rows = [
        [line["on"], line["event"], line["kind"], Money(line["amount_minor"], agreement.currency).decimal(),
         Money(line["balance_minor"], agreement.currency).decimal()]
        for line in statement["lines"]
    ]  # fmt: skip
    name = f"{agreement.public_id}-{party.party}.csv"
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f'attachment; filename="{name}"'}
    return write_csv(rows, header), 200, headers
