"""The risk score of a project as a page that says what it knows and what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries, score_queries
from marketplace.assessments.models import StoredScore
from marketplace.assessments.services import contest_score, request_score
from marketplace.db import current_session
from marketplace.errors import InvalidInputError
from marketplace.projects.models import Project
from marketplace.projects.presentation import TEASER, get_access
from marketplace.projects.queries import get_project, list_consents
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.score_words import NAMES as SCORE_NAMES
from marketplace.web.assessments.words import NAMES
from marketplace.web.formatting import number, one_significant, percent


@blueprint.get("/projects/<public_id>/score")
@requires(Permission.SCORE_READ)
def show_score(public_id: str) -> Any:
    """The latest score with intervals, class, staircase, drivers, comparables, contests and what was not known."""
    return _render(get_project(current_session(), actor=current_actor(), public_id=public_id))


@blueprint.post("/projects/<public_id>/scores")
@requires(Permission.SCORE_REQUEST)
def ask_for_score(public_id: str) -> Any:
    """Ask for a new score; the worker computes it."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    request_score(session, actor=actor, project=project, now=clock.now())
    flash(_("The score is being computed; this takes a few seconds. Reload the page to see it."), "success")
    return redirect(url_for("assessments.show_score", public_id=public_id))


@blueprint.post("/projects/<public_id>/score/contest")
@requires(Permission.PROJECT_EDIT)
def contest(public_id: str) -> Any:
    """The team contests its latest score; the operator answers."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    score = queries.get_visible_score(session, actor=actor, project_id=project.id)
    try:
        contest_score(
            session, actor=actor, project=project, score=score, ground=request.form.get("ground", ""), now=clock.now()
        )
    except InvalidInputError as error:
        return _render(project, typed=request.form, errors=error.errors or {"": error.message}), 422
    flash(_("The operator is told and answers by the day shown."), "success")
    return redirect(url_for("assessments.show_score", public_id=public_id, _anchor="contests"))


def _render(project: Project, *, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    session, actor = current_session(), current_actor()
    score = queries.find_visible_score(session, actor=actor, project_id=project.id)
    access = get_access(session, project=project, actor=actor)
    content = score.content if score else None
    own = actor.organisation_id == project.organisation_id and actor.can(Permission.PROJECT_EDIT)
    contests = score_queries.list_contests_of_project(session, actor=actor, project_id=project.id)
    comparables: Sequence[StoredScore] = ()
    if score is not None and content is not None:
        comparables = score_queries.list_comparables(
            session, actor=actor, project=project, class_code=content["reference_class"]["code"]
        )
    messages = {name: _(message) for name, message in (errors or {}).items()}
    return render_template(
        "assessments/score.html", project=project, score=score, content=content, names={**NAMES, **SCORE_NAMES},
        access=access, may_ask=actor.can(Permission.SCORE_REQUEST) and access != TEASER, own=own,
        readers=len([row for row in list_consents(session, project_id=project.id) if row.revoked_at is None])
        if own else None,
        earlier=queries.list_scores(session, actor=actor, project_id=project.id)[1:],
        model=score_queries.find_model_by_digest(session, digest=score.model_digest) if score else None,
        contests=contests, comparables=comparables, typed=typed or {}, messages=messages,
        errors=[(name or None, message) for name, message in messages.items()],
        may_contest=own and score is not None and project.state != "draft"
        and not any(row.state == "open" and row.score_id == score.id for row in contests),
        may_answer=actor.can(Permission.SCORE_ANSWER),
        **(_build_staircase(content) if content and content["staircase"] else {"spec": None}),
    )  # fmt: skip


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
