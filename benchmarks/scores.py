"""Scores: rows with everything around them, a million rows beside the bare pipeline, a stored one through the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import sqlalchemy as sa

from benchmarks.market import make_headers, running_app
from benchmarks.measure import Figure, compare
from marketplace import clock
from marketplace.assessments.services.scoring import store_score
from marketplace.projects.models import Project
from risk import fit_prior_model, score_projects
from risk.scoring.features import COLUMNS
from risk.scoring.frames import build_score_pipeline, score_frame
from risk.scoring.predictions import predict_frame
from risk.scoring.training import train

ROWS = 300
MANY = 1_000_000
LEARNED = 1_500
LEVELS = (0.8, 0.95)


def run() -> list[Figure]:
    return [_rows(), *_million(), _stored()]


def _rows() -> Figure:
    model = fit_prior_model()
    rows = [
        {"id": f"p{number}", "trl_start": 4 + number % 3, "trl_target": 7, "planned_months": 12 + number % 60}
        for number in range(ROWS)
    ]
    frame = pd.DataFrame([[0.5] * len(COLUMNS)] * ROWS, columns=list(COLUMNS))
    return compare(
        "risk.score_rows", lambda: score_projects(rows, model=model),
        lambda: model.classifier.predict_proba(frame), bound=100, repeats=5,
    )  # fmt: skip


def _million() -> Iterator[Figure]:
    """Frame in, arrays out: the score's pipeline and one trained on outcomes, each beside its bare `predict_proba`."""
    frame = make_frame(MANY)
    model = fit_prior_model()
    pipeline = build_score_pipeline(model)

    def bare_score() -> object:
        return pipeline.predict_proba(frame)

    yield _ratio("risk.million_scores", lambda: score_frame(model, frame), bare_score, 1.5)
    yield _ratio("risk.million_scores_intervals", lambda: score_frame(model, frame, levels=LEVELS), bare_score, 5)
    outcomes = make_frame(LEARNED).assign(failed=np.random.default_rng(2).integers(0, 2, LEARNED))
    document, _report = train(outcomes, target="failed")
    columns = frame[document["features"]]

    def bare_pipeline() -> object:
        return document["pipeline"].predict_proba(columns)

    yield _ratio("risk.million_trained", lambda: predict_frame(document, frame), bare_pipeline, 1.5)
    yield _ratio(
        "risk.million_trained_intervals", lambda: predict_frame(document, frame, levels=LEVELS), bare_pipeline, 5
    )


def _ratio(name: str, ours: Callable[[], object], bare: Callable[[], object], bound: float) -> Figure:
    return compare(name, ours, bare, bound=bound, repeats=3)


def make_frame(rows: int) -> pd.DataFrame:
    """Inputs of pilots at random, some of them not known."""
    generator = np.random.default_rng(1)
    start = generator.integers(1, 8, rows)
    return pd.DataFrame(
        {
            "trl_start": start,
            "trl_target": start + generator.integers(1, 3, rows),
            "mrl_start": generator.integers(1, 11, rows),
            "planned_months": np.where(generator.random(rows) < 0.1, np.nan, generator.uniform(6, 60, rows)),
            "evidence_cover": generator.random(rows),
            "scale_up_factor": generator.uniform(1, 500, rows),
            "new_process_steps": generator.integers(0, 6, rows),
            "unproven_equipment_share": generator.random(rows),
            "solids_handling": generator.random(rows) < 0.4,
            "recycle_streams": generator.integers(0, 4, rows),
            "lead_organisation_size": generator.choice(["micro", "small", "medium", "large"], rows),
        }
    )


def _stored() -> Figure:
    with _stored_score() as (score, me):
        return compare("risk.stored_score", score, me, bound=3, repeats=500)


@contextmanager
def _stored_score() -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    with running_app() as app:
        headers, client = make_headers(app), app.test_client()
        body = {"title_zh": "测", "title_en": "Bench", "sector": "chemicals"}
        project_id = client.post("/api/v1/projects", json=body, headers=headers).get_json()["id"]
        content = score_projects([{"trl_start": 6, "trl_target": 7, "planned_months": 24}])[0]
        with app.database.transaction() as session:
            project = session.scalars(sa.select(Project).where(Project.public_id == project_id)).one()
            stored = store_score(session, project=project, content=content, now=clock.now()).public_id

        def get(path: str) -> Callable[[], None]:
            def read() -> None:
                assert client.get(path, headers=headers).status_code == 200

            return read

        yield get(f"/api/v1/scores/{stored}"), get("/api/v1/me")
