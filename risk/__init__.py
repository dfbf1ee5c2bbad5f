"""The quantitative core of Pilotage: maturity, scores, prices, shared terms and simulation; knows no web, no database.

Names are loaded when first used (PEP 562), so that ``import risk`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC: dict[str, str] = {
    "RiskError": "risk.errors",
    "InvalidParameterError": "risk.errors",
    "EVIDENCE_TYPES": "risk.maturity",
    "INSTRUMENTS": "risk.maturity",
    "assess_eligibility": "risk.maturity",
    "get_level": "risk.maturity",
    "in_pilot_band": "risk.maturity",
    "list_gaps": "risk.maturity",
    "list_levels": "risk.maturity",
    "project_level": "risk.maturity",
    "reached_level": "risk.maturity",
    "get_table_version": "risk.tables",
    "list_figures": "risk.tables",
    "MaturityRiskClassifier": "risk.scoring.estimator",
    "CalibratedBoostingClassifier": "risk.scoring.challenger",
    "RiskModel": "risk.scoring.prior_model",
    "build_score_pipeline": "risk.scoring.frames",
    "check_calibration": "risk.scoring.drift",
    "check_stability": "risk.scoring.drift",
    "compare": "risk.scoring.selection",
    "evaluate_predictions": "risk.scoring.evaluation",
    "evaluate_task": "risk.scoring.task_evaluation",
    "fit_prior_model": "risk.scoring.prior_model",
    "load_model": "risk.scoring.model_files",
    "save_model": "risk.scoring.model_files",
    "observed_against_predicted": "risk.scoring.observed",
    "predict_frame": "risk.scoring.predictions",
    "recompute": "risk.scoring.score",
    "retrain": "risk.scoring.retraining",
    "score_frame": "risk.scoring.frames",
    "score_projects": "risk.scoring.score",
    "train": "risk.scoring.training",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'risk' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
