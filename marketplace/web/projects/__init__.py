"""Pages of pilot projects."""

from __future__ import annotations

from marketplace.web.projects import access, editing, moves, pages
from marketplace.web.projects.base import blueprint

__all__ = ["access", "blueprint", "editing", "moves", "pages"]
