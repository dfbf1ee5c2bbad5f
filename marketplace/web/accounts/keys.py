"""API keys of the member who acts."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts import queries
from marketplace.accounts.access import current_actor, require_fresh_sign_in, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.services import keys as services
from marketplace.accounts.signin.pages import show_form
from marketplace.accounts.signin.reading import FormReader
from marketplace.accounts.signin.repeats import keep_no_answer
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.web.accounts.pages import blueprint


@blueprint.route("/account/keys", methods=["GET"])
@requires(Permission.API_KEY_MANAGE)
def list_keys() -> Any:
    """One's own keys for the organisation one acts for."""
    return _show()


def _show(error: InvalidInputError | None = None) -> Any:
    now = clock.now()
    keys = queries.list_api_keys(current_session(), actor=current_actor())
    rows = [{"key": key, "live": services.is_live(key, now=now)} for key in keys]
    return show_form("accounts/keys.html", error, rows=rows, lifetimes=services.LIFETIMES_DAYS, scopes=services.SCOPES)


@blueprint.route("/account/keys", methods=["POST"])
@requires(Permission.API_KEY_MANAGE)
def create_key() -> Any:
    """Make a key and show it this once; its text is kept nowhere, so no kept answer may hold this page."""
    require_fresh_sign_in()
    reader = FormReader()
    name = reader.text("name", limit=80)
    days = reader.choice("days", [str(days) for days in services.LIFETIMES_DAYS])
    try:
        reader.finish()
        key, secret = services.create_api_key(
            current_session(), actor=current_actor(), name=name, scopes=request.form.getlist("scopes"),
            days=int(days), now=clock.now(),
        )  # fmt: skip
    except InvalidInputError as error:
        return _show(error)
    keep_no_answer()
    return render_template("accounts/key_made.html", key=key, secret=secret)


@blueprint.route("/account/keys/<public_id>/revoke", methods=["POST"])
@requires(Permission.API_KEY_MANAGE)
def revoke_key(public_id: str) -> Any:
    """End a key at once."""
    session, actor = current_session(), current_actor()
    key = queries.get_api_key(session, actor=actor, public_id=public_id)
    services.revoke_api_key(session, actor=actor, key=key, now=clock.now())
    flash(_("The key is revoked."), "success")
    return redirect(url_for("accounts.list_keys"))
