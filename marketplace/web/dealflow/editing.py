"""Writing a mandate: the form for a new one and for an edit, pause and resume."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.dealflow import queries, services
from marketplace.dealflow.errors import MandateInvalidError, NotTheFunderError
from marketplace.dealflow.models import Mandate
from marketplace.dealflow.words import PARTS
from marketplace.errors import InvalidInputError
from marketplace.web.dealflow import blueprint
from marketplace.web.dealflow.forms import count_exclusion_rows, field_of, read_form, show_mandate, typed
from marketplace.web.dealflow.words import NAMES, options

_START = {
    "mrl_from": 1, "mrl_to": 10, "role": "either", "visibility": "verified", "weight_ticket": "0.3",
    "weight_level": "0.3", "weight_sector": "0.2", "weight_risk": "0.2",
}  # fmt: skip


def _render(mandate: Mandate | None, values: Any, errors: dict[str, str] | None = None) -> str:
    shown = {name: _(text) for name, text in (errors or {}).items()}
    return render_template(
        "dealflow/form.html",
        mandate=mandate,
        values=values,
        field_errors=shown,
        errors=[(name or None, text) for name, text in shown.items()],
        currency=mandate.currency if mandate else "CNY",
        parts=PARTS,
        words=NAMES,
        options=options,
        exclusion_rows=range(count_exclusion_rows(values)),
    )


def _refused(mandate: Mandate | None, error: InvalidInputError) -> Any:
    fields = {field_of(path): text for path, text in error.errors.items()} or {"": error.message}
    return _render(mandate, typed(request.form), fields), 422


def _read(currency: str) -> dict[str, Any]:
    """What was typed; every field that is wrong is named at once."""
    values, unread = read_form(request.form, currency)
    if unread:
        errors = dict(unread)
        try:
            services.read_mandate(values)
        except InvalidInputError as error:
            errors = {**error.errors, **errors}
        raise MandateInvalidError(errors=errors)
    return values


def _own(public_id: str) -> Mandate:
    mandate = queries.get_mandate(current_session(), actor=current_actor(), public_id=public_id)
    if mandate.organisation_id != current_actor().organisation_id:
        raise NotTheFunderError()
    return mandate


@blueprint.get("/mandates/new")
@requires(Permission.MANDATE_EDIT)
def new_mandate() -> Any:
    """The form for a new mandate."""
    return _render(None, _START)


@blueprint.post("/mandates/new")
@requires(Permission.MANDATE_EDIT)
def create_mandate() -> Any:
    """Write a mandate; its matches are computed at once by a job."""
    try:
        mandate = services.create_mandate(current_session(), actor=current_actor(), now=clock.now(), **_read("CNY"))
    except InvalidInputError as error:
        return _refused(None, error)
    flash(_("The mandate is open; its matches are being computed."), "success")
    return redirect(url_for("dealflow.show_mandate", public_id=mandate.public_id))


@blueprint.get("/mandates/<public_id>/edit")
@requires(Permission.MANDATE_EDIT)
def edit_form(public_id: str) -> Any:
    """The form with what the mandate says now."""
    mandate = _own(public_id)
    return _render(mandate, show_mandate(mandate))


@blueprint.post("/mandates/<public_id>/edit")
@requires(Permission.MANDATE_EDIT)
def edit_mandate(public_id: str) -> Any:
    """Change one's own mandate."""
    mandate = _own(public_id)
    try:
        services.edit_mandate(
            current_session(), actor=current_actor(), mandate=mandate, now=clock.now(), **_read(mandate.currency)
        )
    except InvalidInputError as error:
        return _refused(mandate, error)
    flash(_("The mandate is changed; its matches are being computed again."), "success")
    return redirect(url_for("dealflow.show_mandate", public_id=public_id))


@blueprint.post("/mandates/<public_id>/state")
@requires(Permission.MANDATE_EDIT)
def set_state(public_id: str) -> Any:
    """Pause or resume one's own mandate."""
    mandate = _own(public_id)
    services.set_mandate_state(
        current_session(), actor=current_actor(), mandate=mandate, state=request.form.get("state", ""),
        now=clock.now(),
    )  # fmt: skip
    flash(_("The mandate is open again.") if mandate.state == "active" else _("The mandate is paused."), "success")
    return redirect(url_for("dealflow.show_mandate", public_id=public_id))
