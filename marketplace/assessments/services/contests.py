"""Contesting a score: the team says why, the operator answers in days, and both stay beside the score."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_operator_ids
from marketplace.assessments import score_queries
from marketplace.assessments.errors import ContestInvalidError, ContestStateError, GainsFromContestError
from marketplace.assessments.models import StoredScore
from marketplace.assessments.score_models import ScoreContest
from marketplace.assessments.services.common import require_no_gain
from marketplace.audit.services import record_act
from marketplace.clock import day_in_zone
from marketplace.db import lock_rows
from marketplace.notifications.services import notify
from marketplace.projects.models import Project
from marketplace.projects.queries import list_standing_consents
from marketplace.projects.services.listing import require_owner

ANSWER_WEEKDAYS = 10
TEXT_LIMIT = 4000


def contest_score(
    session: orm.Session, *, actor: Any, project: Project, score: StoredScore, ground: str, now: datetime
) -> ScoreContest:
    """The team contests one of its scores; the operator is told and answers within ten weekdays.

    The score itself is not touched. Raises ContestInvalidError without a ground or before the project was submitted
    (the operator cannot read it until then), ContestStateError while a contest of this score is open.
    """
    require_permission(actor, Permission.PROJECT_EDIT)
    require_owner(actor, project)
    if project.state == "draft":
        raise ContestInvalidError(
            errors={"ground": "Submit the project first; until then the operator cannot read it."}
        )
    text = _read_text(ground, "ground", "Say what is wrong with the score, and why.")
    # Two clicks at once: the second waits here and then finds the first.
    session.execute(lock_rows(session, score_queries.select_score_id(score_id=score.id)))
    if score_queries.find_open_contest(session, score_id=score.id) is not None:
        raise ContestStateError()
    contest = ScoreContest(
        score_id=score.id, state="open", ground=text, raised_by=actor.user_public_id, raised_at=now,
        due_on=add_weekdays(day_in_zone(now), ANSWER_WEEKDAYS),
    )  # fmt: skip
    session.add(contest)
    session.flush()  # the notice names it
    _note(session, actor=actor, project=project, contest=contest, score=score, act="contested", now=now)
    notify(
        session, organisation_ids=list_operator_ids(session), kind="score.contested",
        parameters={**_titles(project), "due_on": contest.due_on.isoformat()},
        url=f"/score-contests/{contest.public_id}", dedupe_key=f"score.contested:{contest.public_id}", now=now,
    )  # fmt: skip
    return contest


def answer_contest(
    session: orm.Session, *, actor: Any, contest: ScoreContest, outcome: str, answer: str, now: datetime
) -> ScoreContest:
    """The operator upholds or dismisses a contest, with reasons; an answer is given once and stays.

    Nobody answers who belongs to the team, to its centre or to an organisation that was let read the score by name.
    An upheld contest changes no stored score: what was wrong is mended in the project or the model, and a new score is
    computed beside the old one.
    """
    require_permission(actor, Permission.SCORE_ANSWER)
    project = contest.score.project
    readers = list_standing_consents(session, project_ids=[project.id])
    require_no_gain(
        session, actor=actor, project=project, error=GainsFromContestError,
        also=[row.organisation_id for row in readers if row.organisation_id is not None],
    )  # fmt: skip
    errors = {}
    if outcome not in ("upheld", "dismissed"):
        errors["outcome"] = "Choose one of the options."
    if not answer.strip():
        errors["answer"] = "Say how it was decided, and why."
    if errors:
        raise ContestInvalidError(errors=errors)
    session.execute(lock_rows(session, score_queries.select_score_id(score_id=contest.score_id)))
    session.refresh(contest, ["state", "answered_at"])
    if contest.state != "open":
        raise ContestStateError()
    contest.state, contest.answer = outcome, _read_text(answer, "answer", "")
    contest.answered_by, contest.answered_at = actor.user_public_id, now
    session.flush()  # the page that follows shows it
    _note(
        session, actor=actor, project=project, contest=contest, score=contest.score, act=f"contest_{outcome}", now=now
    )
    notify(
        session, organisation_ids=[project.organisation_id], kind="score.contest_answered",
        parameters=_titles(project), url=f"/projects/{project.public_id}/score#contests",
        dedupe_key=f"score.contest_answered:{contest.public_id}", now=now,
    )  # fmt: skip
    return contest


def remind_of_contests(session: orm.Session, *, now: datetime) -> int:
    """Once a day: tell the operator of every contest whose last day for an answer has passed; returns how many."""
    overdue = score_queries.list_overdue_contests(session, today=day_in_zone(now))
    for contest in overdue:
        notify(
            session, organisation_ids=list_operator_ids(session), kind="score.contest_overdue",
            parameters={**_titles(contest.score.project), "due_on": contest.due_on.isoformat()},
            url=f"/score-contests/{contest.public_id}", now=now,
            dedupe_key=f"score.contest_overdue:{contest.public_id}:{day_in_zone(now).isoformat()}",
        )  # fmt: skip
    return len(overdue)


def add_weekdays(day: date, count: int) -> date:
    """The day `count` weekdays after another; public holidays are not taken off, so the answer is never later."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _read_text(text: str, field: str, missing: str) -> str:
    kept = text.strip()
    if not kept:
        raise ContestInvalidError(errors={field: missing})
    if len(kept) > TEXT_LIMIT:
        raise ContestInvalidError(errors={field: "This text is too long."})
    return kept


def _titles(project: Project) -> dict[str, str]:
    return {"title_zh": project.title("zh"), "title_en": project.title("en")}


def _note(
    session: orm.Session,
    *,
    actor: Any,
    project: Project,
    contest: ScoreContest,
    score: StoredScore,
    act: str,
    now: datetime,
) -> None:
    record_act(
        session, actor=actor, action=f"score.{act}", subject_kind="project", subject_id=project.public_id, now=now,
        details={"contest": contest.public_id, "score": score.public_id},
    )  # fmt: skip
