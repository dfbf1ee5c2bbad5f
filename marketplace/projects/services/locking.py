"""The row lock of a project, which whoever changes its levels or its state takes before anything else."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.db import lock_rows
from marketplace.projects.models import Project
from marketplace.projects.queries import list_elements, select_project_id

_COLUMNS = tuple(attribute.key for attribute in sa.inspect(Project).column_attrs)


def hold_project(session: orm.Session, project: Project) -> None:
    """Lock the project and read it and its elements anew: of two acts the second waits, then sees what the first left.

    Taken before the rows of the project and before the history is written, so that no two acts wait for each other.
    """
    session.execute(lock_rows(session, select_project_id(project_id=project.id)))
    session.refresh(project, _COLUMNS)
    orm.attributes.set_committed_value(project, "elements", list(list_elements(session, project_id=project.id)))
