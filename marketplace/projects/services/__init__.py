"""Use cases of projects."""

from marketplace.projects.services.consents import grant_score_consent, revoke_score_consent
from marketplace.projects.services.grants import grant_access, revoke_access
from marketplace.projects.services.importing import import_projects
from marketplace.projects.services.levels import record_levels
from marketplace.projects.services.listing import create_project, edit_project
from marketplace.projects.services.locking import hold_project
from marketplace.projects.services.moves import move_project

__all__ = [
    "create_project",
    "edit_project",
    "grant_access",
    "grant_score_consent",
    "hold_project",
    "import_projects",
    "move_project",
    "record_levels",
    "revoke_access",
    "revoke_score_consent",
]
