"""Pages of evidence, assessments, risk scores and milestone results."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("assessments", __name__)

# The views attach themselves to the blueprint when they are imported.
from marketplace.web.assessments import evidence, judging, milestones, pages, scores  # noqa: E402  # after the blueprint

__all__ = ["blueprint", "evidence", "judging", "milestones", "pages", "scores"]
