"""Filing what was paid into a round: one reporter, one investor at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.funding.models import Round
from marketplace.funding.queries import get_round
from marketplace.linkage import queries, services
from marketplace.linkage.models import EVIDENCE_KINDS
from marketplace.money import parse_amount
from marketplace.web.linkage import blueprint, words


@blueprint.get("/linkage/filings/new")
@requires(Permission.COMMITMENT_MAKE)
def choose_round() -> Any:
    """The closed rounds that one may report on."""
    session, actor = current_session(), current_actor()
    rounds = queries.list_reportable_rounds(session, organisation_id=actor.organisation_id)
    return render_template("linkage/choose_round.html", rounds=rounds)


@blueprint.get("/linkage/filings/new/<round_id>")
@requires(Permission.COMMITMENT_MAKE)
def new_filing(round_id: str) -> Any:
    """The form for one round."""
    return _form(get_round(current_session(), actor=current_actor(), public_id=round_id), {}, {})


@blueprint.post("/linkage/filings/new/<round_id>")
@requires(Permission.COMMITMENT_MAKE)
def record_filing(round_id: str) -> Any:
    """File what one investor had paid into the round."""
    session, actor, form = current_session(), current_actor(), request.form
    round_ = get_round(session, actor=actor, public_id=round_id)
    errors: dict[str, str] = {}
    investors = {item.organisation.public_id: item.organisation for item in round_.commitments}
    investor = investors.get(form.get("investor", ""))
    if investor is None:
        errors["investor"] = "Choose an investor of this round."
    paid_on = _day(form.get("paid_on", ""), errors)
    amount = None
    try:
        amount = parse_amount(form.get("amount", ""), round_.currency, field="amount", allow_zero=True)
    except InvalidInputError as error:
        errors["amount"] = error.message
    now = clock.now()
    try:
        if errors or investor is None or paid_on is None or amount is None:
            raise InvalidInputError(errors=errors)
        services.record_round_report(
            session, actor=actor, round_=round_, investor=investor, amount=amount, paid_on=paid_on,
            filed_on=clock.day_in_zone(now), evidence=form.get("evidence", ""), now=now,
        )  # fmt: skip
    except InvalidInputError as error:
        return _form(round_, form, {name: _(text) for name, text in error.errors.items()}), 422
    flash(_("Your report is filed."), "jade")
    return redirect(url_for("linkage.list_reports"))


def _form(round_: Round, values: Any, field_errors: dict[str, str]) -> Any:
    investors = {
        item.organisation.public_id: item.organisation for item in round_.commitments if item.state != "released"
    }
    return render_template(
        "linkage/filing.html",
        round=round_,
        investors=investors,
        own=current_actor().organisation_public_id,
        evidence=[(word, str(words.EVIDENCE[word])) for word in EVIDENCE_KINDS],
        values=values,
        field_errors=field_errors,
        errors=list(field_errors.items()),
    )


def _day(text: str, errors: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        errors["paid_on"] = "Enter a day, for example 2027-01-15."
        return None
