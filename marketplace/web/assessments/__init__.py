"""Pages of evidence, assessments, risk scores and milestone results."""

from __future__ import annotations

from marketplace.web.assessments import (
    evidence,
    judging,
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
    "evidence",
    "judging",
    "milestones",
    "model_pages",
    "outcomes",
    "pages",
    "score_access",
    "scores",
]
