"""Frames of the score: equal to the score row by row, refused by row and column, in memory that does not grow."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from sklearn.base import clone

from risk.errors import RiskError
from risk.scoring.features import list_features
from risk.scoring.frames import PilotColumns, build_score_pipeline, score_frame
from risk.scoring.prior_model import DEFINITIONS, fit_prior_model
from risk.scoring.score import score_projects


@st.composite
def projects(draw):
    start = draw(st.integers(1, 8))
    row = {"trl_start": start, "trl_target": draw(st.integers(start + 1, 9))}
    for key, feature in list_features().items():
        if key in row:
            continue
        if feature.type == "boolean":
            strategy = st.booleans()
        elif feature.type == "choice":
            strategy = st.sampled_from(feature.choices)
        elif feature.type == "integer":
            strategy = st.integers(int(feature.minimum), int(feature.maximum))
        else:
            strategy = st.floats(feature.minimum, feature.maximum, allow_nan=False)
        row[key] = draw(st.none() | strategy)
    return row


@settings(max_examples=100, deadline=None)
@given(st.lists(projects(), min_size=1, max_size=6), st.sampled_from(DEFINITIONS))
def test_a_frame_scores_as_its_rows_do(rows, definition):
    model = fit_prior_model()
    found = score_frame(model, DataFrame(rows), levels=(0.8, 0.95), definition=definition, chunk_rows=4)
    for index, score in enumerate(score_projects(rows, definition=definition)):
        assert found.probability[index] == pytest.approx(score["probability"], abs=1e-6)
        for level, name in ((0.8, "interval_80"), (0.95, "interval_95")):
            bounds = [float(side[index]) for side in found.intervals[level]]
            assert bounds == pytest.approx(score[name], abs=1.1e-6)


@settings(max_examples=100, deadline=None)
@given(projects())
def test_lowering_either_level_never_lowers_the_probability(row):
    rows = [{**row, "trl_start": level} for level in range(1, row["trl_target"] + 1)]
    by_start = score_frame(fit_prior_model(), DataFrame(rows)).probability
    assert np.all(np.diff(by_start) <= 1e-12)
    rows = [{**row, "mrl_start": level} for level in range(1, 11)]
    assert np.all(np.diff(score_frame(fit_prior_model(), DataFrame(rows)).probability) <= 1e-12)


def good(n=5):
    return DataFrame({"id": range(n), "trl_start": [5] * n, "trl_target": [7] * n, "planned_months": [20.0] * n})


def test_the_pipeline_gives_the_same_probabilities_and_is_cloned():
    model, frame = fit_prior_model(), good().drop(columns="id")
    pipeline = build_score_pipeline(model)
    assert pipeline.predict_proba(frame)[:, 1] == pytest.approx(score_frame(model, frame).probability, abs=1e-12)
    columns = clone(PilotColumns()).fit(frame)
    assert list(columns.transform(frame).columns) == list(columns.get_feature_names_out())


def test_a_category_column_scores_like_a_text_column():
    sizes = ["micro", None, "large", "small", "medium"]
    text = good().assign(lead_organisation_size=sizes)
    category = text.assign(lead_organisation_size=text["lead_organisation_size"].astype("category"))
    model = fit_prior_model()
    one, other = (score_frame(model, frame, levels=(0.8,)) for frame in (text, category))
    assert np.array_equal(one.probability, other.probability)
    assert np.array_equal(one.intervals[0.8][1], other.intervals[0.8][1])


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"colour": ["red"] * 5}, "unknown_column", "colour"),
        ({"trl_start": [5, 5, 0, 5, 5]}, "level_out_of_range", "rows[2].trl_start"),
        ({"trl_start": [5, 5, 5.5, 5, 5]}, "level_out_of_range", "rows[2].trl_start"),
        ({"trl_target": [7, 7, 7, 10, 7]}, "level_out_of_range", "rows[3].trl_target"),
        ({"trl_target": [7, 7, 7, 7, 4]}, "target_below_start", "rows[4].trl_target"),
        ({"trl_start": [5, None, 5, 5, 5]}, "missing_column", "rows[1].trl_start"),
        ({"planned_months": [20.0, 0.5, 20, 20, 20]}, "invalid_parameter", "rows[1].planned_months"),
        ({"planned_months": [20.0, np.inf, 20, 20, 20]}, "invalid_parameter", "rows[1].planned_months"),
        ({"planned_months": [20.0, "20", 20, 20, 20]}, "invalid_parameter", "rows[1].planned_months"),
        ({"lead_organisation_size": ["small", "huge", None, "small", "small"]}, "invalid_parameter",
         "rows[1].lead_organisation_size"),
        ({"solids_handling": [0, 1, 2, 0, 0]}, "invalid_parameter", "rows[2].solids_handling"),
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_is_refused_by_row_and_column(change, code, field):
    for chunk_rows in (2, 100):
        with pytest.raises(RiskError) as error:
            score_frame(fit_prior_model(), good().assign(**change), chunk_rows=chunk_rows)
        assert (error.value.code, error.value.field) == (code, field)


def test_a_frame_without_rows_or_levels_is_refused():
    for frame, code in ((good(0), "empty_rows"), (good().drop(columns="trl_target"), "missing_column")):
        with pytest.raises(RiskError) as error:
            score_frame(fit_prior_model(), frame)
        assert error.value.code == code


def test_what_is_held_beside_the_result_does_not_grow_with_the_frame():
    def peak(rows):
        frame = DataFrame(
            {"trl_start": np.full(rows, 5), "trl_target": np.full(rows, 7), "mrl_start": np.full(rows, 4)}
        )
        tracemalloc.start()
        score_frame(fit_prior_model(), frame, levels=(0.8, 0.95), chunk_rows=10_000)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest - 5 * 8 * rows

    peak(10_000)
    assert peak(200_000) < 1.5 * peak(20_000)
