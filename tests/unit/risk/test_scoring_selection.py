"""Champion and challenger on rows held out: groups, time, paired errors, and the one-standard-error rule."""

from dataclasses import replace

import numpy as np
import pytest
from pandas import DataFrame
from scipy.special import expit

from risk.errors import RiskError
from risk.scoring import selection
from risk.scoring.evaluation import resample_rows
from risk.scoring.selection import Difference, compare, standard_error
from risk.scoring.validation import Sample, repeated_folds, split_by_time


def make_sample(log_odds, *, n=240, seed=2, per_group=2):
    generator = np.random.default_rng(seed)
    frame = DataFrame({"first": generator.uniform(-2, 2, n), "second": generator.uniform(-2, 2, n)})
    chance = expit(log_odds(frame["first"].to_numpy(), frame["second"].to_numpy()))
    outcomes = (generator.random(n) < chance).astype(float)
    return Sample(frame, outcomes, np.arange(n) // per_group, "project", np.arange(n))


@pytest.fixture(scope="module")
def straight():
    return make_sample(lambda first, second: first - 0.5 * second)


def test_the_simpler_stays_where_it_is_as_good(straight):
    found = compare(straight, cut=180, repeats=1)
    assert (found.champion, found.reason) == ("logistic", "challenger_not_better_by_one_standard_error")
    assert {(result.kind, result.split) for result in found.results} == {
        (kind, split) for kind in ("logistic", "boosting") for split in ("repeated_folds", "by_time")
    }
    by_time = next(result for result in found.results if result.split == "by_time")
    assert by_time.measures["n"] == 60
    for result in found.results:
        assert result.measures["brier_constant"]["value"] == pytest.approx(result.constant["brier"], abs=1e-6)


def test_boosting_wins_where_the_truth_is_far_from_a_line():
    sample = make_sample(lambda first, second: 6.0 * ((first * second) > 0) - 3.0, n=500)
    found = compare(sample, cut=350, repeats=1)
    assert (found.champion, found.reason) == ("boosting", "challenger_better_by_one_standard_error")


@pytest.mark.parametrize(
    ("folds", "time", "champion"),
    [((-0.05, 0.06), None, "logistic"), ((-0.05, 0.04), None, "boosting"), ((-0.05, 0.04), (0.09, 0.05), "logistic"),
     ((-0.05, 0.04), (0.04, 0.05), "boosting"), ((0.05, 0.01), (-0.5, 0.01), "logistic")],
)  # fmt: skip
def test_the_rule_of_one_standard_error(folds, time, champion):
    differences = {"repeated_folds": Difference("repeated_folds", *folds, 0.0, 0.0)}
    if time is not None:
        differences["by_time"] = Difference("by_time", *time, 0.0, 0.0)
    assert selection._choose(differences)[0] == champion


def test_every_row_is_predicted_by_a_fit_without_its_group(straight, monkeypatch):
    from risk.scoring import validation

    seen = []

    def watch(sample, kind, inside, outside):
        seen.append((set(sample.groups[inside]), set(sample.groups[outside]), len(outside)))
        return np.full(len(outside), 0.5)

    monkeypatch.setattr(validation, "fit_and_predict", watch)
    held_out = repeated_folds(straight, "logistic", repeats=2)
    assert all(not inside & outside for inside, outside, _ in seen)
    assert sum(count for _, _, count in seen) == 2 * straight.outcomes.size
    assert held_out.predictions.shape == (2, 240)
    assert held_out.folds == 5


def test_few_groups_make_few_folds_and_one_group_none(straight):
    few = replace(straight, groups=np.arange(240) // 80)
    assert repeated_folds(few, "logistic").folds == 3
    assert repeated_folds(replace(straight, groups=np.zeros(240)), "logistic") is None


def test_a_split_by_time_that_leaves_one_side_empty_is_refused(straight):
    for cut in (0, 1_000):
        with pytest.raises(RiskError) as error:
            split_by_time(straight, "logistic", cut)
        assert error.value.code == "no_time_split"


def test_the_standard_error_counts_equal_rows_of_a_group_once():
    values = np.random.default_rng(1).normal(size=200)
    alone = standard_error(values, None)
    assert alone == pytest.approx(values.std() / np.sqrt(200))
    assert standard_error(np.repeat(values, 5), np.repeat(np.arange(200), 5)) == pytest.approx(alone)


def test_the_bootstrap_draws_whole_groups():
    groups = np.array(["a", "b", "b", "c", "c", "c"])
    for picked in resample_rows(6, groups, 50, seed=1):
        drawn = np.bincount(picked, minlength=6)
        assert drawn[1] == drawn[2]
        assert drawn[3] == drawn[4] == drawn[5]
        assert drawn[0] + drawn[1] + drawn[3] == 3
