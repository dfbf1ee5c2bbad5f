"""Measures of predictions, checked against scikit-learn and against cases worked by hand."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from risk.errors import RiskError
from risk.scoring import evaluation


@pytest.fixture
def sample():
    generator = np.random.default_rng(5)
    probabilities = np.round(generator.random(300), 2)
    return (generator.random(300) < probabilities).astype(float), probabilities


def test_measures_agree_with_scikit_learn(sample):
    outcomes, probabilities = sample
    report = evaluation.evaluate_predictions(outcomes, probabilities, resamples=50)
    assert report["roc_auc"]["value"] == pytest.approx(roc_auc_score(outcomes, probabilities), abs=1e-6)
    assert report["brier"]["value"] == pytest.approx(brier_score_loss(outcomes, probabilities), abs=1e-6)
    clipped = np.clip(probabilities, 1e-15, 1 - 1e-15)
    assert report["log_loss"]["value"] == pytest.approx(log_loss(outcomes, clipped), abs=1e-6)
    rate = outcomes.mean()
    assert report["brier_constant"]["value"] == pytest.approx(rate * (1 - rate), abs=1e-6)
    assert (report["n"], report["events"]) == (300, int(outcomes.sum()))


def test_calibration_error_of_a_case_worked_by_hand():
    probabilities = np.repeat(np.arange(10) / 10 + 0.05, 10)
    outcomes = np.concatenate([np.repeat([1.0, 0.0], [count, 10 - count]) for count in range(10)])
    # every bin predicts 0.05 more than it observes
    assert evaluation.expected_calibration_error(outcomes, probabilities) == pytest.approx(0.05)
    table = evaluation.reliability_table(outcomes, probabilities)
    assert [row["n"] for row in table] == [10] * 10
    assert table[3] == {"n": 10, "predicted": 0.35, "observed": 0.3}


def test_perfect_constant_and_reversed_predictions():
    outcomes = np.array([0.0, 0.0, 1.0, 1.0])
    assert evaluation.roc_auc(outcomes, np.array([0.1, 0.2, 0.8, 0.9])) == 1.0
    assert evaluation.roc_auc(outcomes, np.full(4, 0.5)) == 0.5
    assert evaluation.roc_auc(outcomes, np.array([0.9, 0.8, 0.2, 0.1])) == 0.0


def test_intervals_hold_the_value_and_repeat_with_the_seed(sample):
    first = evaluation.evaluate_predictions(*sample, resamples=100, seed=3)
    again = evaluation.evaluate_predictions(*sample, resamples=100, seed=3)
    other = evaluation.evaluate_predictions(*sample, resamples=100, seed=4)
    assert first == again != other
    for name in evaluation.MEASURES:
        assert first[name]["low"] <= first[name]["value"] <= first[name]["high"]
    assert first["roc_auc"]["low"] < first["roc_auc"]["high"]


@pytest.mark.parametrize(
    ("outcomes", "probabilities", "code"),
    [
        ([], [], "no_outcomes"),
        ([1.0, 1.0], [0.5, 0.5], "one_class_only"),
        ([0.0, 2.0], [0.5, 0.5], "invalid_parameter"),
        ([0.0, 1.0], [0.5, 1.5], "invalid_parameter"),
        ([0.0, 1.0], [0.5], "invalid_parameter"),
        ([0.0, 1.0], [0.5, float("nan")], "invalid_parameter"),
    ],
)
def test_bad_predictions_are_refused(outcomes, probabilities, code):
    with pytest.raises(RiskError) as error:
        evaluation.evaluate_predictions(np.array(outcomes), np.array(probabilities))
    assert error.value.code == code
