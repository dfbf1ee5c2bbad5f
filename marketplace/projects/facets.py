"""Counts beside the filters: each facet is counted with its own filter removed, within what the actor may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.projects.listing import ProjectFilter, filtered_projects
from marketplace.projects.models import FundingNeed, Project
from marketplace.projects.queries import is_qualified, reads_score

FACETS = ("sectors", "regions", "states", "instruments", "bands")
QUALIFIED_FACETS = ("instruments", "bands")


def _group(facet: str) -> Any:
    return {
        "sectors": Project.sector,
        "regions": sa.func.substr(Project.region_code, 1, 2),
        "states": Project.state,
        "instruments": FundingNeed.instrument,
        "bands": Project.score_band,
    }[facet]


def count_facets(session: orm.Session, *, actor: Any, wanted: ProjectFilter) -> Mapping[str, dict[str, int]]:
    """Counts by value for each facet that the actor may filter by everywhere."""
    counts: dict[str, dict[str, int]] = {}
    for facet in FACETS:
        if facet in QUALIFIED_FACETS and not is_qualified(actor):
            continue
        without: dict[str, Any] = {facet: ()}
        ids = filtered_projects(replace(wanted, **without), actor).with_only_columns(Project.id)
        group = _group(facet).label("value")
        number = sa.func.count(sa.distinct(Project.id))
        statement = sa.select(group, number).select_from(Project).where(Project.id.in_(ids)).group_by(group)
        if facet == "bands":
            statement = statement.where(reads_score(actor))
        if facet == "instruments":
            statement = statement.join(FundingNeed, FundingNeed.project_id == Project.id)
        counts[facet] = {value: count for value, count in session.execute(statement) if value}
    return counts
