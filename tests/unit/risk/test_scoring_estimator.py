"""The estimator: scikit-learn's contract, limits that must agree, bounds, posterior and its coverage."""

import numpy as np
import pytest
from pandas import DataFrame
from scipy.special import expit
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from risk.errors import InvalidParameterError
from risk.scoring.estimator import MaturityRiskClassifier
from risk.scoring.truncated import truncated_moments


@parametrize_with_checks([MaturityRiskClassifier()])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.fixture
def sample():
    generator = np.random.default_rng(7)
    X = generator.normal(size=(400, 3))
    y = generator.random(400) < expit(-0.5 + X @ [-0.6, 0.4, 0.0])
    return X, y.astype(int)


def test_a_vanishing_prior_spread_returns_the_prior(sample):
    prior = {"x0": 0.3, "x1": -1.2, "x2": 0.0}
    model = MaturityRiskClassifier(
        prior_mean=prior, prior_sd=dict.fromkeys(prior, 1e-6), intercept_mean=0.7, intercept_sd=1e-6
    ).fit(*sample)
    assert model.coef_[0] == pytest.approx([0.3, -1.2, 0.0], abs=1e-6)
    assert model.intercept_[0] == pytest.approx(0.7, abs=1e-6)
    assert np.sqrt(np.diag(model.posterior_covariance_)) == pytest.approx([1e-6] * 4, rel=1e-3)


def test_an_endless_prior_spread_returns_the_unpenalised_fit(sample):
    model = MaturityRiskClassifier(default_prior_sd=float("inf")).fit(*sample)
    plain = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(*sample)
    assert model.coef_ == pytest.approx(plain.coef_, abs=1e-5)
    assert model.intercept_ == pytest.approx(plain.intercept_, abs=1e-5)


def test_a_gaussian_prior_is_ridge_regression(sample):
    model = MaturityRiskClassifier(default_prior_sd=0.5).fit(*sample)
    ridge = LogisticRegression(C=0.25, tol=1e-12, max_iter=10_000).fit(*sample)
    assert model.coef_ == pytest.approx(ridge.coef_, abs=1e-5)


def test_a_binding_bound_gives_zero_and_a_one_sided_posterior(sample):
    X, y = sample
    model = MaturityRiskClassifier(bounds={"x0": (0.0, None), "x1": (None, 0.0)}).fit(X, y)
    assert model.coef_[0, 0] == 0.0
    assert model.coef_[0, 1] == 0.0
    assert list(model.at_bound_) == [True, True, False]
    free = MaturityRiskClassifier().fit(X, y)
    assert model.posterior_mean_[1] > 0.0 > model.posterior_mean_[2]
    assert model.posterior_covariance_[1, 1] < free.posterior_covariance_[1, 1]


def test_a_bound_that_does_not_bind_changes_nothing(sample):
    bounded = MaturityRiskClassifier(bounds={"x0": (None, 5.0), "x1": (-5.0, None)}).fit(*sample)
    free = MaturityRiskClassifier().fit(*sample)
    assert bounded.coef_ == pytest.approx(free.coef_, abs=1e-8)
    assert bounded.posterior_covariance_ == pytest.approx(free.posterior_covariance_, rel=1e-4)


def test_a_weight_of_n_equals_n_rows():
    X = np.array([[0.0], [1.0], [2.0], [3.0], [1.5]])
    y, weight = np.array([0, 1, 0, 1, 1]), np.array([3, 2, 5, 4, 1])
    weighted = MaturityRiskClassifier().fit(X, y, sample_weight=weight)
    repeated = MaturityRiskClassifier().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert weighted.coef_ == pytest.approx(repeated.coef_, abs=1e-9)
    assert weighted.posterior_covariance_ == pytest.approx(repeated.posterior_covariance_, abs=1e-9)


def test_priors_are_keyed_by_feature_name_not_by_position(sample):
    X, y = sample
    prior = {"prior_mean": {"first": -2.0}, "prior_sd": {"first": 0.01}}
    one = MaturityRiskClassifier(**prior).fit(DataFrame(X, columns=["first", "second", "third"]), y)
    other = MaturityRiskClassifier(**prior).fit(DataFrame(X[:, ::-1], columns=["third", "second", "first"]), y)
    assert one.coef_[0, 0] == pytest.approx(other.coef_[0, 2], abs=1e-8)
    assert one.coef_[0, 0] == pytest.approx(-2.0, abs=0.02)


