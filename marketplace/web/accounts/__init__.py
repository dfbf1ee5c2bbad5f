"""Pages of one's own account, of one's organisation with its members and keys, and of all organisations."""

from __future__ import annotations

from marketplace.web.accounts import keys, members, organisations, own_account, second_factor
from marketplace.web.accounts.pages import blueprint

# The modules whose views hang on the blueprint.
VIEWS = (keys, members, organisations, own_account, second_factor)

__all__ = ["VIEWS", "blueprint"]
