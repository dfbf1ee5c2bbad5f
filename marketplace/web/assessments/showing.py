"""The page of one assessment, and running one act of it; what was typed is kept whatever the refusal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor
from marketplace.accounts.permissions import Permission
from marketplace.assessments import log_queries, queries
from marketplace.assessments.models import Assessment, MaturationStep
from marketplace.assessments.rules import compute_levels, needs_manufacture, suggest_milestones
from marketplace.assessments.services import list_open_steps
from marketplace.assessments.services.assessing import VALID_FOR
from marketplace.assessments.services.maturation import may_plan
from marketplace.assessments.services.seal import is_sealed
from marketplace.db import current_session
from marketplace.errors import ConflictError, InvalidInputError
from marketplace.projects.models import Project
from marketplace.projects.presentation import OWN, ROOM, get_access
from marketplace.projects.queries import list_organisation_names
from marketplace.projects.rules import list_unassessed
from marketplace.web.assessments.words import NAMES, options
from marketplace.web.assessments.words_of_disputes import GROUNDS, TIE_QUESTIONS
from marketplace.web.formatting import in_language
from risk.maturity import get_criterion

# What a person writes at length on this page; shown back where the form itself is no longer there.
_LONG_TEXTS = ("declaration", "conclusion", "reason", "objection", "statement", "answer")


def find(public_id: str) -> Assessment:
    return queries.get_assessment(current_session(), actor=current_actor(), public_id=public_id)


def act_on(public_id: str, act: Any, *, renamed: dict[str, str] | None = None) -> Any:
    """Run one act of the page; a refusal shows the page again with all that was typed.

    `renamed` maps a field of the service to its name in the form.
    """
    session, actor = current_session(), current_actor()
    assessment = find(public_id)
    try:
        act(session, actor=actor, assessment=assessment, now=clock.now())
    except InvalidInputError as error:
        found = error.errors or {error.field or "": error.message}
        errors = {(renamed or {}).get(name, name): message for name, message in found.items()}
        return render_assessment(assessment, typed=request.form, errors=errors), 422
    except ConflictError as error:
        return render_assessment(find(public_id), typed=request.form, errors={"": error.message}, conflict=True), 409
    flash(_("Done."), "success")
    return redirect(url_for("assessments.show_assessment", public_id=public_id))


def describe_unassessed(project: Project) -> str:
    """The names of the elements that nobody assessed beside others that were, in a line; empty where there is none."""
    return _(", ").join(in_language(row.name_zh, row.name_en) for row in list_unassessed(project.elements))


def render_assessment(
    assessment: Assessment, *, typed: Any = None, errors: dict[str, str] | None = None, conflict: bool = False
) -> str:
    session, actor, project = current_session(), current_actor(), assessment.project
    typed = typed or {}
    messages = {name: _(message) for name, message in (errors or {}).items()}
    mine = actor.organisation_id == assessment.assessor_organisation_id
    access = get_access(session, project=project, actor=actor)
    today = clock.day_in_zone(clock.now())
    standing = assessment.state in ("signed", "disputed") and assessment.superseded_at is None
    own_plan = access == OWN and actor.can(Permission.PROJECT_EDIT) and may_plan(assessment)
    steps = log_queries.list_steps(session, assessment_id=assessment.id)
    open_steps = list_open_steps(session, assessment=assessment) if own_plan else []
    return render_template(
        "assessments/show.html", assessment=assessment, project=project, typed=typed, messages=messages, names=NAMES,
        errors=[(name or None, message) for name, message in messages.items()], grounds=GROUNDS, ties=TIE_QUESTIONS,
        levels=compute_levels([element.id for element in project.elements], assessment.judgements),
        element_names={row.public_id: in_language(row.name_zh, row.name_en) for row in project.elements},
        judged=_group_judgements(assessment, room=mine or access in (OWN, ROOM)),
        plan=suggest_milestones(assessment.gaps), steps=steps,
        open_steps=open_steps, days=_suggest_days(open_steps, steps, today=today, end=project.planned_end),
        judge=mine and actor.can(Permission.ASSESSMENT_DECIDE), judgement_names=dict(options("judgement")),
        object_to=not mine and actor.role != "viewer" and actor.organisation_kind != "regulator" and standing,
        items=_dispute_items(assessment), organisations=_organisation_names(assessment), today=today,
        unassessed=describe_unassessed(project),
        decide=actor.can(Permission.PROJECT_VERIFY), standing=standing, sealed=is_sealed(session, assessment),
        latest_day=today + VALID_FOR, earliest_day=today + timedelta(days=1), needs_mrl=needs_manufacture(project),
        unsent=[text for name, text in typed.items() if conflict and text and name.startswith(_LONG_TEXTS)],
    )  # fmt: skip


def _suggest_days(
    steps: list[dict[str, Any]], planned: Sequence[MaturationStep], *, today: date, end: date | None
) -> dict[str, date]:
    """A first proposal for each step: spread evenly after what is planned already, scale by scale."""
    last = end if end and end > today else today + timedelta(days=365)
    days = {}
    for scale in ("trl", "mrl"):
        first = max((row.milestone.planned_on for row in planned if row.scale == scale), default=today)
        levels = [step["level"] for step in steps if step["scale"] == scale]
        for number, level in enumerate(levels, start=1):
            days[f"{scale}-{level}"] = first + (last - first) * number / len(levels)
    return days


def _group_judgements(assessment: Assessment, *, room: bool) -> list[dict[str, Any]]:
    """The judgements by element in the order of the questionnaire; the evidence itself belongs to the room."""
    cited = log_queries.list_cited_evidence(current_session(), assessment_id=assessment.id)
    set_aside = {(row.element, row.criterion) for row in assessment.disputes if row.state == "upheld"}
    disputed = {(row.element, row.criterion) for row in assessment.disputes if row.state == "open"}
    groups = []
    for element in assessment.project.elements:
        mine = [(get_criterion(row.criterion), row) for row in assessment.judgements if row.element_id == element.id]
        mine.sort(key=lambda pair: (pair[0].scale != "trl", pair[0].level, pair[0].id))
        rows = [
            {
                "criterion": criterion, "judgement": row.judgement, "note": row.note, "room": room,
                "evidence": cited.get(row.evidence_id or 0),
                "set_aside": (element.public_id, row.criterion) in set_aside,
                "disputed": (element.public_id, row.criterion) in disputed,
            }
            for criterion, row in mine
        ]  # fmt: skip
        if rows:
            groups.append({"name": in_language(element.name_zh, element.name_en), "rows": rows})
    return groups


def _dispute_items(assessment: Assessment) -> list[tuple[str, str]]:
    """What may be objected to: each judgement, named by element and question."""
    names = {row.id: (row.public_id, in_language(row.name_zh, row.name_en)) for row in assessment.project.elements}
    items = []
    for row in assessment.judgements:
        criterion = get_criterion(row.criterion)
        public_id, name = names[row.element_id]
        text = (
            f"{criterion.scale.upper()} {criterion.level} · {in_language(criterion.question_zh, criterion.question_en)}"
        )
        judged = NAMES["judgement"][row.judgement]
        items.append((f"{public_id}|{row.criterion}", f"{name} · {text} [{judged}]"))
    return sorted(items, key=lambda item: item[1])


def _organisation_names(assessment: Assessment) -> dict[str, str]:
    names = list_organisation_names(current_session(), public_ids={row.raised_by for row in assessment.disputes})
    return {public_id: in_language(*pair) for public_id, pair in names.items()}
