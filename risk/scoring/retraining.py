"""Retraining of the score from the market's own outcomes: the model, how good it was on rows held out, its state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from risk.scoring import leaks
from risk.scoring.drift import Calibration, check_calibration
from risk.scoring.estimator import MaturityRiskClassifier
from risk.scoring.evaluation import evaluate_predictions
from risk.scoring.features import COLUMNS, encode_row, list_features
from risk.scoring.hazard import Spell, fit_hazard
from risk.scoring.model_files import library_versions
from risk.scoring.own_comparison import compare_on_own_outcomes
from risk.scoring.own_outcomes import OwnOutcome, check_enough, read_outcomes
from risk.scoring.prior_model import RiskModel, build_model, fit_classifier, fit_prior_model
from risk.scoring.selection import standard_error
from risk.scoring.two_part import fit_outlook
from risk.scoring.waivers import check_waivers
from risk.tables import get_default, get_table_version

_FOLDS = 5
_REPEATS = 5


def retrain(
    rows: Sequence[Mapping[str, Any]], *, waivers: Mapping[str, str] | None = None
) -> tuple[RiskModel, dict[str, Any]]:
    """Fit the score model on the evidence tables and the market's own outcomes.

    Parameters
    ----------
    rows : sequence of mapping
        Own outcomes as of :func:`risk.scoring.own_outcomes.read_outcomes`.
    waivers : mapping of str to str, optional
        Reason by code of a leak guard that a person lets pass.

    Returns
    -------
    model : RiskModel
        State ``prior_only``, ``supported`` or ``validated`` by the rules of ``tables/training_rules``; its metadata
        holds the report, and the outlook (months, slip, cost growth, loss) that scores then show.
    report : dict
        JSON-ready: ``n``, ``events``, ``state``, ``measures`` of the new model and ``measures_prior`` of the model
        without own outcomes on the same held-out rows, ``by_time``,
        ``comparison`` of champion and challenger, ``leaks``, ``waivers``, ``data_digest``,
        ``table_version`` and library versions.

    Raises
    ------
    RiskError
        A row that cannot be, too few outcomes, one class only, a waiver without a reason; `field` names row and column.
    LeakError
        An input, or its being missing, knows the outcome too well.

    Notes
    -----
    Nothing is stored: a refusal leaves the model in use as it is. Own outcomes weigh as much as counted projects of
    the tables, row for row, under the same priors and signs.
    """
    waivers = check_waivers(waivers or {}, leaks.CODES)
    outcomes = sorted(read_outcomes(rows), key=lambda outcome: (outcome.started_on, outcome.id))
    check_enough(outcomes)
    target = np.array([outcome.failed for outcome in outcomes], dtype=np.float64)
    found = leaks.find_leaks(pd.DataFrame([dict(outcome.inputs) for outcome in outcomes]), target)
    leaks.stop_at_leaks(found, waivers)
    design = np.array([[encode_row(outcome.inputs)[name] for name in COLUMNS] for outcome in outcomes])
    with threadpool_limits(1):
        held_out = _hold_out(design, target)
        later, by_time = _by_time(design, target)
        classifier = fit_classifier(design, target)
    events = int(target.sum())
    state = _state(len(outcomes), events, by_time)
    report: dict[str, Any] = {
        "n": len(outcomes),
        "events": events,
        "state": state,
        "measures": evaluate_predictions(target, held_out),
        "measures_prior": evaluate_predictions(target, _predict(fit_prior_model().classifier, design)),
        "by_time": None if by_time is None else {"n": int(later.size), **by_time},
        "comparison": compare_on_own_outcomes(outcomes),
        "leaks": found,
        "waivers": dict(waivers),
        "unknown_share": _unknown_share(outcomes),
        "data_digest": digest_outcomes(outcomes),
        "table_version": get_table_version(),
        "libraries": library_versions(),
    }
    outlook = {**fit_outlook(outcomes), "months": fit_hazard(spells_of(outcomes)).describe()}
    model = build_model(
        classifier,
        state=state,
        own_outcomes=len(outcomes),
        own_events=events,
        metadata={"report": report, "outlook": outlook},
    )
    return model, report


def spells_of(outcomes: Sequence[OwnOutcome]) -> list[Spell]:
    """Return the time spent at each level: a pilot's months shared equally by the levels gained, or by the one tried.

    A pilot whose level at the end is not known counts for the levels of a reached target, else for one level not
    passed.
    """
    spells = []
    for outcome in outcomes:
        start, target = outcome.inputs["trl_start"], outcome.inputs["trl_target"]
        reached = outcome.trl_reached
        if reached is None:
            reached = target if outcome.target_reached else start
        gained = max(min(reached, 9) - start, 0)
        if gained == 0:
            spells.append(Spell(start, outcome.months, passed=False))
        spells += [Spell(start + step, outcome.months / gained, passed=True) for step in range(gained)]
    return spells


def digest_outcomes(outcomes: Sequence[OwnOutcome]) -> str:
    """Return the SHA-256 of outcomes in canonical JSON, whatever the order they came in."""
    rows = sorted((asdict(outcome) for outcome in outcomes), key=lambda row: row["id"])
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _hold_out(design: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return out-of-fold probabilities of own rows, shape (repeats, n); the tables' rows are always learned from."""
    predicted = np.empty((_REPEATS, target.size))
    for repeat in range(_REPEATS):
        splitter = KFold(_FOLDS, shuffle=True, random_state=repeat)
        for inside, outside in splitter.split(design):
            predicted[repeat, outside] = _predict(fit_classifier(design[inside], target[inside]), design[outside])
    return predicted


def _by_time(design: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, dict[str, Any] | None]:
    """Return the places of the later outcomes and how a fit on the earlier ones did; None where they are one class."""
    share = float(get_default("training_rules", "validated_later_share").value or 0.0)
    first = target.size - max(round(share * target.size), 1)
    earlier, later = np.arange(first), np.arange(first, target.size)
    if np.unique(target[later]).size < 2:
        return later, None
    predicted = _predict(fit_classifier(design[earlier], target[earlier]), design[later])
    calibration: Calibration = check_calibration(target[later], predicted)
    own = np.square(target[later].mean() - target[later])
    return later, {
        "measures": evaluate_predictions(target[later], predicted),
        "constant_limit": round(float(own.mean()) + standard_error(own, None), 6),
        "calibrated_in_the_large": calibration.holds,
    }


def _state(n: int, events: int, by_time: Mapping[str, Any] | None) -> str:
    if min(events, n - events) < _rule("supported_minimum_class"):
        return "prior_only"
    if n < _rule("validated_minimum_outcomes") or by_time is None:
        return "supported"
    good = by_time["measures"]["brier"]["value"] <= by_time["constant_limit"]
    return "validated" if good and by_time["calibrated_in_the_large"] else "supported"


def _predict(classifier: MaturityRiskClassifier, design: np.ndarray) -> np.ndarray:
    return classifier.probability_and_intervals(design, levels=())[0]


def _unknown_share(outcomes: Sequence[OwnOutcome]) -> dict[str, float]:
    n = len(outcomes)
    return {key: round(sum(outcome.inputs[key] is None for outcome in outcomes) / n, 4) for key in list_features()}


def _rule(key: str) -> int:
    return int(get_default("training_rules", key).value or 0)
