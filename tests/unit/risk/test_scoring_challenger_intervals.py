"""Intervals of the challenger: nested around the probability, honest about few rows, groups and unknown cells."""

import numpy as np
import pytest
from pandas import DataFrame
from scipy.special import expit
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from risk.errors import InvalidParameterError, RiskError
from risk.scoring.challenger import CalibratedBoostingClassifier
from risk.scoring.model_files import load_document, save_document
from risk.scoring.predictions import predict_frame
from risk.scoring.refits import design_effect
from risk.scoring.training import INTERVAL_REFITS, train


@parametrize_with_checks([CalibratedBoostingClassifier(max_iter=5, refits=2)])
def test_scikit_learn_contract_holds_with_refits(estimator, check):
    check(estimator)


def truth(X):
    return -1.0 + 0.8 * X[:, 0] - 0.6 * X[:, 1]


def sample(n, seed):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 4))
    return X, (generator.random(n) < expit(truth(X))).astype(int), generator.normal(size=(100, 4))


def width(bounds):
    low, high = bounds
    return np.log(high / (1.0 - high)) - np.log(low / (1.0 - low))


def test_intervals_nest_around_the_probability_and_repeat():
    X, y, points = sample(300, 1)
    model = CalibratedBoostingClassifier(refits=20).fit(X, y)
    probability, ((low_80, high_80), (low_95, high_95)) = model.probability_and_intervals(points, levels=(0.8, 0.95))
    assert np.array_equal(probability, model.predict_proba(points)[:, 1])
    assert np.all((low_95 < low_80) & (low_80 < probability) & (probability < high_80) & (high_80 < high_95))
    _, again = clone(model).fit(X, y).probability_and_intervals(points, levels=(0.8, 0.95))
    assert np.array_equal(again[0], (low_80, high_80))
    with pytest.raises(InvalidParameterError) as error:
        model.probability_and_intervals(points, levels=(1.0,))
    assert error.value.field == "level"


def test_refits_do_not_change_the_probability_and_without_them_there_is_no_interval():
    X, y, points = sample(200, 2)
    plain = CalibratedBoostingClassifier().fit(X, y)
    assert np.array_equal(
        plain.predict_proba(points), CalibratedBoostingClassifier(refits=3).fit(X, y).predict_proba(points)
    )
    assert not hasattr(plain, "probability_and_intervals")


def test_simulated_coverage_is_that_of_the_level_within_binomial_error():
    # one point of each data set, so that the counts are binomial
    sets = 60
    inside = {0.8: 0, 0.95: 0}
    for seed in range(sets):
        X, y, points = sample(250, 1000 + seed)
        with threadpool_limits(1):
            model = CalibratedBoostingClassifier(refits=INTERVAL_REFITS).fit(X, y)
        _, found = model.probability_and_intervals(points[:1], levels=tuple(inside))
        for level, (low, high) in zip(inside, found, strict=True):
            inside[level] += int(low[0] <= expit(truth(points[:1]))[0] <= high[0])
    for level, count in inside.items():
        assert abs(count / sets - level) <= 2.0 * np.sqrt(level * (1.0 - level) / sets), (level, count)


def test_fewer_rows_widen():
    found = []
    for n in (1600, 400, 100):
        widths = []
        for seed in range(3):
            X, y, points = sample(n, seed)
            model = CalibratedBoostingClassifier(refits=20).fit(X, y)
            widths.append(width(model.probability_and_intervals(points, levels=(0.8,))[1][0]).mean())
        found.append(np.mean(widths))
    assert found[0] < found[1] < found[2]


