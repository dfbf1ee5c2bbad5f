"""The history of a project as a time line, from the audit trail."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from marketplace.audit.queries import list_lines_of
from marketplace.projects.models import Project
from marketplace.projects.presentation import OWN, ROOM, TEASER
from marketplace.projects.queries import list_organisation_names
from marketplace.projects.words import PROJECT_STATES
from marketplace.web.formatting import language
from marketplace.web.labels import state_label, tone
from marketplace.web.projects.words import NAMES

_TONES = {"passed": "jade", "signed": "jade", "failed": "vermilion", "disputed": "vermilion"}
# What a qualified reader learns of; edits, access and findings in the making stay with the room.
_OPEN_ACTS = (
    "assessment.signed", "assessment.disputed", "assessment.dispute_answered", "assessment.expired", "score.computed",
    "milestone.reported",
    "milestone.passed", "milestone.conditional", "milestone.partial", "milestone.failed", "milestone.void",
)  # fmt: skip


def build_history(session: Any, *, project: Project, actor: Any, access: str) -> list[dict[str, Any]]:
    """Newest first; a teaser has none."""
    if access == TEASER:
        return []
    lines = list_lines_of(session, subject_kind="project", subject_id=project.public_id)
    inside = access in (OWN, ROOM)
    names = list_organisation_names(session, public_ids={line.actor_organisation for line in lines})
    chinese = language() == "zh"
    items = []
    for line in lines:
        word = line.action.split(".", 1)[-1]
        is_state = line.action == f"project.{word}" and word in PROJECT_STATES
        if not is_state and (line.action not in NAMES["history"] or not (inside or line.action in _OPEN_ACTS)):
            continue
        title = state_label("project", word) if is_state else str(NAMES["history"][line.action])
        pair = names.get(line.actor_organisation)
        items.append(
            {
                "at": line.occurred_at,
                "title": title,
                "actor": (pair[0] if chinese else pair[1]) if pair else _("Pilotage"),
                "text": line.details.get("reason") or line.details.get("code") or "",
                "tone": tone("project", word) if is_state else _TONES.get(word, "slate"),
            }
        )
    return items[::-1]
