"""The two pipelines that compete: the estimator with its priors, and boosting under the same signs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from risk.errors import InvalidParameterError
from risk.scoring.challenger import CalibratedBoostingClassifier
from risk.scoring.columns import input_of_column, is_logarithmic
from risk.scoring.estimator import MaturityRiskClassifier
from risk.scoring.features import list_features
from risk.tables import get_default, load_figures

KINDS: tuple[str, ...] = ("logistic", "boosting")
"""Kinds of pipeline, the simpler first."""
YARDSTICKS: tuple[str, ...] = ("plain_logistic", "random_forest")
"""Kinds from the shelf, without prior or sign: never trained for use, only measured beside the others."""

# log-odds per standard deviation of a number, and per category: weak priors, chosen without looking at outcomes
_NUMBER_SD = 1.0
_CATEGORY_SD = 0.5
# coefficients in the table that stand for the logarithm of an input: key and log-odds per natural logarithm
_LOGARITHMS = {"planned_months": ("log_planned_months", 1.0), "scale_up_factor": ("log_scale_up", 1.0 / math.log(10.0))}
_BOUNDS_OF_SIGN = {"down": (None, 0.0), "up": (0.0, None)}


def build_pipeline(frame: pd.DataFrame, kind: str = "logistic") -> Pipeline:
    """Return the unfitted pipeline for the columns of a frame: imputing and scaling, one-hot coding, the classifier.

    Parameters
    ----------
    frame : DataFrame of shape (n, features)
        Rows to fit on; the kind of each column and its spread are read, outcomes are not seen.
    kind : str, default="logistic"
        One of :data:`KINDS` or :data:`YARDSTICKS`.

    Notes
    -----
    Priors of known columns come from ``tables/coefficients``, per standard deviation of the column, signs from
    ``tables/features``; a missing value becomes the median or the commonest category, so that it is no signal of its
    own. Sums of money and durations enter by the inverse hyperbolic sine, which is a logarithm that takes 0.
    """
    if kind not in (*KINDS, *YARDSTICKS):
        raise InvalidParameterError("kind", kind, "one of " + ", ".join((*KINDS, *YARDSTICKS)), code="unknown_kind")
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    logged = [name for name in numbers if is_logarithmic(str(name))]
    text = [name for name in frame.columns if name not in numbers]
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=10, max_categories=20, sparse_output=False
    )
    columns = ColumnTransformer(
        [
            ("number", Pipeline(_number_steps()), [name for name in numbers if name not in logged]),
            ("logged", Pipeline([("log", _logarithm()), *_number_steps()]), logged),
            ("text", Pipeline([("fill", SimpleImputer(strategy="most_frequent")), ("code", encoder)]), text),
        ]
    )
    columns.set_output(transform="pandas")
    return Pipeline([("columns", columns), ("classifier", _build_classifier(frame[numbers], kind))])


def _build_classifier(numbers: pd.DataFrame, kind: str) -> ClassifierMixin:
    """Return the unfitted classifier of a kind; `numbers` are the columns that priors and signs speak of."""
    if kind == "plain_logistic":
        return LogisticRegression(max_iter=2_000)
    if kind == "random_forest":
        return RandomForestClassifier(100, min_samples_leaf=5, random_state=0)
    prior = _read_prior(numbers)
    if kind == "boosting":
        return CalibratedBoostingClassifier(bounds=prior["bounds"])
    return MaturityRiskClassifier(
        default_prior_sd=_CATEGORY_SD,
        prior_mean=prior["prior_mean"],
        prior_sd=prior["prior_sd"],
        bounds=prior["bounds"],
    )


def _number_steps() -> list[tuple[str, SimpleImputer | StandardScaler]]:
    return [("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())]


def _logarithm() -> FunctionTransformer:
    return FunctionTransformer(np.arcsinh, feature_names_out="one-to-one")


def _read_prior(frame: pd.DataFrame) -> dict[str, dict]:
    prior: dict[str, dict] = {"prior_mean": {}, "prior_sd": {}, "bounds": {}}
    for name in frame.columns:
        key, unit, group = input_of_column(str(name)), 1.0, "number"
        values = frame[name]
        if is_logarithmic(str(name)):
            group, values = "logged", np.arcsinh(values)
            key, unit = _LOGARITHMS.get(key, (key, 1.0))
        column = f"{group}__{name}"
        prior["prior_sd"][column] = _NUMBER_SD
        bounds = _bounds_of(input_of_column(str(name)))
        if bounds is not None:
            prior["bounds"][column] = bounds
        deviation = float(values.std(ddof=0))
        if key in load_figures("coefficients") and deviation > 0.0:
            figure = get_default("coefficients", key)
            prior["prior_mean"][column] = float(figure.value or 0.0) * unit * deviation
            prior["prior_sd"][column] = float(figure["standard_error"]) * unit * deviation
    return prior


def _bounds_of(key: str) -> tuple[float | None, float | None] | None:
    feature = list_features().get(key)
    return None if feature is None else _BOUNDS_OF_SIGN.get(feature.sign)
