"""What deal flow hears from other domains, and the jobs that keep the matches fresh."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace import clock
from marketplace.db import changed_rows
from marketplace.dealflow import queries
from marketplace.dealflow.models import BudgetUse, Mandate, ProjectCover
from marketplace.dealflow.services.mandates import MATCH_MANDATE_JOB, expire_mandates
from marketplace.dealflow.services.matches import (
    Scored,
    find_mandate_matches,
    find_project_matches,
    refresh_project_matches,
    store_mandate_matches,
    store_project_matches,
)
from marketplace.events import (
    AssessmentSigned,
    CommitmentChanged,
    PolicyBound,
    ProjectStateChanged,
    ScoreConsentChanged,
    ScoreStored,
)
from marketplace.jobs.registry import JobKind, register_job
from marketplace.jobs.services import enqueue_job

MATCH_PROJECT_JOB = "dealflow.match_project"
REFRESH_JOB = "dealflow.refresh"
# A project that has not been published yet has no matches to refresh.
_BEFORE_MARKET = ("draft", "submitted", "verified")


def on_project_state_changed(session: orm.Session, event: ProjectStateChanged) -> None:
    """Match a project that comes on the market; forget one that leaves it."""
    if event.state not in _BEFORE_MARKET or queries.list_stored_of_project(session, project_id=event.project_id):
        _ask(session, event.project_id)


def on_assessment_signed(session: orm.Session, event: AssessmentSigned) -> None:
    """Another level may open or close mandates."""
    _ask(session, event.project_id)


def on_score_stored(session: orm.Session, event: ScoreStored) -> None:
    """Another band may open or close mandates."""
    _ask(session, event.project_id)


def on_score_consent_changed(session: orm.Session, event: ScoreConsentChanged) -> None:
    """Whoever may not read a score is not matched by it; at once, because a consent taken back bites at once."""
    refresh_project_matches(session, project_id=event.project_id, now=clock.now())


def on_policy_bound(session: orm.Session, event: PolicyBound) -> None:
    """Remember the cover, which some mandates ask for."""
    if queries.find_cover(session, project_id=event.project_id) is None:
        session.add(ProjectCover(project_id=event.project_id, policy_id=event.policy_id, bound_at=clock.now()))
        session.flush()  # a second policy of the same transaction finds it
    _ask(session, event.project_id)


def on_commitment_changed(session: orm.Session, event: CommitmentChanged) -> None:
    """Move the remaining budget of the mandate that pays; what is released goes back to where it came from."""
    if event.mandate_delta_minor > 0:
        _take_budget(session, event)
    elif event.mandate_delta_minor < 0:
        _give_budget_back(session, event)


def _take_budget(session: orm.Session, event: CommitmentChanged) -> None:
    mandate = queries.find_paying_mandate(
        session, organisation_id=event.organisation_id, instrument=event.instrument, currency=event.currency,
        mandate_id=event.mandate_id,
    )  # fmt: skip
    if mandate is None or queries.find_budget_use(session, commitment_id=event.commitment_id) is not None:
        return
    session.add(
        BudgetUse(commitment_id=event.commitment_id, mandate_id=mandate.id, amount_minor=event.mandate_delta_minor)
    )
    _move_budget(session, mandate.id, -event.mandate_delta_minor)


def _give_budget_back(session: orm.Session, event: CommitmentChanged) -> None:
    use = queries.find_budget_use(session, commitment_id=event.commitment_id)
    if use is None or use.amount_minor == 0:
        return
    back = min(use.amount_minor, -event.mandate_delta_minor)
    use.amount_minor -= back
    _move_budget(session, use.mandate_id, back)


def _move_budget(session: orm.Session, mandate_id: int, delta_minor: int) -> None:
    """One UPDATE, so that two commitments at once are both counted."""
    changed_rows(session, queries.moved_budget(mandate_id=mandate_id, delta_minor=delta_minor))
    held = session.get(Mandate, mandate_id)
    if held is not None:
        session.refresh(held, ["budget_remaining_minor"])
    enqueue_job(session, name=MATCH_MANDATE_JOB, now=clock.now(), arguments={"mandate_id": mandate_id})


def _ask(session: orm.Session, project_id: int) -> None:
    """No dedupe key: a job that is already running may have read the project as it was."""
    enqueue_job(session, name=MATCH_PROJECT_JOB, now=clock.now(), arguments={"project_id": project_id})


def prepare_mandate(session: orm.Session, *, mandate_id: int) -> list[Scored]:
    return find_mandate_matches(session, mandate_id=mandate_id, now=clock.now())


def record_mandate(session: orm.Session, *, now: datetime, data: list[Scored], mandate_id: int) -> str | None:
    """Keep the matches of one mandate; returns its page."""
    mandate = queries.find_mandate(session, mandate_id=mandate_id)
    if mandate is None:
        return None
    store_mandate_matches(session, mandate_id=mandate_id, found=data, now=now)
    return f"/mandates/{mandate.public_id}"


def prepare_project(session: orm.Session, *, project_id: int) -> list[Scored]:
    return find_project_matches(session, project_id=project_id, now=clock.now())


def record_project(session: orm.Session, *, now: datetime, data: list[Scored], project_id: int) -> None:
    """Keep the matches of one project."""
    store_project_matches(session, project_id=project_id, found=data, now=now)


def record_refresh(session: orm.Session, *, now: datetime) -> None:
    """Once a day: close what has lapsed and match every active mandate again, because days have passed."""
    expire_mandates(session, now=now)
    for mandate in queries.list_active_mandates(session):
        enqueue_job(
            session, name=MATCH_MANDATE_JOB, now=now, arguments={"mandate_id": mandate.id},
            owner_organisation_id=mandate.organisation_id,
        )  # fmt: skip


def register() -> None:
    """Make the jobs known."""
    kinds: tuple[tuple[str, Any, Any], ...] = (
        (MATCH_MANDATE_JOB, prepare_mandate, record_mandate),
        (MATCH_PROJECT_JOB, prepare_project, record_project),
    )
    for name, prepare, record in kinds:
        register_job(JobKind(name=name, prepare=prepare, record=record))
    register_job(JobKind(name=REFRESH_JOB, record=record_refresh, every_seconds=86_400))
