"""Computing and keeping matches: the best of each mandate, the reasons of any other pair when asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.dealflow import queries
from marketplace.dealflow.errors import NotVisibleError
from marketplace.dealflow.facts import ProjectFacts, build_facts
from marketplace.dealflow.matching import Match, match_project, write_match, write_share
from marketplace.dealflow.models import Mandate, StoredMatch
from marketplace.dealflow.words import FUNDABLE_STATES, MATCHES_KEPT
from marketplace.projects.models import Project, ScoreConsent
from marketplace.projects.queries import find_project, is_qualified, list_standing_consents

# What a funder's own budget or calendar refuses says nothing about the project.
FUNDER_ONLY = ("budget", "mandate_open")


@dataclass(frozen=True)
class Scored:
    """A pair that matched, as it is kept."""

    mandate_id: int
    project_id: int
    score: str
    content: dict[str, Any]


def read_facts(session: orm.Session, *, projects: Sequence[Project], today: date) -> dict[int, ProjectFacts]:
    """Facts by project id; teams and funding needs are loaded."""
    ids = [project.id for project in projects]
    covered = queries.list_covered_ids(session, project_ids=ids)
    consents: dict[int, list[ScoreConsent]] = defaultdict(list)
    for consent in list_standing_consents(session, project_ids=ids):
        consents[consent.project_id].append(consent)
    return {
        project.id: build_facts(project, insured=project.id in covered, today=today, consents=consents[project.id])
        for project in projects
    }


def score_pairs(mandates: Iterable[Mandate], facts: dict[int, ProjectFacts], *, today: date) -> list[Scored]:
    """The pairs that hold, the best 200 of each mandate; equal scores in the order of the projects."""
    kept: list[Scored] = []
    for mandate in mandates:
        found = []
        for project_id, known in facts.items():
            match = match_project(mandate, known.seen_by(mandate.organisation), today=today)
            if match.score is not None:
                found.append(Scored(mandate.id, project_id, write_share(match.score), write_match(match)))
        found.sort(key=lambda row: row.project_id)
        found.sort(key=lambda row: row.score, reverse=True)
        kept.extend(found[:MATCHES_KEPT])
    return kept


def store_mandate_matches(session: orm.Session, *, mandate_id: int, found: Sequence[Scored], now: datetime) -> int:
    """Replace what is kept of one mandate; a match that was there keeps the moment it was first seen."""
    before = {row.project_id: row for row in queries.list_stored_of_mandate(session, mandate_id=mandate_id)}
    for row in found:
        _store(session, before.pop(row.project_id, None), row, now)
    for gone in before.values():
        session.delete(gone)
    session.flush()  # the caller counts and lists them
    return len(found)


def store_project_matches(session: orm.Session, *, project_id: int, found: Sequence[Scored], now: datetime) -> int:
    """Replace what is kept of one project, then drop what falls behind the best 200 of a mandate."""
    before = {row.mandate_id: row for row in queries.list_stored_of_project(session, project_id=project_id)}
    for row in found:
        _store(session, before.pop(row.mandate_id, None), row, now)
    for gone in before.values():
        session.delete(gone)
    session.flush()  # the ranks below are read from the rows
    for row in found:
        for surplus in queries.list_stored_of_mandate(session, mandate_id=row.mandate_id)[MATCHES_KEPT:]:
            session.delete(surplus)
    session.flush()  # the caller counts and lists them
    return len(found)


def _store(session: orm.Session, held: StoredMatch | None, row: Scored, now: datetime) -> None:
    if held is None:
        held = StoredMatch(mandate_id=row.mandate_id, project_id=row.project_id, first_seen_at=now)
        session.add(held)
    held.score, held.content, held.computed_at = row.score, row.content, now


def refresh_mandate_matches(session: orm.Session, *, mandate_id: int, now: datetime) -> int:
    """Read, compute and keep in one transaction, for builders; the worker does the same in three steps."""
    found = find_mandate_matches(session, mandate_id=mandate_id, now=now)
    return store_mandate_matches(session, mandate_id=mandate_id, found=found, now=now)


def find_mandate_matches(session: orm.Session, *, mandate_id: int, now: datetime) -> list[Scored]:
    """The matches of one mandate as they are now; none while it is not active."""
    mandate = queries.find_mandate(session, mandate_id=mandate_id)
    if mandate is None or mandate.state != "active":
        return []
    today = clock.day_in_zone(now)
    facts = read_facts(session, projects=queries.list_fundable_projects(session), today=today)
    return score_pairs([mandate], facts, today=today)


def refresh_project_matches(session: orm.Session, *, project_id: int, now: datetime) -> int:
    """The same for one project and every active mandate."""
    found = find_project_matches(session, project_id=project_id, now=now)
    return store_project_matches(session, project_id=project_id, found=found, now=now)


def find_project_matches(session: orm.Session, *, project_id: int, now: datetime) -> list[Scored]:
    project = find_project(session, project_id=project_id)
    if project is None or project.state not in FUNDABLE_STATES:
        return []
    today = clock.day_in_zone(now)
    facts = read_facts(session, projects=[project], today=today)
    return score_pairs(queries.list_active_mandates(session), facts, today=today)


def compute_match(
    session: orm.Session, *, actor: Any, mandate: Mandate, projects: Sequence[Project], now: datetime
) -> list[tuple[Project, Match]]:
    """The reasons of any pairs of a mandate whose matches the actor reads; raises NotVisibleError."""
    if not queries.reads_matches(actor, mandate) or not is_qualified(actor):
        raise NotVisibleError()
    today = clock.day_in_zone(now)
    facts = read_facts(session, projects=projects, today=today)
    return [
        (project, match_project(mandate, facts[project.id].seen_by(mandate.organisation), today=today))
        for project in projects
    ]


@dataclass(frozen=True)
class TeamView:
    """One mandate as the project's team sees it: would it take the project, and what stands against it."""

    mandate: Mandate
    takes: bool
    taking_now: bool
    match: Match


def compute_project_view(session: orm.Session, *, actor: Any, project: Project, now: datetime) -> list[TeamView]:
    """For the team: every mandate that it may see, those that would take the project first, then the nearest.

    `match.checks` are those that concern the project; the funder's weights, budget and score are not part of it.
    """
    if project.organisation_id != actor.organisation_id:
        raise NotVisibleError("Only the team of this project may see this.")
    today = clock.day_in_zone(now)
    facts = read_facts(session, projects=[project], today=today)[project.id]
    views = []
    for mandate in queries.list_mandates(session, actor=actor, state="active", limit=500):
        match = match_project(mandate, facts.seen_by(mandate.organisation), today=today)
        about = tuple(check for check in match.checks if check.code not in FUNDER_ONLY)
        taking = all(check.holds for check in match.checks if check.code in FUNDER_ONLY)
        views.append(TeamView(mandate, all(check.holds for check in about), taking, Match(about, (), None)))
    views.sort(key=lambda view: (not view.takes, not view.taking_now, len(view.match.refusals), view.mandate.id))
    return views
