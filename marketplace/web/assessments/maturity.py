"""Maturity of a project: levels by element, what the evidence documents, history, plan, instruments; and the scales."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, public, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments import log_queries, queries
from marketplace.assessments.models import Assessment
from marketplace.assessments.rules import compute_documented, find_lowest
from marketplace.assessments.services import list_eligibility, plan_milestones
from marketplace.db import current_session
from marketplace.errors import ConflictError, InvalidInputError, NotFoundError
from marketplace.projects.models import LevelChange, Project
from marketplace.projects.presentation import OWN, ROOM, TEASER, get_access
from marketplace.projects.queries import get_project, list_level_changes, list_organisation_names
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.disputes import describe_dispute
from marketplace.web.assessments.showing import describe_unassessed, find, render_assessment
from marketplace.web.assessments.words import NAMES
from marketplace.web.assessments.words_of_disputes import CAUSES, GROUNDS
from marketplace.web.figures import read_whole
from marketplace.web.formatting import in_language
from risk.maturity import PILOT_BAND_MRL, PILOT_BAND_TRL, list_levels

_SCALES = (("trl", 9), ("mrl", 10))


@blueprint.get("/maturity-levels")
@public
def show_scales() -> Any:
    """TRL 1 to 9 and MRL 1 to 10: what each level asks, and which evidence it accepts from where."""
    return render_template(
        "assessments/scales.html", scales=[(scale, list_levels(scale)) for scale, _highest in _SCALES],
        bands={"trl": PILOT_BAND_TRL, "mrl": PILOT_BAND_MRL}, names=NAMES,
    )  # fmt: skip


@blueprint.get("/projects/<public_id>/maturity")
@requires(Permission.PROJECT_READ)
def show_maturity(public_id: str) -> Any:
    """The levels of one project, claimed, assessed and disputed apart, with their history and their plan."""
    session, actor = current_session(), current_actor()
    project = get_project(session, actor=actor, public_id=public_id)
    access = get_access(session, project=project, actor=actor)
    if access == TEASER:
        raise NotFoundError()
    now = clock.now()
    today = clock.day_in_zone(now)
    disputes = log_queries.list_disputes(session, actor=actor, project_id=project.id)
    raised = list_organisation_names(session, public_ids={row.raised_by for row in disputes})
    changes = list_level_changes(session, project_id=project.id)
    assessments = queries.list_assessments(session, actor=actor, project_id=project.id)
    standing = queries.find_signed_assessment(session, project_id=project.id)
    return render_template(
        "assessments/maturity.html", project=project, today=today, access=access, room=access in (OWN, ROOM),
        own=access == OWN, elements=_describe_elements(project, access, standing), limiting=find_limiting(project),
        assessments=assessments, standing=standing, unassessed=describe_unassessed(project),
        lapsed=next((row for row in assessments if row.state == "expired" and not row.superseded_at), None),
        eligibility=list_eligibility(session, project, as_of=today), source_status=NAMES["source_status"],
        steps=log_queries.list_steps(session, project_id=project.id),
        disputes=[describe_dispute(row) for row in disputes], grounds=GROUNDS, names=NAMES,
        organisations={public_id: in_language(*pair) for public_id, pair in raised.items()},
        charts=[_build_chart(project, changes, scale, highest, now) for scale, highest in _SCALES],
    )  # fmt: skip


def find_limiting(project: Project) -> dict[tuple[str, str], list[str]]:
    """By (scale, status): the names of the elements that hold the project back."""
    found = {}
    for scale, _highest in _SCALES:
        for status in ("assessed", "claimed"):
            levels = {row.id: getattr(row, f"{scale}_{status}") for row in project.elements}
            if status == "assessed" and project.trl_assessed is None:
                continue
            lowest = find_lowest(levels)
            found[scale, status] = [
                in_language(row.name_zh, row.name_en) for row in project.elements if row.id in lowest
            ]
    return found


def _describe_elements(project: Project, access: str, standing: Assessment | None) -> list[dict[str, Any]]:
    """Each element with its levels; those in the room also learn what accepted and new evidence would reach."""
    documented = None
    if access in (OWN, ROOM):
        session, ids = current_session(), [row.id for row in project.elements]
        evidence = queries.list_evidence(session, actor=current_actor(), project_id=project.id)
        documented = compute_documented(ids, evidence, accepted=standing.judgements if standing else ())
    return [
        {
            "row": row,
            "name": in_language(row.name_zh, row.name_en),
            "documented": documented.by_element[row.id] if documented else None,
        }
        for row in project.elements
    ]


def _build_chart(
    project: Project, changes: Sequence[LevelChange], scale: str, highest: int, now: datetime
) -> dict[str, Any]:
    """What the chart macro draws: a step for each change, drawn on to today."""
    rows = sorted((row for row in changes if row.scale == scale), key=lambda row: (row.recorded_at, row.id))
    titles = {"claimed": _("Claimed"), "assessed": _("Assessed")}
    series = []
    for status, tone in (("claimed", "slate"), ("assessed", "jade")):
        points: list[list[Any]] = [[row.recorded_at.isoformat(), row.level] for row in rows if row.status == status]
        if points:
            points.append([max(now, rows[-1].recorded_at).isoformat(), points[-1][1]])
            series.append({"name": titles[status], "tone": tone, "points": points})
    target = project.target_trl if scale == "trl" else project.target_mrl
    spec = {"kind": "levels", "format": "number", "highest": highest, "series": series,
            "target": {"label": _("Target level"), "value": target} if target else None}  # fmt: skip
    return {
        "id": f"history-{scale}", "scale": scale, "spec": spec, "rows": rows, "titles": titles, "causes": CAUSES,
        "title": _title(rows, scale),
    }  # fmt: skip


def _title(rows: Sequence[LevelChange], scale: str) -> str:
    """The finding of the chart in a sentence."""
    last = {row.status: row.level for row in rows}
    claimed, assessed = last.get("claimed"), last.get("assessed")
    values = {"scale": scale.upper(), "claimed": claimed, "assessed": assessed}
    if assessed and claimed and assessed < claimed:
        return _("%(scale)s: assessed at %(assessed)s, below the %(claimed)s that is claimed", **values)
    if assessed and claimed:
        return _("%(scale)s: assessed at %(assessed)s, claimed at %(claimed)s", **values)
    if assessed:
        return _("%(scale)s: assessed at %(assessed)s", **values)
    if claimed:
        return _("%(scale)s: claimed at %(claimed)s, not assessed today", **values)
    return _("%(scale)s: neither claimed nor assessed", **values)


@blueprint.post("/assessments/<public_id>/plan")
@requires(Permission.PROJECT_EDIT)
def plan(public_id: str) -> Any:
    """Make milestones of the chosen steps in one act."""
    session, actor = current_session(), current_actor()
    assessment = find(public_id)
    chosen = [word.partition("-") for word in request.form.getlist("step")]
    steps = [
        {"scale": scale, "level": read_whole(level),
         "planned_on": request.form.get(f"{scale}-{level}-planned_on", "")}
        for scale, _dash, level in chosen
    ]  # fmt: skip
    try:
        made = plan_milestones(session, actor=actor, assessment=assessment, steps=steps, now=clock.now())
    except InvalidInputError as error:
        return render_assessment(assessment, typed=request.form, errors=error.errors or {"": error.message}), 422
    except ConflictError as error:
        return render_assessment(assessment, typed=request.form, errors={"": error.message}, conflict=True), 409
    flash(_("%(number)s milestones are planned; each keeps the gaps that it closes.", number=len(made)), "success")
    return redirect(url_for("assessments.show_maturity", public_id=assessment.project.public_id))
