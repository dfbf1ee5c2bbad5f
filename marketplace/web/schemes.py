"""Pages of the scheme rules: dated, with their documents; the operator adds versions."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import ConflictError, InvalidInputError
from marketplace.schemes import queries, services
from marketplace.schemes.models import RULE_STATUSES

blueprint = Blueprint("schemes", __name__)
TEXT_FIELDS = (
    "code", "kind", "document_number", "title_zh", "title_en", "text_zh", "text_en", "source", "status",
)  # fmt: skip


@blueprint.get("/schemes")
@requires(Permission.SCHEME_READ)
def list_rules() -> Any:
    """Every rule with its document number, dates, source and status."""
    return render_template("schemes/list.html", rules=queries.list_rules(current_session()))


@blueprint.get("/schemes/<public_id>")
@requires(Permission.SCHEME_READ)
def show_rule(public_id: str) -> Any:
    """One version of one rule."""
    session = current_session()
    rule = queries.get_rule(session, public_id=public_id)
    versions = [other for other in queries.list_rules(session) if other.code == rule.code]
    return render_template("schemes/show.html", rule=rule, versions=versions)


@blueprint.get("/schemes/new")
@requires(Permission.SCHEME_EDIT)
def new_rule() -> Any:
    """The form that adds a version of a rule."""
    return render_template("schemes/new.html", values={}, field_errors={}, statuses=RULE_STATUSES)


@blueprint.post("/schemes/new")
@requires(Permission.SCHEME_EDIT)
def record_rule() -> Any:
    """Add a dated version of a rule."""
    form = request.form
    errors: dict[str, str] = {}
    values: dict[str, Any] = {name: form.get(name, "").strip() for name in TEXT_FIELDS}
    values["valid_from"] = _day(form.get("valid_from", ""), "valid_from", errors, needed=True)
    values["valid_to"] = _day(form.get("valid_to", ""), "valid_to", errors, needed=False)
    values["parameters"] = _parameters(form.get("parameters", ""), errors)
    try:
        if errors:
            raise InvalidInputError(errors=errors)
        rule = services.record_rule(current_session(), actor=current_actor(), now=clock.now(), **values)
    except (InvalidInputError, ConflictError) as error:
        found = getattr(error, "errors", None) or {error.field or "code": error.message}
        shown = {name: _(text) for name, text in found.items()}
        page = render_template(
            "schemes/new.html", values=form, field_errors=shown, errors=list(shown.items()), statuses=RULE_STATUSES
        )
        return page, 422
    flash(_("The rule is recorded."), "jade")
    return redirect(url_for("schemes.show_rule", public_id=rule.public_id))


def _day(text: str, field: str, errors: dict[str, str], *, needed: bool) -> date | None:
    if not text.strip() and not needed:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        errors[field] = "Enter a day, for example 2027-01-15."
        return None


def _parameters(text: str, errors: dict[str, str]) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}", parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        errors["parameters"] = "Enter the parameters as a JSON object."
        return {}
    return value