def test_rows_that_repeat_within_a_group_count_as_one():
    X, y, points = sample(150, 5)
    groups = np.repeat(np.arange(150), 4)
    copies, ends = np.repeat(X, 4, axis=0), np.repeat(y, 4)
    alone = CalibratedBoostingClassifier(refits=20).fit(copies, ends)
    grouped = CalibratedBoostingClassifier(refits=20).fit(copies, ends, groups=groups)
    assert alone.design_effect_ == 1.0
    assert grouped.design_effect_ == pytest.approx(4.0, abs=0.8)
    bounds = [model.probability_and_intervals(points, levels=(0.8,))[1][0] for model in (alone, grouped)]
    assert width(bounds[1]).mean() > 1.5 * width(bounds[0]).mean()
    assert np.array_equal(alone.predict_proba(points), grouped.predict_proba(points))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(alone).fit(copies, ends, groups=groups[:-1])


def test_the_design_effect_is_that_of_kish_and_never_below_one():
    assert design_effect(np.array([1.0, 1.0, -1.0, -1.0]), np.array(["a", "a", "b", "b"])) == 2.0
    assert design_effect(np.array([1.0, -1.0, 1.0, -1.0]), np.array(["a", "a", "b", "b"])) == 1.0
    assert design_effect(np.array([1.0, -1.0]), None) == 1.0


@pytest.mark.parametrize("events", [1, 2, 39])
def test_a_class_of_few_rows_is_still_refitted(events):
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) < events
    model = CalibratedBoostingClassifier(min_samples_leaf=4, refits=10).fit(X, y.astype(int))
    _, [(low, high)] = model.probability_and_intervals(X, levels=(0.95,))
    assert np.all((low >= 0.0) & (low < high) & (high <= 1.0))


def rows(n=240):
    generator = np.random.default_rng(8)
    found = []
    for index in range(n):
        start, months = int(generator.integers(1, 8)), float(generator.integers(6, 60))
        sector = str(generator.choice(["chemicals", "medicine", "energy"]))
        failed = generator.random() < expit(1.6 - 0.7 * start + 0.03 * months + 1.2 * (sector == "energy"))
        found.append({"project": f"p{index // 2}", "trl_start": start, "planned_months": months, "sector": sector,
                      "failed": int(failed)})  # fmt: skip
    return found


@pytest.fixture(scope="module")
def trained():
    return train(rows(), target="failed", kind="boosting", group="project", schema={"sector": "decision"})


@pytest.mark.parametrize("name", ["trl_start", "planned_months", "sector"])
def test_an_unknown_cell_widens_the_interval_of_its_row_only(trained, name):
    frame = DataFrame(rows(60)).drop(columns="failed")
    part = frame.assign(**{name: [None] * 30 + list(frame[name][30:])})
    before, after = (width(predict_frame(trained[0], each, levels=(0.8,)).intervals[0.8]) for each in (frame, part))
    assert after[:30].mean() > before[:30].mean()
    assert np.array_equal(after[30:], before[30:])


def test_the_model_file_keeps_the_intervals_and_the_report_their_source(tmp_path, trained):
    document, report = trained
    digest = save_document(document, tmp_path / "m.skops")
    loaded = load_document(tmp_path / "m.skops", digest=digest, kind="trained_pipeline")
    frame = DataFrame(rows(40))
    one, other = (predict_frame(each, frame, levels=(0.8, 0.95)) for each in (document, loaded))
    for level in (0.8, 0.95):
        assert np.array_equal(one.intervals[level], other.intervals[level])
    stated = loaded["report"]["intervals"]
    assert stated == report["intervals"]
    assert (stated["source"], stated["refits"], stated["seed"]) == ("parametric_bootstrap_over_groups", 20, 0)
    assert 0.0 < stated["median_width_80"] < stated["median_width_95"] < 1.0
    assert stated["design_effect"] >= 1.0


def test_a_file_of_a_challenger_without_refits_says_that_it_has_no_interval(trained):
    document = {**trained[0], "pipeline": clone(trained[0]["pipeline"]).set_params(classifier__refits=0)}
    frame = DataFrame(rows(120))
    document["pipeline"].fit(frame[document["features"]], frame["failed"])
    assert predict_frame(document, frame).probability.shape == (120,)
    with pytest.raises(RiskError) as error:
        predict_frame(document, frame, levels=(0.8,))
    assert error.value.code == "no_interval"
