"""Retraining the score model on the outcomes recorded here: read, train without a transaction, register a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import orm

from marketplace.accounts.queries import list_operator_ids
from marketplace.assessments import score_queries
from marketplace.assessments.model_store import store_model
from marketplace.assessments.score_models import RiskModelVersion
from marketplace.assessments.services.outcomes import list_training_rows
from marketplace.assessments.services.registry import register_model
from marketplace.notifications.services import notify
from risk.errors import RiskError

# A young market has not enough to learn from: nothing is wrong then, and nobody has to look.
NOT_ENOUGH = ("empty_input", "too_few_outcomes", "one_class_only")


def prepare_retraining(session: orm.Session) -> dict[str, Any]:
    """The outcomes to learn from, and what every registered model was trained on."""
    known = [
        {
            "public_id": model.public_id, "coefficients_digest": model.coefficients_digest,
            "data_digest": model.metrics.get("data_digest"), "table_version": model.table_version,
        }
        for model in score_queries.list_models(session)
    ]  # fmt: skip
    return {"rows": list_training_rows(session), "known": known}


def train_candidate(
    data: Mapping[str, Any], *, directory: Path, waivers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Train on the outcomes and write the model file; slow, and no transaction is open.

    Returns ``{"facts": ...}`` for the registry, or ``{"registered": public_id}`` where a model of the same outcomes and
    tables, or of the same vector, has its row already; then no file is written. Raises a RiskError where the outcomes
    are too few or cannot be learned from; nothing is written then either.
    """
    from risk.scoring.own_outcomes import check_enough, read_outcomes
    from risk.scoring.retraining import digest_outcomes, retrain
    from risk.tables import get_table_version

    outcomes = read_outcomes(data["rows"])
    check_enough(outcomes)
    trained_on = (digest_outcomes(outcomes), get_table_version())
    for row in data["known"]:
        if (row["data_digest"], row["table_version"]) == trained_on:
            return {"registered": row["public_id"]}
    model, report = retrain(data["rows"], waivers=waivers)
    for row in data["known"]:
        if row["coefficients_digest"] == model.digest:
            return {"registered": row["public_id"]}
    return {"facts": store_model(directory, model, metrics=report).facts}


def train_candidate_if_enough(data: Mapping[str, Any], *, directory: Path) -> dict[str, Any]:
    """The same for the worker: too few outcomes are no failure of a job, anything else is."""
    try:
        return train_candidate(data, directory=directory)
    except RiskError as error:
        if error.code not in NOT_ENOUGH:
            raise
        return {"refused": error.code}


def record_retraining(session: orm.Session, *, now: datetime, data: Mapping[str, Any]) -> RiskModelVersion | None:
    """Register the trained model as a candidate and tell the operator; None where nothing was trained.

    It never becomes the champion here, not even as the first model of a market: that takes two people.
    """
    if "registered" in data:
        return score_queries.get_model(session, public_id=data["registered"])
    if "refused" in data:
        return None
    model = register_model(session, facts=data["facts"], now=now, as_candidate=True)
    notify(
        session, organisation_ids=list_operator_ids(session), kind="model.retrained", now=now,
        parameters={"model": model.version, "outcomes": model.own_outcomes}, url=f"/risk-models/{model.public_id}",
        dedupe_key=f"model.retrained:{model.public_id}",
    )  # fmt: skip
    return model
