"""Judging: one element and one scale on a page."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.assessments import queries
from marketplace.assessments.models import Assessment, Evidence
from marketplace.assessments.rules import compute_levels
from marketplace.assessments.services import record_judgements
from marketplace.assessments.words import SCALES
from marketplace.db import current_session
from marketplace.errors import ConflictError, InvalidInputError, NotFoundError
from marketplace.projects.models import TechnologyElement
from marketplace.web.assessments.base import blueprint
from marketplace.web.assessments.words import NAMES, options
from marketplace.web.labels import label
from risk.maturity import Level, counts_as_evidence, list_levels


@blueprint.get("/assessments/<public_id>/elements/<element_id>/<scale>")
@requires(Permission.ASSESSMENT_DECIDE)
def judge(public_id: str, element_id: str, scale: str) -> Any:
    """The criteria of one scale for one element, with the judgements so far."""
    assessment, element = _get(public_id, element_id, scale)
    held = {row.criterion: row for row in assessment.judgements if row.element_id == element.id}
    evidence = {row.id: row.public_id for row in _evidence(assessment)}
    typed = {}
    for criterion, row in held.items():
        typed[f"{criterion}-judgement"] = row.judgement
        typed[f"{criterion}-evidence"] = evidence.get(row.evidence_id or 0, "")
        typed[f"{criterion}-note"] = row.note
    return _render(assessment, element, scale, typed)


@blueprint.post("/assessments/<public_id>/elements/<element_id>/<scale>")
@requires(Permission.ASSESSMENT_DECIDE)
def save(public_id: str, element_id: str, scale: str) -> Any:
    """Write the judgements of the page; an answer set back to open takes the earlier judgement back."""
    session, actor = current_session(), current_actor()
    assessment, element = _get(public_id, element_id, scale)
    rows = _read_rows(assessment, element, scale)
    try:
        record_judgements(session, actor=actor, assessment=assessment, rows=rows, now=clock.now())
    except InvalidInputError as error:
        errors = {_form_name(path, rows): message for path, message in error.errors.items()}
        return _render(assessment, element, scale, request.form, errors or {"": error.message}), 422
    except ConflictError as error:
        # Signed or given back meanwhile: what was typed is shown, so that it is not lost.
        return _render(assessment, element, scale, request.form, {"": error.message}), 409
    flash(_("The judgements are saved."), "success")
    return redirect(url_for("assessments.show_assessment", public_id=public_id))


def _read_rows(assessment: Assessment, element: TechnologyElement, scale: str) -> list[dict[str, Any]]:
    """What was answered, and what was set back to open."""
    held = {row.criterion for row in assessment.judgements if row.element_id == element.id}
    rows = []
    for level in list_levels(scale):
        for criterion in level.criteria:
            answer = request.form.get(f"{criterion.id}-judgement")
            evidence = request.form.get(f"{criterion.id}-evidence") or None
            note = request.form.get(f"{criterion.id}-note", "")
            if answer or evidence or note.strip() or (answer is not None and criterion.id in held):
                rows.append({
                    "element": element.public_id, "criterion": criterion.id, "judgement": answer or "",
                    "evidence": evidence, "note": note,
                })  # fmt: skip
    return rows


def _form_name(path: str, rows: list[dict[str, Any]]) -> str:
    number, _dot, field = path.partition(".")
    return f"{rows[int(number)]['criterion']}-{field}" if number.isdigit() and int(number) < len(rows) else path


def _get(public_id: str, element_id: str, scale: str) -> tuple[Assessment, TechnologyElement]:
    actor = current_actor()
    assessment = queries.get_assessment(current_session(), actor=actor, public_id=public_id)
    element = next((row for row in assessment.project.elements if row.public_id == element_id), None)
    if element is None or scale not in SCALES or assessment.assessor_organisation_id != actor.organisation_id:
        raise NotFoundError()
    return assessment, element


def _evidence(assessment: Assessment) -> Any:
    return queries.list_evidence(current_session(), actor=current_actor(), project_id=assessment.project_id)


def _describe(row: Evidence) -> str:
    """Title, kind, environment and day, as a line of a select."""
    environment = str(NAMES["environment"].get(row.environment, ""))
    parts = (row.title, label("evidence_type", row.evidence_type), environment, str(row.made_on or ""))
    return " · ".join(part for part in parts if part)


def _render(
    assessment: Assessment, element: TechnologyElement, scale: str, typed: Any, errors: dict[str, str] | None = None
) -> str:
    messages = {name: _(message) for name, message in (errors or {}).items()}
    evidence = [row for row in _evidence(assessment) if row.element_id in (None, element.id)]
    levels: list[tuple[Level, dict[str, list[tuple[str, str]]]]] = []
    for level in list_levels(scale):
        fitting = {
            criterion.id: [
                (row.public_id, _describe(row))
                for row in sorted(evidence, key=lambda row: row.criterion != criterion.id)
                if row.file_id and counts_as_evidence(criterion, row.evidence_type, row.environment)
            ]
            for criterion in level.criteria
        }
        levels.append((level, fitting))
    return render_template(
        "assessments/judge.html", assessment=assessment, element=element, scale=scale, levels=levels, typed=typed,
        messages=messages, errors=[(name or None, message) for name, message in messages.items()],
        judgements=options("judgement"), names=NAMES, evidence=evidence,
        reached=compute_levels([element.id], assessment.judgements).by_element[element.id][scale == "mrl"],
    )  # fmt: skip
