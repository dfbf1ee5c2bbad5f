"""Pages of evidence, maturity, assessments, objections, risk scores and milestone results."""

from __future__ import annotations

from marketplace.web.assessments import (
    disputes,
    evidence,
    judging,
    maturity,
    milestones,
    model_pages,
    outcomes,
    pages,
    score_access,
    scores,
)
from marketplace.web.assessments.base import blueprint

__all__ = [
    "blueprint",
    "disputes",
    "evidence",
    "judging",
    "maturity",
    "milestones",
    "model_pages",
    "outcomes",
    "pages",
    "score_access",
    "scores",
]
