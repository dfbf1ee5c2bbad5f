"""Writing the projects of a file as drafts of one team: all of them or none."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.errors import InvalidInputError
from marketplace.projects import queries
from marketplace.projects.errors import ImportRefusedError
from marketplace.projects.models import Project
from marketplace.projects.services.listing import create_project

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}", re.ASCII)


def import_projects(
    session: orm.Session, *, actor: Any, rows: list[dict[str, Any]], now: datetime, first_row: int = 2
) -> list[Project]:
    """Create a draft for each row through the ordinary service; raises ImportRefusedError with every wrong cell."""
    errors: dict[str, str] = {}
    projects: list[Project] = []
    codes: set[str] = set()
    for number, row in enumerate(rows, start=first_row):
        values = dict(row)
        code = values.pop("code", None)
        wrong = _check_code(session, code, codes)
        if wrong:
            errors[f"row {number}, code"] = wrong
            continue
        try:
            projects.append(create_project(session, actor=actor, now=now, values=values, code=code))
        except InvalidInputError as error:
            found = error.errors or {"": str(error.message)}
            errors |= {f"row {number}, {column}".rstrip(", "): text for column, text in found.items()}
    if errors:
        raise ImportRefusedError(errors=errors)
    return projects


def _check_code(session: orm.Session, code: Any, seen: set[str]) -> str | None:
    if code is None:
        return None
    if not isinstance(code, str) or _CODE.fullmatch(code) is None:
        return "A code has 1 to 60 small letters, figures and hyphens."
    if code in seen or queries.find_project_by_code(session, code=code) is not None:
        return "A project with this code exists already."
    seen.add(code)
    return None