@pytest.mark.parametrize(
    "parameters",
    [
        {"prior_mean": {"absent": 1.0}},
        {"prior_mean": {"x0": float("nan")}},
        {"prior_sd": {"x0": 0.0}},
        {"prior_sd": {"x0": -1.0}},
        {"bounds": {"x0": (1.0, -1.0)}},
    ],
)
def test_impossible_priors_are_refused_by_name(sample, parameters):
    with pytest.raises(InvalidParameterError) as error:
        MaturityRiskClassifier(**parameters).fit(*sample)
    assert error.value.field == next(iter(parameters))


def test_works_in_a_pipeline_with_column_transformer_grid_search_and_clone(sample):
    X, y = sample
    frame = DataFrame(X, columns=["a", "b", "c"]).assign(kind=np.where(X[:, 0] > 0, "up", "down"))
    columns = ColumnTransformer([("number", StandardScaler(), ["a", "b"]), ("text", OneHotEncoder(), ["kind"])])
    pipeline = Pipeline([("columns", columns), ("classifier", MaturityRiskClassifier())])
    search = GridSearchCV(pipeline, {"classifier__default_prior_sd": [0.1, 1.0]}, cv=3, scoring="neg_log_loss")
    search.fit(frame, y)
    assert search.best_score_ > -0.69
    original = MaturityRiskClassifier(prior_mean={"x0": 1.0}, bounds={"x0": (0.0, None)})
    assert clone(original).get_params() == original.get_params()


def test_intervals_nest_contain_the_probability_and_widen_with_what_is_not_known(sample):
    X, y = sample
    model = MaturityRiskClassifier(bounds={"x0": (None, 0.0)}).fit(X, y)
    probability = model.predict_proba(X)[:, 1]
    low_80, high_80 = model.predict_interval(X, level=0.8)
    low_95, high_95 = model.predict_interval(X, level=0.95)
    wide_low, wide_high = model.predict_interval(X, level=0.8, extra_variance=np.full(len(X), 0.5))
    assert np.all((low_95 <= low_80) & (low_80 <= probability) & (probability <= high_80) & (high_80 <= high_95))
    assert np.all((wide_low < low_80) & (wide_high > high_80))
    with pytest.raises(InvalidParameterError):
        model.predict_interval(X, level=1.0)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_simulated_coverage_of_the_interval_is_within_error(level):
    generator = np.random.default_rng(11)
    spread = np.array([0.7, 0.5, 0.6])
    rounds, covered = 400, 0
    for _ in range(rounds):
        truth = generator.normal(size=3) * spread
        truth[1:] = [-abs(truth[1]), abs(truth[2])]
        X = generator.normal(size=(60, 2))
        y = (generator.random(60) < expit(truth[0] + X @ truth[1:])).astype(int)
        if y.min() == y.max():
            rounds -= 1
            continue
        model = MaturityRiskClassifier(
            prior_sd={"x0": 0.5, "x1": 0.6},
            bounds={"x0": (None, 0.0), "x1": (0.0, None)},
            intercept_sd=0.7,
        ).fit(X, y)
        point = generator.normal(size=(1, 2))
        low, high = model.predict_interval(point, level=level)
        covered += low[0] <= expit(truth[0] + point[0] @ truth[1:]) <= high[0]
    error = np.sqrt(level * (1 - level) / rounds)
    assert covered / rounds == pytest.approx(level, abs=4 * error)


@pytest.mark.parametrize(
    ("lower", "upper"),
    [([0.0, -np.inf], [np.inf, 0.0]), ([0.5, -1.0], [2.0, 1.0]), ([-np.inf, -np.inf], [np.inf, np.inf])],
)
def test_truncated_moments_agree_with_rejection_sampling(lower, upper):
    mean, covariance = np.array([0.2, -0.1]), np.array([[1.0, 0.5], [0.5, 0.8]])
    lower, upper = np.array(lower), np.array(upper)
    draws = np.random.default_rng(3).multivariate_normal(mean, covariance, size=400_000)
    kept = draws[np.all((draws >= lower) & (draws <= upper), axis=1)]
    found_mean, found_covariance = truncated_moments(mean, np.linalg.inv(covariance), lower, upper)
    assert found_mean == pytest.approx(kept.mean(axis=0), abs=0.03)
    assert np.sqrt(np.diag(found_covariance)) == pytest.approx(kept.std(axis=0), rel=0.05)


def test_truncated_moments_far_outside_the_bound_stay_finite_and_inside():
    mean, covariance = truncated_moments(np.array([-30.0]), np.array([[1.0]]), np.array([0.0]), np.array([np.inf]))
    assert 0.0 < mean[0] == pytest.approx(1.0 / 30.0, rel=0.01)
    assert 0.0 < covariance[0, 0] < 0.01
