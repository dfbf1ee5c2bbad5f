"""The risk score of a project as a page that says what it knows and what it does not."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.services import request_score
from marketplace.db import current_session
from marketplace.projects.presentation import TEASER, get_access
from marketplace.projects.queries import get_project
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.words import NAMES
from marketplace.web.formatting import number, one_significant, percent


@blueprint.get("/projects/<public_id>/score")
@requires(Permission.SCORE_READ)
def show_score(public_id: str) -> Any:
    """The latest score with intervals, class, staircase, drivers and what was not known."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    score = queries.find_visible_score(session, actor=actor, project_id=project.id)
    access = get_access(session, project=project, actor=actor)
    content = score.content if score else None
    return render_template(
        "assessments/score.html", project=project, score=score, content=content, names=NAMES, access=access,
        may_ask=actor.can(Permission.SCORE_REQUEST) and access != TEASER,
        earlier=queries.list_scores(session, actor=actor, project_id=project.id)[1:],
        **(_build_staircase(content) if content and content["staircase"] else {"spec": None}),
    )  # fmt: skip


@blueprint.post("/projects/<public_id>/scores")
@requires(Permission.SCORE_REQUEST)
def ask_for_score(public_id: str) -> Any:
    """Ask for a new score; the worker computes it."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    request_score(session, actor=actor, project=project, now=clock.now())
    flash(_("The score is being computed; this takes a few seconds. Reload the page to see it."), "success")
    return redirect(url_for("assessments.show_score", public_id=public_id))


def _build_staircase(content: dict[str, Any]) -> dict[str, Any]:
    """The chart and the same numbers as a table."""
    steps = content["staircase"]
    names = [f"TRL {step['from_level']} → {step['to_level']}" for step in steps]
    spec = {
        "kind": "staircase", "format": "percent",
        "labels": {"p": _("Probability of failing at this step"), "months": _("months for half of the projects")},
        "steps": [
            {"label": name, "p": step["probability"], "low": step["low"], "high": step["high"],
             "months": step["months_50"]}
            for name, step in zip(names, steps, strict=True)
        ],
    }  # fmt: skip
    rows = [
        [
            name, one_significant(step["probability"]), percent(step["low"], 0), percent(step["high"], 0),
            number(step["months_50"], 0), number(step["months_80"], 0), number(step["months_95"], 0),
        ]
        for name, step in zip(names, steps, strict=True)
    ]  # fmt: skip
    head = [
        _("Step"), _("Failure"), _("From (80 of 100)"), _("To (80 of 100)"),
        _("Months, 50%"), _("Months, 80%"), _("Months, 95%"),
    ]  # fmt: skip
    hardest = max(zip(names, steps, strict=True), key=lambda pair: pair[1]["probability"])
    title = _("The step %(step)s carries most of the risk", step=hardest[0])
    if len(steps) == 1:
        title = _("One step, %(step)s, carries all of the risk", step=hardest[0])
    return {"spec": spec, "chart_rows": rows, "chart_head": head, "chart_title": title}
