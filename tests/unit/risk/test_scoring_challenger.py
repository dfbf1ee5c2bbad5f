"""The challenger: scikit-learn's contract, signs kept everywhere, calibration that shrinks and never turns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from risk.errors import InvalidParameterError
from risk.scoring.challenger import CalibratedBoostingClassifier


@parametrize_with_checks([CalibratedBoostingClassifier(max_iter=10)])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted():
    generator = np.random.default_rng(4)
    X = generator.uniform(-2, 2, size=(600, 3))
    y = (generator.random(600) < expit(0.4 - 0.9 * X[:, 0] + np.sin(3 * X[:, 1]))).astype(int)
    model = CalibratedBoostingClassifier(bounds={"x0": (None, 0.0)})
    return model.fit(X, y), X, y


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.floats(0, 3))
def test_the_sign_holds_everywhere(fitted, point, rise):
    model = fitted[0]
    higher = [point[0] + rise, *point[1:]]
    before, after = model.predict_proba([point, higher])[:, 1]
    assert after <= before


def test_the_calibration_brings_the_mean_to_the_base_rate(fitted):
    model, X, y = fitted
    assert model.slope_ > 0.0
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.03)


def test_noise_is_shrunk_and_never_turned():
    generator = np.random.default_rng(9)
    X, y = generator.normal(size=(120, 4)), generator.integers(0, 2, 120)
    model = CalibratedBoostingClassifier().fit(X, y)
    raw = expit(model.boosting_.decision_function(X))
    assert 0.0 <= model.slope_ < 1.0
    assert model.predict_proba(X)[:, 1].std() < raw.std()


def test_a_class_with_one_row_leaves_the_calibration_out():
    X, y = np.arange(30.0)[:, None], np.array([1] + [0] * 29)
    model = CalibratedBoostingClassifier(min_samples_leaf=2).fit(X, y)
    assert (model.slope_, model.offset_) == (1.0, 0.0)


@pytest.mark.parametrize("bounds", [{"absent": (None, 0.0)}, {"x0": (None, 1.0)}])
def test_bounds_that_boosting_cannot_keep_are_refused(bounds):
    X, y = np.arange(30.0)[:, None], np.arange(30) % 2
    with pytest.raises(InvalidParameterError) as error:
        CalibratedBoostingClassifier(bounds=bounds).fit(X, y)
    assert error.value.field == "bounds"


def test_it_repeats_and_is_cloned(fitted):
    model, X, y = fitted
    again = clone(model).fit(X, y)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
