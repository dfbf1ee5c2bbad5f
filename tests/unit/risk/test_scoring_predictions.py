"""Predictions for frames: chunks change nothing, intervals nest, unknown cells widen, signs hold everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from scipy.special import expit

from risk.scoring.predictions import predict, predict_frame
from risk.scoring.training import train


def outcomes(n=260):
    generator = np.random.default_rng(12)
    rows = []
    for index in range(n):
        start = int(generator.integers(1, 8))
        months = float(generator.integers(6, 60))
        failed = generator.random() < expit(1.5 - 0.5 * start + 0.02 * months)
        rows.append(
            {
                "id": f"p{index}",
                "trl_start": start,
                "trl_target": min(9, start + int(generator.integers(1, 4))),
                "planned_months": months,
                "sector": str(generator.choice(["chemicals", "medicine", "energy"])),
                "failed": int(failed),
            }
        )
    return rows


@pytest.fixture(scope="module")
def champion():
    return train(outcomes(), target="failed")[0]


@pytest.fixture(scope="module")
def challenger():
    return train(outcomes(), target="failed", kind="boosting")[0]


@pytest.fixture(scope="module")
def frame():
    return DataFrame(outcomes(90)).drop(columns="failed").assign(colour="red")


@pytest.mark.parametrize("kind", ["champion", "challenger"])
def test_chunks_change_nothing(request, kind, frame):
    document = request.getfixturevalue(kind)
    whole = predict_frame(document, frame, levels=(0.8, 0.95))
    parts = predict_frame(document, frame, levels=(0.8, 0.95), chunk_rows=7)
    assert parts.probability == pytest.approx(whole.probability, abs=1e-12)
    for level in (0.8, 0.95):
        for one, other in zip(parts.intervals[level], whole.intervals[level], strict=True):
            assert one == pytest.approx(other, abs=1e-12)


@pytest.mark.parametrize("kind", ["champion", "challenger"])
def test_probabilities_are_those_of_the_pipeline_and_intervals_nest(request, kind, frame):
    document = request.getfixturevalue(kind)
    found = predict_frame(document, frame, levels=(0.8, 0.95))
    bare = document["pipeline"].predict_proba(frame[document["features"]])[:, 1]
    assert found.probability == pytest.approx(bare, abs=1e-12)
    assert np.array_equal(predict(document, frame), bare)
    (low_80, high_80), (low_95, high_95) = found.intervals[0.8], found.intervals[0.95]
    assert np.all((low_95 <= low_80) & (low_80 <= bare) & (bare <= high_80) & (high_80 <= high_95))


def test_an_unknown_cell_widens_the_interval_by_what_it_may_be_worth(champion, frame):
    known = predict_frame(champion, frame, levels=(0.8,)).intervals[0.8]
    for name in ("planned_months", "sector"):
        part = frame.assign(**{name: [None] * 45 + list(frame[name][45:])})
        low, high = predict_frame(champion, part, levels=(0.8,)).intervals[0.8]
        width = np.log(high / (1 - high)) - np.log(low / (1 - low))
        before = np.log(known[1] / (1 - known[1])) - np.log(known[0] / (1 - known[0]))
        assert width[:45].mean() > before[:45].mean()
        assert width[45:] == pytest.approx(before[45:])


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 8),
    st.integers(1, 9),
    st.none() | st.floats(1, 240),
    st.sampled_from(["chemicals", "medicine", "energy", "never seen", None]),
)
def test_lowering_the_level_never_lowers_the_probability(champion, challenger, start, target, months, sector):
    rows = [
        {"trl_start": level, "trl_target": target, "planned_months": months, "sector": sector}
        for level in (start, start + 1)
    ]
    for document in (champion, challenger):
        lower, higher = predict(document, rows)
        assert higher <= lower + 1e-12
