"""Pilot projects of the demonstration: listed, verified, assessed on evidence, scored, all through the services."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import orm

from marketplace.assessments.services.assessing import (
    accept_assessment,
    request_assessment,
    sign_assessment,
)
from marketplace.assessments.services.evidence import add_evidence
from marketplace.assessments.services.judging import judge_up_to, record_judgements
from marketplace.assessments.services.scoring import score_now
from marketplace.assessments.words import TIES
from marketplace.clock import day_in_zone
from marketplace.demo.people import Cast
from marketplace.demo.project_input import compute_project_input
from marketplace.demo.records import Content
from marketplace.demo.records import Project as ProjectRecord
from marketplace.files.services import FileStore
from marketplace.projects.models import Project
from marketplace.projects.queries import find_project
from marketplace.projects.services import create_project, grant_score_consent, move_project

# Whom the teams of the demonstration let read their scores: those who price and fund, nobody else.
SCORE_READERS = ("angel", "venture_fund", "industrial_fund", "guidance_fund", "bank", "insurer", "guarantor")
NO_TIES = "We hold no share in, owe nothing to, and have not worked for any party of this project in three years."
NOTHING_SHOWN = "Nothing was laid before us for this. 未提交相应证据。"
DENIED = dict.fromkeys(TIES, False)
# The way from the draft to each state that a listing may stand in without a round or an agreement.
WAYS: dict[str, tuple[str, ...]] = {
    "draft": (),
    "submitted": ("submitted",),
    "verified": ("submitted", "verified"),
    "published": ("submitted", "verified", "published"),
    "withdrawn": ("submitted", "verified", "published"),
}


def list_project(
    session: orm.Session, *, record: ProjectRecord, content: Content, cast: Cast, now: datetime, code: str | None = None
) -> Project:
    """The team lists it, the operator verifies it, the team publishes it, as far as the record's state goes."""
    team = cast.actor(record.team)
    centre = cast.organisations[record.pilot_centre].public_id if record.pilot_centre else None
    values = compute_project_input(record, content=content, pilot_centre_id=centre)
    project = create_project(session, actor=team, now=now, values=values, code=code or record.code)
    operator = cast.first_of("operator")
    for step, state in enumerate(WAYS.get(record.state, WAYS["published"])):
        mover = operator if state == "verified" else team
        reason = "The team postponed the pilot." if state == "withdrawn" else ""
        moment = now + timedelta(hours=step + 1)
        move_project(session, actor=mover, project=project, state=state, reason=reason, now=moment)
    for kind in SCORE_READERS:
        grant_score_consent(session, actor=team, project=project, organisation_kind=kind, now=now)
    return project


def assess_project(
    session: orm.Session,
    *,
    project: Project,
    record: ProjectRecord,
    cast: Cast,
    store: FileStore,
    now: datetime,
    assessor: str,
) -> Any:
    """Evidence for each element, judged by an independent assessor up to the levels that the record names."""
    team, judge = cast.actor(record.team), cast.actor(assessor)
    assessment = request_assessment(
        session, actor=team, project=project, assessor=cast.organisations[assessor], now=now
    )
    accept_assessment(session, actor=judge, assessment=assessment, declaration=NO_TIES, ties=DENIED, now=now)
    for element in project.elements:
        for scale, level in (("trl", record.trl_assessed), ("mrl", record.mrl_assessed)):
            if level is None:
                _leave_open(session, actor=judge, assessment=assessment, element=element, scale=scale, now=now)
                continue
            evidence = _report(
                session, actor=team, project=project, element=element, scale=scale, level=level, store=store, now=now
            )
            judge_up_to(
                session, actor=judge, assessment=assessment, element=element, scale=scale, level=level,
                evidence=evidence, now=now,
            )  # fmt: skip
    return sign_assessment(
        session,
        actor=judge,
        assessment=assessment,
        now=now,
        conclusion="The evidence supports these levels.",
        name=judge.user_name,
    )


def _leave_open(session: orm.Session, *, actor: Any, assessment: Any, element: Any, scale: str, now: datetime) -> None:
    """Nothing was shown for this scale: its first level is judged, and not met."""
    from risk.maturity import get_level

    rows = [
        {"element": element.public_id, "criterion": criterion.id, "judgement": "not_met", "note": NOTHING_SHOWN}
        for criterion in get_level(scale, 1).criteria
    ]
    record_judgements(session, actor=actor, assessment=assessment, rows=rows, now=now)


def _report(
    session: orm.Session, *, actor: Any, project: Project, element: Any, scale: str, level: int, store: FileStore,
    now: datetime,
) -> Any:  # fmt: skip
    from risk.maturity import list_levels

    made_on = day_in_zone(now) - timedelta(days=40)
    text = (
        f"{element.name_zh}\n{element.name_en}\n{scale.upper()} 1-{level}\n"
        "Fictional test report of the demonstration market. 演示市场的虚构检测报告。\n"
    )
    return add_evidence(
        session,
        actor=actor,
        project=project,
        values={
            "element": element.public_id,
            "scale": scale,
            "level": level,
            "criterion": list_levels(scale)[level - 1].criteria[0].id,
            "evidence_type": "test_report",
            "title": f"{element.name_en} – {scale.upper()} {level}"[:200],
            "made_by": "Test laboratory of the demonstration market",
            "place": "Pilot hall",
            "made_on": made_on.isoformat(),
            "environment": "operational" if level >= (7 if scale == "trl" else 8) else "relevant",
        },
        now=now,
        store=store,
        stream=io.BytesIO(text.encode()),
        file_name=f"{scale}-{level}.txt",
    )


def get_built(session: orm.Session, project_id: int) -> Project:
    """A project that the builder made a moment ago, with its rows loaded."""
    project = find_project(session, project_id=project_id)
    assert project is not None
    return project


def score_project(session: orm.Session, *, project: Project, model: Any, now: datetime) -> Any:
    """The score as the job would store it, with the same model."""
    return score_now(session, project=project, model=model, now=now)
