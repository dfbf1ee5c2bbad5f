"""Scoring rows with intervals, staircase and drivers, beside the same model's bare `predict_proba`."""

from __future__ import annotations

from pandas import DataFrame

from benchmarks.measure import Figure, compare
from risk import fit_prior_model, score_projects
from risk.scoring.features import COLUMNS

ROWS = 300


def run() -> list[Figure]:
    model = fit_prior_model()
    rows = [
        {"id": f"p{number}", "trl_start": 4 + number % 3, "trl_target": 7, "planned_months": 12 + number % 60}
        for number in range(ROWS)
    ]
    frame = DataFrame([[0.5] * len(COLUMNS)] * ROWS, columns=list(COLUMNS))
    return [
        compare(
            "risk.score_rows", lambda: score_projects(rows, model=model),
            lambda: model.classifier.predict_proba(frame), bound=100, repeats=5,
        )
    ]  # fmt: skip
