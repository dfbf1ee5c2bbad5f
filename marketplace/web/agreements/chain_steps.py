"""The steps "agree" and "settle" of the main job on a project page, from the agreements one may see."""

from __future__ import annotations

from typing import Any

from flask import url_for

from marketplace.accounts.permissions import Permission
from marketplace.agreements import queries
from marketplace.agreements.models import Agreement
from marketplace.web.chain import register_step

SIGNED = ("active", "completed")
TALKS = ("draft", "negotiating", "signing")


def _newest(session: Any, project: Any, actor: Any, states: tuple[str, ...]) -> Agreement | None:
    if actor is None or not actor.can(Permission.AGREEMENT_READ):
        return None
    rows = queries.list_agreements(session, actor=actor, project_id=project.id, limit=20)
    return next((row for row in rows if row.state in states), None)


def _agree_step(session: Any, project: Any, actor: Any) -> dict[str, Any] | None:
    """Current while the parties talk, done once all have signed."""
    found = _newest(session, project, actor, SIGNED) or _newest(session, project, actor, TALKS)
    if found is None:
        return None
    url = url_for("agreements.show_agreement", public_id=found.public_id)
    if found.state in SIGNED:
        return {"state": "done", "when": found.activated_at, "url": url}
    return {"state": "current", "when": found.created_at, "url": url}


def _settle_step(session: Any, project: Any, actor: Any) -> dict[str, Any] | None:
    """Current while the agreement runs, done once it is closed."""
    found = _newest(session, project, actor, SIGNED)
    if found is None:
        return None
    url = url_for("agreements.show_agreement", public_id=found.public_id) + "#events"
    return {"state": "done" if found.state == "completed" else "current", "url": url}


register_step("agree", _agree_step)
register_step("settle", _settle_step)
