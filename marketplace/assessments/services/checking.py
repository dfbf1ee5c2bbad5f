"""Checking the model in use against outcomes and projects, and telling the operator when it breaks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from marketplace.accounts.queries import list_operator_ids
from marketplace.assessments import score_queries
from marketplace.assessments.monitoring import RECENT, check_calibration, check_drift, judge_model, misses_target
from marketplace.assessments.score_models import ModelCheck, RiskModelVersion
from marketplace.audit.services import record_act
from marketplace.notifications.services import notify


def check_champion(session: orm.Session, *, now: datetime) -> ModelCheck | None:
    """Keep one check of the model in use; a break tells the operator once, until it holds or breaks otherwise."""
    champion = score_queries.find_champion(session)
    if champion is None:
        return None
    pairs = list_outcome_pairs(session, model=champion)
    calibration = check_calibration(pairs)
    drift = check_drift(score_queries.list_scores_around(session, since=now - RECENT), now=now)
    state, breaches = judge_model(calibration, drift)
    last = score_queries.find_last_check(session, model_id=champion.id)
    check = ModelCheck(
        model_id=champion.id, state=state, outcomes=len(pairs), checked_at=now,
        content={"calibration": calibration, "drift": drift, "breaches": breaches},
    )  # fmt: skip
    session.add(check)
    session.flush()  # the notice names it
    if breaches and (last is None or last.content["breaches"] != breaches):
        record_act(
            session, actor=None, action="model.check_broke", subject_kind="risk_model", now=now,
            subject_id=champion.public_id, details={"check": check.public_id, "breaches": breaches},
        )  # fmt: skip
        notify(
            session, organisation_ids=list_operator_ids(session), kind="model.check_broke",
            parameters={"model": champion.version, "breaches": breaches}, url=f"/risk-models/{champion.public_id}",
            dedupe_key=f"model.check_broke:{check.public_id}", now=now,
        )  # fmt: skip
    return check


def list_outcome_pairs(session: orm.Session, *, model: RiskModelVersion) -> list[tuple[float, int]]:
    """Probability and outcome (1: target missed) of every pilot that this very model scored before it began."""
    return [
        (outcome.score.content["probability"], int(misses_target(outcome)))
        for outcome in score_queries.list_standing_outcomes(session)
        if outcome.score is not None
        and outcome.score.model_digest == model.coefficients_digest
        and outcome.score.content["probability"] is not None
    ]
