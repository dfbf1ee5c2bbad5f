"""The registry of models: every model that ever made a score has its row; two people change which one does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.access import require_permission
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import list_operator_ids
from marketplace.assessments import score_queries
from marketplace.assessments.errors import ModelStateError, PromotionInvalidError, SamePersonError
from marketplace.assessments.score_models import ModelPromotion, RiskModelVersion
from marketplace.audit.services import record_act
from marketplace.db import lock_rows
from marketplace.notifications.services import notify

FACTS = (
    "version", "coefficients_digest", "coefficients", "file_name", "file_sha256", "table_version", "support",
    "own_outcomes", "own_events", "libraries", "metrics",
)  # fmt: skip
TEXT_LIMIT = 2000


def describe_champion(session: orm.Session) -> dict[str, Any] | None:
    """The facts of the model in use, for whoever loads it outside of a transaction; None before the first."""
    champion = score_queries.find_champion(session)
    return None if champion is None else {name: getattr(champion, name) for name in FACTS}


def register_model(
    session: orm.Session,
    *,
    facts: Mapping[str, Any],
    now: datetime,
    registered_by: str = "",
    as_candidate: bool = False,
) -> RiskModelVersion:
    """Give a fitted model its row; the same vector has one row however often it is fitted.

    The first model of a market is its champion, because there is nothing to compare it with and scores need one;
    every later one, and the first one too with `as_candidate`, is a candidate until two people promote it.
    """
    known = score_queries.find_model_by_digest(session, digest=facts["coefficients_digest"])
    if known is not None:
        return known
    first = not as_candidate and score_queries.find_champion(session) is None
    model = RiskModelVersion(
        **{name: facts[name] for name in FACTS}, state="champion" if first else "candidate",
        registered_by=registered_by, registered_at=now, champion_from=now if first else None,
    )  # fmt: skip
    session.add(model)
    session.flush()  # the score that follows names it
    record_act(
        session, actor=None, action="model.registered", subject_kind="risk_model", subject_id=model.public_id, now=now,
        details={"version": model.version, "state": model.state, "sha256": model.file_sha256},
    )  # fmt: skip
    return model


def propose_promotion(
    session: orm.Session, *, actor: Any, model: RiskModelVersion, ground: str, now: datetime
) -> ModelPromotion:
    """One person of the operator proposes that a candidate make the scores; another decides."""
    require_permission(actor, Permission.MODEL_PROMOTE)
    if not ground.strip():
        raise PromotionInvalidError(errors={"ground": "Say what speaks for this model."})
    _lock(session, model)
    if model.state != "candidate" or score_queries.find_open_promotion(session, model_id=model.id) is not None:
        raise ModelStateError(state=model.state)
    promotion = ModelPromotion(
        model_id=model.id, state="open", ground=ground.strip()[:TEXT_LIMIT], proposed_by=actor.user_public_id,
        proposed_at=now,
    )  # fmt: skip
    session.add(promotion)
    session.flush()  # the page that follows shows it
    _note(session, actor=actor, model=model, promotion=promotion, act="proposed", now=now)
    notify(
        session, organisation_ids=list_operator_ids(session), kind="model.proposed", now=now,
        parameters={"model": model.version}, url=f"/risk-models/{model.public_id}",
        dedupe_key=f"model.proposed:{promotion.public_id}",
    )  # fmt: skip
    return promotion


def decide_promotion(
    session: orm.Session, *, actor: Any, model: RiskModelVersion, confirmed: bool, note: str, now: datetime
) -> ModelPromotion:
    """A second person confirms (the candidate becomes the champion, the champion retires) or refuses, with a note.

    Raises SamePersonError for the person who proposed it, ModelStateError where nothing is proposed.
    """
    require_permission(actor, Permission.MODEL_PROMOTE)
    _lock(session, model)
    promotion = score_queries.find_open_promotion(session, model_id=model.id)
    if promotion is None or model.state != "candidate":
        raise ModelStateError(state=model.state)
    if promotion.proposed_by == actor.user_public_id:
        raise SamePersonError()
    if not note.strip():
        raise PromotionInvalidError(errors={"note": "Say what you looked at."})
    promotion.state, promotion.note = "confirmed" if confirmed else "refused", note.strip()[:TEXT_LIMIT]
    promotion.decided_by, promotion.decided_at = actor.user_public_id, now
    if confirmed:
        champion = score_queries.find_champion(session)
        if champion is not None:
            champion.state, champion.retired_at = "retired", now
            session.flush()  # one champion at a time: the old one leaves before the new one comes
        model.state, model.champion_from = "champion", now
    session.flush()  # the page that follows shows it
    _note(session, actor=actor, model=model, promotion=promotion, act=promotion.state, now=now)
    return promotion


def _lock(session: orm.Session, model: RiskModelVersion) -> None:
    """All rows, in order: two promotions at once would otherwise both retire the same champion."""
    session.execute(lock_rows(session, score_queries.select_model_ids())).all()
    session.refresh(model, ["state"])


def _note(
    session: orm.Session, *, actor: Any, model: RiskModelVersion, promotion: ModelPromotion, act: str, now: datetime
) -> None:
    record_act(
        session, actor=actor, action=f"model.promotion_{act}", subject_kind="risk_model", subject_id=model.public_id,
        now=now, details={"version": model.version, "promotion": promotion.public_id, "state": model.state},
    )  # fmt: skip
