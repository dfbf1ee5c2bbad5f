"""The seal of a signed assessment: one SHA-256 over all that was judged, with the hashes of the files cited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import orm

from marketplace.assessments import log_queries
from marketplace.assessments.models import Assessment

_SEAL = "pilotage/assessment/1"


def compute_digest(session: orm.Session, assessment: Assessment) -> str:
    """Hash what was signed; the project's elements and the judgements must be loaded."""
    cited = log_queries.list_cited_evidence(session, assessment_id=assessment.id)
    files = {number: (row.public_id, row.file.sha256 if row.file else "") for number, row in cited.items()}
    return hash_content(build_content(assessment, files=files))


def is_sealed(session: orm.Session, assessment: Assessment) -> bool | None:
    """Whether the rows are still those that were signed; None where nothing was sealed."""
    if not assessment.content_digest:
        return None
    return compute_digest(session, assessment) == assessment.content_digest


def build_content(assessment: Assessment, *, files: Mapping[int, tuple[str, str]]) -> dict[str, Any]:
    """The signed content; `files` maps the id of a piece of evidence to its public id and the hash of its file."""
    elements = {element.id: element.public_id for element in assessment.project.elements}
    return {
        "assessment": assessment.public_id,
        "project": assessment.project.public_id,
        "declaration": assessment.conflict_declaration,
        "ties": assessment.ties,
        "judgements": sorted(
            [elements.get(row.element_id, str(row.element_id)), row.criterion, row.judgement, row.note,
             *files.get(row.evidence_id or 0, ("", ""))]
            for row in assessment.judgements
        ),
        "gaps": assessment.gaps,
        "levels": [assessment.trl_result, assessment.mrl_result],
        "conclusion": assessment.conclusion,
        "expires_on": assessment.expires_on.isoformat() if assessment.expires_on else "",
        "signed_by": assessment.signed_by,
        "signed_name": assessment.signed_name,
    }  # fmt: skip


def hash_content(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps([_SEAL, content], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
