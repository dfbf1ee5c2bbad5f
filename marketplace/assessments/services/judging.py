"""Judgements: each criterion of each element, with the evidence that meets it or what is missing in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import marshmallow as ma
from sqlalchemy import orm

from marketplace.assessments import queries
from marketplace.assessments.errors import AssessmentInvalidError, EvidenceDoesNotCountError
from marketplace.assessments.models import Assessment, CriterionJudgement, Evidence
from marketplace.assessments.rules import find_evidence_fault
from marketplace.assessments.schemas import JudgementSchema
from marketplace.assessments.services.common import require_assessor
from marketplace.audit.services import record_act
from marketplace.projects.models import TechnologyElement
from marketplace.projects.schemas import flatten_messages
from risk.errors import RiskError
from risk.maturity import get_criterion, list_levels


def record_judgements(
    session: orm.Session, *, actor: Any, assessment: Assessment, rows: list[dict[str, Any]], now: datetime
) -> Assessment:
    """Write, replace or take back judgements; all rows are checked before any is written.

    "met" needs evidence that counts, "not met" says what is missing, "not applicable" why; an empty judgement takes an
    earlier one back.
    """
    require_assessor(session, actor=actor, assessment=assessment, states=("accepted", "in_progress"))
    elements = {element.public_id: element for element in assessment.project.elements}
    evidence = {
        row.public_id: row for row in queries.list_evidence(session, actor=actor, project_id=assessment.project_id)
    }
    checked = _check_rows(rows, elements=elements, evidence=evidence)
    held = {(row.element_id, row.criterion): row for row in assessment.judgements}
    for loaded in checked:
        key = (elements[loaded["element"]].id, loaded["criterion"])
        row = held.get(key)
        if not loaded["judgement"]:
            if row is not None:
                assessment.judgements.remove(held.pop(key))
                session.delete(row)
            continue
        if row is None:
            row = held[key] = CriterionJudgement(element_id=key[0], criterion=key[1])
            assessment.judgements.append(row)
        row.judgement, row.note = loaded["judgement"], loaded.get("note", "")
        cited = evidence.get(loaded.get("evidence") or "")
        row.evidence_id = cited.id if cited else None
    assessment.state = "in_progress"
    session.flush()  # the levels so far are read from these rows
    record_act(
        session, actor=actor, action="assessment.judged", subject_kind="assessment", subject_id=assessment.public_id,
        now=now, details={"judgements": len(rows)},
    )  # fmt: skip
    return assessment


def _check_rows(
    rows: list[dict[str, Any]], *, elements: dict[str, TechnologyElement], evidence: dict[str, Evidence]
) -> list[dict[str, Any]]:
    """Every row, or one refusal that names every wrong field by the number of its row."""
    checked: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    faults: dict[str, str] = {}
    schema, seen = JudgementSchema(), set()
    for index, values in enumerate(rows):
        try:
            loaded = schema.load(values)
        except ma.ValidationError as error:
            errors |= {f"{index}.{path}": message for path, message in flatten_messages(error.messages)}
            continue
        if (loaded["element"], loaded["criterion"]) in seen:
            errors[f"{index}.criterion"] = "Each criterion of an element is judged once."
        seen.add((loaded["element"], loaded["criterion"]))
        found, fault = _check_row(loaded, elements=elements, evidence=evidence)
        errors |= {f"{index}.{field}": message for field, message in found.items()}
        if fault:
            faults[f"{index}.evidence"] = fault
        checked.append(loaded)
    if faults and not errors:
        raise EvidenceDoesNotCountError(errors=faults)
    if errors or faults:
        raise AssessmentInvalidError(errors={**errors, **faults})
    return checked


def _check_row(
    loaded: dict[str, Any], *, elements: dict[str, TechnologyElement], evidence: dict[str, Evidence]
) -> tuple[dict[str, str], str | None]:
    """What is wrong with the row by field, and why its evidence does not count."""
    element = elements.get(loaded["element"])
    if element is None:
        return {"element": "Choose one of the options."}, None
    try:
        criterion = get_criterion(loaded["criterion"])
    except RiskError:
        return {"criterion": "Choose one of the options."}, None
    judgement, note = loaded["judgement"], loaded.get("note")
    if not judgement and (note or loaded.get("evidence")):
        return {"judgement": "Choose the judgement that this note or evidence belongs to."}, None
    if judgement == "not_applicable" and not note:
        return {"note": "Say why this does not apply."}, None
    if judgement == "not_met" and not note:
        return {"note": "Say what is missing; it becomes the gap."}, None
    if judgement != "met":
        return {}, None
    return {}, find_evidence_fault(criterion, evidence.get(loaded.get("evidence") or ""), element_id=element.id)


def judge_up_to(
    session: orm.Session,
    *,
    actor: Any,
    assessment: Assessment,
    element: TechnologyElement,
    scale: str,
    level: int,
    evidence: Evidence,
    now: datetime,
    note: str = "",
) -> Assessment:
    """Judge every criterion up to a level as met by one piece of evidence, where its kind counts for each."""
    rows = [
        {"element": element.public_id, "criterion": criterion.id, "judgement": "met",
         "evidence": evidence.public_id, "note": note}
        for step in list_levels(scale)[:level]
        for criterion in step.criteria
    ]  # fmt: skip
    return record_judgements(session, actor=actor, assessment=assessment, rows=rows, now=now)
