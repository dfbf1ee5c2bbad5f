"""Use cases of deal flow."""

from marketplace.dealflow.schemas import read_mandate
from marketplace.dealflow.services.mandates import create_mandate, edit_mandate, expire_mandates, set_mandate_state
from marketplace.dealflow.services.matches import (
    compute_match,
    compute_project_view,
    refresh_mandate_matches,
    refresh_project_matches,
)

__all__ = [
    "compute_match", "compute_project_view", "create_mandate", "edit_mandate", "expire_mandates", "read_mandate",
    "refresh_mandate_matches", "refresh_project_matches", "set_mandate_state",
]  # fmt: skip
